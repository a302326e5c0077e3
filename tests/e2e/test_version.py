# SPDX-License-Identifier: LGPL-2.1-or-later
"""ModemManager calls a Telit's firmware by #SWPKGV; deltas go by +GMR. The two can differ."""
import unittest

from e2e import BenchTest

PACKAGE = "30.00.001-B026-P0F.010100"


class OtherNames(BenchTest):
    options = {"modules": (f"me910c1-na,package={PACKAGE}",), "channel": "port"}

    def test_offered_and_updated(self):
        """The module itself is asked once, and its own version is the one that counts."""
        module = self.offer()
        self.assertEqual(module["Revision"], self.bench.old)
        self.assertEqual(module["Update"]["from"], self.bench.old)
        self.assertEqual(self.bench.log().count("speaking AT"), 1)
        module.check()
        module.wait(lambda p: p["State"] == "awaiting-approval" and p["LastCheck"], 60, "offered")
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


if __name__ == "__main__":
    unittest.main()
