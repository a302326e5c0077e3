# SPDX-License-Identifier: LGPL-2.1-or-later
"""fotad is killed at every point of what the module asks by itself, and started again: each question
is told yes once, and the module updates itself once."""
from rig import Rig, seconds
from bench import FTP_PASSWORD, FTP_USER
from manifest import delta
from modules import BusError
from processes import BenchError


# How long fotad waits for a module that restarts. One that has forgotten what it was told is looked at
# for several times that.
RETURN_SECONDS = 20
# After which a question that fotad does not know was lost.
LOST_SECONDS = 5
# {method: what fotad sends first when it listens}
FIRST = {"premium": "at AT#OTASUAN=,2,1", "carrier": "at AT#LWM2MFOTASTATE=0"}


class AskedRig(Rig):
    """Its module's own server wants each update; the manifest has none."""

    def meet_module(self):
        """Without a question, which the first case would find waiting."""
        self.bench.set_return_limit(RETURN_SECONDS)
        self.transcript_start = self.journal_start = 0
        self.bench.publish({})
        self.start_fotad()
        self.wait_until(lambda p: p and p["State"] == "idle" and p["LastCheck"] and self.listens(),
                        "the module is listened to")
        self.stop_fotad()

    def publish_next(self, **_members):
        bench = self.bench
        bench.old = self.firmware()
        self.number += 1
        bench.new = self.kind.version(self.number)
        bench.delta_name = f"{bench.old}_to_{bench.new}.bin"
        (bench.www / bench.delta_name).write_bytes(delta(bench.model, bench.old, bench.new))
        self.begin()

    def ask(self):
        """Whether the module takes it: it may be away, or have no network yet."""
        place = self.bench.ftp.uri.replace("://", f"://{FTP_USER}:{FTP_PASSWORD}@")
        try:
            self.bench.sim.command("ask", self.bench.imei, f"{place}/{self.bench.delta_name}")
        except BenchError:
            return False
        return True

    def listens(self):
        return "listening to what" in self.bench.log()

    def check(self):
        """Has the module ask, once fotad listens, until fotad knows the question or the module is beyond
        it. What it says while the port passes from the job to the listener is lost, and asked again."""
        program, self.bench.fotad = self.bench.fotad, None
        asked = None

        def known(_properties):
            nonlocal asked
            if program.poll() is not None:
                return True
            if "listening to what" not in program.log():
                return False
            if self.knows_update() or asked and self.bench.sim_state()["ask"] != "asked":
                return True
            if (asked is None or seconds() > asked + LOST_SECONDS) and self.ask():
                asked = seconds()
            return False

        try:
            self.wait_until(known, "the module asks")
        finally:
            self.bench.fotad = program

    def knows_update(self):
        try:
            return self.module.plan().get("source") in ("module", "carrier")
        except BusError:
            return False

    def _asks_again(self, properties, asked):
        """A question that was lost with fotad, or that fotad may have answered and has not, is asked
        again by the server, once the module is listened to again."""
        if asked or not properties or properties["State"] not in ("idle", "failed") \
                or properties["Modem"] == "/" or properties["Revision"] == self.bench.new \
                or self.bench.sim_state()["ask"] not in ("idle", "asked") or not self.listens() \
                or self.knows_update():
            return False
        if self.ask():
            asked.append(True)
        return True

    def verify_after_kill(self, _in_doubt, _ordered):
        self.verify_updated(self.wait_updated())
        self.expect(self.orders(), self.kind.questions, "times that the module was told yes")
