# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which cases there are of a kind of module, from what an undisturbed update of it goes through."""
import dataclasses

import asked
import back
import kill
import points
import power
import services
import state
from kinds import (ASKED, CARRIER, HUAWEI_COMMAND, HUAWEI_PORT, INSURED, OTHERS, QUECTEL_FED,
                   QUECTEL_PORT, TELIT_COMMAND, TELIT_FED, TELIT_PORT, TELIT_RESERVED, TELIT_SLOW,
                   TELIT_TOLD)
from rig import Rig

AROUND_ORDER = 3  # points: before the order, after it, and the next
FORGOTTEN_COST = 7  # of an answer that only time tells to be lost
# Those whose files are gone through; the other kinds write the same.
WRITING = (TELIT_RESERVED, HUAWEI_PORT)
# A second way to the AT of a module that loses its power on the first.
OTHER_WAYS = (TELIT_PORT, TELIT_COMMAND, HUAWEI_COMMAND)


@dataclasses.dataclass(frozen=True)
class Case:
    matrix: str
    kind: object
    name: str
    function: object  # function(rig, *arguments)
    arguments: tuple = ()
    always: bool = False  # part of every spread
    cost: float = 1.5  # undisturbed updates take as long

    def __str__(self):
        return f"{self.matrix}, {self.kind}: {self.name}"


@dataclasses.dataclass
class Run:
    """What an undisturbed update goes through."""
    points: list
    steps: list  # of the module


def make_rig(kind):
    if kind.insured:
        return back.BackRig(kind)
    return (asked.AskedRig if kind in (ASKED, CARRIER) else Rig)(kind)


def make(kind, run):
    if kind.insured:
        return back_cases(kind, run)
    if kind == ASKED:
        return asked_cases(kind, run) + power_cases(kind, run)
    if kind == CARRIER:
        return asked_cases(kind, run)
    if kind in OTHERS:
        return other_cases(kind, run)
    cases = fed_cases(kind, run) if kind.is_fed else kill_cases(kind, run)
    if kind not in OTHER_WAYS:
        cases += power_cases(kind, run)
    if kind in (TELIT_FED, QUECTEL_FED) or kind.channel != "reserved":
        cases += service_cases(kind)
    if kind == TELIT_RESERVED:
        cases += report_cases(kind, run)
        cases += state_cases(kind)
        cases += [Case("kill", TELIT_SLOW, str(point), kill.killed, (point,),
                       point == after_order(run, kind)) for point in special(run, kind)]
    return cases


def special(run, kind):
    """What is met around the order to install: the last points always."""
    return points.irreversible(points.to_kill_at(run.points), kind.order)


def after_order(run, kind):
    return special(run, kind)[-2]


def asked_cases(kind, run):
    """From the moment that the module is told to ask until it has its answer, or both."""
    met = points.to_kill_at(run.points)
    told = [point.what for point in met]
    first = told.index(asked.FIRST[kind.method])
    last = max(i for i, what in enumerate(told) if what == f"at {kind.order}")
    always = [after_order(run, kind),
              *points.irreversible(met[:last + 3], kind.order, last)[-AROUND_ORDER:]]
    return [Case("asked", kind, str(point), kill.killed, (point,), point in always)
            for point in met[first:last + 3]]


def kill_cases(kind, run):
    """What is written does not depend on the way to AT: it is gone through once for each vendor."""
    met = points.to_kill_at(run.points)
    if kind == QUECTEL_PORT:  # how often it is greeted while it answers nothing is chance
        met = [point for point in met if point.what != "at AT"]
    always = special(run, kind)[-AROUND_ORDER:]
    return [Case("kill", kind, str(point), kill.killed, (point,), point in always)
            for point in met if kind in WRITING or not point.durable]


def report_cases(kind, run):
    """The order, and the last two records of the update: its result is written around them."""
    met = points.to_kill_at(run.points)
    records = [point for point in met
               if point.what.startswith("rename") and point.what.endswith(".json")]
    return [Case("kill, reported", kind, str(point), kill.reported, (point,), True)
            for point in special(run, kind)[-1:] + records[-2:]]


def fed_points(kind, run):
    """What is different where the host brings the delta: the files of the cache, the load, and the
    order. Of the blocks the first, the last, and one between them."""
    met = points.to_kill_at(run.points)
    blocks = [point for point in met if point.what == "at data"]
    load = [point for point in met if "deltas" in point.what or "#OTAUPW" in point.what
            or "+QFUPL" in point.what or point.what == "at +++"]
    return [*load, blocks[0], blocks[len(blocks) // 2], blocks[-1],
            *special(run, kind)[-AROUND_ORDER:]]


def fed_cases(kind, run):
    """Always: where the cached delta gets its name, in the middle of the load, and at its end."""
    chosen = fed_points(kind, run)
    always = special(run, kind)[-AROUND_ORDER:]
    if kind == TELIT_FED:
        named = [point for point in chosen if point.what.startswith("rename deltas")]
        ended = [point for point in chosen if point.what == "at +++"]
        always += [named[-1], chosen[-AROUND_ORDER - 2], ended[-1]]
    return [*(Case("kill", kind, str(point), kill.killed, (point,), point in always)
              for point in chosen),
            *(left_cases(chosen) if kind == TELIT_FED else ())]


def left_cases(chosen):
    """Of a load that is no update's any more: a rehearsal, and what was cancelled. The rehearsal is
    the second load of its fotad, and the first was refused."""
    loaded = [dataclasses.replace(point, number=point.number + 1) if "#OTAUPW" in point.what
              else point for point in chosen if point.what.startswith(("at AT#OTAUPW", "at data",
                                                                       "at +++"))]
    blocks = [point for point in loaded if point.what == "at data"]
    ended = [point for point in loaded if point.what == "at +++"]
    return [*(Case("kill", TELIT_FED, f"rehearsal, {point}", kill.rehearsal_killed, (point,),
                   point == blocks[len(blocks) // 2], 6) for point in loaded),
            *(Case("kill", TELIT_FED, f"cancelled, {point}", kill.cancelled_killed, (point,),
                   point == ended[0], 6) for point in ended)]


def other_cases(kind, run):
    """Of a module or a method that shares its flow with one of KINDS: what hangs on the module."""
    chosen = fed_points(kind, run) if kind.is_fed else special(run, kind)
    return [*(Case("kill", kind, str(point), kill.killed, (point,)) for point in chosen),
            *power_cases(kind, run)]


def back_cases(kind, run):
    met, always = back.choose(points.to_kill_at(run.points), kind)
    if kind != INSURED:  # the same files
        met = [point for point in met if not point.durable]
    return [*(Case("way back", kind, str(point), kill.killed, (point,),
                   kind == INSURED and point in always[:-2]) for point in met),
            *power_cases(kind, run), *power_cases_of_back(kind, run),
            *service_cases(kind)]


# Power

def power_cases(kind, run):
    dark = always_dark(kind, run.steps)
    met, always = gateway_points(kind, run)
    return [*(Case("power of the module", kind, str(step), power.by_the_module, (step,),
                   step in dark) for step in run.steps),
            # A question that is lost with both is none: its server knows when to ask again.
            *(Case("power of both", kind, str(step), power.by_both, (step,), step in dark,
                   FORGOTTEN_COST if kind == ASKED and step.forgotten else Case.cost)
              for step in run.steps if kind != ASKED or step.orders > 0),
            *(Case("power of the gateway", kind, str(point), power.by_the_gateway, (point,),
                   point in always) for point in met)]


def gateway_points(kind, run):
    """(where the gateway loses its power, where it does in every spread). The files are the same for
    all, but for those of a module that is fed, and of a way back."""
    met, around = points.to_kill_at(run.points), special(run, kind)
    durable = [point for point in met if point.durable or point in around]
    if kind == TELIT_RESERVED:
        return durable, around
    if kind == HUAWEI_PORT:
        return around, around[-AROUND_ORDER:-1]
    if kind == INSURED:
        later, always = back.choose(met, kind)
        later = [point for point in later if point.durable or point in always]
        return [point for point in met if point in (*around, *later) or "deltas" in point.what], \
            always[-2:]
    if kind in (TELIT_FED, QUECTEL_FED):
        cache = [point for point in met if "deltas" in point.what]
        return [*cache, *around], around[-2:] if kind == TELIT_FED else []
    return [], []


def always_dark(kind, steps):
    """The steps at which the module loses its power in every spread."""
    if kind in (TELIT_RESERVED, HUAWEI_PORT, QUECTEL_PORT):
        return [step for step in steps if power.is_at_order(step)]
    if kind == TELIT_TOLD:
        return [step for step in steps if step.name == "armed"]
    if kind in (TELIT_FED, QUECTEL_FED, ASKED):
        return power.around_order(steps)[:2]
    return []


def power_cases_of_back(kind, run):
    """Of a module that is put back: in the proof, which has no step of the module's, and the same
    where it has no service with its old version either."""
    load = [step for step in run.steps
            if step.orders == 1 and step.name in ("delta comes", "storing")]
    order = power.around_order(run.steps, 2)
    never = [*load, *order]
    return [*(Case("power in the proof", kind, "of both" if both else "of the module",
                   power.in_the_proof, (both,), kind == INSURED) for both in (False, True)),
            *(Case("never served", kind, f"{function.__name__}, {step}", back.never_served,
                   (function, step),
                   kind == INSURED and (function, step) == (power.by_the_module, order[-2]))
              for function in (power.by_the_module, power.by_both) for step in never)]


# Services

# Those are always there.
CHOSEN = (*((TELIT_PORT, "installing", failure) for failure in services.FAILURES),
          (TELIT_COMMAND, "installing", services.modemmanager_killed),
          (HUAWEI_PORT, "installing", services.modemmanager_killed),
          (HUAWEI_COMMAND, "installing", services.bus_restarted),
          (TELIT_FED, "fetching", services.delta_server_killed),
          (TELIT_FED, "downloading", services.modemmanager_killed),
          (QUECTEL_FED, "downloading", services.bus_restarted),
          (INSURED, "proving", services.modemmanager_restarted),
          (INSURED, "ordering back", services.modemmanager_killed))


def service_cases(kind):
    """That a server is killed has nothing to do with the way to AT."""
    return [Case("services", kind, f"{failure.__name__}, {state}", services.disturbed,
                 (state, failure), (kind, state, failure) in CHOSEN)
            for failure in services.FAILURES for state in services.states(kind)
            if kind.channel == "port" or failure not in services.OF_SERVERS]


# The state directory

def state_cases(kind):
    return [*(Case("state directory", kind, damage.__name__, state.damaged, (damage,), True)
              for damage in state.DAMAGES),
            *(Case("state directory", TELIT_SLOW, damage.__name__, state.damaged, (damage,),
                   damage == state.alter) for damage in (state.truncate, state.alter)),
            Case("state directory", kind, "download", state.damaged_download, (), True),
            Case("state directory", QUECTEL_PORT, "fetching", state.damaged_fetching, (), True),
            Case("state directory", kind, "read-only", state.not_writable, (state.READ_ONLY,), True),
            Case("state directory", kind, "full", state.full, (), True),
            *(Case("state directory", kind, name, state.in_memory, (script,), True)
              for name, script in state.MEMORIES.items()),
            *(Case("state directory", kind, answer, state.answered, (answer,), True)
              for answer in state.ANSWERS),
            Case("state directory", kind, "polls", state.polls, (), True),
            Case("loops", kind, "fotad", state.fotad_loop, (), True),
            Case("loops", kind, "order", state.order_loop, (), True),
            Case("loops", kind, "orderly restarts", state.orderly_restarts),
            Case("loops", TELIT_SLOW, "module", state.module_loop, (), True, 3)]
