# SPDX-License-Identifier: LGPL-2.1-or-later
"""The state directory: damaged, lost, not writable, full, in memory; what is written there, how
often; and updates that never come to an end."""
import hashlib
import json
import re
import shutil

import points
from rig import NotAsStated, seconds

# Shell commands that fotad is started behind, in a mount namespace of its own. $1 is the state
# directory.
READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1"'
IN_MEMORY = 'mount -t tmpfs -o size={size} tmpfs "$1"'
# As a read-only root has it: an overlay, whose upper directory alone is in memory.
OVERLAID = ('mkdir -p "$1.memory" && mount -t tmpfs tmpfs "$1.memory" && '
            'mkdir "$1.memory/upper" "$1.memory/work" && mount -t overlay overlay '
            '-o "lowerdir=$1,upperdir=$1.memory/upper,workdir=$1.memory/work" "$1"')
FULL = ('mkdir -p "$1.kept" && cp -a "$1/." "$1.kept" && ' + IN_MEMORY.format(size="64k") +
        ' && cp -a "$1.kept/." "$1" && ! cat /dev/zero >"$1/filler" 2>/dev/null')
GREETING = {"AT", "ATE0", "AT+CMEE=1", "AT+CGSN"}  # daemon/at/fota-at-channel.h
MAX_STARTS = 8  # policy/fota-loop.h


def record_file(rig, suffix=".json"):
    return rig.bench.directory / "state" / f"{rig.bench.imei}{suffix}"


def is_written(rig, text):
    """Between two renames there is no record of that name."""
    file = record_file(rig)
    return file.exists() and text in file.read_text()


def behind(script, directory):
    return ["unshare", "-m", "sh", "-c", f'{script} && shift && exec "$@"', "sh", directory]


def started_behind(rig, script):
    rig.bench.fotad_wrapper = behind(script, rig.bench.directory / "state")
    try:
        rig.start_fotad()
    finally:
        rig.bench.fotad_wrapper = []


def commands_sent(rig):
    return [line[3].removeprefix("at ") for line in rig.journal()
            if line[2] == "after" and line[3].startswith("at ")]


# Damage, found by a fotad that had given the order to install

def truncate(rig):
    file = record_file(rig)
    file.write_bytes(file.read_bytes()[:100])


def alter(rig):
    file = record_file(rig)
    file.write_text(file.read_text().replace('"mark": 3', '"mark": 2').replace(
        '"mark" : 3', '"mark" : 2'))


def lose_newest(rig):
    """As a loss of power between the two renames leaves it."""
    record_file(rig).unlink()


def damage_both(rig):
    truncate(rig)
    record_file(rig, ".json.prev").write_bytes(b"")


def lose_all(rig):
    for entry in (rig.bench.directory / "state").iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def another_schema(rig):
    """Written whole by a fotad that is newer than this one, both generations."""
    for suffix in (".json", ".json.prev"):
        record = json.loads(record_file(rig, suffix).read_text())["record"]
        record["schema"] = 99
        body = json.dumps(record, separators=(",", ":"), ensure_ascii=False)
        digest = hashlib.sha256(body.encode()).hexdigest()
        record_file(rig, suffix).write_text(f'{{"sha256":"{digest}","record":{body}}}')


# What is still known afterwards, and what fotad says of it
DAMAGES = {
    truncate: ("generation before", "the state of the generation before is used"),
    alter: ("generation before", "do not match its digest"),
    lose_newest: ("generation before", None),
    damage_both: ("nothing", "nothing is known about earlier updates"),
    lose_all: ("nothing", None),
    another_schema: ("nothing", "its schema is not"),
}


def damaged(rig, damage):
    """The module is updated once, whatever is left of the record."""
    known, said = DAMAGES[damage]
    rig.publish_next()
    rig.start_fotad(kill=points.Point("after", 1, f"at {rig.kind.order}"))
    rig.check()
    if not rig.wait_killed():
        raise NotAsStated("the order to install was never given")
    damage(rig)
    rig.fault_time = seconds()
    rig.start_fotad()
    if known == "nothing":
        rig.wait_until(lambda p: p.get("Revision") == rig.bench.new and p["Modem"] != "/",
                       "the new version is seen")
        rig.check()
    properties = rig.wait_done()
    rig.expect(rig.bench.sim_state()["version"], rig.bench.new, "version in the module")
    rig.expect(properties["State"], "idle", "State")
    rig.verify_in_service()
    if said and said not in rig.bench.log():
        raise NotAsStated(f"the log does not say: {said}")
    if known != "nothing":
        rig.expect(rig.module.history()[0]["result"], "success", "history")
    rig.end_time = seconds()
    rig.stop_fotad()


def damaged_download(rig):
    """The record of a download is not told from one of an order where the two are one: the version
    ends the attempt, and the next one updates the module."""
    rig.publish_next(retry={"maxAttempts": 2})
    rig.start_fotad(kill=points.Point("after", 1, "at AT#FTPGETOTA=\"\",0"))
    rig.check()
    if not rig.wait_killed():
        raise NotAsStated("the download has not begun")
    truncate(rig)
    rig.fault_time = seconds()
    rig.start_fotad()
    rig.verify_after_kill(in_doubt=True, ordered=False)
    rig.end_time = seconds()
    rig.stop_fotad()


def damaged_fetching(rig):
    """A module that fetches its delta by the order is found at that, still with its old version."""
    rig.publish_next()
    with rig.bench.ftp.fault("slow"):
        rig.start_fotad(kill=points.Point("after", 1, f"at {rig.kind.order}"))
        rig.check()
        if not rig.wait_killed():
            raise NotAsStated("the order was never given")
        truncate(rig)
        rig.fault_time = seconds()
        rig.start_fotad()
        rig.wait_until(lambda _: "waiting whether it still installs" in rig.bench.log()
                       or rig.orders() > 1, "it is left to that")
    rig.wait_updated()
    rig.expect(rig.orders(), 1, "orders to install")
    rig.verify_in_service()
    rig.end_time = seconds()
    rig.stop_fotad()


# Storage that cannot be written

def not_writable(rig, script):
    """Nothing is begun: all that the module hears is who is there."""
    rig.publish_next()
    rig.fault_time = seconds()
    started_behind(rig, script)
    rig.check()
    properties = rig.wait_until(
        lambda p: p.get("State") == "scheduled" and p["Blockers"] == ["backoff"] and p, "it waits")
    rig.expect(properties["LastError"][0], "RecordNotWritable", "LastError")
    rig.expect(set(commands_sent(rig)) - GREETING, set(), "commands to the module")
    if "the update waits (RecordNotWritable)" not in rig.bench.log():
        raise NotAsStated("the log does not say so")
    rig.bench.stop_fotad()
    # With storage that can be written, it is made up for.
    rig.start_fotad()
    rig.check()
    rig.verify_updated(rig.wait_done())
    rig.end_time = seconds()
    rig.stop_fotad()


def full(rig):
    """The generation that is replaced makes room for the next one. What finds none is the new
    manifest, and that is said."""
    rig.publish_next()
    rig.fault_time = seconds()
    started_behind(rig, FULL)
    rig.check()
    rig.verify_updated(rig.wait_done())
    if "the state could not be written" not in rig.bench.log():
        raise NotAsStated("nobody is told")
    rig.end_time = seconds()
    rig.stop_fotad()


MEMORIES = {"in memory": IN_MEMORY.format(size="1m"), "overlay in memory": OVERLAID}


def in_memory(rig, script):
    """It works, and it is said that nothing will be left of it."""
    rig.publish_next()
    rig.fault_time = seconds()
    started_behind(rig, script)
    if "lies in memory" not in rig.bench.log():
        raise NotAsStated("nobody is warned")
    rig.check()
    rig.verify_updated(rig.wait_done())
    rig.end_time = seconds()
    rig.stop_fotad()


# What an application has answered

ANSWERS = {"approved": lambda module: module.approve(),
           "rejected": lambda module: module.reject(),
           "deferred": lambda module: module.defer(3600)}


def answered(rig, answer):
    """The gateway loses power as soon as the answer is replied to, on a flash that is slow: it
    holds."""
    rig.publish_next()
    rig.unanswered = "awaiting-approval"
    rig.start_fotad(FAULT_SLOW=300)
    rig.check()
    rig.wait_until(lambda p: p.get("State") == "awaiting-approval", "offered")
    ANSWERS[answer](rig.module)
    rig.bench.kill_fotad()
    rig.fault_time = seconds()
    rig.drop_unsynced()
    rig.start_fotad()
    if answer == "approved":
        rig.verify_updated(rig.wait_done())
    elif answer == "rejected":
        rig.wait_until(lambda p: p and rig.module.plan()["kind"] == "rejected", "still rejected")
    else:
        rig.wait_until(lambda p: p and "deferred" in p["Blockers"], "still deferred")
    rig.end_time = seconds()
    rig.unanswered = None
    rig.stop_fotad()


# How often is written

def writes(rig):
    """The journal without the AT commands."""
    return [line for line in rig.journal() if not line[3].startswith("at ")]


def polls(rig):
    """A check that brings nothing new costs no durable write."""
    rig.publish_next(approval={"download": "required", "install": "required"})
    rig.unanswered = "awaiting-approval"
    rig.start_fotad()
    rig.check()
    rig.wait_until(lambda p: p.get("State") == "awaiting-approval"
                   and is_written(rig, p["Update"]["token"]), "offered, and written")
    # The file is there before its directory is synchronised, which ends the write.
    rig.bench.view.until(lambda: tuple(writes(rig)[-1][2:]) == ("after", "sync ."), 60, "at rest")
    before = len(writes(rig))
    last = rig.module["LastCheck"]
    rig.fault_time = seconds()
    rig.check()
    rig.wait_until(lambda p: p["LastCheck"] > last and p["State"] == "awaiting-approval", "asked")
    rig.expect(writes(rig)[before:], [], "writes for a check")
    rig.unanswered = None
    rig.verify_updated(rig.wait_done())
    rig.end_time = seconds()
    rig.stop_fotad()


# Without end

def fotad_loop(rig):
    """fotad ends at the same point of the same update, each time that it is started."""
    rig.publish_next()
    point = points.Point("after", 1, "at AT+GMR")
    for start in range(MAX_STARTS):
        rig.start_fotad(kill=point)
        if start == 0:
            rig.check()
        if not rig.wait_killed():
            raise NotAsStated(f"start {start + 1} came to an end")
    rig.fault_time = seconds()
    sent = len(commands_sent(rig))
    rig.start_fotad(kill=point)
    properties = rig.wait_until(lambda p: p.get("State") == "failed" and p["Modem"] != "/" and p,
                                "given up")
    rig.verify_failed(properties, ["UpdateLoop"])
    rig.expect(commands_sent(rig)[sent:], [], "commands to the module")
    rig.expect(rig.module.history()[0]["error"], "UpdateLoop", "history")
    rig.end_time = seconds()
    rig.stop_fotad()
    # It stays given up.
    rig.start_fotad()
    properties = rig.wait_until(lambda p: p.get("State") == "failed" and p["Modem"] != "/" and p,
                                "still given up")
    rig.verify_failed(properties, ["UpdateLoop"])
    rig.stop_fotad()
    # Another manifest begins anew, also where fotad ended before the record told of it.
    rig.publish_next()
    rig.start_fotad(kill=points.Point("after", 1, "sync ."))
    rig.check()
    if not rig.wait_killed():
        raise NotAsStated("the manifest was never written")
    rig.start_fotad()
    rig.verify_updated(rig.wait_done())
    rig.stop_fotad()


def order_loop(rig):
    """fotad ends each time that it asks what has become of the order: it stops asking for an hour, or
    until somebody asks it to go on, but only a version ends the update."""
    rig.publish_next()
    for kill in [f"at {rig.kind.order}", *["at AT+GMR"] * (MAX_STARTS - 1)]:
        rig.start_fotad(kill=points.Point("after", 1, kill))
        if kill != "at AT+GMR":
            rig.check()
        if not rig.wait_killed():
            raise NotAsStated(f"it did not come to {kill}")
    rig.fault_time = seconds()
    sent = len(commands_sent(rig))
    rig.start_fotad()
    properties = rig.wait_until(
        lambda p: p.get("LastError", ("",))[0] == "UpdateLoop" and p, "held")
    rig.expect(properties["State"], "installing", "State")
    rig.expect(commands_sent(rig)[sent:], [], "commands to the module")
    rig.expect([entry for entry in rig.module.history()
                if entry["id"] == f"update-{rig.number}"], [], "history")
    rig.check()
    rig.verify_updated(rig.wait_done())
    rig.end_time = seconds()
    rig.stop_fotad()


def orderly_restarts(rig):
    """An administrator may restart fotad as often as he likes."""
    rig.publish_next()
    rig.bench.fault("slow-answer=600,on=+GMM,always")
    for start in range(MAX_STARTS + 2):
        rig.start_fotad()
        if start == 0:
            rig.check()
        rig.wait_until(lambda p: commands_sent(rig).count("AT+GMM") > start, "under way")
        rig.bench.stop_fotad()
    rig.bench.fault("clear")
    rig.fault_time = seconds()
    rig.start_fotad()
    rig.verify_updated(rig.wait_done())
    rig.end_time = seconds()
    rig.stop_fotad()


def module_loop(rig):
    """The module restarts over and over once it was told to install: fotad follows them no longer."""
    rig.publish_next()
    rig.bench.fault("clear")
    rig.bench.fault("restarts,always")
    rig.start_fotad()
    rig.check()
    rig.wait_until(lambda p: p.get("State") == "installing", "installing")
    rig.fault_time = seconds()
    properties = rig.wait_until(
        lambda p: p.get("LastError", ("",))[0] == "UpdateLoop" and p, "given up")
    rig.end_time = seconds()
    if not re.search(r"restarted \d+ times", properties["LastError"][1]):
        raise NotAsStated(properties["LastError"][1])
    # Only a version ends it: once the module has come to rest, it is asked.
    rig.expect(properties["State"], "installing", "State")
    rig.bench.fault("clear")
    rig.verify_updated(rig.wait_done())
    rig.stop_fotad()
