# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which hardware is a module's: that of its ports, whatever ModemManager calls it."""
import os
import pathlib
import subprocess
import unittest

from e2e import BenchTest
from modules import FOTA_MANAGER, FOTA_NAME, FOTA_PATH


class Named(BenchTest):
    """A rule of the site gives the module a name, ID_MM_PHYSDEV_UID."""
    options = {"modules": ["me910c1-na,uid=cell0"], "channel": "port"}

    def ways(self):
        """The interfaces of this machine that lead to a network."""
        listed = subprocess.run(["ip", "route"], check=True, text=True, stdout=subprocess.PIPE)
        words = [line.split() for line in listed.stdout.splitlines() if " via " in line]
        return {line[line.index("dev") + 1] for line in words}

    def give_module(self, interface):
        """In sysfs it is the module's; returns what says so."""
        root = pathlib.Path(self.bench.sim.root)
        directory = root / "sys/class/net" / interface
        directory.mkdir(parents=True)
        (directory / "type").write_text("1\n")
        vendor, = (root / "sys/devices").glob("**/idVendor")
        link = directory / "device"
        link.symlink_to(os.path.relpath(vendor.parent, directory))
        return link

    def test_update(self):
        """Its interface is no other way to the network; its ports are found, on each return."""
        links = [self.give_module(interface) for interface in self.ways()]
        self.bench.publish(self.bench.update())
        self.bench.start_fotad(Approval={"Download": "auto"}, Conditions={"OtherRoute": "yes"})
        module = self.bench.module()
        if links:
            properties = module.wait_state("scheduled")
            self.assertEqual(properties["Blockers"], ["route"])
        for link in links:
            link.unlink()
        since = module.mark()
        self.bench.view.call(FOTA_NAME, FOTA_PATH, FOTA_MANAGER, "Reload")
        _, result, details = module.wait_finished(since, 200)
        self.assertEqual(result, "success", details)
        self.bench.mm.wait_for(self.bench.imei, revision=self.bench.new)


if __name__ == "__main__":
    unittest.main()
