# SPDX-License-Identifier: LGPL-2.1-or-later
"""The application is in charge: what it may say when, and what it may not."""
import unittest

from e2e import BenchTest


class Approval(BenchTest):
    options = {"channel": "reserved", "clock": True}

    def assert_unchanged(self, module, before):
        """Nothing of what the module shows has changed."""
        self.assertEqual(self.properties(module), before)

    def properties(self, module):
        return {name: module[name] for name in ("State", "Update", "Revision", "LastError")}

    def test_stale_token(self):
        module = self.offer()
        old = module.token()
        self.bench.publish(self.bench.update(title="Another title"))
        module.check()
        module.wait(lambda p: p["Update"].get("title") == "Another title", 60, "the new offer")
        before = self.properties(module)
        self.assertNotEqual(old, module.token())
        for token in (old, "", "0" * 32):
            self.assert_refused("StaleToken", module.approve, token)
            self.assert_refused("StaleToken", module.reject, token)
            self.assert_refused("StaleToken", module.defer, 60, token)
            self.assert_refused("StaleToken", module.cancel, token)
        self.assert_unchanged(module, before)
        self.assertEqual(self.bench.fotactl("approve", old).returncode, 5)

    def test_nothing_offered(self):
        self.bench.publish({})
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait_state("idle")
        module.wait(lambda p: p["LastCheck"] != 0, 30, "checked")
        self.assert_refused("NothingOffered", module.approve, "0" * 32)
        self.assert_refused("NothingOffered", module.cancel, "0" * 32)

    def test_defer_beyond_the_limit(self):
        module = self.offer(maximumDeferPeriod=3600)
        before = self.properties(module)
        self.assertGreater(before["Update"]["defer-until-at-most"], 0)
        self.assert_refused("DeferTooLong", module.defer, 3601)
        self.assert_refused("DeferTooLong", module.defer, 2**63)
        self.assert_unchanged(module, before)

    def test_defer_then_asked_again(self):
        module = self.offer(maximumDeferPeriod=7200)
        since = module.mark()
        module.defer(3600)
        module.wait(lambda p: "deferred" in p["Blockers"], 10, "deferred")
        self.assertEqual(module.heard("ApprovalRequested", since), [])
        self.bench.set_clock(3600 - 3)
        self.bench.view.until(lambda: module.heard("ApprovalRequested", since), 30, "asked again")
        module.wait_state("awaiting-approval")

    def test_reject(self):
        """It is not offered again, not even after a restart of fotad; another one is."""
        module = self.offer()
        since = module.mark()
        module.reject(reason="not in the harvest")
        self.assertEqual(module.wait_finished(since)[:2], ("b026-fota", "rejected"))
        entry = module.history()[0]
        self.assertEqual((entry["result"], entry["text"]), ("rejected", "not in the harvest"))
        module.wait_state("idle")
        self.assertEqual(module.checked()["State"], "idle")
        self.bench.stop_fotad()
        self.bench.start_fotad()
        module.wait(lambda p: p["State"] == "idle" and p["Modem"] != "/", 30, "seen again")
        self.assertEqual(module["Update"], {})
        self.assertEqual(module.history()[0]["result"], "rejected")
        self.bench.publish(self.bench.update(title="Now urgent"))
        module.check()
        module.wait_state("awaiting-approval")

    def test_cancel_while_downloading(self):
        module = self.offer()
        since = module.mark()
        with self.bench.ftp.fault("slow"):
            module.approve()
            self.bench.view.until(lambda: self.bench.sim_state()["ftp-received"] > 0, 60,
                                  "downloading")
            module.cancel()
        self.assertEqual(module.wait_finished(since)[1], "cancelled")
        module.wait_state("idle")
        state = self.bench.sim_state()
        self.assertEqual((state["version"], state["starts"]), (self.bench.old, 1))
        self.assertFalse([c for c in state["contexts"] if c["active"]], "the context is closed")
        module.check()
        self.assert_updates(module)

    def test_cancel_once_installing(self):
        module = self.offer()
        since = module.mark()
        token = module.token()
        self.bench.fault("held,always,on=#OTAUP=0")
        module.approve()
        module.wait_state("installing")
        self.assert_refused("NotCancellable", module.cancel, token)
        self.bench.fault("clear")
        self.assertEqual(module.wait_finished(since)[1], "success")

    def test_install_gate(self):
        """Two approvals, two tokens; between them the delta lies in the module, not installed."""
        module = self.offer(approval={"download": "required", "install": "required"})
        since = module.mark()
        first = module.token()
        module.approve()
        module.wait_state("awaiting-install-approval")
        state = self.bench.sim_state()
        self.assertEqual((state["ota"], state["version"], state["starts"]),
                         ("stored", self.bench.old, 1))
        token, gate, _ = module.heard("ApprovalRequested", since)[0]
        self.assertEqual((token, gate), (module.token(), "install"))
        self.assertNotEqual(token, first)
        self.assert_refused("StaleToken", module.approve, first)
        self.bench.mm.wait_for(self.bench.imei)
        module.approve()
        self.assertEqual(module.wait_finished(since)[1], "success")
        self.assertEqual(self.bench.sim_state()["version"], self.bench.new)

    def test_install_gate_rejected(self):
        module = self.offer(approval={"install": "required"})
        since = module.mark()
        module.approve()
        module.wait_state("awaiting-install-approval")
        module.reject()
        self.assertEqual(module.wait_finished(since)[1], "rejected")
        module.wait_state("idle")
        state = self.bench.sim_state()
        self.assertEqual((state["version"], state["starts"]), (self.bench.old, 1))


if __name__ == "__main__":
    unittest.main()
