# SPDX-License-Identifier: LGPL-2.1-or-later
"""The part of ./demo that follows the build; ./demo --help says what the options mean."""
import argparse
import shlex
import signal
import sys

from bench import CHANNELS, MODELS, Bench
from processes import BenchError

# How much faster than a real module's: three restarts within some fifteen seconds.
SCALE = 10
SECONDS_TO_OFFER = 60


def say(text):
    print(text, flush=True)


def fotactl(bench, *words):
    """Runs fotactl on this terminal, as a person would; returns its exit status."""
    say(f"\n$ fotactl {' '.join(words)}")
    return bench.fotactl(*words, seconds=None, stdin=None, stdout=None, stderr=None).returncode


def update(bench, yes):
    """The update, from the offer to the proof. True when the module runs the new firmware."""
    bench.publish(bench.update(infoUri="https://fota.example/b026"))
    bench.start_fotad()
    module = bench.module()
    module.wait_state("awaiting-approval", seconds=SECONDS_TO_OFFER)
    before = module["Revision"]
    fotactl(bench, "list")
    if fotactl(bench, "approve", "--wait", *(["--yes"] if yes else [])) != 0:
        return False
    after = bench.mm.wait_for(bench.imei, revision=bench.shown(bench.new))[1]["Revision"]
    module.wait(lambda properties: properties["Modem"] != "/", 30, "fotad sees it again")
    fotactl(bench, "list")
    fotactl(bench, "history")
    say(f"\nBefore: {before}\nAfter:  {after}, as ModemManager read it from the module")
    return after == bench.shown(bench.new)


def keep(bench):
    address = shlex.quote(bench.bus.address)
    say("\nEverything is left running until ^C. To reach it from another terminal:\n"
        f'export DBUS_SYSTEM_BUS_ADDRESS={address} PATH={shlex.quote(str(bench.build / "ctl"))}:'
        '"$PATH"')
    signal.pause()


def main():
    parser = argparse.ArgumentParser(prog="./demo", add_help=False)
    parser.add_argument("--build", required=True)
    parser.add_argument("--yes", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--fault")
    parser.add_argument("--module", choices=MODELS, default=next(iter(MODELS)))
    parser.add_argument("--channel", choices=CHANNELS, default="port")
    options = parser.parse_args()
    if not options.yes and not options.keep and not sys.stdin.isatty():
        parser.error("there is no terminal to ask on: give --yes")

    say("Starting a private system bus with polkit, ModemManager, a simulated module, FTP and web "
        "servers, and fotad ...")
    with Bench([options.module], options.channel, SCALE, build=options.build) as bench:
        if options.fault:
            bench.fault(options.fault)
        done = update(bench, options.yes)
        if options.keep:
            keep(bench)
    return 0 if done else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
    except (BenchError, TimeoutError, RuntimeError) as error:
        sys.exit(f"./demo: {error}")
