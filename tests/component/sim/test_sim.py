#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The simulated modules, seen as a host sees them: their AT line, and several at once."""
import contextlib
import json
import logging
import os
import socket
import subprocess
import unittest

from simcase import IMEI, LIMIT, OLD, SIM, SimTest


class Line(SimTest):
    """The AT line itself."""

    def test_bytes(self):
        tty = self.tty()
        tty.write(b"AT+GMR\r")
        self.assertEqual(tty.expect(rb"OK\r\n"), b"AT+GMR\r\r\n" + OLD.encode() + b"\r\n\r\nOK\r\n")
        self.assertEqual(tty.command("ATE0"), ["ATE0", "OK"])
        tty.write(b"AT+GMR\r")
        self.assertEqual(tty.expect(rb"OK\r\n"), b"\r\n" + OLD.encode() + b"\r\n\r\nOK\r\n")
        tty.write(b"at+csq;+cereg?\r")
        self.assertEqual(
            tty.expect(rb"OK\r\n"), b"\r\n+CSQ: 25,3\r\n\r\n+CEREG: 0,1\r\n\r\nOK\r\n"
        )

    def test_line_limit(self):
        tty = self.tty()
        tty.command("ATE0")
        self.assertEqual(tty.ask('AT+CGDCONT=1,"IP","' + "a" * (400 - 20) + '"'), ["OK"])
        self.assertEqual(tty.ask('AT+CGDCONT=1,"IP","' + "a" * (401 - 20) + '"'), ["ERROR"])

    def test_error_forms(self):
        tty = self.tty()
        tty.command("ATE0")
        line = 'AT#FTPGET="x"'
        self.assertEqual(tty.ask(line), ["ERROR"])
        tty.ask("AT+CMEE=1")
        self.assertEqual(tty.ask(line), ["+CME ERROR: 430"])
        tty.ask("AT+CMEE=2")
        self.assertEqual(tty.ask(line), ["+CME ERROR: FTP: not connected"])
        self.assertEqual(tty.ask("AT+NOSUCH"), ["ERROR"])
        self.assertEqual(self.tty(1).ask(line), ["ERROR"])  # +CMEE belongs to one tty

    def test_manners(self):
        tty = self.tty()
        tty.command("ATE0")
        whole = b"\r\n" + OLD.encode() + b"\r\n\r\nOK\r\n"
        for fault, answer in [
            ("mute", b""),
            ("echo-on", b"AT+GMR\r" + whole),
            ("split-lines", whole),
            ("glued-lines", b"\r\n" + OLD.encode() + b"\r\nOK\r\n"),
            ("lost-ok", b"\r\n" + OLD.encode() + b"\r\n"),
            ("doubled-ok", whole + b"\r\nOK\r\n"),
        ]:
            self.ok(f"fault {IMEI} {fault},on=+GMR")
            self.assertEqual(tty.ask("AT+CSQ"), ["+CSQ: 25,3", "OK"])  # not meant
            self.assertEqual(tty.answer("AT+GMR"), answer, fault)
            tty.command("ATE0")
            self.assertEqual(tty.ask("AT+GMR"), [OLD, "OK"], fault)  # struck once
        self.ok(f"fault {IMEI} urc-storm")
        self.assertRegex(tty.answer("AT+GMR"), rb"(?s)OTAEV.*B026\r\n.*OTAEV.*\r\nOK\r\n.*OTAEV")
        self.ok(f"fault {IMEI} mute=always")
        tty.write(b"AT+CGMI\r")
        self.wait_log("> AT+CGMI")
        self.ok(f"fault {IMEI} clear")
        self.assertEqual(tty.answer(), b"")

    def test_slow_answer(self):
        slow, other = self.tty(0), self.tty(1)
        self.ok(f"fault {IMEI} slow-answer=100,on=+GMR")
        slow.write(b"AT+GMR\r")
        self.wait_log("> AT+GMR")
        self.assertEqual(other.command("AT")[-1], "OK")
        self.assertNotIn(f"< {OLD}", self.log())
        slow.expect(OLD.encode() + rb"\r\n\r\nOK\r\n")

    def test_last_words(self):
        """A program may be late to read what the module said before it left by itself; what it has
        not read when the power goes is lost."""
        tty = self.tty()
        tty.write(b"AT#REBOOT\r")
        self.wait_log("! restart\n")
        self.assertEqual(tty.rest(), b"AT#REBOOT\r\r\nOK\r\n")
        self.wait_state(starts=2)
        tty = self.reopen()
        tty.write(b"AT\r")
        self.wait_log("< OK\n", times=2)
        self.ok(f"power-cut {IMEI}")
        self.assertEqual(tty.rest(), b"")

    def test_messages(self):
        tty = self.tty()
        tty.command("AT+CNMI=2,1,0,0,0")
        self.ok(f"sms {IMEI} +15551234567 hellohello")
        tty.expect(rb'\r\n\+CMTI: "SM",1\r\n')
        number, time_stamp, text = "5155214365F7", r"\d{14}", "E8329BFD4697D9EC37"
        pdu = f"00040B91{number}0000{time_stamp}0A{text}"
        for status in "01":
            self.assertRegex(
                " ".join(tty.ask("AT+CMGR=1")), rf"^\+CMGR: {status},,\d+ {pdu} OK$"
            )
        self.assertEqual(tty.ask("AT+CMGD=1"), ["OK"])
        self.assertEqual(tty.ask("AT+CMGL=4"), ["OK"])
        self.ok(f"sms-part {IMEI} +15551234567 2 3 ll")
        # A header of 5 octets (part 2 of 3), one bit of filling, two letters.
        self.assertRegex(" ".join(tty.ask("AT+CMGR=1")),
                         rf"00440B91{number}0000{time_stamp}090500032A0302D86C OK$")

    def test_unsolicited(self):
        self.ok(f"urc {IMEI} #OTAEV: lost, nobody has it open")
        tty = self.tty()
        self.assertEqual(tty.ask("AT"), ["OK"])
        self.ok(f"urc {IMEI} #OTAEV: heard")
        tty.expect(rb"^\r\n#OTAEV: heard\r\n")
        tty.command("AT+CEREG=1")
        self.ok(f"set {IMEI} registered=0")
        tty.expect(rb"\r\n\+CEREG: 0\r\n")
        self.ok(f"set {IMEI} registered=5")
        tty.expect(rb"\r\n\+CEREG: 5\r\n")
        self.assertEqual(tty.ask("AT#SGACT=3,1")[-1], "OK")

    def test_pin(self):
        self.ok(f"set {IMEI} pin=1234")
        self.ok(f"power-cut {IMEI}")
        self.ok(f"power-on {IMEI}")
        self.wait_state(starts=2)
        tty = self.tty()
        tty.command("AT+CMEE=1")
        self.assertIn("+CPIN: SIM PIN", tty.ask("AT+CPIN?"))
        self.assertEqual(tty.ask("AT+CIMI"), ["+CME ERROR: 11"])
        self.assertEqual(tty.ask("AT#SGACT=3,1"), ["+CME ERROR: 11"])
        self.assertEqual(tty.ask('AT+CPIN="0000"'), ["+CME ERROR: 16"])
        self.assertEqual(tty.ask("AT+CEREG?"), ["+CEREG: 0,0", "OK"])
        self.assertEqual(tty.ask('AT+CPIN="1234";+CEREG?'), ["+CEREG: 0,2", "OK"])
        self.wait_state(registered=1)
        self.assertEqual(tty.ask("AT#SGACT=3,1")[-1], "OK")

    def test_looks_for_its_network(self):
        """After a start, and with its radio on again."""
        self.ok(f"power-cut {IMEI}")
        self.ok(f"power-on {IMEI}")
        self.wait_state(starts=2, registered=1)
        log = self.log()
        self.assertIn("! network found", log[log.rindex("! ports "):])
        tty = self.tty()
        tty.command("AT+CMEE=1")
        self.assertEqual(tty.ask("AT#SGACT=3,1")[-1], "OK")
        self.assertEqual(tty.ask("AT+CFUN=4;+CEREG?;#SGACT?"),
                         ["+CEREG: 0,0", "#SGACT: 1,0", "#SGACT: 3,0", "OK"])
        self.assertEqual(tty.ask("AT+CFUN=1;+CEREG=1;+CEREG?"), ["+CEREG: 1,2", "OK"])
        tty.expect(rb"\r\n\+CEREG: 1\r\n")

    def test_contexts(self):
        tty = self.tty()
        tty.command("AT+CMEE=1")
        self.assertEqual(self.open_ftp(tty), ["+CME ERROR: 432"])
        self.assertEqual(tty.ask("AT#SGACT=2,1"), ["+CME ERROR: 405"])  # not defined
        self.assertEqual(tty.ask("AT#SGACT=3,1"), ["#SGACT: 10.1.0.3", "OK"])
        self.assertEqual(tty.ask("AT#SGACT=3,1"), ["+CME ERROR: 403"])
        self.assertEqual(tty.ask('AT+CGDCONT=3,"IP","other"'), ["+CME ERROR: 3"])
        self.ok(f"set {IMEI} registered=0")
        self.assertEqual(tty.ask("AT#SGACT=3,1"), ["+CME ERROR: 405"])


class Several(SimTest):
    """Two modules, one with a port reserved for fotad."""

    modules = ["me910c1-na", "me910c1-na,imei=353081090054321,reserved-port=1,signal=9,apn=m2m"]
    options = ["--fault=353081090054321:cme-unknown=700,on=#FTPOPEN"]

    def test_apart(self):
        other = "353081090054321"
        state = self.state(other)
        self.assertEqual(state["ttys"], ["ttyUSB2", "ttyUSB3", "ttyUSB4"])
        self.assertEqual(state["contexts"][1]["apn"], "m2m")
        mine, reserved = self.tty(0), self.tty(2, other)
        self.assertIn("+CSQ: 25,3", mine.ask("AT+CSQ"))
        self.assertIn("+CSQ: 9,3", reserved.ask("AT+CSQ"))
        self.connect(mine)
        reserved.ask("AT#SGACT=3,1")
        self.assertEqual(self.open_ftp(reserved), ["ERROR"])
        self.assertEqual(self.open_ftp(reserved), ["OK"])
        self.ok(f"power-cut {other}")
        self.assertEqual(mine.ask('AT#FTPFSIZE="firmwarecheck.csv"')[-1], "OK")
        self.assertEqual(len(json.loads(self.control("state")[3:])), 2)

    def test_udev(self):
        def uevent(tty):
            with open(f"/sys/class/tty/{tty}/uevent") as file:
                return file.read()

        self.assertIn("ID_MM_PORT_TYPE_AT_PRIMARY=1", uevent("ttyUSB2"))
        self.assertIn("ID_MM_PORT_IGNORE=1\nID_FOTAD_PORT=1", uevent("ttyUSB4"))
        self.ok(f"unplug {IMEI}")
        self.assertFalse(os.path.exists("/sys/class/tty/ttyUSB0"))
        self.ok(f"plug {IMEI}")
        self.assertEqual(self.state()["ttys"], ["ttyUSB5", "ttyUSB6"])
        self.assertIn("ID_VENDOR_ID=1bc7", uevent("ttyUSB5"))

    def test_lists(self):
        for option, name in [("--list-faults", "ftp-cut=N"), ("--list-modules", "me910c1-na")]:
            text = subprocess.run([SIM, option], stdout=subprocess.PIPE, check=True).stdout
            self.assertIn(name, text.decode().split())
        for option in ["--module=nokia", "--module=me910c1-na,imei=1", "--scale=0"]:
            self.assertNotEqual(
                subprocess.run([SIM, option], stderr=subprocess.PIPE).returncode, 0, option
            )

    def test_control_errors(self):
        for line in [
            "nonsense",
            "state 1",
            f"fault {IMEI} nonsense",
            f"fault {IMEI} ftp-cut",
            f"fault {IMEI} ftp-550=1",
            f"set {IMEI} signal=a",
            f"set {IMEI} colour=red",
        ]:
            self.assertTrue(self.control(line).startswith("error "), line)
        self.ok(f"fault {IMEI} ftp-550")
        self.ok(f"fault {IMEI} clear")
        self.assertEqual(self.state()["faults"], [])


class Uevents(SimTest):
    def test_slow_program(self):
        """A program that has not read its last uevents gets the next ones when it has."""
        path = os.path.join(os.environ["UMOCKDEV_DIR"], "event1999")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as program, \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            program.bind(path)
            program.settimeout(LIMIT)
            self.fill(other, path)
            self.control_file.write(f"unplug {IMEI}\n")
            self.control_file.flush()
            self.wait_log("unplugged")
            removed = 0
            while removed < 5:  # the device, two ttys and their interfaces
                removed += b"ACTION=remove" in program.recv(65536)
            self.assertEqual(self.control_file.readline().strip(), "ok")

    @staticmethod
    def fill(sender, path):
        sender.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                sender.sendto(b"ACTION=none", path)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    unittest.main()
