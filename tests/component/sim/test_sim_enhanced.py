#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The simulated modules that fetch a delta in one command, check it by themselves, and report that.

Runs as test_sim.py does.
"""

import logging
import os
import re
import time
import unittest

import simcase as testsim

testsim.SCALE = 50

IMEI = testsim.IMEI
OLD, NEW = "25.21.660-P0F.660300", "25.21.661-P0F.661300"
PASS = '#OTAEV: "INTEGRITY CHECK PASS"'
FAIL = '#OTAEV: "INTEGRITY CHECK FAIL"'
DREL = "#OTAEV: #DREL"
FAILED = '#OTAEV: "DOWNLOAD FAILED"'


class Enhanced(testsim.SimTest):
    modules = ["le910c4"]

    def ready(self, reports=1):
        tty = self.tty()
        for line in ["ATE0", "AT+CMEE=1", f"AT#FOTAURC={reports}", "AT#SGACT=3,1"]:
            self.assertEqual(tty.ask(line)[-1], "OK", line)
        return tty

    def get(self, tty, data=None, **options):
        self.put("delta", testsim.delta("LE910C4-NF", OLD, NEW) if data is None else data)
        return self.get_again(tty, **options)

    def get_again(self, tty, user="USERNAME", path="/delta"):
        return tty.ask(f"AT#FTPGETOTAENH=127.0.0.1,{self.server.port},{path},{user},PASSWORD")

    def hear(self, tty, *lines):
        for line in lines:
            tty.expect(rb"\r\n" + re.escape(line.encode()) + rb"\r\n")

    def test_flow(self):
        """Armed, it waits for the restart; then it restarts as for any update."""
        tty = self.ready()
        with self.server.held():
            self.assertEqual(self.get(tty), ["OK"])
            self.assertEqual(self.get_again(tty)[0][:5], "+CME ")
        self.hear(tty, DREL)
        self.assertEqual(tty.ask("AT#OTAUP=2"), ["+CME ERROR: 3"])  # it checks
        self.hear(tty, PASS)
        self.assertEqual(self.state()["ota"], "validated")
        self.assertEqual(tty.ask("AT#OTAUP=2"), ["OK"])
        self.assertEqual((self.state()["armed"], self.state()["starts"]), (1, 1))
        self.assertEqual(tty.ask("AT#ENHRST=1,3"), ["OK"])
        self.wait_state(version=NEW, apply_step=0, starts=4)
        self.assertEqual(self.reopen().ask("AT#FOTAURC?")[-2:], ["#FOTAURC: 0", "OK"])

    def test_any_restart(self):
        """Also the power's."""
        tty = self.ready()
        self.get(tty)
        self.hear(tty, PASS)
        self.assertEqual(tty.ask("AT#OTAUP=2"), ["OK"])
        self.ok(f"power-cut {IMEI}")
        self.ok(f"power-on {IMEI}")
        self.wait_state(version=NEW)

    def test_no_download(self):
        """Why, it does not say; nor does a document say what it tells first."""
        tty = self.ready()
        for arguments, lines in (({"user": "nobody"}, (DREL, FAILED)),
                                 ({"path": "/missing"}, (FAILED, DREL))):
            self.assertEqual(self.get(tty, **arguments), ["OK"])
            self.hear(tty, *lines)
        self.ok(f"fault {IMEI} ftp-cut=50,on=#FTPGETOTAENH")
        self.get(tty)
        self.hear(tty, DREL, FAILED)
        self.assertEqual(tty.ask("AT#SGACT=3,0"), ["OK"])
        self.get(tty)
        self.hear(tty, FAILED, DREL)
        self.assertEqual(tty.ask("AT#OTAUP=2"), ["+CME ERROR: 3"])
        self.assertEqual(self.state()["ota"], "empty")

    def test_bad_delta(self):
        """A failed check is told twice, whatever #FOTAURC says; one that went well only with it."""
        for data, code in [(os.urandom(1000), 10),
                           (testsim.delta("LE910C4-NF", "25.21.659-P0F.660300", NEW), 21),
                           (testsim.delta("LE910C1-NF", OLD, NEW), 21)]:
            tty = self.ready(reports=0)
            self.get(tty, data)
            self.hear(tty, DREL, f"{FAIL},{code}", f"{FAIL},{code}")
            self.assertEqual(tty.ask("AT#OTAUP=2"), ["+CME ERROR: 3"])
            tty.ask("AT#SGACT=3,0")
        tty = self.ready(reports=0)
        self.get(tty)
        self.wait_state(ota="validated")
        self.assertNotIn(PASS, self.log())
        self.ok(f"fault {IMEI} check-fails=7")
        self.get(tty)
        self.hear(tty, f"{FAIL},7")

    def test_parameters(self):
        tty = self.ready()
        for text in ("", "=", "=h", "=h,21,/p,u", "=h,0,/p,u,p", "=h,x,/p,u,p", "=,21,/p,u,p",
                     "=h,21,,u,p", "=h,21,/p,u,p,x"):
            self.assertRegex(tty.ask(f"AT#FTPGETOTAENH{text}")[0], "ERROR", text)
        self.assertEqual(self.open_ftp(tty), ["OK"])  # in the way
        self.assertEqual(self.get(tty), ["+CME ERROR: 431"])


class Checked(testsim.SimTest):
    modules = ["me310g1"]

    def test_check(self):
        tty = self.tty()
        self.load(tty, testsim.delta("ME310G1-WW", "37.00.214-P0C.210001", "37.00.215-P0C.210002"))
        begin = time.monotonic()
        self.assertEqual(tty.ask("AT#OTAUP=1"), ["OK"])
        self.assertGreater(time.monotonic() - begin, 37 / testsim.SCALE - 0.1)
        self.assertEqual(tty.ask("AT#OTAUP=0"), ["OK"])
        self.wait_state(version="37.00.215-P0C.210002")

    def test_bad_delta(self):
        tty = self.tty()
        self.load(tty, os.urandom(1000))
        self.assertEqual(tty.ask("AT#OTAUP=1"), ["+CME ERROR: 3"])

    def test_no_such_command(self):
        tty = self.tty()
        self.assertIn("ERROR", tty.ask("AT#FTPGETOTAENH=h,21,/p,u,p")[-1])
        self.assertEqual(tty.ask("AT#FOTAURC?")[-2:], ["#FOTAURC: 0", "OK"])


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    unittest.main()
