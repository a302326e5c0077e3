# SPDX-License-Identifier: LGPL-2.1-or-later
"""AskVersion(): which version a manifest must start from, before there is any manifest."""
import unittest

from e2e import BenchTest

ENABLED = 6  # of ModemManager's states
PACKAGE = "30.00.001-B026-P0F.010100"


class AskVersion(BenchTest):
    """ModemManager has another name for the firmware, and there is no manifest."""

    options = {"modules": (f"me910c1-na,package={PACKAGE}",), "channel": "port"}

    def setUp(self):
        super().setUp()
        self.bench.mm.enable(self.bench.imei)
        self.bench.start_fotad()
        self.module = self.bench.module()
        self.module.wait(lambda p: p["State"] != "checking" and p["LastCheck"], 60, "checked")

    def wait_enabled(self):
        """What was taken from the host is the host's again."""
        self.bench.view.until(
            lambda: (self.bench.mm.find(self.bench.imei) or [None, {"State": 0}])[1]["State"] >= ENABLED,
            60, "the modem is enabled")

    def asked(self):
        """How often the module itself was asked."""
        return self.bench.log().count("speaking AT")

    def test_first_try(self):
        """The module is asked once and given back, and the first manifest leads to an offer."""
        self.assertEqual((self.module["Revision"], self.asked()), (PACKAGE, 0))
        self.assertEqual(self.bench.fotactl("version").stdout, f"{self.bench.old}\n")
        self.assertEqual((self.module["Revision"], self.module.error()), (self.bench.old, ""))
        self.wait_enabled()
        self.assertEqual(self.bench.fotactl("version").stdout, f"{self.bench.old}\n")
        self.assertEqual(self.asked(), 1)
        self.bench.publish(self.bench.update())
        self.module.check()
        self.module.wait_state("awaiting-approval")
        self.assertEqual(self.module["Update"]["from"], self.bench.old)

    def test_inhibited(self):
        """An application keeps the module: nothing is taken, and the caller is told why."""
        with self.bench.inhibition():
            done = self.bench.fotactl("version")
            self.assertEqual(done.returncode, 1)
            self.assertIn("inhibition", done.stderr)
        self.assertEqual(self.asked(), 0)
        self.wait_enabled()


if __name__ == "__main__":
    unittest.main()
