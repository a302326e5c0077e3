#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The matrices: every failure at every point, and the end that is stated for it.

    faults.py [--all] [--kind EXPRESSION] [--only EXPRESSION] [--jobs N] [--list]

Prints for each matrix how many cases were run, how many of them ended as stated, and the longest
time from the failure to that end. Status 0 only when all did.
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import multiprocessing
import os
import re
import sys
import time
import traceback

import cases
import kill
import oracle
import power
from kinds import KINDS, OTHERS

CHUNK_SECONDS = 100  # about as long the cases on one bench take together
SLOW_SECONDS = 50  # one of TELIT_SLOW, of which nothing undisturbed is run
SPREAD = 30  # of the cases that are not always there, every so manieth


@dataclasses.dataclass
class Result:
    case: cases.Case
    seconds: float = 0
    problem: str = ""


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def run_case(rig, case):
    rig.fault_time = rig.end_time = 0
    try:
        case.function(rig, *case.arguments)
        oracle.check(rig)
    except Exception as error:  # whatever it is, the case has not ended as stated
        told = traceback.format_exc(limit=-3) if not isinstance(error, AssertionError) else ""
        return Result(case, problem=f"{error}\n{told}\n{rig.report()}")
    return Result(case, seconds=rig.end_time - rig.fault_time)


def find_cases(kind):
    """(those of this kind, what is wrong, seconds), after an update that nothing disturbs, which takes
    so long."""
    rig = None
    try:
        rig = cases.make_rig(kind)
        began = time.monotonic()
        run = cases.Run(kill.undisturbed(rig), power.steps(rig))
        oracle.check(rig)
        return cases.make(kind, run), "", time.monotonic() - began
    except Exception:
        return [], f"undisturbed, {kind}: {traceback.format_exc()}" + (rig.report() if rig else ""), 0
    finally:
        if rig:
            rig.close_anyhow()


def run_chunk(kind, group):
    """Cases on one rig, or on a new one after a case that has not ended as stated."""
    results, orders, rig = [], 0, None
    try:
        for case in group:
            rig = rig or cases.make_rig(kind)
            began = time.monotonic()
            result = run_case(rig, case)
            say(f"{'ok' if not result.problem else 'NOT AS STATED':13} {case} "
                f"({time.monotonic() - began:.0f} s)" + (result.problem and "\n" + result.problem))
            results.append(result)
            if result.problem:
                orders += oracle.check_transcript(rig, result)
                rig.close_anyhow()
                rig = None
        if rig:
            orders += oracle.check_transcript(rig, results[-1])
            rig.close()
            rig = None
    finally:
        if rig:
            rig.close_anyhow()
    return results, orders


def spread(group, share):
    """Those that are always there, and of the others every share-th."""
    others = [case for case in group if not case.always]
    return [case for case in group if case.always] + others[::share]


def chunks(group, seconds):
    """[(kind, cases on one bench)], what takes longest first, so that none is waited for alone at the
    end. seconds: {kind: of its undisturbed update}."""
    found = []  # [(expected seconds, kind, cases)]
    for kind in dict.fromkeys(case.kind for case in group):
        last = CHUNK_SECONDS
        for case in sorted((case for case in group if case.kind == kind), key=lambda c: -c.cost):
            expected = case.cost * seconds.get(kind, SLOW_SECONDS)
            if last + expected > CHUNK_SECONDS:
                found.append([0, kind, []])
                last = 0
            last += expected
            found[-1][0] = last
            found[-1][2].append(case)
    return [(kind, same) for _, kind, same in sorted(found, key=lambda chunk: -chunk[0])]


def print_table(results, orders):
    matrices = collections.defaultdict(list)
    for result in results:
        matrices[f"{result.case.matrix}, {result.case.kind}"].append(result)
    print(f"{'matrix':55} {'cases':>6} {'as stated':>10} {'longest':>9}")
    for name, group in matrices.items():
        good = [result for result in group if not result.problem]
        longest = max((result.seconds for result in good), default=0)
        print(f"{name:55} {len(group):6} {len(good):10} {longest:7.1f} s")
    print(f"{orders} orders to install, none of them given twice without the version between them")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="every case, not a spread")
    parser.add_argument("--only", default="", help="cases whose name this expression is found in")
    parser.add_argument("--jobs", type=int, default=11 * os.cpu_count(), help="benches side by side")
    parser.add_argument("--kind", default="", help="kinds whose name this expression is found in")
    parser.add_argument("--list", action="store_true", help="name the cases and end")
    options = parser.parse_args()

    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        kinds = [kind for kind in KINDS + (OTHERS if options.all else ())
                 if re.search(options.kind, str(kind))]
        chosen, failed, seconds = [], [], {}
        for kind, (found, problem, seconds[kind]) in zip(kinds, pool.map(find_cases, kinds)):
            chosen += found
            failed += [problem] if problem else []
        chosen = [case for case in chosen if re.search(options.only, str(case))]
        chosen = chosen if options.all else spread(chosen, SPREAD)
        if options.list:
            print(*chosen, *failed, sep="\n")
            return 0
        results, orders = [], 0
        futures = [pool.submit(run_chunk, *chunk) for chunk in chunks(chosen, seconds)]
        for future in concurrent.futures.as_completed(futures):
            more, count = future.result()
            results += more
            orders += count
    failed += [f"{result.case}: {result.problem.splitlines()[0]}"
               for result in results if result.problem]
    print(*(f"NOT AS STATED: {text}" for text in failed), sep="\n")
    print_table(results, orders)
    return 1 if failed or not results else 0


if __name__ == "__main__":
    sys.exit(main())
