# SPDX-License-Identifier: LGPL-2.1-or-later
"""What holds at the end of every case, whatever was done to it.

- Nothing is ordered before the way back, where one is needed, is on disk as a loss of power would
  leave it.
- Between two orders to install the version was read, and an attempt has one order; so has an
  attempt to put the module back, of which there are at most three. A module that asks may be told
  yes once more by the next start of fotad, if it has not restarted.
- What the history says of the update is what the module runs: the new version, the old one after
  the way back, or after a failure that has a name; and a module that is left without service with
  its new version is named with both.
- No package is left in the file store of a module, unless the record says that it is to be deleted.
"""
import json

from rig import MARK_DISCARDING, NotAsStated, unquoted

MOST_BACK = 3  # daemon/module/fota-back.c
RESULTS = ("success", "failed", "expired", "restored", "no-service")


def orders(kind, transcript):
    """(number of orders, what is wrong). Between two orders the module must have been asked for its
    version and have told it: fotad asks with a command that ModemManager does not use, or with
    #SWPKGV after a +GMM, which ModemManager does not use either."""
    count, wrong, read, asking, named = 0, [], True, set(), set()
    for line in transcript:
        if line.mark == ">" and line.text == "AT+GMM":
            named.add(line.tty)
        elif line.mark == ">" and (line.text == kind.asks_version or
                                   (line.text == "AT#SWPKGV" and line.tty in named)):
            asking.add(line.tty)
        elif line.mark == "<" and line.tty in asking and line.text[:1].isalnum() \
                and line.text not in ("OK", "ERROR"):
            asking.discard(line.tty)
            read = True
        elif line.mark == ">" and unquoted(line.text) in (kind.order, kind.back_order):
            count += 1
            if not read:
                wrong.append(f"{line.text} at {line.seconds} s, with no look at the version since "
                             "the order before")
            read = False
            named.clear()
    return count, wrong


def check_transcript(rig, result):
    """Of all that this rig's module has heard; what is wrong becomes the result's problem."""
    count, wrong = orders(rig.kind, rig.bench.sim.transcript(rig.bench.imei))
    if wrong:
        result.problem = "\n".join([*wrong, result.problem])
    return count


def check(rig):
    """Raises NotAsStated unless this case, which has come to its end, is as stated above."""
    check_way_back(rig)
    entries = [entry for entry in rig.ended[1]
               if entry["finished"] >= rig.began and entry["result"] in RESULTS]
    count = orders(rig.kind, rig.transcript())[0]
    most = max(len(entries), 1) * rig.kind.questions + (MOST_BACK if rig.kind.insured else 0)
    if rig.kind.method in ("premium", "carrier"):
        most += rig.starts - rig.starts_before - 1
    if count > most:
        raise NotAsStated(f"{count} orders to install, at most {most} for {entries}")
    check_store(rig)
    if entries:
        check_end(rig, entries[0])


def check_store(rig):
    """What is owed, or to be discarded, is deleted by the next start of fotad, before anything else."""
    if rig.kind.back_method != "fed" or not rig.bench.sim_state()["files"]:
        return
    file = rig.bench.directory / "state" / f"{rig.bench.imei}.json"
    record = json.loads(file.read_text())["record"]
    if record["mark"] != MARK_DISCARDING and not record["settings"].get("owed.Package"):
        raise NotAsStated("the package is still in the module, and is not to be deleted")


def check_way_back(rig):
    """The journal has, before each order, the deltas that a loss of power would leave."""
    if not rig.kind.insured:
        return
    durable = []
    for _time, _pid, when, what in rig.whole_journal()[rig.journal_start:]:
        if when == "flash":
            durable.append(what)
        elif (when, what) == ("before", f"at {rig.kind.order}"):
            if not any(name.endswith(rig.way_back) for name in durable):
                raise NotAsStated(f"{what} with the way back not on disk, but {durable}")
        else:
            durable = []


def check_end(rig, entry):
    result, runs = entry["result"], rig.firmware()
    wanted = rig.bench.new if result in ("success", "no-service") else rig.bench.old
    rig.expect(runs, wanted, f"version in the module, {result}")
    if result == "success":
        return
    if not entry.get("error") or len(entry.get("text", "")) < 10:
        raise NotAsStated(f"the history does not say why: {entry}")
    if result in ("restored", "no-service"):
        rig.expect(entry["error"], "NoService", f"error, {result}")
    if result != "failed" and rig.kind.insured and rig.bench.old not in entry["text"]:
        raise NotAsStated(f"it does not say which version was to be put back: {entry}")
