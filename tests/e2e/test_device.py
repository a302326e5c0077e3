# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which hardware is a module's: that of its ports, whatever ModemManager calls it."""
import unittest

from e2e import BenchTest, ways
from modules import FOTA_MANAGER, FOTA_NAME, FOTA_PATH


class Named(BenchTest):
    """A rule of the site gives the module a name, ID_MM_PHYSDEV_UID."""
    options = {"modules": ["me910c1-na,uid=cell0"], "channel": "port"}

    def test_update(self):
        """Its ports are found, on each return."""
        self.bench.publish(self.bench.update())
        self.bench.start_fotad(Approval={"Download": "auto"})
        module = self.bench.module()
        self.assertEqual(module.wait_finished(seconds=200)[1], "success")
        self.bench.mm.wait_for(self.bench.imei, revision=self.bench.new)

    def test_route(self):
        """Its interface is no other way to the network."""
        for interface in ways():
            self.give_module(interface)
        self.bench.publish(self.bench.update())
        self.bench.start_fotad(Approval={"Download": "auto"}, Conditions={"OtherRoute": "yes"})
        self.assertEqual(self.bench.module().wait_state("scheduled")["Blockers"], ["route"])
        self.bench.view.call(FOTA_NAME, FOTA_PATH, FOTA_MANAGER, "Reload")
        self.assertEqual(self.bench.module()["Blockers"], ["route"])


if __name__ == "__main__":
    unittest.main()
