# SPDX-License-Identifier: LGPL-2.1-or-later
"""The part of ./demo that follows the build; ./demo --help says what the options mean."""
import argparse
import shlex
import signal
import sys

from bench import CHANNELS, Bench
from models import MODELS
from privatebus import REPOSITORY
from processes import BenchError, Program

# How much faster than a real module's: three restarts within some fifteen seconds.
SCALE = 10
# Of an update that is put back: two installations, and the proof of service between them.
SCALE_INSURED = 60
INSURED = {"Service": {"Time": "10s", "Back": "required"}, "Delivery": {"By": "host"}}
SECONDS_TO_OFFER = 60
SECONDS_TO_END = 120
QUESTIONS = ("#OTAEV: Do you want to upgrade the firmware?", "#LWM2MFOTARING:")


def say(text):
    print(text, flush=True)


def fotactl(bench, *words):
    """Runs fotactl on this terminal, as a person would; returns its exit status."""
    say(f"\n$ fotactl {' '.join(words)}")
    return bench.fotactl(*words, seconds=None, stdin=None, stdout=None, stderr=None).returncode


def offer(bench):
    """The fleet's manifest has an update."""
    bench.publish(bench.update(infoUri="https://fota.example/b026"))
    bench.start_fotad()


def ask(bench):
    """The module's own server has one: the module asks. There is no manifest."""
    bench.start_fotad(Manifest={"Uri": None})
    bench.view.until(lambda: "listening to what" in bench.log(), SECONDS_TO_OFFER,
                     "fotad listens to the module")
    bench.ask_module()
    bench.view.until(lambda: questions(bench), SECONDS_TO_OFFER, "the module asks")
    line = questions(bench)[0]
    say(f"\nThe module, on {line.tty}: {line.text}")


def offer_insured(bench):
    """The update names the delta that leads back; the new firmware will find no network."""
    bench.register()
    bench.fault("no-service")
    bench.publish(bench.insured_update())
    bench.start_fotad()


def questions(bench):
    """What the module has asked."""
    return [line for line in bench.transcript() if line.mark == "<"
            and any(question in line.text for question in QUESTIONS)]


def approve(bench, module, application, yes):
    """True when the update has succeeded."""
    if not application:
        return fotactl(bench, "approve", "--wait", *(["--yes"] if yes else [])) == 0
    since = module.mark()
    say("\n$ docs/examples/approve.py busy &")
    program = Program(bench.place, "application",
                      [sys.executable, REPOSITORY / "docs/examples/approve.py", "busy"],
                      bench.environment())
    result = module.wait_finished(since, SECONDS_TO_END)[1]
    bench.view.until(lambda: result in program.log(), 30, "the application says so")
    say(program.log().rstrip())
    program.stop()
    return result == "success"


def update(bench, yes):
    """The update, from the offer to the proof. True when the module runs the new firmware."""
    asks = "ask" in bench.sim_state()
    (ask if asks else offer)(bench)
    module = bench.module()
    module.wait_state("awaiting-approval", seconds=SECONDS_TO_OFFER)
    before = module["Revision"]
    fotactl(bench, "list")
    if not approve(bench, module, asks and yes, yes):
        return False
    after = bench.mm.wait_for(bench.imei, revision=bench.shown(bench.new))[1]["Revision"]
    module.wait(lambda properties: properties["Modem"] != "/", 30, "fotad sees it again")
    fotactl(bench, "list")
    fotactl(bench, *(("report", bench.imei) if asks else ("history",)))
    say(f"\nBefore: {before}\nAfter:  {after}, as ModemManager read it from the module")
    return after == bench.shown(bench.new)


def insured(bench, yes):
    """The new firmware has no service. True when the module runs the old one again, with service."""
    offer_insured(bench)
    module = bench.module()
    module.wait_state("awaiting-approval", seconds=SECONDS_TO_OFFER)
    fotactl(bench, "status", bench.imei)
    approve(bench, module, False, yes)
    shown = bench.mm.wait_for(bench.imei, revision=bench.shown(bench.old))[1]["Revision"]
    module.wait(lambda properties: properties["Service"].get("registered"), 60, "it serves again")
    fotactl(bench, "history")
    fotactl(bench, "status", bench.imei)
    say(f"\nThe new firmware {bench.new} had no service.\n"
        f"Now:    {shown}, as ModemManager read it from the module, with service")
    return module.history(1)[0]["result"] == "restored"


def keep(bench):
    address = shlex.quote(bench.bus.address)
    say("\nEverything is left running until ^C. To reach it from another terminal:\n"
        f'export DBUS_SYSTEM_BUS_ADDRESS={address} PATH={shlex.quote(str(bench.build / "ctl"))}:'
        '"$PATH"')
    signal.pause()


def main():
    parser = argparse.ArgumentParser(prog="./demo", usage="./demo [OPTION...]; --help lists them",
                                     add_help=False)
    parser.add_argument("--build", required=True)
    parser.add_argument("--yes", action="store_true")
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--fault")
    parser.add_argument("--module", choices=MODELS)
    parser.add_argument("--insured", action="store_true")
    parser.add_argument("--channel", choices=CHANNELS)
    options = parser.parse_args()
    if options.insured and options.module not in (None, "me310g1"):
        parser.error("--insured shows me310g1, which the host can put back")
    name = options.module or ("me310g1" if options.insured else next(iter(MODELS)))
    # Only on a port of its own does fotad hear what a module says by itself.
    channel = options.channel or ("reserved" if name.endswith("-asks") else "port")
    if not options.yes and not options.keep and not sys.stdin.isatty():
        parser.error("there is no terminal to ask on: give --yes")

    say("Starting a private system bus with polkit, ModemManager, a simulated module, FTP and web "
        "servers, and fotad ...")
    with Bench([name], channel, SCALE_INSURED if options.insured else SCALE,
               config=INSURED if options.insured else None, build=options.build) as bench:
        if options.fault:
            bench.fault(options.fault)
        done = (insured if options.insured else update)(bench, options.yes)
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
