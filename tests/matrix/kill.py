# SPDX-License-Identifier: LGPL-2.1-or-later
"""fotad is killed at every point of an update, and started again: the module is updated once."""
import json

import points
from rig import NotAsStated, seconds

MAX_WRITES = 40
TRIES = 3


def undisturbed(rig):
    """An update that nothing disturbs; returns its points."""
    rig.publish_next()
    rig.start_fotad()
    rig.check()
    rig.verify_updated(rig.wait_done())
    rig.stop_fotad()
    met = points.met(rig.journal())
    rig.expect(points.durable_writes(met) <= MAX_WRITES, True,
               f"{points.durable_writes(met)} durable writes, at most {MAX_WRITES}")
    return met


def killed_once(rig, point, drop_unsynced=False):
    """FALSE: this run did not come to the point. The module's restarts fall now so, now so, and the
    questions that are asked until two answers agree with them."""
    rig.publish_next(retry={"maxAttempts": 2})
    rig.start_fotad(kill=point)
    rig.check()
    if not rig.wait_killed():
        rig.verify_updated(rig.wait_done())
        rig.stop_fotad()
        return False
    rig.fault_time = seconds()
    if drop_unsynced:
        rig.drop_unsynced()
    in_doubt, ordered = rig.in_doubt(), rig.orders() > 0
    rig.start_fotad()
    rig.verify_after_kill(in_doubt, ordered)
    rig.end_time = seconds()
    rig.stop_fotad()
    return True


def killed(rig, point):
    for _ in range(TRIES):
        if killed_once(rig, point):
            return
    raise NotAsStated(f"no run came to {point}")


def verify_reports(rig):
    """Each result of the update has come, and once: an end that fotad learns of twice, after a kill,
    has one key."""
    told = {}
    for _path, headers, body in rig.receiver.posts:
        report = json.loads(body)
        told.setdefault(headers["Idempotency-Key"], set()).add((report["update"],
                                                                report["result"]))
    results = [(entry["id"], entry["result"]) for entry in reversed(rig.module.history())
               if entry["id"] == f"update-{rig.number}"]
    rig.expect([list(same) for same in told.values()], [[result] for result in results],
               "results at the receiver, by their keys")


def reported(rig, point):
    """The same where the results are posted to a server."""
    for _ in range(TRIES):
        with rig.reporting():
            if killed_once(rig, point):
                rig.start_fotad()
                rig.module.wait(lambda p: p["State"] == "idle" and p["Modem"] != "/", 60, "at rest")
                verify_reports(rig)
                rig.stop_fotad()
                return
    raise NotAsStated(f"no run came to {point}")


# A load without a mark, or whose update is over at the next start: the module answers again.

def offer_cached(rig, point):
    """An update that is not approved, with its delta in the cache: an attempt at it has failed, and the
    manifest was signed anew."""
    rig.publish_next(retry={"maxAttempts": 3})
    rig.bench.fault("ota-full,on=#OTAUPW")
    rig.start_fotad(kill=point)
    rig.check()
    rig.wait_until(lambda p: p and p["LastError"][0] == "ModuleRefused", "the load is refused")
    rig.unanswered = "awaiting-approval"
    rig.bench.publish(rig.published)
    rig.check()
    rig.module.wait(lambda p: p["State"] == "awaiting-approval", 60, "it is offered anew")


def rehearsal_killed(rig, point):
    """In a rehearsal, which loads the delta itself."""
    offer_cached(rig, point)
    rig.module.call("Rehearse")
    rig.module.wait(lambda p: p["Update"].get("rehearsal"), 60, "the rehearsal is offered")
    rig.module.approve()
    verify_answers(rig, "awaiting-approval")


def cancelled_killed(rig, point):
    """After Cancel() in the middle of a load, which ends with the end of data mode."""
    rig.publish_next()
    rig.start_fotad(kill=point)
    rig.check()
    rig.wait_until(lambda p: p and p["State"] == "downloading" and p["BytesReceived"],
                   "the load is under way")
    rig.module.cancel()
    verify_answers(rig, "idle")
    rig.expect([entry["result"] for entry in rig.ended[1][:2]], ["success", "cancelled"], "history")


def verify_answers(rig, state):
    """The next start of fotad shows this state of a module that answers; then it is updated."""
    if not rig.wait_killed():
        raise NotAsStated("fotad has not come to the point")
    rig.fault_time = seconds()
    rig.unanswered = "awaiting-approval"
    rig.start_fotad()
    rig.wait_until(lambda p: p and p["State"] == state and p["Modem"] != "/", "the module is back")
    rig.end_time = seconds()
    rig.unanswered = None
    rig.check()
    rig.verify_updated(rig.wait_done())
    rig.expect(rig.orders(), 1, "orders to install")
    rig.stop_fotad()
