#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The simulated Quectel modules, seen as a host sees them, against a real web server.

Runs as test_sim.py does.
"""

import logging
import re
import time
import unittest

import simcase as testsim  # first: it says where tests/lib is
from manifest import delta
from processes import Place
from servers import WebServer

testsim.SCALE = 50

IMEI = testsim.IMEI
OLD, NEW = "EC25EUXGAR08A15M1G_20.200.20.200", "EC25EUXGAR08A16M1G_20.202.20.202"
BG96_OLD, BG96_NEW = "BG96MAR02A07M1G_01.007.01.007", "BG96MAR04A04M1G_01.001.01.001"


class QuectelTest(testsim.SimTest):
    modules = ["ec25"]
    package = delta("EC25", OLD, NEW, 50_001)

    def setUp(self):
        super().setUp()
        self.place = Place()
        self.addCleanup(self.place.remove)
        self.www = self.place.directory / "www"
        self.www.mkdir()
        self.web = WebServer(self.place, self.www)
        self.addCleanup(self.web.stop)
        (self.www / "a.zip").write_bytes(self.package)
        self.starts = self.state()["starts"]

    def prepared(self):
        tty = self.tty()
        for line in ["ATE0", "AT+CMEE=1"]:
            self.assertEqual(tty.ask(line)[-1], "OK", line)
        return tty

    def fetch(self, tty, name="a.zip", scheme="http"):
        self.assertEqual(tty.ask(f'AT+QFOTADL="{self.web.uris[scheme]}/{name}"'), ["OK"])

    def hear(self, tty, text):
        tty.expect(re.escape(f'\r\n+QIND: "FOTA",{text}\r\n'.encode()))

    def step(self, text):
        """In the transcript: nothing is heard of it while no tty is open."""
        self.wait_log(f"! step {text}\n")

    def in_update_mode(self):
        self.wait_state(starts=self.starts + 1)
        return self.reopen()

    def back(self):
        self.wait_state(phase="normal", starts=self.starts + 2)
        return self.reopen()


class Update(QuectelTest):
    def prepared_again(self):
        tty = self.back()
        tty.expect(rb"\+QIND: PB DONE\r\n")
        self.assertEqual(tty.ask("ATE0")[-1], "OK")
        end = time.monotonic() + testsim.LIMIT
        while tty.ask("AT+QGMR")[0].endswith("00.000"):
            self.assertLess(time.monotonic(), end)
        return tty

    def test_whole(self):
        """By an address: no pause between download and installation, and no command is taken."""
        tty = self.prepared()
        self.assertEqual(tty.ask("AT+QGMR"), [OLD, "OK"])
        self.assertEqual(tty.ask("AT+CGMR"), [OLD.partition("_")[0], "OK"])
        with self.web.frozen():
            self.fetch(tty)
            self.hear(tty, '"HTTPSTART"')
            self.assertEqual(tty.ask(f'AT+QFOTADL="{self.web.uris["http"]}/a.zip"'), ["ERROR"])
        self.hear(tty, '"HTTPEND",0')
        tty = self.in_update_mode()
        tty.write(b"AT\r")
        said = tty.rest().decode()
        self.assertNotIn("OK", said)
        self.assertNotIn("%", said)
        self.assertIn('"FOTA","UPDATING",96', said)
        self.assertTrue(said.endswith('+QIND: "FOTA","END",0\r\n'), said)
        tty = self.back()
        tty.expect(rb"\r\nRDY\r\n.*\+QIND: PB DONE\r\n")
        self.assertEqual(tty.ask("ATE0")[-1], "OK")
        self.assertIn(tty.ask("AT+QGMR"), ([NEW[:-6] + "00.000", "OK"], [NEW, "OK"]))
        end = time.monotonic() + testsim.LIMIT
        while tty.ask("AT+QGMR") != [NEW, "OK"]:
            self.assertLess(time.monotonic(), end)

    def test_numbers_of_a_download(self):
        for name, fault, number in (("none.zip", None, 701), ("a.zip", "load-cut=50", 702),
                                    ("a.zip", "load-fails=714", 714)):
            with self.subTest(number):
                if fault:
                    self.ok(f"fault {IMEI} {fault}")
                tty = self.prepared()
                self.fetch(tty, name)
                self.hear(tty, f'"HTTPEND",{number}')
                self.assertEqual(tty.ask("AT+QGMR"), [OLD, "OK"])
        self.assertEqual(self.state()["starts"], self.starts)

    def test_package_of_another_base(self):
        (self.www / "a.zip").write_bytes(delta("EC25", NEW, OLD, 3000))
        tty = self.prepared()
        self.fetch(tty)
        self.hear(tty, '"HTTPEND",0')
        self.step("END 510")
        self.assertEqual(self.prepared_again().ask("AT+QGMR"), [OLD, "OK"])

    def test_power_lost_in_the_download(self):
        tty = self.prepared()
        with self.web.frozen():
            self.fetch(tty)
            self.hear(tty, '"HTTPSTART"')
            self.ok(f"power-cut {IMEI}")
        self.ok(f"power-on {IMEI}")
        state = self.wait_state(starts=self.starts + 1)
        self.assertEqual((state["phase"], state["loading"]), ("normal", 0))

    def test_calibration_lost(self):
        self.ok(f"fault {IMEI} calibration-lost")
        tty = self.prepared()
        self.fetch(tty)
        self.hear(tty, '"HTTPEND",0')
        tty = self.prepared_again()
        self.assertEqual(tty.ask("AT+CFUN?"), ["+CFUN: 5", "OK"])
        self.assertEqual(tty.ask("AT+CMEE=1"), ["OK"])
        self.assertEqual(tty.ask("AT+CFUN=1"), ["+CME ERROR: 3"])


class FileStore(QuectelTest):
    def test_upload(self):
        tty = self.prepared()
        size = len(self.package)
        tty.write(f'AT+QFUPL="p.zip",{size},3000,1\r'.encode())
        tty.expect(rb"\r\nCONNECT\r\n")
        for at in range(0, size, 1024):
            block = self.package[at:at + 1024]
            tty.write(block)
            if len(block) == 1024:
                tty.expect(b"A")
        total = 0
        for at in range(0, size, 2):
            total ^= int.from_bytes(self.package[at:at + 2].ljust(2, b"\0"), "big")
        tty.expect(f"\\+QFUPL: {size},{total:x}\r\n\r\nOK\r\n".encode())
        self.assertEqual(tty.ask('AT+QFLST="*"'), [f'+QFLST: "UFS:p.zip",{size}', "OK"])
        self.assertEqual(tty.ask(f'AT+QFUPL="p.zip",{size},5,1'), ["ERROR"])
        self.assertEqual(tty.ask('AT+QFUPL="q.zip",16000000,5,1'), ["+CME ERROR: 20"])
        self.assertEqual(tty.ask('AT+QFOTADL="/data/ufs/other.zip"'), ["ERROR"])
        self.assertEqual(tty.ask('AT+QFOTADL="/data/ufs/p.zip"'), ["OK"])
        self.step("END 0")

    def test_upload_falls_silent(self):
        tty = self.prepared()
        tty.write(b'AT+QFUPL="p.zip",5000,50,1\r')
        tty.expect(rb"CONNECT\r\n")
        tty.write(bytes(1024))
        tty.expect(rb"A\r\n\+QFUPL: 1024,0\r\n\r\nOK\r\n")
        self.assertEqual(tty.ask('AT+QFDEL="p.zip"'), ["OK"])
        self.assertEqual(tty.ask('AT+QFDEL="p.zip"'), ["ERROR"])

    def test_full(self):
        tty = self.prepared()
        self.assertEqual(tty.ask('AT+QFUPL="p.zip",99000000,5,1'), ["+CME ERROR: 20"])


    def test_restart_in_the_upload(self):
        self.ok(f"fault {IMEI} feed-restart=2")
        tty = self.prepared()
        tty.write(b'AT+QFUPL="p.zip",5000,3000,1\r')
        tty.expect(rb"CONNECT\r\n")
        tty.write(bytes(2048))
        tty.expect(b"AA")
        self.wait_state(starts=self.starts + 1, files=0)
        self.assertEqual(self.reopen().ask('AT+QFLST="*"')[-1], "OK")


class Standard(QuectelTest):
    """LTE Standard(A): a client with a context of its own, and a package that is checked first."""

    modules = ["ec200a"]
    OLD, NEW = "EC200AEUHAR01A02M16", "EC200AEUHAR01A03M16"
    package = delta("EC200A", OLD, NEW, 3000)

    def fetch_with(self, tty, options):
        self.assertEqual(tty.ask(f'AT+QFOTADL="{self.web.uris["http"]}/a.zip"{options}'), ["OK"])

    def prepared(self):
        tty = super().prepared()
        for line in ('AT+QCFG="fota/cid",2', "AT+QICSGP=2,1,\"internet\"", "AT+QIACT=2"):
            self.assertEqual(tty.ask(line)[-1], "OK", line)
        self.assertEqual(tty.ask('AT+QCFG="fota/cid"'), ['+QCFG: "fota/cid",2', "OK"])
        self.assertEqual(tty.ask("AT+QIACT?")[-2][:12], "+QIACT: 2,1,")
        return tty

    def test_whole(self):
        tty = self.prepared()
        self.fetch_with(tty, ",1,50")
        for text in ('"HTTPSTART"', '"DOWNLOADING",50', '"HTTPEND",0'):
            self.hear(tty, text)
        self.step("END 0")
        self.wait_state(version=self.NEW, phase="normal")

    def test_waits_for_the_host(self):
        tty = self.prepared()
        self.fetch_with(tty, ",0,0")
        self.hear(tty, '"HTTPEND",0')
        self.wait_state(phase="updating", starts=self.starts)
        self.assertEqual(tty.ask("AT+QGMR"), [self.OLD, "OK"])
        self.assertEqual(tty.ask("AT+CFUN=1,1"), ["OK"])
        self.step("END 0")
        self.wait_state(version=self.NEW, phase="normal")

    def test_bad_packages(self):
        """They are found out before anything happens."""
        tty = self.prepared()
        for package, number in ((b"no package", 505), (delta("EC200A", self.NEW, self.OLD, 900), 507),
                                (delta("EC25", self.OLD, self.NEW, 900), 552)):
            with self.subTest(number):
                (self.www / "a.zip").write_bytes(package)
                self.fetch_with(tty, ",1,50")
                self.hear(tty, '"HTTPEND",0')
                self.hear(tty, f'"END",{number}')
        self.wait_state(phase="normal", starts=self.starts, version=self.OLD)

    def test_without_a_context(self):
        tty = self.prepared()
        self.assertEqual(tty.ask("AT+QIDEACT=2"), ["OK"])
        self.fetch_with(tty, ",1,50")
        self.hear(tty, '"HTTPEND",709')
        self.assertEqual(tty.ask('AT+QFUPL="p.zip",5000,5,1'), ["ERROR"])


class FiveG(QuectelTest):
    """An RM500Q, as its maker's test program expects it: a loss of power in the update is no loss."""

    modules = ["rm500q"]
    OLD, NEW = "RM500QGLABR11A04M4G_01.001.01.001", "RM500QGLABR11A05M4G_01.001.01.001"
    package = delta("RM500Q-GL", OLD, NEW, 3000)

    def test_power_lost(self):
        tty = self.prepared()
        self.assertEqual(tty.ask("AT+QFLST")[-1], "ERROR")
        self.ok(f"fault {IMEI} power-lost=20,on=START")
        self.fetch(tty, scheme="https")
        self.hear(tty, '"HTTPEND",0')
        self.step("START")
        self.wait_state(starts=self.starts + 2)
        self.step("END 0")
        self.wait_state(version=self.NEW, phase="normal")
        self.assertEqual(self.log().count("! step START\n"), 2)


class TwoHalves(QuectelTest):
    modules = ["bg96"]
    package = delta("BG96", BG96_OLD, BG96_NEW, 3000)

    def test_power_lost_in_the_second(self):
        tty = self.prepared()
        self.ok(f"fault {IMEI} power-lost=20,on=RESTORE 50")
        self.fetch(tty, scheme="https")
        self.hear(tty, '"HTTPEND",0')
        self.step("RESTORE 50")
        self.wait_state(starts=self.starts + 2)
        self.assertIn('"FOTA","RESTORE",100%', self.reopen().rest().decode())
        steps = re.findall(r"! step (.*)", self.log().partition("power cut")[2])
        begin = steps.index("Last upgrade was not finished,continue upgrade")
        self.assertEqual(steps[begin + 1:begin + 5],
                         ["RESTORE 1", "RESTORE 50", "RESTORE 100", "END 0"])
        self.wait_state(version=BG96_NEW)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    unittest.main()
