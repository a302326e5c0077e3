#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How long 1, 4 and 8 modules of one gateway take that update side by side (AtOnce=), by `port`.

    tests/extra/benchmarks/at_once.py [--scale=N] [--modules=1,4,8]

Measured from the first approval to the last end, on the bench: ModemManager, a real FTP server, and
modules whose times are divided by N. What is printed are ratios to one module; nothing is asserted,
since they depend on the machine: the modules' times shrink with N, the processor's work does not.
"""
import argparse
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))
from bench import Bench  # pylint: disable=wrong-import-position

LIMIT = 3600  # seconds for all updates of one row
GOAL = 1.3


def measure(count, scale):
    """Seconds for `count` modules side by side, and how many really were in it at a time."""
    with Bench(modules=("me910c1-na",) * count, channel="port", scale=scale) as bench:
        for imei in bench.imeis:
            bench.publish(bench.update(), imei=imei)
        bench.start_fotad(Limits={"AtOnce": str(count)})
        modules = [bench.module(imei) for imei in bench.imeis]
        for module in modules:
            module.wait_state("awaiting-approval", seconds=LIMIT)
        since = modules[0].mark()
        begin = time.monotonic()
        for module in modules:
            module.approve()
        for module in modules:
            result = module.wait_finished(since, LIMIT)[1]
            if result != "success":
                sys.exit(f"{module['Imei']}: {result}\n{bench.report()}")
        seconds = time.monotonic() - begin
        return seconds, most_at_once(bench.view.signals[since:], [m.path for m in modules])


def most_at_once(signals, paths):
    running, most = set(), 0
    for signal in signals:
        state = signal.arguments[1].get("State") if signal.name == "PropertiesChanged" else None
        if signal.path not in paths or state is None:
            continue
        if state in ("downloading", "installing", "verifying"):
            running.add(signal.path)
        else:
            running.discard(signal.path)
        most = max(most, len(running))
    return most


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=float, default=4, help="divide the modules' times by this")
    parser.add_argument("--modules", default="1,4,8", help="rows of the table")
    options = parser.parse_args()
    one = None
    print(f"Updates side by side, by port, modules' times divided by {options.scale:g}:")
    for count in map(int, options.modules.split(",")):
        seconds, most = measure(count, options.scale)
        one = one or seconds
        print(f"  {count} modules, {most} at a time: {seconds:6.1f} s, ratio {seconds / one:.2f}"
              f"{'' if seconds / one <= GOAL else f', more than the goal of {GOAL}'}", flush=True)


if __name__ == "__main__":
    main()
