# SPDX-License-Identifier: LGPL-2.1-or-later
"""The system bus breaks down and comes back: fotad stays up and finds everything again."""
import unittest

from e2e import BenchTest
from modules import FOTA_NAME


class BusRestart(BenchTest):
    options = {"channel": "port"}

    def restart_bus(self):
        """ModemManager does not survive this, as on a real system; systemd starts it again."""
        bench = self.bench
        bench.kill_modemmanager()
        bench.bus.stop_bus()
        bench.bus.start_bus()
        bench.view.reconnect()
        bench.start_modemmanager()
        bench.bus.wait_for_name(FOTA_NAME, 60)

    def test_while_waiting_for_approval(self):
        self.offer()
        self.restart_bus()
        module = self.bench.module()
        module.wait(lambda p: p["Modem"] != "/", 60, "found again")
        self.assert_updates(module)

    def test_during_a_download(self):
        """A finished update, or a stated failure; never a hang, and the module in service."""
        module = self.offer()
        self.bench.fault("held,always,on=#FTPGETOTA")
        module.approve()
        module.wait_state("downloading")
        self.restart_bus()
        self.bench.fault("clear")
        module = self.bench.module()
        properties = module.wait(lambda p: p["State"] in ("idle", "failed", "scheduled"), 180,
                                 "an end")
        version = self.bench.sim_state()["version"]
        if properties["State"] == "idle":
            self.assertEqual(version, self.bench.new)
        else:
            self.assertEqual(version, self.bench.old)
            self.assertTrue(properties["LastError"][1])
        self.assertEqual(properties["Revision"], version)
        self.bench.mm.wait_for(self.bench.imei, revision=version)


if __name__ == "__main__":
    unittest.main()
