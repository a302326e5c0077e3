# SPDX-License-Identifier: LGPL-2.1-or-later
"""One bench on which many faulty updates run one after the other.

A rig never puts the module back: each case updates it from the version that it has to the next one,
as the years would. So a case costs no more than its update, and what one leaves behind meets the
next. A rig on which a case has not ended as stated is given up.
"""
import contextlib
import hashlib
import json
import pathlib
import re
import shutil
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from bench import Bench, default_build  # noqa: E402
from manifest import delta  # noqa: E402
from modules import FOTA_MODULE, FOTA_NAME, FOTA_PATH, BusError  # noqa: E402
from processes import DEFECT, BenchError  # noqa: E402
from receiver import HOST, Receiver  # noqa: E402

LIMIT_SECONDS = 180  # within which every case must have come to its end
QUIET = ("idle", "failed")
MARK_INSTALLING, MARK_DISCARDING = 3, 4  # policy/fota-state.h
LOADED_SIZE = 40_000  # of a delta that the host hands over: its blocks, of about 1000 bytes, are alike


class NotAsStated(Exception):
    """How a case ended instead."""


def unquoted(command):
    """As the points have it: see points.c."""
    return re.sub('"[^"]*"', '""', command)


class Rig:
    def __init__(self, kind):
        self.kind = kind
        self.bench = Bench(modules=(kind.module,), channel=kind.channel, scale=kind.scale,
                           config=kind.config)
        if kind.is_fed or kind.insured:
            self.bench.delta_size = LOADED_SIZE
        self.bench.__enter__()
        self.number = kind.first_number
        self.began = 0  # when the update of this case was published, by the wall clock in µs
        self.ended = ({}, [])  # properties and history, when fotad was stopped last
        self.shadow = self.bench.directory / "flash"
        self.journal_file = self.bench.directory / "points"
        self.journal_file.touch()
        self.bench.fotad_preload = [default_build() / "tests/matrix/libfault-points.so"]
        self.starts = self.starts_before = 0  # of fotad; before this case
        self.unanswered = None  # the state in which the application gives no answer
        self.published = None  # the update of this case
        self.receiver = None  # of reports

        self.meet_module()

    def meet_module(self):
        """What fotad writes when it sees the module for the first time, and on the first check of
        a day, belongs to no update: the points of all updates are alike then."""
        self.transcript_start = self.journal_start = 0
        self.bench.publish({})
        self.start_fotad()
        self.check()
        self.module.wait(lambda p: p["State"] == "idle" and p["LastCheck"], 60, "nothing offered")
        self.stop_fotad()

    def close(self):
        self.bench.__exit__(None, None, None)

    def close_anyhow(self):
        """After something has gone wrong already."""
        try:
            self.close()
        except BenchError:
            pass

    def report(self):
        """What a case that has not ended as stated leaves to be looked at."""
        points = [" ".join(line) for line in self.journal()[-40:]]
        log = (self.bench.directory / "modemmanager.log").read_text(errors="replace")
        return "\n".join([self.bench.report(), "ModemManager:", *log.splitlines()[-60:], "points:",
                          *points])

    # One case

    def make_update(self, **members):
        return self.bench.update(**members)

    def firmware(self):
        """What the module runs, as its deltas call it."""
        state = self.bench.sim_state()
        return f"{state['version']}+{state['cfvr']}" if self.kind.module == "le910-svl" \
            else state["version"]

    def clear_faults(self):
        """None is left but what this case needs all the time."""
        self.bench.fault("clear")
        if self.kind.stays:
            self.bench.fault(f"stays={self.kind.stays},always")

    def publish_next(self, **members):
        """Offers the next version to the module; both approvals are wanted."""
        bench = self.bench
        bench.old = self.firmware()
        self.number += 1
        bench.new = self.kind.version(self.number)
        if bench.delta_name:
            bench.delta_name = f"{bench.old}_to_{bench.new}.bin"
            (bench.www / bench.delta_name).write_bytes(
                delta(bench.model, bench.old, bench.new, bench.delta_size))
        else:
            bench.vendor.publish(bench.model, bench.old, bench.new)
        members = {"approval": {"download": "required", "install": "required"},
                   "retry": {"maxAttempts": 1}, **members}
        update = self.make_update(id=f"update-{self.number}", **members)
        if self.kind.is_fed:
            update["steps"][0]["delta"]["sha256"] = hashlib.sha256(
                (bench.www / bench.delta_name).read_bytes()).hexdigest()
        self.published = update
        bench.publish(update)
        self.begin()

    def begin(self):
        """From now on is this case."""
        self.clear_faults()
        self.began = time.time_ns() // 1000
        self.starts_before = self.starts
        self.transcript_start = len(self.bench.sim.transcript(self.bench.imei))
        self.journal_start = len(self.whole_journal())

    def start_fotad(self, kill=None, **faults):
        """kill: the point at which it ends, None = nowhere. faults: more of points.c."""
        if not self.shadow.exists():
            self.shadow.mkdir()
        self.bench.fotad_variables = {"FAULT_STATE": self.bench.directory / "state",
                                      "FAULT_JOURNAL": self.journal_file,
                                      "FAULT_FLASH": self.shadow,
                                      "FAULT_ORDER": self.kind.order, **faults}
        if kill:
            self.bench.fotad_variables["FAULT_KILL"] = kill.text()
        self.bench.fotad_variables = {k: str(v) for k, v in self.bench.fotad_variables.items()}
        self.bench.start_fotad()
        self.starts += 1

    @contextlib.contextmanager
    def reporting(self):
        """Inside the `with` block fotad posts the results of its updates to self.receiver."""
        self.receiver = Receiver()
        self.bench.config["Report"] = {"Uri": f"http://{HOST}:{self.receiver.port}/{{imei}}"}
        try:
            yield
        finally:
            self.receiver.close()
            self.receiver = None
            del self.bench.config["Report"]

    def waiting_reports(self):
        return list((self.bench.directory / "state/outbox").glob("*"))

    def stop_fotad(self):
        """It must end well, and leave nothing behind in the state directory. What it is still giving
        back to the host is for the next start."""
        if self.receiver:
            self.bench.view.until(lambda: not self.waiting_reports(), 60, "all reports are taken")
        self.ended = (self.bench.view.get_all(FOTA_NAME, self.module.path, FOTA_MODULE),
                      self.module.history())
        self.bench.stop_fotad()
        self.expect(self.waiting_reports(), [], "reports that wait")
        known = {f"{self.bench.imei}{suffix}"
                 for suffix in (".json", ".json.prev", ".manifest", ".checked", ".lease")}
        known.add("outbox")
        left = {file.name for file in (self.bench.directory / "state").iterdir()} - known
        left.discard("deltas")
        left |= {file.name for file in (self.bench.directory / "state" / "deltas").glob("*")}
        self.expect(left, set(), "files left in the state directory")

    def drop_unsynced(self):
        """What a loss of power leaves of the state directory: see points.c. fotad must be dead."""
        state = self.bench.directory / "state"
        shutil.rmtree(state)
        self._bring_back(state, ".")
        shutil.rmtree(self.shadow)

    def _bring_back(self, directory, name):
        directory.mkdir()
        names = self.shadow / f"names.{name}"
        for line in names.read_text().splitlines() if names.exists() else ():
            inode, entry = line.split(" ", 1)
            if inode == "d":
                self._bring_back(directory / entry, entry)
            elif inode == "0":
                (directory / entry).touch()
            else:
                shutil.copy2(self.shadow / inode, directory / entry)

    @property
    def module(self):
        return self.bench.module()

    def start_modemmanager(self):
        self.bench.start_modemmanager()

    def answer(self, properties):
        """What the application does at each look: approves whatever is offered."""
        if properties["State"] in ("awaiting-approval", "awaiting-install-approval") \
                and properties["State"] != self.unanswered:
            try:
                self.module.approve(properties["Update"]["token"])
            except (BusError, KeyError):
                pass  # another moment

    def check(self):
        """Has the manifest read, as soon as fotad and the module are there and have time. Returns
        as well when fotad is killed on the way."""
        program, self.bench.fotad = self.bench.fotad, None
        before = None

        def checked(properties):
            nonlocal before
            if program.poll() is not None:
                return True
            if not properties or properties["Modem"] == "/":
                return False
            before = properties["LastCheck"]
            try:
                self.module.check()
            except BusError:
                return False
            return True

        def begun(properties):
            """The end of the case before it is shown until then: what that has left in the module is
            set back first."""
            return (program.poll() is not None or not properties or properties["State"] != "failed"
                    or properties["LastCheck"] != before or properties["LastError"][0])

        try:
            self.wait_until(checked, "the manifest is read")
            self.wait_until(begun, "the check has begun")
        finally:
            self.bench.fotad = program

    def knows_update(self):
        """Whether fotad has accepted the manifest of this case."""
        try:
            return self.module.plan().get("id") == f"update-{self.number}"
        except BusError:
            return False

    def wait_until(self, condition, what, seconds=None):
        """Waits for condition(properties) while the application answers. fotad may be away: its
        properties are {} then."""
        seen = {}

        def look():
            nonlocal seen
            found = self.bench.view.objects(FOTA_NAME, FOTA_PATH)
            seen = found.get(self.module.path, {}).get(FOTA_MODULE, {})
            if seen:
                self.answer(seen)
            return condition(seen)

        try:
            return self.bench.view.until(look, seconds or LIMIT_SECONDS, what)
        except TimeoutError as error:
            raise NotAsStated(f"{error}; fotad shows {seen}") from None

    def wait_killed(self):
        """Until fotad has ended by its point. FALSE: it came to an end without meeting it."""
        program = self.bench.fotad
        self.bench.fotad = None  # its end is what is wanted
        killed = self.wait_until(
            lambda p: "killed" if program.poll() is not None else self.is_done(p) and "done",
            "fotad is killed")
        if killed == "killed":
            if program.poll() != -9:
                raise NotAsStated(f"fotad ended with {program.poll()}: {program.log()[-3000:]}")
            program.wait()
            if DEFECT.search(program.log()):
                raise NotAsStated(program.log()[-6000:])
        else:
            self.bench.fotad = program
        return killed == "killed"

    def is_done(self, properties):
        """Updated, or failed, and at rest."""
        if not properties or properties["Modem"] == "/":
            return False
        if properties["State"] == "idle":
            return properties["Revision"] == self.bench.new and properties["Update"] == {}
        return properties["State"] == "failed"

    def wait_updated(self):
        """Until the module runs the new version; an attempt that failed on the way is no end."""
        asked = []
        return self.wait_until(
            lambda p: not self._asks_again(p, asked) and self.is_done(p) and p["State"] == "idle"
            and p, "the new version")

    def _asks_again(self, properties, asked):
        """Whether a manifest that did not get through is asked for once more, as an administrator
        may."""
        if asked or not properties or properties["State"] not in QUIET \
                or properties["Modem"] == "/" or properties["Revision"] == self.bench.new \
                or self.knows_update():
            return False
        with contextlib.suppress(BusError):
            self.module.check()
            asked.append(True)
        return True

    def wait_done(self):
        """Until the case has its end; asks once more for a manifest that did not get through, and
        ends each wait for another try, as an administrator may."""
        asked = []

        def done(properties):
            if properties.get("State") == "scheduled" and properties["Blockers"] == ["backoff"]:
                with contextlib.suppress(BusError):
                    self.module.check()
                return None
            if self._asks_again(properties, asked):
                return None
            return self.is_done(properties) and properties

        return self.wait_until(done, "an end")

    def in_doubt(self):
        """Of a fotad that has ended: whether its record says that the order to install may have been
        given."""
        state = self.bench.directory / "state"
        files = [state / f"{self.bench.imei}{suffix}" for suffix in (".json", ".json.prev")]
        records = [json.loads(file.read_text())["record"] for file in files if file.exists()]
        return bool(records) and records[0]["mark"] == MARK_INSTALLING

    def orders(self):
        """How many of them the module has got."""
        return [unquoted(line.text) for line in self.transcript()
                if line.mark == ">"].count(self.kind.order)

    # What must hold at the end of every case

    def verify_after_kill(self, in_doubt, ordered):
        """Updated by one order. Where that may have been given and was not, one attempt has failed, and
        the next began at once."""
        self.verify_updated(self.wait_updated())
        failed = [entry["error"] for entry in self.module.history()
                  if entry["id"] == f"update-{self.number}" and entry["result"] != "success"]
        # ModemManager may still give the order of a caller who has left.
        if failed or self.kind.channel != "modemmanager":
            self.expect(failed, ["OldVersion"] if in_doubt and not ordered else [], "failed attempts")
        self.expect(self.orders(), 1, "orders to install")

    def transcript(self):
        return self.bench.sim.transcript(self.bench.imei)[self.transcript_start:]

    def whole_journal(self):
        """All starts so far: (time, pid, when, what)."""
        return [tuple(line.split(" ", 3)) for line in self.journal_file.read_text().splitlines()]

    def journal(self):
        """The points of this case."""
        return [line for line in self.whole_journal()[self.journal_start:] if line[2] != "flash"]

    def verify_updated(self, properties, updates=1):
        bench = self.bench
        if properties["State"] != "idle":
            raise NotAsStated(f"{properties['State']}, {properties['LastError']}")
        self.expect(self.firmware(), bench.new, "version in the module")
        self.expect(properties["Revision"], bench.new, "Revision")
        done = [line for line in self.transcript()
                if line.mark == "!" and line.text.startswith("version ")]
        self.expect(len(done), updates, f"updates in the module ({[l.text for l in done]})")
        newest = [(entry["result"], entry.get("differing-settings", ""))
                  for entry in self.module.history(1)]
        self.expect(newest, [("success", "")], "history")
        self.verify_in_service()

    def verify_failed(self, properties, names):
        """It failed with one of these errors; the module runs what it ran, and is in service."""
        if properties["State"] != "failed" or properties["LastError"][0] not in names:
            raise NotAsStated(f"{properties['State']}, {properties['LastError']}")
        if len(properties["LastError"][1]) < 10:
            raise NotAsStated("the error does not say what to do")
        self.expect(self.firmware(), self.bench.old, "version in the module")
        self.verify_in_service()

    def verify_end(self, properties, errors):
        """Updated, or failed with one of these errors."""
        if properties["State"] == "failed":
            self.verify_failed(properties, errors)
        else:
            self.verify_updated(properties)

    def verify_in_service(self):
        version = self.bench.sim_state()["version"]
        self.bench.mm.wait_for(self.bench.imei, revision=self.bench.shown(version))

    @staticmethod
    def expect(found, wanted, what):
        if found != wanted:
            raise NotAsStated(f"{what}: {found}, not {wanted}")


def seconds():
    return time.clock_gettime(time.CLOCK_BOOTTIME)
