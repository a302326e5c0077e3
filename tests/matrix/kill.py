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
