#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The simulated Huawei modules, seen as a host sees them, against a real web server.

Runs as test_sim.py does.
"""
import logging
import re
import unittest

from huaweicase import HuaweiTest, IMEI, NEW, OFFER, OLD
import simcase as testsim

COLLISION = ["+CME ERROR: 100"]  # and whatever else has a number that is not public


class Flow(HuaweiTest):
    def test_guide(self):
        """Chapter 3 of the FOTA Application Guide."""
        tty = self.tty()
        self.mark()
        self.assertEqual(tty.ask("AT+GMR"), [OLD, "OK"])
        self.assertEqual(tty.ask('AT^FOTACFG="1234","","",2'), ["OK"])
        self.assertEqual(tty.ask("AT^FOTAMODE=0,0,1,1"), ["OK"])
        self.assertEqual(tty.ask("AT^FOTASTATE?"), ["^FOTASTATE: 10", "OK"])
        self.assertEqual(tty.ask("AT^FOTADET"), ["OK"])
        self.hear(tty, "^FOTASTATE: 11")
        self.hear(tty, OFFER)
        with self.web.frozen():
            self.assertEqual(tty.ask("AT^FOTADL=1"), ["OK"])
            self.hear(tty, "^FOTASTATE: 30")
            lines = tty.ask("AT^FOTADLQ")
        self.assertRegex(lines[0], r'^\^FOTADLQ: 1,"IMAGE",\d+,1324$')
        self.assertRegex(lines[1], r'^\^FOTADLQ: 2,"XNV",\d+,77778$')
        self.hear(tty, "^FOTASTATE: 40")
        self.hear(tty, "^FOTASTATE: 50")
        tty = self.back()
        self.hear(tty, "^FOTASTATE: 90")
        self.assertEqual(tty.ask("AT+GMR")[-2:], [NEW, "OK"])

    def test_told_to_install(self):
        tty = self.loaded()
        self.install(tty)
        tty = self.back()
        self.assertEqual(self.told(tty), "90")
        self.assertEqual(tty.ask("AT+GMR"), [NEW, "OK"])
        self.detect(tty)  # from 90
        self.hear(tty, "^FOTASTATE: 14")
        self.assertEqual(self.told(tty), "14")

    def test_by_itself(self):
        """Only the question is asked."""
        self.mode = "0,1,1,1"
        tty = self.prepared()
        self.mark()
        self.assertEqual(tty.ask("AT^FOTADET"), ["OK"])
        self.hear(tty, "^FOTASTATE: 50")
        self.back()
        self.wait_state(version=NEW)
        told = re.findall(r"< \^FOTASTATE: (.*)", self.log())
        self.assertEqual(told[:5], ["11", OFFER.removeprefix("^FOTASTATE: "), "30", "40", "50"])

    def test_legal(self):
        tty = self.prepared()
        for line in ("AT^FOTADL=0", "AT^FOTADL=1", "AT^FWUP"):
            self.assertEqual(tty.ask(line), ["ERROR"], line)
        self.assertEqual(tty.ask("AT^FOTADL=2"), ["+CME ERROR: 4"])
        self.assertEqual(tty.ask("AT^FOTADL=?"), ["^FOTADL: (0-1)", "OK"])
        with self.web.frozen():
            self.assertEqual(tty.ask("AT^FOTADET"), ["OK"])
            # The module may tell its state of the search before the answer.
            self.assertEqual(tty.ask("AT^FOTADET")[-1], COLLISION[0])
        self.hear(tty, OFFER)
        self.assertEqual(tty.ask("AT^FOTADET"), COLLISION)
        self.assertEqual(tty.ask("AT^FWUP"), ["ERROR"])
        self.assertEqual(tty.ask("AT^FOTADL=0"), ["OK"])
        self.assertEqual(self.told(tty), "10")
        with self.held_loading() as tty:
            self.assertEqual(tty.ask("AT^FOTADL=0"), ["ERROR"])
            self.assertEqual(tty.ask("AT^FOTADL=1"), ["ERROR"])
            self.assertEqual(tty.ask("AT^FOTADET"), COLLISION)
        self.hear(tty, "^FOTASTATE: 40")
        self.assertEqual(tty.ask("AT^FOTADL=1"), ["ERROR"])
        self.assertEqual(tty.ask("AT^FOTADET"), COLLISION)
        self.ok(f"fault {IMEI} delta-stays")
        self.assertEqual(tty.ask("AT^FOTADL=0"), ["ERROR"])
        self.assertEqual(tty.ask("AT^FOTADL=0"), ["OK"])
        self.assertEqual(self.state()["fota-size"], 0)

    def test_call_collides(self):
        tty = self.prepared()
        self.assertEqual(tty.ask("AT+CGACT=1,3"), ["OK"])
        self.assertEqual(tty.ask("AT^FOTADET"), COLLISION)
        tty.ask("AT+CGACT=0,3")
        self.detect(tty)
        self.hear(tty, OFFER)
        self.assertEqual(tty.ask("AT^NDISDUP=1,1")[-1], "OK")
        self.assertEqual(tty.ask("AT^FOTADL=1"), COLLISION)
        self.assertEqual(tty.ask("AT^NDISDUP=1,0")[-1], "OK")
        self.assertEqual(tty.ask("AT^FOTADL=1"), ["OK"])
        self.hear(tty, "^FOTASTATE: 40")
        tty.ask("AT+CGACT=1,3")
        self.assertEqual(tty.ask("AT^FWUP"), COLLISION)
        tty.ask("AT+CMEE=2")
        self.assertEqual(tty.ask("AT^FWUP"), ["+CME ERROR: FOTA is in collision state"])
        self.assertEqual(self.told(tty), "40")

    def test_call_keeps_it(self):
        self.mode = "0,0,1,1"
        with self.held_loading() as tty:
            self.assertEqual(tty.ask("AT+CGACT=1,3"), ["OK"])
        self.hear(tty, "^FOTASTATE: 40")
        self.wait_log("keeps it from installing")
        self.assertEqual(self.told(tty), "40")

    def test_hang_up(self):
        other = self.tty(1)
        other.write(b"ATD*99***3#\r")
        other.expect(rb"CONNECT 7200000\r\n")
        self.wait_state(call=1)
        self.close_ttys()
        self.wait_state(call=0)

    def test_dial(self):
        tty, other = self.tty(0), self.tty(1)
        other.ask("ATE0")
        other.write(b"ATD*99***3#\r")
        other.expect(rb"\r\nCONNECT 7200000\r\n")
        self.assertEqual(self.state()["call"], 1)
        self.assertEqual(tty.ask("AT^FOTADET")[-1], "ERROR")
        self.assertEqual(tty.ask("AT+CGACT=0,3"), ["OK"])
        other.expect(rb"\r\nNO CARRIER\r\n")
        self.assertEqual(other.ask("AT"), ["OK"])
        self.assertEqual(tty.ask("AT^FOTADET"), ["OK"])

    def test_reports_off(self):
        tty = self.prepared()
        self.assertEqual(tty.ask("AT^CURC?"), ["^CURC: 1", "OK"])
        tty.ask("AT^CURC=0")
        self.assertEqual(tty.ask("AT^FOTADET"), ["OK"])
        self.wait_state(fota_state=12)
        self.assertEqual(self.before(tty), b"")
        self.assertEqual("^FOTASTATE: " + self.told(tty), OFFER)
        self.ok(f"set {IMEI} state-fields=0")
        self.assertEqual(self.told(tty), "12")

    def test_order_of_progress(self):
        self.ok(f"set {IMEI} received-first=0")
        tty = self.loaded()
        self.assertEqual(tty.ask("AT^FOTADLQ"), ['^FOTADLQ: 1,"IMAGE",1324,1324',
                                                 '^FOTADLQ: 2,"XNV",77778,77778', "OK"])
        tty.ask("AT^FOTADL=0")
        self.ok(f"fault {IMEI} load-cut=50")
        tty = self.loading()
        self.hear(tty, "^FOTASTATE: 31")
        self.assertRegex(tty.ask("AT^FOTADLQ")[1], r'"XNV",77778,38227$')


class Real(HuaweiTest):
    """What real modules were seen to say."""

    def test_busy_after_a_start(self):
        self.ok(f"power-cut {IMEI}")
        self.ok(f"power-on {IMEI}")
        self.wait_state(starts=2)
        tty = self.tty()
        self.assertEqual(tty.ask("ATE0")[-1], "OK")
        self.assertEqual(tty.ask("AT+CMEE=1"), ["OK"])
        answer = None
        while answer != ["+CPIN: READY", "OK"]:
            before = self.state()["sim-busy"]
            answer = tty.ask("AT+CPIN?;+CNUM;+CPIN?")[-2:]
            if before == self.state()["sim-busy"]:
                self.assertEqual(answer[-1], "+CME ERROR: 14" if before else "OK")

    def test_says_something_in_its_answers(self):
        """Any time, but when ^CURC is off."""
        tty = self.tty()
        tty.ignored = None
        lines = tty.ask("AT+GMR")
        self.assertRegex(" ".join(lines),
                         rf"^(AT\+GMR )?\^\w+: \S+ {re.escape(OLD)} \^\w+: \S+ OK$")
        self.assertEqual(tty.ask("AT^CURC=0")[-1], "OK")
        self.assertEqual(tty.ask("AT+GMR;+GMR"), [OLD, OLD, "OK"])

    def test_unknown(self):
        tty = self.prepared()
        tty.write(b"AT+NOSUCH=?\r")
        self.assertEqual(tty.expect(rb"\r\n[^\r]+\r\n"), b"\r\nCOMMAND NOT SUPPORT\r\n")


class Identity(testsim.SimTest):
    modules = ["mu509", "mu609,imei=353081090054321", "me909u,imei=353081090054322"]

    def test_identity(self):
        for imei, model in [(IMEI, "MU509"), ("353081090054321", "MU609"),
                            ("353081090054322", "ME909u-523")]:
            tty = self.tty(0, imei)
            self.assertIn("huawei", tty.ask("AT+CGMI"))
            self.assertIn(model, tty.ask("AT+CGMM"))
            self.assertIn(f"Model: {model}", tty.ask("ATI"))

    def test_settings(self):
        for line in ["server=http://x/", "received-first=0", "success=100", "failure=110",
                     "state-fields=1"]:
            self.ok(f"set {IMEI} {line}")
        for line in ["server=http://x", "received-first=2", "success=80", "failure=90",
                     "state-fields=a", "colour=red"]:
            self.assertTrue(self.control(f"set {IMEI} {line}").startswith("error "), line)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    unittest.main()
