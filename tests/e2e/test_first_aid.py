# SPDX-License-Identifier: LGPL-2.1-or-later
"""A module that falls silent, or does not come back: which rungs of first aid are taken, and that
none is while it may be installing."""
import re
import unittest

from gi.repository import GLib

from e2e import BenchTest
from modules import MM_NAME, MM_PATH


NOT_RETURNED = 15  # seconds, after which a module that stays away has not come back


class FirstAidTest(BenchTest):
    options = {"channel": "port"}

    ONCE = {"retry": {"maxAttempts": 1}}

    def begin(self, rungs=None, **first_aid):
        """An offer; PowerCycle= really cycles the module's power."""
        cycle = self.bench.directory / "cycle power"
        cycle.write_text(CYCLE.format(socket=self.bench.directory / "sim/control",
                                      called=self.bench.directory / "cycled"))
        cycle.chmod(0o755)
        settings = {"PowerCycle": f"'{cycle}' \"for fotad\" '$(touch /tmp/no-shell)'"}
        if rungs is not None:
            settings["Rungs"] = rungs
        self.bench.config = {"FirstAid": {**settings, **first_aid}}
        return self.offer(**self.ONCE)

    def rungs(self):
        """Those that were taken, in order."""
        return re.findall(r"first aid, ([a-z-]+): begins", self.bench.log())

    def cycled(self):
        file = self.bench.directory / "cycled"
        return file.read_text().splitlines() if file.exists() else []

    def end(self, module, since, error):
        _, result, details = module.wait_finished(since)
        self.assertEqual((result, details["error"]), ("failed", error), details)
        return details["text"]


CYCLE = """#!/usr/bin/python3
import os, socket, sys
with open("{called}", "a") as called:
    print(*sys.argv[1:], os.environ["FOTA_IMEI"], os.environ["FOTA_DEVICE"], file=called)
for order in ("power-cut", "power-on"):
    with socket.socket(socket.AF_UNIX) as control:
        control.connect("{socket}")
        control.sendall(f"{{order}} {{os.environ['FOTA_IMEI']}}\\n".encode())
        control.makefile().readline()
"""


class Mute(FirstAidTest):
    """In the middle of the download, before anything is ordered."""

    def test_hiccup(self):
        """It only did not hear once: asking again is all that is done."""
        module = self.begin()
        self.bench.fault("mute,on=#SCFG=")
        since = module.mark()
        module.approve()
        text = self.end(module, since, "ModuleSilent")
        self.assertEqual(self.rungs(), ["at-again"])
        self.assertIn("has brought the module back: at-again", text)

    def test_one_port(self):
        """The other one still works."""
        module = self.begin("at-again other-port")
        self.bench.fault("tty-hung,on=#SCFG=")
        since = module.mark()
        module.approve()
        text = self.end(module, since, "ModuleSilent")
        self.assertEqual(self.rungs(), ["at-again", "other-port"])
        self.assertIn("has brought the module back", text)

    def test_for_good(self):
        """Nothing dangerous is done without being asked for; the text says where to go on."""
        module = self.begin("at-again other-port")
        self.bench.fault("hung,on=#SCFG=")
        since = module.mark()
        module.approve()
        text = self.end(module, since, "ModuleSilent")
        self.assertEqual(self.rungs(), ["at-again", "other-port"])
        self.assertIn("mute-module of first-aid.md", text)
        self.assertEqual(self.cycled(), [])


class Power(FirstAidTest):
    """It is taken away and given back by the operator's command."""

    def test_power(self):
        """The operator's command, without a shell; then the next attempt goes well."""
        module = self.begin("safe command")
        self.bench.fault("hung,on=#SCFG=")
        since = module.mark()
        module.approve()
        text = self.end(module, since, "ModuleSilent")
        self.assertEqual(self.rungs(), ["at-again", "other-port", "cfun", "command"])
        self.assertIn("has brought the module back", text)
        _, modem = self.bench.mm.wait_for(self.bench.imei)
        self.assertEqual(self.cycled(),
                         [f"for fotad $(touch /tmp/no-shell) {self.bench.imei} {modem['Device']}"])
        self.bench.publish(self.bench.update())
        module.wait(lambda p: p["State"] == "failed" and p["Modem"] != "/", 60, "in service")
        since = module.mark()
        module.check()
        self.assert_updates(module, since)

    def test_power_in_vain(self):
        """A command that hangs is killed, and the ladder ends."""
        module = self.begin("command", PowerCycle="/bin/sleep 1000", PowerCycleTime="1s")
        self.bench.fault("hung,on=#SCFG=")
        since = module.mark()
        module.approve()
        text = self.end(module, since, "ModuleSilent")
        self.assertIn("has not ended within 1 s and was killed", self.bench.log())
        self.assertIn("mute-module of first-aid.md", text)


class ModemManagerHasIt(FirstAidTest):
    """fotad speaks with it on a tty of its own, which falls silent."""
    options = {"channel": "reserved"}

    def test_reset(self):
        """ModemManager still hears the module, and restarts it; what it ran it runs again."""
        module = self.begin("modemmanager-reset")
        self.bench.fault("tty-hung,on=#SCFG=")
        starts = self.bench.sim_state()["starts"]
        since = module.mark()
        module.approve()
        text = self.end(module, since, "ModuleSilent")
        self.assertEqual(self.rungs(), ["modemmanager-reset"])
        self.assertIn("has brought the module back: modemmanager-reset", text)
        self.assertEqual(self.bench.sim_state()["starts"], starts + 1)
        self.bench.publish(self.bench.update())
        module.wait(lambda p: p["State"] == "failed" and p["Modem"] != "/", 60, "in service")
        since = module.mark()
        module.check()
        self.assert_updates(module, since)


class OthersHaveIt(FirstAidTest):
    """fotad was killed in the middle of the download; who has the module now shows it to nobody."""
    options = {"channel": "reserved"}

    def test_inhibited(self):
        """It is not given up: fotad leaves it alone, and goes on once it is given back."""
        bench, module = self.bench, self.begin("cfun")
        with bench.ftp.fault("slow"):
            module.approve()
            module.wait_state("downloading")
            bench.kill_fotad()
        _, modem = bench.mm.wait_for(bench.imei)
        inhibition = (MM_NAME, MM_PATH, MM_NAME, "InhibitDevice")
        bench.view.call(*inhibition, GLib.Variant("(sb)", (modem["Device"], True)))
        starts = bench.sim_state()["starts"]
        bench.start_fotad()
        bench.view.until(lambda: "has not given it up" in bench.log(), 60, "fotad has asked")
        self.assertIn("already inhibited", bench.log())
        self.assertEqual(bench.module()["State"], "absent")
        since = bench.module().mark()
        bench.view.call(*inhibition, GLib.Variant("(sb)", (modem["Device"], False)))
        _, result, details = bench.module().wait_finished(since)
        self.assertEqual((result, self.rungs()), ("success", []), details)
        self.assertEqual(bench.sim_state()["starts"], starts + 3)


class Installing(FirstAidTest):
    """After the order to install."""

    def test_nothing_while_it_may_install(self):
        """It stays away beyond its limit: every rung is allowed, and none that restarts is taken."""
        self.bench.set_return_limit(NOT_RETURNED)
        module = self.begin("safe cfun modemmanager-reset command")
        self.bench.fault("never-returns")
        module.approve()
        text = self.wait_not_returned(module)
        self.assertEqual(self.rungs(), ["at-again"])
        self.assertIn("unfinished-install of first-aid.md", text)
        self.assertEqual(self.cycled(), [])

    def test_nothing_later_either(self):
        """It came back, was asked, and fell silent: nobody has seen the order to install end."""
        self.bench.set_return_limit(NOT_RETURNED)
        module = self.begin("safe command")
        self.bench.fault("never-returns")
        module.approve()
        self.wait_not_returned(module)
        self.bench.fault("hung,on=+GMR")
        for order in ("power-cut", "power-on"):
            self.bench.sim.command(order, self.bench.imei)
        self.bench.view.until(lambda: self.asked_in_vain() > 5, 200, "it falls silent")
        self.assertIn(module["State"], ("installing", "verifying"))
        self.assertEqual((set(self.rungs()), self.cycled()), ({"at-again"}, []))

    def asked_in_vain(self):
        """How many lines the module has got since it answered last."""
        marks = "".join(line.mark for line in self.bench.transcript() if line.mark in "<>")
        return len(marks) - len(marks.rstrip(">"))


class Restarted(FirstAidTest):
    """After the order to install, and its end is seen."""

    def test_absent_within_its_limit(self):
        """Minutes away, and back: no first aid at all."""
        module = self.begin("safe command", ResetAfterInstall="yes")
        self.bench.fault("absent=600")
        since = module.mark()
        module.approve()
        self.assertEqual(module.wait_finished(since)[1], "success")
        self.assertEqual((self.rungs(), self.cycled()), ([], []))

    def test_reset_when_asked_for(self):
        """The operator takes the risk: the module finds its interrupted step, and goes on."""
        self.bench.set_return_limit(NOT_RETURNED)
        module = self.begin("safe command", ResetAfterInstall="yes")
        self.bench.fault("never-returns")
        since = module.mark()
        module.approve()
        _, result, details = module.wait_finished(since)
        self.assertEqual(result, "success", details)
        self.assertEqual(self.rungs(), ["at-again", "command"])
        self.assertEqual(len(self.cycled()), 1)
        self.assertEqual(self.bench.sim_state()["version"], self.bench.new)
        self.bench.mm.wait_for(self.bench.imei, revision=self.bench.new)


if __name__ == "__main__":
    unittest.main()
