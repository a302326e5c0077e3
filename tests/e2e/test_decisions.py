# SPDX-License-Identifier: LGPL-2.1-or-later
"""Decisions that a real gateway asks for: who may look, what may be taken, what counts as told."""
import datetime
import time
import unittest

from e2e import BenchTest, BusError


class Reading(BenchTest):
    """Plan() is open to everyone and changes nothing."""
    options = {"channel": "modemmanager"}

    def test_plan_when_the_manifest_has_just_expired(self):
        end = int(time.time()) + 8
        self.bench.publish(self.bench.update(), useBefore=datetime.datetime.fromtimestamp(
            end, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"))
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        token = module.token()
        time.sleep(max(end + 0.03 - time.time(), 0))  # fotad looks at the clock a second later
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


if __name__ == "__main__":
    unittest.main()
