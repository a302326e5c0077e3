# SPDX-License-Identifier: LGPL-2.1-or-later
"""Huawei modules: the vendor's own server decides, and every step is approved."""
import unittest

from e2e import BenchTest


class WholeUpdate:
    """The same tests with unsolicited lines and without; the subclasses choose the channel."""

    def test_manifest_names_the_version(self):
        module = self.offer()
        update = module["Update"]
        self.assertEqual((update["from"], update["to"]), (self.bench.old, self.bench.new))
        self.assertEqual(update["size"], 79102)
        self.assertEqual(update["title"], "Support send SMS background")
        self.assertGreater(update["expected-outage"], 0)
        since = module.mark()
        self.assert_updates(module, since)
        progress = module.changes("Progress", since)
        self.assertEqual(progress, sorted(progress))
        transcript = [line.text for line in self.bench.transcript()
                      if line.mark == ">"]
        self.assertEqual(transcript.count("AT^FWUP"), 1)

    def test_two_approvals(self):
        """One before ^FOTADL=1, one before ^FWUP."""
        module = self.offer(approval={"download": "required", "install": "required"})
        first = module.token()
        module.approve()
        module.wait_state("awaiting-install-approval")
        self.assertNotEqual(module.token(), first)
        self.assertEqual(self.bench.sim_state()["fota-state"], 40)
        since = module.mark()
        module.approve()
        self.assertEqual(module.wait_finished(since)[1], "success")
        self.assertEqual(self.bench.sim_state()["version"], self.bench.new)

    def test_rejected_after_the_download(self):
        """The delta is gone from the module."""
        module = self.offer(approval={"download": "required", "install": "required"})
        module.approve()
        module.wait_state("awaiting-install-approval")
        module.wait(lambda p: p["Modem"] != "/", 60, "back at ModemManager")
        module.reject(reason="not today")
        module.wait_state("idle")
        self.bench.view.until(lambda: self.bench.sim_state()["fota-state"] == 10, 60, "discarded")
        self.assertEqual(self.bench.sim_state()["version"], self.bench.old)
        self.bench.mm.wait_for(self.bench.imei, revision=self.bench.old)


class DataCall:
    """The host's own, which is in the way of every step."""

    def test_data_call(self):
        """The host's call is in the way: it is down for the update, and up again afterwards."""
        self.bench.mm.connect(self.bench.imei, "internet")
        self.assertEqual(self.bench.sim_state()["call"], 1)
        self.assert_updates(self.offer())
        self.bench.mm.wait_connected(self.bench.imei)
        self.assertEqual(self.bench.sim_state()["call"], 1)

    def test_data_call_after_a_failure(self):
        self.bench.mm.connect(self.bench.imei, "internet")
        module = self.offer()
        self.bench.vendor.withdraw(self.bench.model, self.bench.old)
        since = module.mark()
        module.approve()
        self.assertEqual(module.wait_finished(since)[1], "failed")
        self.bench.mm.wait_connected(self.bench.imei)
        self.assertEqual(self.bench.sim_state()["version"], self.bench.old)

    def refuse_call(self):
        """As by a network that is not there yet: fotad's first attempt fails. Returns the module, whose
        new version is not judged before its call is up, and since when."""
        self.bench.mm.connect(self.bench.imei, "internet")
        module = self.offer()
        since = module.mark()
        module.approve()
        module.wait_state("verifying")
        self.bench.fault("refused,on=D")
        self.bench.view.until(lambda: not self.bench.sim_state()["faults"], 60, "it is refused")
        self.assertEqual((module["State"], module.heard("UpdateFinished", since)), ("verifying", []))
        return module, since

    def assert_judged(self, module, since):
        """The call is up, and only then it is a success."""
        _, result, details = module.wait_finished(since)
        self.assertEqual(result, "success", details)
        for when in ("service-before", "service-after"):
            self.assertTrue(details[when]["connected"], when)
            self.assertEqual(details[when]["ip-families"], ["ipv4"], when)
        self.bench.mm.wait_connected(self.bench.imei)


class ThroughModemManager(WholeUpdate, BenchTest):
    options = {"modules": ("mu509",), "channel": "modemmanager"}

    def test_no_manifest(self):
        """With Uri= empty: whatever the vendor's server has, if approved."""
        self.bench.start_fotad(Manifest={"Uri": ""})
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        self.assertEqual(module["Update"]["to"], self.bench.new)
        self.assert_updates(module)

    def test_another_version_is_offered(self):
        """What the vendor's server has is not what the manifest accepts."""
        self.bench.publish(self.bench.update(toVersion="12.815.01.05.00"))
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait_state("failed")
        self.assertEqual(module.error(), "NoPath")
        self.assertIn(self.bench.new, module["LastError"][1])
        self.assertEqual(self.bench.sim_state()["fota-state"], 10)

    def test_nothing_newer(self):
        self.bench.vendor.publish_nothing(self.bench.model, self.bench.old)
        self.bench.publish(self.bench.update())
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait(lambda p: p["State"] == "idle" and p["LastCheck"], 60, "asked")
        self.bench.view.until(lambda: module.plan()["kind"] == "up-to-date", 60, "up to date")
        self.assertEqual(module["LastError"], ("", ""))


class ThroughThePort(WholeUpdate, BenchTest):
    options = {"modules": ("mu509",), "channel": "port"}


class DataCallThroughModemManager(DataCall, BenchTest):
    options = {"modules": ("mu509",), "channel": "modemmanager"}

    def test_slow_connection_manager(self):
        """Who puts the call up, and how late, does not matter."""
        module, since = self.refuse_call()
        self.bench.mm.connect(self.bench.imei, "internet")
        self.assert_judged(module, since)


class DataCallThroughThePort(DataCall, BenchTest):
    options = {"modules": ("mu509",), "channel": "port"}

    def test_data_call_refused_at_first(self):
        """fotad tries again by itself."""
        module, since = self.refuse_call()
        self.assert_judged(module, since)


class OtherModels(BenchTest):
    options = {"modules": ("me909u",), "channel": "port"}

    def test_update(self):
        self.assert_updates(self.offer())


class LostDataCall(BenchTest):
    options = {"modules": ("mu609",), "channel": "port", "config": {"Service": {"Time": "20s"}}}

    def test_data_call_does_not_return(self):
        self.bench.mm.connect(self.bench.imei, "internet")
        module = self.offer()
        since = module.mark()
        module.approve()
        module.wait_state("verifying")
        self.bench.fault("refused,always,on=D")
        _, result, details = module.wait_finished(since)
        self.assertEqual((result, details.get("error")), ("no-service", "NoService"), details)
        self.assertIn("its data call is not up", details["text"])
        self.assertEqual(module["Revision"], self.bench.new)
        self.assertEqual([details[when]["connected"] for when in ("service-before", "service-after")],
                         [True, False])


if __name__ == "__main__":
    unittest.main()
