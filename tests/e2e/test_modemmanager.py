# SPDX-License-Identifier: LGPL-2.1-or-later
"""ModemManager late, restarted, never there, killed in the middle of a download: fotad stays up,
says so, and recovers by itself."""
import unittest

from e2e import BenchTest


class WithoutModemManager(BenchTest):
    options = {"modemmanager": False}

    def test_never_there(self):
        self.bench.start_fotad()
        listed = self.bench.fotactl("list")
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.bench.view.until(lambda: "ModemManager" in self.bench.log(), 30,
                              "fotad says that ModemManager is not there")

    def test_late(self):
        """It comes after fotad, and everything goes on from there."""
        self.bench.publish(self.bench.update())
        self.bench.start_fotad()
        self.bench.start_modemmanager()
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        self.assert_updates(module)


class Restarts:
    def test_restarted_while_idle(self):
        module = self.offer()
        token = module.token()
        self.bench.kill_modemmanager()
        module.wait_state("absent")
        self.assertEqual(module["Modem"], "/")
        self.bench.start_modemmanager()
        module.wait_state("awaiting-approval")
        self.assertEqual(module.token(), token)
        self.assert_updates(module)

    def test_killed_in_the_middle_of_a_download(self):
        """A stated failure, or a finished update; never a hang, and never a broken module."""
        module = self.offer(retry={"maxAttempts": 1})
        since = module.mark()
        with self.bench.ftp.fault("slow"):
            module.approve()
            size = (self.bench.www / self.bench.delta_name).stat().st_size
            self.bench.view.until(lambda: self.bench.sim_state()["ftp-received"] > size // 4, 60,
                                  "in the middle of the download")
            self.assertEqual(module["State"], "downloading")
            self.bench.kill_modemmanager()
            self.after_the_kill(module, since)
        self.bench.start_modemmanager()
        _, result, details = module.wait_finished(since)
        if result == "success":
            self.assertEqual(self.bench.sim_state()["version"], self.bench.new)
            self.bench.mm.wait_for(self.bench.imei, revision=self.bench.new)
            return
        self.assertEqual(result, "failed")
        self.assertTrue(details["error"])
        self.assertEqual(self.bench.sim_state()["version"], self.bench.old)
        self.bench.mm.wait_for(self.bench.imei, revision=self.bench.old)
        self.bench.publish(self.bench.update())
        module.wait(lambda p: p["Modem"] != "/" and p["State"] == "failed", 60, "in service")
        since = module.mark()
        module.check()
        self.assert_updates(module, since)


class ThroughModemManager(Restarts, BenchTest):
    options = {"channel": "modemmanager"}

    def after_the_kill(self, module, since):
        """The way to AT is gone: this is over soon, with or without ModemManager."""
        _, result, _ = module.wait_finished(since)
        self.assertEqual(result, "failed")


class ThroughThePort(Restarts, BenchTest):
    options = {"channel": "port"}

    def after_the_kill(self, module, since):
        """The port is still there: the download goes on."""

    def test_polkit_away(self):
        """ModemManager may not take the module back then: it is asked until it does."""
        module = self.offer()
        since = module.mark()
        self.bench.fault("never-returns")  # before polkit is gone
        module.approve()
        module.wait_state("installing")
        self.bench.bus.stop_polkitd()
        self.bench.view.until(lambda: any(line.text == "restart 3 of 3"
                                          for line in self.bench.transcript()), 60, "it is away")
        for order in ("power-cut", "power-on"):
            self.bench.sim.command(order, self.bench.imei)
        self.assertEqual(module.wait_finished(since)[1], "success")
        self.bench.view.until(lambda: "asking it again" in self.bench.log(), 60, "it is refused")
        self.bench.bus.start_polkitd()
        self.bench.mm.wait_for(self.bench.imei, revision=self.bench.new)
        module.wait(lambda p: p["Modem"] != "/" and p["State"] == "idle", 60, "in service")

    def test_killed_and_polkit_away(self):
        """After the order, and ModemManager does not let go of the module: it is asked again."""
        module = self.offer()
        since = module.mark()
        module.approve()
        self.bench.view.until(lambda: self.orders(module) == 1, 60, "ordered to install")
        self.bench.kill_fotad()
        self.bench.bus.stop_polkitd()
        self.bench.start_fotad()
        self.bench.view.until(lambda: "is not known yet" in self.bench.log(), 60, "it is refused")
        self.bench.bus.start_polkitd()
        self.assertEqual(module.wait_finished(since)[1], "success")
        self.assertEqual(self.bench.sim_state()["version"], self.bench.new)
        self.assertEqual(self.orders(module), 1)

    def orders(self, module):
        return [line.text for line in self.bench.transcript(module.imei)
                if line.mark == ">"].count("AT#OTAUP=0")


if __name__ == "__main__":
    unittest.main()
