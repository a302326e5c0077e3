# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is taken from the host, and given back: daemon/mm/fota-lease.h with the real ModemManager."""
import json
import unittest

from mmcase import Probe, ProbeTest

NOTHING, BEARERS, MODULE = 0, 1, 2
# ModemManager's states of a modem.
ENABLED, CONNECTED = 6, 11


class Lease(ProbeTest):
    options = {"modules": ("mu509",), "channel": "port"}

    def setUp(self):
        super().setUp()
        self.seen = self.wait_seen()
        self.file = self.probe.state / f"{self.bench.imei}.lease"

    def connect(self):
        self.bench.mm.enable(self.bench.imei)
        self.bench.mm.connect(self.bench.imei, "1234")
        self.bench.mm.wait_connected(self.bench.imei)

    def state(self):
        found = self.bench.mm.find(self.bench.imei)
        return found[1]["State"] if found else None

    def take(self, wants):
        self.probe.order("take", self.bench.imei, self.seen["uid"], wants)
        return self.probe.wait("take")["error"]

    def give_back(self):
        self.probe.order("give-back", self.bench.imei)

    def until(self, condition, what):
        self.bench.view.until(condition, 60, what)

    def test_data_call(self):
        """Over the port, whatever the vendor: the call is up again, and nothing is owed."""
        self.connect()
        self.assertIsNone(self.take(MODULE))
        self.assertIsNone(self.state())
        self.assertEqual(self.file.stat().st_mode & 0o777, 0o600)
        debt = json.loads(self.file.read_text())
        self.assertTrue(debt["enabled"])
        self.assertEqual(len(debt["bearers"]), 1)
        self.assertIn("'1234'", debt["bearers"][0])
        self.give_back()
        self.bench.mm.wait_connected(self.bench.imei)
        self.until(lambda: not self.file.exists(), "nothing is owed")

    def test_bearers_alone(self):
        """ModemManager keeps the module."""
        self.connect()
        self.assertIsNone(self.take(BEARERS))
        self.assertEqual(self.bench.mm.find(self.bench.imei)[0], self.seen["path"])
        self.assertLess(self.state(), CONNECTED)
        self.assertIsNone(self.take(MODULE))
        self.give_back()
        self.bench.mm.wait_connected(self.bench.imei)

    def test_nothing_taken(self):
        """The call stays; one that a restart of the module ends is given back."""
        self.connect()
        self.assertIsNone(self.take(NOTHING))
        self.assertEqual(self.state(), CONNECTED)
        self.bench.sim.command("unplug", self.bench.imei)
        self.probe.wait("gone")
        self.bench.sim.command("plug", self.bench.imei)
        self.wait_seen(lambda event: event["path"] != self.seen["path"])
        self.assertLess(self.state(), ENABLED)
        self.give_back()
        self.bench.mm.wait_connected(self.bench.imei)

    def test_enabled(self):
        """A modem that was not enabled is left so, and costs no write; one that was is again."""
        self.assertIsNone(self.take(MODULE))
        self.assertFalse(self.file.exists())
        self.give_back()
        self.seen = self.wait_seen(lambda event: event["path"] != self.seen["path"])
        self.assertLess(self.state(), ENABLED)
        self.bench.mm.enable(self.bench.imei)
        self.wait_seen(lambda event: event["enabled"])
        self.assertIsNone(self.take(MODULE))
        self.give_back()
        self.wait_seen(lambda event: event["enabled"] and event["path"] != self.seen["path"])
        self.until(lambda: not self.file.exists(), "nothing is owed")

    def test_killed(self):
        """The next start gives back what this one has taken."""
        self.connect()
        self.assertIsNone(self.take(MODULE))
        self.probe.kill()
        self.assertTrue(self.file.exists())
        self.probe = Probe(self.bench)
        self.bench.mm.wait_connected(self.bench.imei)
        self.until(lambda: not self.file.exists(), "nothing is owed")


if __name__ == "__main__":
    unittest.main(verbosity=2)
