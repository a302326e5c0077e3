# SPDX-License-Identifier: LGPL-2.1-or-later
"""What must be so before an update starts: the manifest's life, answers, and the gateway."""
import unittest

from e2e import BenchTest
from manifest import timestamp


class PolicyTest(BenchTest):
    options = {"channel": "reserved"}

    def start_idle(self, **config):
        """fotad runs and has read a manifest that offers nothing."""
        self.bench.publish({})
        self.bench.start_fotad(**config)
        module = self.bench.module()
        module.wait(lambda p: p["LastCheck"] and p["State"] == "idle", 60, "the first check")
        return module

    def offer_now(self, module, state, members=None, **update):
        """Publishes an update and has it read; members are the manifest's."""
        self.bench.publish(self.bench.update(**update), **(members or {}))
        module.check()
        return module.wait_state(state)

    def assert_left_alone(self, module):
        """Nothing was begun: no delta, no install."""
        self.assertFalse([line for line in self.bench.sim.transcript(self.bench.imei)
                          if "OTA" in line.text or "FTP" in line.text])
        self.assertEqual(module.heard("UpdateFinished"), [])


class Expiry(PolicyTest):
    def assert_expires(self, module):
        properties = module.wait_state("failed", seconds=30)
        self.assertEqual(properties["LastError"][0], "ManifestExpired")
        self.assertEqual((properties["Update"], properties["Blockers"]), ({}, []))
        self.assertIn("useBefore", module.plan()["reasons"][0])
        self.assertIn("(ManifestExpired)", self.bench.log())
        self.assert_left_alone(module)

    def test_while_it_waits_for_an_answer(self):
        module = self.start_idle()
        self.offer_now(module, "awaiting-approval", {"useBefore": timestamp(5)})
        token = module.token()
        self.assert_expires(module)
        self.assert_refused("NothingOffered", module.approve, token)
        # The same update, published anew, is offered and can be installed.
        self.bench.publish(self.bench.update())
        module.check()
        self.assert_updates(module)
        self.assertEqual(module.error(), "")

    def test_while_it_waits_for_its_window(self):
        module = self.start_idle(Approval={"Download": "auto"},
                                 Window={"Blackout": "2020-01-01..2099-12-31"})
        self.offer_now(module, "scheduled", {"useBefore": timestamp(5)})
        self.assert_expires(module)

    def test_not_modified_does_not_keep_it_alive(self):
        """Somebody who answers "not modified" for ever cannot hold a module back unnoticed."""
        module = self.start_idle()
        self.bench.publish({}, useBefore=timestamp(5))
        module.check()
        module.wait(lambda p: p["LastError"][0] == "ManifestExpired", 30, "expired")
        before = module["LastCheck"]
        module.check()
        module.wait(lambda p: p["LastCheck"] != before and p["State"] == "failed", 30, "checked")
        self.assertEqual(module.error(), "ManifestExpired")


class Unanswered(PolicyTest):
    def test_nobody_answers(self):
        module = self.start_idle(Approval={"Timeout": "3s"})
        self.offer_now(module, "awaiting-approval")
        self.assertIn("answerBy", module.plan())
        properties = module.wait_state("failed", seconds=30)
        self.assertEqual(properties["LastError"][0], "Unanswered")
        self.assertEqual(properties["Update"], {})
        self.assert_left_alone(module)
        # Whoever asks for a check gets the offer again, and as much time as before.
        since = module.mark()
        module.check()
        self.assert_updates(module, since)

    def test_time_runs_while_fotad_does_not(self):
        """A restart neither forgets when it asked, nor asks for more time."""
        module = self.start_idle(Approval={"Timeout": "1h"})
        by = self.offer_now(module, "awaiting-approval") and module.plan()["answerBy"]
        self.bench.stop_fotad()
        self.bench.start_fotad(Approval={"Timeout": "1h"})
        module.wait_state("awaiting-approval")
        self.assertEqual(module.plan()["answerBy"], by)
        self.bench.stop_fotad()
        self.bench.start_fotad(Approval={"Timeout": "1s"})
        properties = module.wait_state("failed")
        self.assertEqual(properties["LastError"][0], "Unanswered")

    def test_a_deferral_is_an_answer(self):
        module = self.start_idle(Approval={"Timeout": "4s"})
        self.offer_now(module, "awaiting-approval")
        since = module.mark()
        module.defer(6)
        self.assertNotIn("answerBy", module.plan())
        self.bench.view.until(lambda: module.heard("ApprovalRequested", since), 30, "asked again")
        self.assertEqual(module.wait_state("failed", seconds=30)["LastError"][0], "Unanswered")

    def test_second_gate_has_a_time_of_its_own(self):
        """The delta is taken out of the module again when nobody says that it may be installed."""
        module = self.start_idle(Approval={"Timeout": "8s", "Install": "required"})
        self.offer_now(module, "awaiting-approval")
        module.approve()
        module.wait_state("awaiting-install-approval")
        properties = module.wait(lambda p: p["LastError"][0] == "Unanswered", 60, "unanswered")
        self.assertEqual(properties["State"], "failed")
        state = self.bench.sim_state()
        self.assertEqual((state["version"], state["starts"]), (self.bench.old, 1))


if __name__ == "__main__":
    unittest.main()
