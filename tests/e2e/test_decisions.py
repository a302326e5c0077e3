# SPDX-License-Identifier: LGPL-2.1-or-later
"""Decisions that a real gateway asks for: who may look, what may be taken, what counts as told."""
import datetime
import time
import unittest

from e2e import BenchTest, BusError


class Reading(BenchTest):
    """Plan() is open to everyone and changes nothing."""
    options = {"channel": "reserved", "clock": True}

    def test_plan_when_the_manifest_has_just_expired(self):
        """fotad looks at the clock some time later."""
        end = int(time.time()) + 24 * 3600
        self.bench.publish(self.bench.update(), useBefore=datetime.datetime.fromtimestamp(
            end, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        token = module.token()
        self.bench.let_pass(24 * 3600)
        self.assertIn("reasons", module.plan())
        # The offer stands until fotad has looked at the clock; either way the call is answered.
        try:
            module.reject(token, "no")
        except BusError as error:
            self.assertIn(error.name, ("StaleToken", "NothingOffered"))
        self.assertIsNone(self.bench.fotad.poll())
        self.assertTrue(module.plan())


class FirstContact(BenchTest):
    """A Telit whose firmware ModemManager calls otherwise than deltas do: the module is asked."""
    options = {"modules": ("me910c1-na,package=30.00.001-B026-P0F.010100",), "channel": "port"}

    def test_not_while_an_application_inhibits(self):
        """The port is the only way to ask, and would take the module from the host."""
        self.bench.start_fotad()  # nothing is published yet
        module = self.bench.module()
        module.wait_state("idle", "failed")
        with self.bench.inhibition():
            self.bench.publish(self.bench.update())
            module.check()
            since = module.mark()
            module.wait(lambda p: "inhibited" in p["Blockers"], 30, "it waits")
            self.assertNotIn("/", module.changes("Modem", since))
            self.assertNotIn("speaking AT", self.bench.log())
        module.wait_state("awaiting-approval")

    def test_a_failed_question_is_asked_again(self):
        """A busy module answers ERROR: that has told nothing, not even after a restart."""
        self.bench.publish(self.bench.update())
        self.bench.mm.wait_for(self.bench.imei)
        self.bench.fault("refused,always,on=+GMR")
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait(lambda p: p["LastError"][0] != "", 90, "the refusal is shown")
        self.assertEqual(module["State"], "failed")
        self.bench.fault("clear")
        self.bench.stop_fotad()
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        self.assertEqual(module["Update"]["from"], self.bench.old)


class ThroughThePort(BenchTest):
    """What is out or written counts: an order to install, a call that was replied to, an attempt."""
    options = {"channel": "port"}

    def order_and_kill(self):
        module = self.offer()
        module.approve()
        module.wait_state("installing", seconds=120)
        self.bench.view.until(lambda: "the module restarts (1)" in self.bench.log(), 60, "gone")
        self.bench.kill_fotad()
        self.bench.mm.wait_for(self.bench.imei, 120, revision=self.bench.new)

    def assert_success(self, module):
        self.bench.view.until(lambda: module.history(), 120, "an end")
        entry = module.history()[0]
        self.assertEqual((entry["result"], entry["to"]), ("success", self.bench.new), entry)
        module.wait_state("idle", seconds=60)

    def test_modemmanager_restarts_after_fotad(self):
        """The module is lost for a moment, which ends nothing."""
        self.order_and_kill()
        self.bench.fault("refused,always,on=+GMR")  # until then there is no version, and no end
        self.bench.start_fotad()
        module = self.bench.module()
        self.bench.view.until(lambda: "is there, running" in self.bench.log(), 60, "seen")
        self.bench.kill_modemmanager()
        module.wait_state("installing", "verifying", seconds=30)
        self.bench.fault("clear")
        self.bench.start_modemmanager()
        self.assert_success(module)

    def test_an_error_is_no_end(self):
        self.order_and_kill()
        self.bench.fault("refused,on=+GMR")
        self.bench.start_fotad()
        self.assert_success(self.bench.module())

    def test_cancel_then_killed(self):
        """Replied to, and fotad is killed: the next start installs nothing, and tells the end."""
        module = self.offer()
        with self.bench.ftp.fault("slow"):
            token = module.token()
            module.approve()
            module.wait_state("downloading")
            module.cancel(token)
            self.bench.kill_fotad()
        self.bench.start_fotad()
        module = self.bench.module()
        self.bench.view.until(lambda: module.history(), 60, "the end is told")
        self.assertEqual([entry["result"] for entry in module.history()], ["cancelled"])
        module.wait_state("idle", seconds=60)
        self.assertEqual(self.bench.sim_state()["version"], self.bench.old)

    def test_no_signal(self):
        """No attempt is spent and no history written; Check() tries at once."""
        module = self.offer(retry={"maxAttempts": 1, "backoff": 60})
        self.bench.sim.command("set", self.bench.imei, "signal=99")
        module.approve()
        module.wait(lambda p: p["LastError"][0] == "NoSignal" and p["Blockers"] == ["backoff"]
                    and p["State"] == "scheduled", 120, "it waits")
        self.assertEqual(module.history(), [])
        self.bench.sim.command("set", self.bench.imei, "signal=20")
        since = module.mark()
        module.wait(lambda p: p["Modem"] != "/", 60, "shown again")
        module.check()
        self.assertEqual(module.wait_finished(since)[1], "success")


class Guest(BenchTest):
    options = {"channel": "reserved"}

    def test_a_rehearsal_yields_to_the_update(self):
        """Nobody answers it; the update wants no approval, and is held back for a while only."""
        self.bench.start_fotad(Approval={"Download": "auto", "Install": "auto"})
        module = self.bench.module()
        module.wait_state("idle", "failed")
        with self.bench.inhibition():
            self.bench.publish(self.bench.update(approval={"download": "auto", "install": "auto"}))
            module.check()
            module.wait(lambda p: p["Blockers"] == ["inhibited"], 30, "it waits")
            module.call("Rehearse")
            module.wait(lambda p: p["Update"].get("rehearsal"), 30, "the guest")
            since = module.mark()
        module.wait(lambda p: len(module.heard("UpdateFinished", since)) > 1, 120, "both ends")
        self.assertEqual([(result, details.get("rehearsal", False))
                          for _, result, details in module.heard("UpdateFinished", since)],
                         [("cancelled", True), ("success", False)])


class AtOnce(BenchTest):
    """Modules of one gateway one after the other, or as many at once as AtOnce= allows."""
    options = {"modules": ("me910c1-na", "me910c1-na"), "channel": "reserved"}

    def approve_both(self, **groups):
        """Returns how many downloaded at the same time, at most."""
        for imei in self.bench.imeis:
            self.bench.publish(self.bench.update(), imei=imei)
        self.bench.start_fotad(**groups)
        modules = [self.bench.module(imei) for imei in self.bench.imeis]
        for module in modules:
            module.wait_state("awaiting-approval", seconds=90)
        since = modules[0].mark()
        for module in modules:
            module.approve()
        for module in modules:
            self.assertEqual(module.wait_finished(since, 240)[1], "success")
        running, most = set(), 0
        for signal in self.bench.view.signals[since:]:
            if signal.name == "PropertiesChanged" and signal.path in [m.path for m in modules]:
                state = signal.arguments[1].get("State")
                if state == "downloading":
                    running.add(signal.path)
                if state == "idle":
                    running.discard(signal.path)
                most = max(most, len(running))
        return most

    def test_one(self):
        self.assertEqual(self.approve_both(), 1)

    def test_two(self):
        self.assertEqual(self.approve_both(Limits={"AtOnce": "2"}), 2)


if __name__ == "__main__":
    unittest.main()
