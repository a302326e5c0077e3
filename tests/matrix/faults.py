#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The matrices: every failure at every point, and the end that is stated for it.

    faults.py [--all] [--only TEXT] [--jobs N] [--list]

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

import asked
import back
import kill
import once
import points
import power
import services
import state
from rig import Kind, Rig

CHUNK, SLOW_CHUNK = 8, 2  # cases on one bench
AROUND_ORDER = 3  # points: before the order, after it, and the next
SPREAD = 30  # of the cases that are not always there, every so manieth

TELIT_PORT, TELIT_RESERVED, TELIT_COMMAND = (
    Kind("me910c1-na", channel) for channel in ("port", "reserved", "modemmanager"))
TELIT_FED = Kind("me310g1", "port")  # by the host: the fetch, and the load
HUAWEI_PORT, HUAWEI_COMMAND = (Kind("mu509", channel) for channel in ("port", "modemmanager"))
# One that fotad tells to restart after the order.
TELIT_TOLD = Kind("le910c4", "reserved")
# Download and installation are one order.
QUECTEL_PORT = Kind("ec25", "port")
# One that stays between its restarts until ModemManager shows it, and then leaves again.
TELIT_SLOW = Kind("me910c1-na", "reserved", scale=8, stays=150)
KINDS = (TELIT_PORT, TELIT_RESERVED, TELIT_COMMAND, TELIT_TOLD, TELIT_FED, HUAWEI_PORT,
         HUAWEI_COMMAND, QUECTEL_PORT, *asked.KINDS, back.INSURED)


@dataclasses.dataclass(frozen=True)
class Case:
    matrix: str
    kind: object
    name: str
    function: object  # function(rig, *arguments)
    arguments: tuple = ()
    always: bool = False  # part of every spread

    def __str__(self):
        return f"{self.matrix}, {self.kind}: {self.name}"


@dataclasses.dataclass
class Result:
    case: Case
    seconds: float = 0
    problem: str = ""


def say(text):
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def run_case(rig, case):
    rig.fault_time = rig.end_time = 0
    try:
        case.function(rig, *case.arguments)
    except Exception as error:  # whatever it is, the case has not ended as stated
        told = traceback.format_exc(limit=-3) if not isinstance(error, AssertionError) else ""
        return Result(case, problem=f"{error}\n{told}\n{rig.report()}")
    return Result(case, seconds=rig.end_time - rig.fault_time)


@dataclasses.dataclass
class Run:
    """What an undisturbed update goes through."""
    points: list = dataclasses.field(default_factory=list)
    steps: list = dataclasses.field(default_factory=list)  # of the module
    problem: str = ""


def make_rig(kind):
    rigs = {back.INSURED: back.BackRig, **dict.fromkeys(asked.KINDS, asked.AskedRig)}
    return rigs.get(kind, Rig)(kind)


def run_undisturbed(kind):
    rig = None
    try:
        rig = make_rig(kind)
        return Run(kill.undisturbed(rig), power.steps(rig))
    except Exception:
        return Run(problem=traceback.format_exc() + (rig.report() if rig else ""))
    finally:
        if rig:
            rig.close_anyhow()


def asked_cases(kind, run):
    """From the moment that the module is told to ask until it has its answer, or both."""
    met = points.to_kill_at(run.points)
    told = [point.what for point in met]
    first = told.index(asked.FIRST[kind])
    last = max(i for i, what in enumerate(told) if what == f"at {kind.order}")
    special = [*points.irreversible(met, kind.order)[-AROUND_ORDER:],
               *points.irreversible(met[:last + 3], kind.order, last)[-AROUND_ORDER:]]
    return [Case("asked", kind, str(point), kill.killed, (point,), point in special)
            for point in met[first:last + 3]]


def back_cases(kind, run):
    met, always = back.choose(points.to_kill_at(run.points), kind.order)
    return [Case("way back", kind, str(point), kill.killed, (point,), point in always)
            for point in met]


def make_cases(kind, run):
    if kind == back.INSURED:
        return back_cases(kind, run)
    if kind == TELIT_FED:
        return fed_cases(kind, run)
    if kind in asked.KINDS:
        return asked_cases(kind, run)
    cases = kill_cases(kind, run)
    if kind == TELIT_TOLD:
        return cases + [case for case in power_cases(kind, run) if case.name.startswith("armed")]
    if kind in (TELIT_RESERVED, HUAWEI_PORT, QUECTEL_PORT):
        cases += power_cases(kind, run)
    if kind not in (TELIT_RESERVED, QUECTEL_PORT):
        cases += service_cases(kind)
    if kind == TELIT_RESERVED:
        cases += report_cases(kind, run)
        cases += state_cases(kind)
        special = [case for case in cases if case.matrix == "kill" and case.always]
        cases += [dataclasses.replace(case, kind=TELIT_SLOW, always=case in special[-AROUND_ORDER:])
                  for case in special]
    return cases


def run_chunk(kind, cases):
    """Cases on one rig, or on a new one after a case that has not ended as stated."""
    results, orders, rig = [], 0, None
    try:
        for case in cases:
            rig = rig or make_rig(kind)
            began = time.monotonic()
            result = run_case(rig, case)
            say(f"{'ok' if not result.problem else 'NOT AS STATED':13} {case} "
                f"({time.monotonic() - began:.0f} s)" + (result.problem and "\n" + result.problem))
            results.append(result)
            if result.problem:
                orders += once.check(rig, result)
                rig.close_anyhow()
                rig = None
        if rig:
            orders += once.check(rig, results[-1])
            rig.close()
            rig = None
    finally:
        if rig:
            rig.close_anyhow()
    return results, orders


def spread(cases, share):
    """Those that are always there, and of the others every share-th."""
    others = [case for case in cases if not case.always]
    return [case for case in cases if case.always] + others[::share]


def kill_cases(kind, run):
    """What is written does not depend on the way to AT: it is gone through once for each vendor."""
    met = points.to_kill_at(run.points)
    if kind == QUECTEL_PORT:  # how often it is greeted while it answers nothing is chance
        met = [point for point in met if point.what != "at AT"]
    special = points.irreversible(met, kind.order)
    writes = kind in (TELIT_RESERVED, HUAWEI_PORT)
    always = special if writes else special[-AROUND_ORDER:]
    return [Case("kill", kind, str(point), kill.killed, (point,), point in always)
            for point in met if writes or not point.durable or point in always]


def report_cases(kind, run):
    """The order, and the last two records of the update: its result is written around them."""
    met = points.to_kill_at(run.points)
    records = [point for point in met
               if point.what.startswith("rename") and point.what.endswith(".json")]
    return [Case("kill, reported", kind, str(point), kill.reported, (point,), True)
            for point in points.irreversible(met, kind.order)[-1:] + records[-2:]]


def fed_cases(kind, run):
    """What is different where the host brings the delta: the files of the cache, the load, and the
    order. Of the blocks the first, the last, and one between them."""
    met = points.to_kill_at(run.points)
    blocks = [point for point in met if point.what == "at data"]
    chosen = [*(point for point in met if "deltas" in point.what or "#OTAUPW" in point.what
                or point.what == "at +++"),
              blocks[0], blocks[len(blocks) // 2], blocks[-1],
              *points.irreversible(met, kind.order)[-AROUND_ORDER:]]
    return [Case("kill", kind, str(point), kill.killed, (point,), True) for point in chosen]


def power_cases(kind, run):
    met = power.points_of_gateway(points.to_kill_at(run.points), kind.order)
    special = points.irreversible(met, kind.order)
    steps = [(name, skip, power.is_at_order(name)) for name, skip in run.steps]
    return [*(Case("power of the module", kind, f"{name} ({skip + 1})", power.by_the_module,
                   (name, skip), always) for name, skip, always in steps),
            *(Case("power of both", kind, f"{name} ({skip + 1})", power.by_both, (name, skip),
                   always) for name, skip, always in steps),
            # The files are the same for both vendors.
            *(Case("power of the gateway", kind, str(point), power.by_the_gateway,
                   (point,), point in special) for point in met
              if kind == TELIT_RESERVED or (kind == HUAWEI_PORT and point in special))]


def service_cases(kind):
    """That a server is killed has nothing to do with the way to AT."""
    return [Case("services", kind, f"{failure.__name__}, {state}", services.disturbed,
                 (state, failure), state == "installing")
            for failure in services.FAILURES for state in services.STATES
            if kind.channel == "port" or failure not in services.OF_SERVERS]


def state_cases(kind):
    return [*(Case("state directory", kind, damage.__name__, state.damaged, (damage,), True)
              for damage in state.DAMAGES),
            *(Case("state directory", TELIT_SLOW, damage.__name__, state.damaged, (damage,), True)
              for damage in (state.truncate, state.alter)),
            Case("state directory", kind, "read-only", state.not_writable, (state.READ_ONLY,), True),
            Case("state directory", kind, "full", state.full, (), True),
            Case("state directory", kind, "in memory", state.in_memory, (), True),
            *(Case("state directory", kind, answer, state.answered, (answer,), True)
              for answer in state.ANSWERS),
            Case("state directory", kind, "polls", state.polls, (), True),
            Case("loops", kind, "fotad", state.fotad_loop, (), True),
            Case("loops", kind, "order", state.order_loop, (), True),
            Case("loops", kind, "orderly restarts", state.orderly_restarts),
            Case("loops", TELIT_SLOW, "module", state.module_loop, (), True)]


def chunks(cases):
    by_kind = collections.defaultdict(list)
    for case in cases:
        by_kind[case.kind].append(case)
    slowest_first = sorted(by_kind.items(),
                           key=lambda item: (item[0].scale, item[0].vendor != "huawei"))
    return [(kind, group[i:i + size]) for kind, group in slowest_first
            for size in [SLOW_CHUNK if kind == TELIT_SLOW else CHUNK]
            for i in range(0, len(group), size)]


def print_table(results, orders):
    matrices = collections.defaultdict(list)
    for result in results:
        matrices[f"{result.case.matrix}, {result.case.kind}"].append(result)
    print(f"{'matrix':40} {'cases':>6} {'as stated':>10} {'longest':>9}")
    for name, group in matrices.items():
        good = [result for result in group if not result.problem]
        longest = max((result.seconds for result in good), default=0)
        print(f"{name:40} {len(group):6} {len(good):10} {longest:7.1f} s")
    print(f"{orders} orders to install, none of them given twice without the version between them")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--all", action="store_true", help="every case, not a spread")
    parser.add_argument("--only", default="", help="cases whose name this expression is found in")
    parser.add_argument("--jobs", type=int, default=9 * os.cpu_count(), help="benches side by side")
    parser.add_argument("--kind", default="", help="only this kind, such as mu509/port")
    parser.add_argument("--list", action="store_true", help="name the cases and end")
    options = parser.parse_args()

    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(options.jobs, mp_context=context) as pool:
        kinds = [kind for kind in KINDS if options.kind in str(kind)]
        cases, failed = [], []
        for kind, run in zip(kinds, pool.map(run_undisturbed, kinds)):
            if run.problem:
                failed.append(f"undisturbed, {kind}: {run.problem}")
            else:
                cases += make_cases(kind, run)
        cases = [case for case in cases if re.search(options.only, str(case))]
        cases = cases if options.all else spread(cases, SPREAD)
        if options.list:
            print(*cases, sep="\n")
            return 0
        results, orders = [], 0
        futures = [pool.submit(run_chunk, *chunk) for chunk in chunks(cases)]
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
