# SPDX-License-Identifier: LGPL-2.1-or-later
"""What an update takes from the host is the host's again afterwards."""
import unittest

from e2e import BenchTest


class TelitThroughThePort(BenchTest):
    """The inhibition disables the modem."""
    options = {"channel": "port"}

    def test_enabled(self):
        self.bench.mm.enable(self.bench.imei)
        self.assert_updates(self.offer())
        self.bench.view.until(
            lambda: (self.bench.mm.find(self.bench.imei) or [None, {"State": 0}])[1]["State"] >= 6,
            60, "the modem is enabled")


class HuaweiThroughThePort(BenchTest):
    options = {"modules": ("mu509",), "channel": "port"}

    def test_killed(self):
        """fotad is killed in the middle: the next one puts the call up, whatever becomes of the
        update."""
        self.bench.mm.connect(self.bench.imei, "1234")
        module = self.offer()
        with self.bench.web.slow():
            module.approve()
            module.wait_state("downloading")
            self.bench.kill_fotad()
        lease = self.bench.directory / f"state/{self.bench.imei}.lease"
        self.assertTrue(lease.exists())
        self.bench.start_fotad()
        self.bench.module().wait_finished(0, 180)
        self.bench.mm.wait_connected(self.bench.imei)
        self.bench.view.until(lambda: not lease.exists(), 60, "nothing is owed")


if __name__ == "__main__":
    unittest.main()
