# SPDX-License-Identifier: LGPL-2.1-or-later
"""daemon/mm and daemon/at against the real ModemManager and a simulated module, without fotad."""
import base64
import signal
import unittest

from mmcase import Probe, ProbeTest
from bench import FTP_PASSWORD, FTP_USER, Bench


class Facts(ProbeTest):
    """What ModemManager says of a module, and that it comes, goes and restarts."""
    options = {"modemmanager": False}

    def test_late_killed_and_restarted(self):
        self.probe.wait("unavailable")
        self.bench.start_modemmanager()
        self.probe.wait("available")
        facts = self.wait_seen(lambda event: event["imsi"])
        self.assertEqual(facts["imei"], self.bench.imei)
        self.assertEqual(facts["manufacturer"], "Telit")
        self.assertEqual(facts["model"], self.bench.model)
        self.assertEqual(facts["revision"], self.bench.old)
        self.assertTrue(facts["device"].startswith("/sys/devices/"), facts)
        self.assertEqual(facts["uid"], facts["device"])
        self.assertEqual(facts["pin-wanted"], 0)

        self.bench.kill_modemmanager()
        self.assertEqual(self.probe.wait("gone")["path"], facts["path"])
        self.probe.wait("unavailable")
        self.bench.start_modemmanager()
        self.probe.wait("available")
        self.assertEqual(self.wait_seen()["imei"], self.bench.imei)

    def test_changes(self):
        """Each change once; none without a change."""
        self.bench.start_modemmanager()
        facts = self.wait_seen(lambda event: event["imsi"])
        self.bench.view.call("org.freedesktop.ModemManager1", facts["path"],
                             "org.freedesktop.ModemManager1.Modem", "Enable",
                             _variant("(b)", (True,)))
        facts = self.wait_seen(lambda event: event["registered"] and event["signal"] and
                               event["operator"])
        self.assertTrue(facts["enabled"])
        self.assertEqual((facts["operator"], facts["plmn"]), ("Bench", "311480"))
        # 9 is home where circuit-switched calls are not preferred. ModemManager 1.20 reads one digit
        # of +CEREG: what it tells of 10, test-lease.c has.
        for status, registered, roaming in ((0, 0, 0), (9, 1, 0), (0, 0, 0), (5, 1, 1), (0, 0, 0)):
            self.bench.sim.command("set", self.bench.imei, f"registered={status}")
            self.wait_seen(lambda event, wanted=(registered, roaming):
                           (event["registered"], event["roaming"]) == wanted)
        seen = [event for event in self.probe.events if event["event"] == "seen"]
        for before, after in zip(seen, seen[1:]):
            self.assertNotEqual(before, after)


def _variant(signature, value):
    from gi.repository import GLib
    return GLib.Variant(signature, value)


class LockedSim(ProbeTest):
    options = {"modules": ("me910c1-na,pin=1234",)}

    def test_locked(self):
        seen = self.wait_seen()
        self.assertEqual((seen["pin-wanted"], seen["pin-attempts"]), (1, 3))


class ThroughModemManager(ProbeTest):
    options = {"channel": "modemmanager"}

    def test_commands(self):
        seen = self.wait_seen()
        self.probe.order("may-command", seen["path"])
        self.assertEqual(self.probe.wait("may-command")["allowed"], 1)
        self.open("modemmanager", seen)
        self.assertEqual(self.probe.good("send", 10, "AT+GMR")["lines"], [self.bench.old])
        self.assertEqual(self.probe.good("send", 10, "AT#CGMR")["lines"],
                         [f"#CGMR: {self.bench.old}"])
        for command, error, number in (
                ("AT+NOSUCH", "ModuleRefused", -1),
                ('AT#FTPGETOTA="f",0', "ModuleRefused", None),
                ("AT+GMR\tAT", "BadArgument", -1)):
            done = self.probe.do("send", 10, command)
            self.assertEqual(done["error"], error, done)
            if number is None:
                self.assertGreaterEqual(done["cme"], 400, done)
            else:
                self.assertEqual(done["cme"], number, done)
        self.bench.fault("mute,on=+GMR")
        self.assertEqual(self.probe.do("send", 2, "AT+GMR")["error"], "ModuleSilent")
        self.bench.fault("urc-storm,on=+GMR")
        self.assertEqual(self.probe.good("send", 10, "AT+GMR")["lines"], [self.bench.old])

    def test_cancel(self):
        self.open("modemmanager", self.wait_seen())
        self.bench.fault("mute,on=+GMR")
        for words in (("send", 600, "AT+GMR"), ("gone", 600)):
            self.probe.order(*words)
            self.probe.wait("begin")
            self.probe.order("cancel")
            self.assertEqual(self.probe.wait("done")["error"], "Cancelled")

    def test_update(self):
        self.open("modemmanager", self.wait_seen())
        self.download()
        self.through_restarts()
        self.probe.good("close")

    def test_modemmanager_killed(self):
        self.open("modemmanager", self.wait_seen())
        self.bench.fault("mute,on=+GMR")
        self.probe.order("send", 600, "AT+GMR")
        self.bench.view.until(
            lambda: "AT+GMR" in [line.text for line in self.bench.sim.transcript(self.bench.imei)],
            60, "the command is under way")
        self.bench.kill_modemmanager()
        self.assertEqual(self.probe.wait("done")["error"], "ModuleGone")
        self.assertEqual(self.probe.good("gone", 60)["gone"], 1)
        self.assertEqual(self.probe.do("back", 1)["error"], "ModuleNotReturned")
        self.assertEqual(self.probe.do("send", 600, "AT")["error"], "ModuleGone")
        self.bench.start_modemmanager()
        self.probe.good("back", 60)
        self.assertEqual(self.probe.good("send", 10, "AT+GMR")["lines"], [self.bench.old])

    def test_unnoticed_restart(self):
        """What is sent to a module that has been away meanwhile does not reach the new one."""
        self.open("modemmanager", self.wait_seen())
        self.bench.sim.command("unplug", self.bench.imei)
        self.probe.wait("gone")
        self.bench.sim.command("plug", self.bench.imei)
        self.wait_seen()
        self.assertEqual(self.probe.do("send", 10, "AT+GMR")["error"], "ModuleGone")
        self.assertEqual(self.probe.good("back", 60)["back"], 1)
        self.assertEqual(self.probe.good("back", 60)["back"], 1)
        self.assertEqual(self.probe.good("send", 10, "AT+GMR")["lines"], [self.bench.old])

    def test_never_returns(self):
        self.open("modemmanager", self.wait_seen())
        self.bench.sim.command("unplug", self.bench.imei)
        self.assertEqual(self.probe.good("gone", 60)["gone"], 1)
        self.assertEqual(self.probe.do("back", 1)["error"], "ModuleNotReturned")


class ForbiddenCommand(ProbeTest):
    options = {"channel": "port"}

    def test_reset(self):
        """ModemManager restarts a module that it shows, and no other."""
        seen = self.wait_seen()
        self.probe.order("reset", "353081090099999")
        self.assertEqual(self.probe.wait("reset")["error"], "NotSupported")
        self.probe.order("reset", seen["imei"])
        self.assertIsNone(self.probe.wait("reset")["error"])
        self.probe.wait("gone")
        self.probe.wait("seen", lambda event: event["path"] != seen["path"])
        self.assertEqual(self.bench.sim_state()["starts"], 2)

    def test_may_not(self):
        self.probe.order("may-command", self.wait_seen()["path"])
        answer = self.probe.wait("may-command")
        self.assertEqual((answer["allowed"], answer["error"]), (0, None))


class ThroughThePort(ProbeTest):
    """With ModemManager inhibited."""
    options = {"channel": "port"}

    def gone_paths(self):
        return [event["path"] for event in self.probe.events if event["event"] == "gone"]

    def test_update(self):
        """The inhibition holds through all restarts; afterwards ModemManager has the module."""
        seen = self.inhibit()
        self.assertIn(seen["path"], self.gone_paths())
        self.open("port", seen)
        self.download()
        before = len(self.probe.events)
        self.through_restarts()
        self.assertEqual(self.probe.good("line", 30, "#otaev")["line"],
                         "#OTAEV: Module Upgraded To New Fw")
        self.assertNotIn("seen", [event["event"] for event in self.probe.events[before:]])
        self.probe.good("close")
        self.probe.order("uninhibit", seen["uid"])
        self.assertEqual(self.wait_seen()["revision"], self.bench.new)

    def test_back_as_ttyacm(self):
        seen = self.inhibit()
        self.open("port", seen)
        self.download()
        self.bench.fault("return-ttyacm")
        self.through_restarts()

    def test_data_mode(self):
        seen = self.inhibit()
        self.open("port", seen)
        content = b"one\r\nNO CARRIER\r\ntwo,\x00\xff\r\n"
        (self.bench.www / "small").write_bytes(content)
        self.probe.good("send", 60, "AT#SGACT=3,1")
        self.probe.good("send", 60, f'AT#FTPOPEN="127.0.0.1:{self.bench.ftp.port}","{FTP_USER}",'
                        f'"{FTP_PASSWORD}",1,3')
        done = self.probe.good("receive", 60, 1000, 'AT#FTPGET="small"')
        self.assertEqual(base64.b64decode(done["bytes"]), content)
        self.assertEqual(self.probe.do("receive", 60, 1000, 'AT#FTPGET="missing"')["error"],
                         "ModuleRefused")
        done = self.probe.good("receive", 60, 1000, f'AT#FTPGET="{self.bench.delta_name}"')
        self.assertEqual(len(base64.b64decode(done["bytes"])), 1000)
        self.assertEqual(self.probe.good("send", 10, "AT+GMR")["lines"], [self.bench.old])

    def test_faults(self):
        """Each manner of answering that the simulator knows."""
        seen = self.inhibit()
        self.open("port", seen)
        for fault in ("echo-on", "split-lines", "glued-lines", "urc-storm", "doubled-ok"):
            with self.subTest(fault):
                self.bench.fault(f"{fault},on=+GMR")
                for _ in range(2):
                    self.assertEqual(self.probe.good("send", 10, "AT+GMR")["lines"],
                                     [self.bench.old])
        for fault in ("mute", "lost-ok"):
            with self.subTest(fault):
                self.bench.fault(f"{fault},on=+GMR")
                self.assertEqual(self.probe.do("send", 1, "AT+GMR")["error"], "ModuleSilent")
                self.assertEqual(self.probe.good("send", 10, "AT+GMR")["lines"], [self.bench.old])

    def test_modemmanager_restarts(self):
        """It is inhibited again; its probing on the way may cost an answer, not the channel."""
        seen = self.inhibit()
        self.open("port", seen)
        self.bench.kill_modemmanager()
        self.probe.wait("unavailable")
        self.bench.start_modemmanager()
        again = self.wait_seen()
        self.probe.wait("gone", lambda event: event["path"] == again["path"])
        self.assertEqual(self.probe.good("send", 10, "AT+GMR")["lines"], [self.bench.old])
        self.probe.good("close")
        self.probe.order("uninhibit", seen["uid"])
        self.wait_seen()

    def test_modemmanager_restarts_while_the_module_is_away(self):
        seen = self.inhibit()
        self.open("port", seen)
        self.bench.sim.command("unplug", self.bench.imei)
        self.assertEqual(self.probe.good("gone", 60)["gone"], 1)
        self.bench.kill_modemmanager()
        self.bench.start_modemmanager()
        self.bench.sim.command("plug", self.bench.imei)
        again = self.wait_seen()
        self.probe.wait("gone", lambda event: event["path"] == again["path"])
        self.probe.good("back", 60)
        self.assertEqual(self.probe.good("send", 10, "AT+GMR")["lines"], [self.bench.old])

    def test_unnoticed_restart(self):
        seen = self.inhibit()
        self.open("port", seen)
        for _ in range(2):
            self.bench.sim.command("unplug", self.bench.imei)
            self.bench.sim.command("plug", self.bench.imei)
            self.assertEqual(self.probe.good("back", 60)["back"], 1)
            self.assertEqual(self.probe.good("send", 10, "AT+GMR")["lines"], [self.bench.old])

    def test_inhibited_once(self):
        seen = self.inhibit()
        self.probe.order("inhibit", seen["uid"])
        self.assertIsNotNone(self.probe.wait("inhibit")["error"])
        self.probe.order("inhibit", "/sys/devices/nowhere")
        self.assertIsNotNone(self.probe.wait("inhibit")["error"])
        self.probe.order("uninhibit", seen["uid"])
        self.wait_seen()

    def test_holder_dies(self):
        """Without us ModemManager takes the module back by itself."""
        self.inhibit()
        self.probe.kill()
        self.bench.mm.wait_for(self.bench.imei)
        self.probe = Probe(self.bench)
        self.wait_seen()

    def test_cancel_while_away(self):
        seen = self.inhibit()
        self.open("port", seen)
        self.bench.sim.command("unplug", self.bench.imei)
        self.assertEqual(self.probe.good("gone", 60)["gone"], 1)
        self.assertEqual(self.probe.do("send", 600, "AT")["error"], "ModuleGone")
        self.assertEqual(self.probe.do("back", 1)["error"], "ModuleNotReturned")
        self.probe.order("back", 3600)
        self.probe.wait("begin")
        self.probe.order("cancel")
        self.assertEqual(self.probe.wait("done")["error"], "Cancelled")


class GivenBack(ProbeTest):
    """The module is wanted again while ModemManager has been asked to take it back, and has not
    answered yet."""
    options = {"channel": "port"}
    environment = {"G_DEBUG": "fatal-criticals"}  # a lost bus is warned of

    def setUp(self):
        super().setUp()
        self.device = self.inhibit()["uid"]

    def give_back_and_want(self):
        self.probe.order("uninhibit", self.device)
        self.probe.order("inhibit", self.device)

    def want_unanswered(self):
        self.bench.modemmanager.signal(signal.SIGSTOP)
        self.give_back_and_want()

    def test_modemmanager_goes_on(self):
        """It leaves the module to us, or says that it does not show it yet."""
        self.want_unanswered()
        self.bench.modemmanager.signal(signal.SIGCONT)
        if self.probe.wait("inhibit")["error"] is None:
            self.probe.order("uninhibit", self.device)
        self.wait_seen()

    def test_modemmanager_dies(self):
        self.want_unanswered()
        self.bench.kill_modemmanager()
        self.assertIsNotNone(self.probe.wait("inhibit")["error"])
        self.bench.start_modemmanager()
        self.wait_seen()

    def test_modemmanager_has_died(self):
        """Unnoticed yet: the bus calls that something else."""
        self.probe.signal(signal.SIGSTOP)
        self.bench.kill_modemmanager()
        self.give_back_and_want()
        self.probe.signal(signal.SIGCONT)
        self.assertIsNotNone(self.probe.wait("inhibit")["error"])
        self.bench.start_modemmanager()
        self.wait_seen()

    def test_the_bus_breaks_down(self):
        self.want_unanswered()
        self.bench.bus.stop_bus()
        self.assertIsNotNone(self.probe.wait("inhibit")["error"])
        self.bench.kill_modemmanager()
        self.bench.bus.start_bus()
        self.bench.view.reconnect()
        self.bench.start_modemmanager()
        self.wait_seen()


class ThroughTheReservedPort(ProbeTest):
    options = {"channel": "reserved"}

    def test_update(self):
        """ModemManager exports the module all the time it is there, and we hear it all the same."""
        seen = self.wait_seen()
        self.open("reserved", seen)
        self.bench.sim.command("urc", self.bench.imei, "#OTAEV: Notified")
        self.assertEqual(self.probe.good("line", 30, "otaev")["line"], "#OTAEV: Notified")
        self.download()
        self.through_restarts()
        self.wait_seen(lambda event: event["revision"] == self.bench.new)


class NoReservedPort(ProbeTest):
    options = {"channel": "port"}

    def test_none(self):
        seen = self.wait_seen()
        done = self.probe.do("open", "reserved", self.bench.imei, seen["device"])
        self.assertEqual(done["error"], "ModuleGone", done)

    def test_port_in_use(self):
        """A tty that another program has is left alone, though root could open it."""
        seen = self.wait_seen()
        self.bench.view.call("org.freedesktop.ModemManager1", seen["path"],
                             "org.freedesktop.ModemManager1.Modem", "Enable",
                             _variant("(b)", (True,)))
        self.wait_seen(lambda event: event["enabled"])
        done = self.probe.do("open", "port", self.bench.imei, seen["device"])
        self.assertEqual(done["error"], "ModuleSilent", done)
        self.assertIn("in use", done["text"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
