# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ModemManager takes for the version of a module, and what the module itself says."""
import unittest

from e2e import BenchTest

PACKAGE = "30.00.001-B026-P0F.010100"


class OtherNames(BenchTest):
    """ModemManager calls a Telit's firmware by #SWPKGV; deltas go by +GMR. The two can differ."""

    options = {"modules": (f"me910c1-na,package={PACKAGE}",), "channel": "port"}

    def test_offered_and_updated(self):
        """The module itself is asked once, and its own version is the one that counts."""
        module = self.offer()
        self.assertEqual(module["Revision"], self.bench.old)
        self.assertEqual(module["Update"]["from"], self.bench.old)
        self.assertEqual(self.bench.log().count("speaking AT"), 1)
        self.assertEqual(module.checked()["State"], "awaiting-approval")
        self.assertEqual(self.bench.log().count("speaking AT"), 1)
        since = module.mark()
        module.approve()
        self.assertEqual(module.wait_finished(since)[1], "success")
        # ModemManager still has its own name for it, and that changes nothing.
        self.bench.mm.wait_for(self.bench.imei, revision=PACKAGE)
        module.wait(lambda p: p["Modem"] != "/" and p["State"] == "idle", 60, "idle with a modem")
        self.assertEqual((module["Revision"], module["LastError"]), (self.bench.new, ("", "")))

    def test_no_path(self):
        """Neither name leads anywhere: said once, nothing is touched."""
        steps = [{"fromVersion": "30.00.001-B025", "toVersion": self.bench.new,
                  "delta": self.bench.delta_member()}]
        self.bench.publish(self.bench.update(steps=steps))
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait_state("failed")
        self.assertEqual(module.error(), "NoPath")
        self.assertIn(self.bench.old, module["LastError"][1])
        self.assertEqual(self.bench.sim_state()["starts"], 1)


class SameRevision(BenchTest):
    """+GMR is the same before and after: #CFVR tells the two firmwares apart."""

    options = {"modules": ("le910-svl",), "channel": "port"}

    def test_updated(self):
        module = self.offer()
        self.assertEqual((module["Revision"], module["Update"]["to"]),
                         (self.bench.old, self.bench.new))
        since = module.mark()
        module.approve()
        _, result, details = module.wait_finished(since)
        self.assertEqual(result, "success", details)
        self.assertEqual(self.bench.sim_state()["cfvr"], 10)
        self.assertEqual(self.bench.sim_state()["version"], "20.00.034")
        module.wait(lambda p: p["Modem"] != "/" and p["State"] == "idle", 60, "idle with a modem")
        self.assertEqual((module["Revision"], module["LastError"]), (self.bench.new, ("", "")))


class Disturbed(BenchTest):
    """Lines that the module sent by itself stand where ModemManager looked for names."""
    options = {"modules": ("mu509",), "channel": "port"}

    def probe_again(self, **names):
        """Returns what ModemManager makes of it."""
        self.bench.stop_modemmanager()
        self.bench.start_modemmanager()
        return self.bench.mm.wait_for(self.bench.imei, **names)[1]

    def test_besides_the_names(self):
        self.bench.fault("urc-storm,always,on=+CGM")
        modem = self.probe_again()
        for name in ("Manufacturer", "Model", "Revision"):
            self.assertRegex(modem[name], "(?s)^#OTAEV: #920\r\n.*(huawei|MU509|12.815)")
        self.bench.fault("clear")
        module = self.offer()
        self.assertEqual((module["Plugin"], module["Model"], module["Revision"]),
                         ("huawei", "MU509", self.bench.old))

    def test_in_the_place_of_the_version(self):
        """With a delta in the module: it has not installed it by itself, and nothing is thrown
        away."""
        module = self.offer(approval={"download": "required", "install": "required"})
        module.approve()
        module.wait_state("awaiting-install-approval", seconds=120)
        self.bench.stop_fotad()
        self.bench.sim.command("set", self.bench.imei, "version=^FOTASTATE:40")
        self.probe_again(revision="^FOTASTATE:40")
        self.bench.sim.command("set", self.bench.imei, f"version={self.bench.old}")
        self.bench.start_fotad()
        module.wait(lambda p: p["Modem"] != "/" and p["State"] == "awaiting-install-approval", 60,
                    "it still waits")
        self.assertEqual(module["Revision"], self.bench.old)
        since = module.mark()
        module.approve()
        self.assertEqual(module.wait_finished(since)[1], "success")
        self.assertEqual(self.bench.sim_state()["version"], self.bench.new)


if __name__ == "__main__":
    unittest.main()
