#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The simulated modules that ask, seen as a host sees them on the reserved port, with a real FTP
server.

Runs as test_sim.py does.
"""

import contextlib
import hashlib
import logging
import re
import unittest
from collections import Counter

import simcase as testsim

testsim.SCALE = 200

IMEI = testsim.IMEI
QUESTION = "#OTAEV: Do you want to upgrade the firmware?"
TIMEOUT = "#OTAEV: User Answer Timeout"
START = "#OTAEV: Start Fw Download"
LOADED = "#OTAEV: Fw Download Complete"
FAILED = "#OTAEV: OTA FW Upgrade Failed"
NOTIFIED = "#OTAEV: Server notified about successfull FW Upgrade"


class AsksTest(testsim.SimTest):
    modules = ["me910c1-asks,reserved-port=1"]
    model, old, new = "ME910C1-NA", testsim.OLD, testsim.NEW

    def setUp(self):
        super().setUp()
        self.delta = testsim.delta(self.model, self.old, self.new)
        self.put("delta.bin", self.delta)
        self.uri = f"ftp://USERNAME:PASSWORD@127.0.0.1:{self.server.port}/delta.bin"

    def listen(self, settings=",2,1"):
        """The reserved port, with the module told to send its lines there. What it says at once
        stays to be heard."""
        tty = self.tty(2)
        said = b""
        for line in ("ATE0", f"AT#OTASUAN={settings}"):
            tty.write(line.encode() + b"\r")
            said += tty.expect(rb"\r\nOK\r\n").replace(b"ATE0\r", b"").removesuffix(b"\r\nOK\r\n")
        tty.buffer = said + tty.buffer
        return tty

    def hear(self, tty, *lines):
        for line in lines:
            tty.expect(rb"\r\n" + re.escape(line.encode()) + rb"\r\n")

    def hear_nothing(self, tty):
        self.assertEqual(tty.answer(), b"")

    def ask(self, *options):
        self.wait_state(registered=1)
        self.ok(f"ask {IMEI} {' '.join([self.uri, *options])}")

    def listen_again(self, settings=",2,1"):
        while self.open_ttys:
            self.open_ttys.pop().close()
        return self.listen(settings)


class Question(AsksTest):
    def test_settings(self):
        tty = self.tty(2)
        self.assertEqual(tty.ask("ATE0")[-1], "OK")
        self.assertEqual(tty.ask("AT#OTASUAN?"), ["#OTASUAN: ,0,0", "OK"])
        self.assertEqual(tty.ask("AT#OTASUAN=?"), ["#OTASUAN: (0-2),(0-2),(0,1)", "OK"])
        self.assertEqual(tty.ask("AT#OTASUAN=,2,1"), ["OK"])
        self.assertEqual(tty.ask("AT#OTASUAN?"), ["#OTASUAN: ,2,1", "OK"])
        for line in ("AT#OTASUAN=3", "AT#OTASUAN=,3", "AT#OTASUAN", "AT#OTASETRI=20"):
            self.assertEqual(tty.ask(line), ["ERROR"], line)
        self.assertEqual(tty.ask("AT#OTASETRI=100"), ["OK"])
        self.assertEqual(tty.ask("AT#OTASETRI?"), ["#OTASETRI: 100", "OK"])

    def test_kept_until_asked_for(self):
        """By default the module keeps its lines to itself, and the oldest are discarded."""
        tty = self.tty(2)
        self.assertEqual(tty.ask("ATE0")[-1], "OK")
        for _ in range(12):
            self.ask()
        self.hear_nothing(tty)
        self.assertEqual(self.state()["otaev-kept"], 10)
        self.assertEqual(tty.command("AT#OTASUAN=,2,1"), [QUESTION] * 10 + ["OK"])
        tty.command("AT#OTASUAN=,0")
        self.ask()
        tty.command("AT#OTASUAN=,2,0")  # thrown away
        self.hear_nothing(tty)

    def test_one_tty(self):
        """The lines go to the tty that asked for them, and to that one alone."""
        tty, other = self.listen(), self.tty(0)
        other.command("ATE0")
        self.ask()
        self.hear(tty, QUESTION)
        self.hear_nothing(other)
        other.command("AT#OTASUAN=,2,1")
        self.ask()
        self.hear(other, QUESTION)
        self.hear_nothing(tty)

    def test_busy_tty(self):
        """Mode 1 discards a line that comes in data mode, mode 2 keeps it."""
        tty = self.tty(0)
        self.connect(tty)
        self.put("large", b"x" * 300000)
        for mode, heard in ((1, 0), (2, 1)):
            tty.command(f"AT#OTASUAN=,{mode}")
            tty.write(b'AT#FTPGET="large"\r')
            tty.expect(rb"CONNECT\r\n")
            self.ask()
            tty.expect(rb"\r\nNO CARRIER\r\n")
            self.assertEqual(tty.answer().count(QUESTION.encode()), heard, mode)

    def test_reject(self):
        tty = self.listen()
        self.ask()
        self.hear(tty, QUESTION)
        self.assertEqual(tty.ask("AT#OTASUAN=0"), ["OK"])
        self.assertEqual(self.state()["ask-outcome"], "rejected")
        self.assertEqual(tty.ask("AT#OTASUAN=1"), ["OK"])  # too late, and not said to be
        self.assertEqual(self.state()["ask"], "idle")
        self.hear_nothing(tty)

    def test_timeout(self):
        tty = self.listen()
        self.ask("limit=5")
        self.hear(tty, QUESTION, TIMEOUT)
        self.assertEqual(tty.ask("AT#OTASUAN=1"), ["OK"])
        self.assertEqual(self.state()["ask-outcome"], "timeout")
        self.assertIn("error", self.control(f"set {IMEI} answer-limit=0"))
        self.ask()
        self.hear(tty, QUESTION)
        self.ok(f"set {IMEI} answer-limit=0")
        self.hear(tty, TIMEOUT)

    def test_delay(self):
        """A 2 repeats the question without end: the server's limit no longer counts."""
        tty = self.listen()
        self.ask("limit=200", "repeat=60")
        self.hear(tty, QUESTION)
        self.assertEqual(tty.ask("AT#OTASUAN=2"), ["OK"])
        self.hear(tty, QUESTION, QUESTION, QUESTION, QUESTION)
        self.assertEqual(tty.ask("AT#OTASUAN=0")[-1], "OK")  # a fifth question may come before it
        self.assertEqual(self.state()["ask"], "idle")
        self.assertNotIn(TIMEOUT, self.log())

    def test_manners(self):
        tty = self.listen()
        for fault in ("doubled", "garbled", "strange", "lost"):
            self.ok(f"fault {IMEI} otaev-{fault},on=Do you want")
        self.ask()
        self.hear_nothing(tty)
        self.ask()
        self.hear(tty, "#OTAEV: Fw Server Session 7 Open")
        tty.expect(rb"\xf8\xfe\xf0\xff" + re.escape(QUESTION.encode()) + rb"\xf8\xfe\xf0\xff\r\n")
        self.ask()
        self.hear(tty, QUESTION, QUESTION)
        self.hear_nothing(tty)

    def test_restart_forgets(self):
        """Neither the question nor #OTASUAN's mode outlives a restart."""
        tty = self.listen()
        self.ask()
        self.hear(tty, QUESTION)
        tty.command("AT#REBOOT")
        self.wait_state(starts=2, ask="idle", ask_outcome="restarted")
        tty = self.listen_again()
        self.hear_nothing(tty)

    def test_cannot_be_asked(self):
        for text in (f"ask {IMEI}", f"ask {IMEI} http://127.0.0.1/delta.bin",
                     f"ask {IMEI} {self.uri} soon=1", f"set {IMEI} offer=here"):
            self.assertIn("error ", self.control(text), text)
        self.ok(f"set {IMEI} registered=0")
        self.assertIn("cannot ask now", self.control(f"ask {IMEI} {self.uri}"))


class OwnUpdate(AsksTest):
    """From the yes on, without a word from the host."""

    def test_flow(self):
        tty = self.listen()
        self.ask()
        self.hear(tty, QUESTION)
        self.assertEqual(tty.ask("AT#OTASUAN=1"), ["OK"])
        self.hear(tty, START, LOADED)
        self.assertEqual(self.state()["ota-sha256"], hashlib.sha256(self.delta).hexdigest())
        self.wait_state(version=self.new, ask="idle", ask_outcome="upgraded")
        tty = self.listen_again()
        self.hear(tty, "#OTAEV: Module Upgraded To New Fw", NOTIFIED)
        self.assertEqual(self.log().count("! restart "), 3)
        self.assertEqual(tty.ask("AT+GMR"), [self.new, "OK"])

    def test_dummy(self):
        """A delta from a version to itself is installed like any other."""
        self.put("delta.bin", testsim.delta(self.model, self.old, self.old))
        tty = self.listen()
        self.ask("automatic=1")
        self.hear(tty, "#OTAEV: Automatic Fw Upgrade Requested", START, LOADED)
        state = self.wait_state(ask="idle", ask_outcome="upgraded")
        self.assertEqual((state["version"], state["cfvr"]), (self.old, 5))

    def test_module_starts(self):
        tty = self.listen()
        self.assertEqual(tty.ask("AT#OTAIPUPD?"), ["#OTAIPUPD: 0", "OK"])
        self.assertEqual(tty.ask("AT#OTAIPUPD"), ["OK"])
        self.hear(tty, FAILED)  # the server has nothing
        self.ok(f"set {IMEI} offer={self.uri}")
        with self.server.held():
            self.assertEqual(tty.ask("AT#OTAIPUPD"), ["OK"])
            self.hear(tty, START)
            self.assertEqual(tty.ask("AT#OTAIPUPD?"), ["#OTAIPUPD: 1", "OK"])
        self.hear(tty, LOADED)
        self.wait_state(version=self.new, ask_outcome="upgraded")

    def test_failures(self):
        """The module drops the file, says so, and stays what it was."""
        tty = self.listen()
        for fault in ("ftp-421", "ftp-login", "ftp-550", "ftp-cut=50", "ota-full",
                      "ota-wrong-base=late", "otaup-error"):
            self.ok(f"fault {IMEI} {fault},on=#OTAEV")
            self.ask()
            self.hear(tty, QUESTION)
            self.assertEqual(tty.ask("AT#OTASUAN=1"), ["OK"])
            self.hear(tty, START, FAILED)
            state = self.state()
            self.assertEqual((state["ask-outcome"], state["ota"], state["faults"]),
                             ("failed", "empty", []), fault)
        self.assertEqual(state["starts"], 1)

    def test_real_failures(self):
        """A server that refuses, a delta for another base, a network that goes."""
        tty = self.listen()
        for uri in (self.uri.replace("PASSWORD", "wrong"), self.uri.replace("delta", "none")):
            self.ok(f"ask {IMEI} {uri}")
            tty.command("AT#OTASUAN=1")
            self.hear(tty, START, FAILED)
        self.put("delta.bin", testsim.delta(self.model, self.new, self.old))
        self.ask()
        tty.command("AT#OTASUAN=1")
        self.hear(tty, START, LOADED, FAILED)
        self.put("delta.bin", testsim.delta(self.model, self.old, self.new))
        with self.server.held():
            self.ask()
            tty.command("AT#OTASUAN=1")
            self.hear(tty, START)
            self.ok(f"set {IMEI} registered=0")
            self.hear(tty, FAILED)
        self.assertEqual(self.state()["version"], self.old)

    def test_client_taken(self):
        """The module has one FTP client: what the host has open is not taken from it."""
        tty = self.listen()
        self.connect(self.tty(0))
        self.ask()
        tty.command("AT#OTASUAN=1")
        self.hear(tty, START, FAILED)
        self.assertEqual(self.state()["ftp"], 1)

    def test_old_version(self):
        self.ok(f"fault {IMEI} old-version")
        tty = self.listen()
        self.ask()
        tty.command("AT#OTASUAN=1")
        self.hear(tty, LOADED)
        self.wait_state(ask="idle", ask_outcome="failed")
        self.assertEqual(self.state()["version"], self.old)
        self.hear(self.listen_again(), FAILED)

    def test_power_lost(self):
        """While it loads the request is forgotten; from the good check on it is carried out."""
        for step, version in (("accepted", self.old), ("part 1", self.old),
                              ("delta stored", self.old), ("delta validated", self.new)):
            starts = self.state()["starts"]
            self.ok(f"fault {IMEI} power-lost=0,on={step}")
            tty = self.listen_again()
            self.ask()
            with self.server.held() if step == "part 1" else contextlib.nullcontext():
                tty.write(b"AT#OTASUAN=1\r")  # whose OK may not come any more
                self.wait_state(faults=[], powered=0)
            self.ok(f"power-on {IMEI}")
            state = self.wait_state(ask="idle", running=1)
            self.assertGreater(state["starts"], starts)
            self.assertEqual(state["version"], version, step)


class YesOrNo(AsksTest):
    """The LE910 V2: no 2, and its report after the update waits to be asked for."""

    modules = ["le910-v2-asks,reserved-port=1"]
    model, old, new = "LE910-EU1", "20.00.412", "20.00.413"

    def test_no_delay(self):
        tty = self.listen()
        self.assertEqual(tty.ask("AT#OTASUAN=?"), ["#OTASUAN: (0,1),(0-2),(0,1)", "OK"])
        self.ask()
        self.hear(tty, QUESTION)
        self.assertEqual(tty.ask("AT#OTASUAN=2"), ["ERROR"])
        self.ok(f"set {IMEI} answer-limit=0")
        self.hear(tty, TIMEOUT)

    def test_report_kept(self):
        for settings, heard in ((",2,1", True), (",2,0", False)):
            self.ok(f"set {IMEI} version={self.old}")
            tty = self.listen_again()
            self.ask()
            tty.command("AT#OTASUAN=1")
            self.hear(tty, START, LOADED)
            self.wait_state(version=self.new, ask_outcome="upgraded")
            tty = self.listen_again(settings)
            self.assertEqual(b"Module Upgraded To New FW" in tty.answer(), heard)


class Rings(AsksTest):
    """LwM2M: two questions, one published answer, a state at any time, and an end by time."""
    modules = ["me310g1-asks,reserved-port=1"]
    model, old, new = "ME310G1-WW", "37.00.214-P0C.210001", "37.00.215-P0C.210002"
    first, second = (f'#LWM2MFOTARING: 0,"{what}"' for what in ("DOWNLOAD", "UPDATE"))
    dropped = "#OTAEV: FOTA REQUEST DROPPED"

    def listen(self, settings=None):
        tty = self.tty(2)
        self.assertEqual(tty.ask("ATE0")[-1], "OK")
        return tty

    def acknowledge(self, tty, *then):
        """What it says as soon as it has the package may come before its answer."""
        *said, answer = tty.ask("AT#LWM2MFOTAACK=0,1")
        self.assertEqual(answer, "OK")
        self.hear(tty, *(Counter(then) - Counter(said)).elements())

    def test_flow(self):
        tty = self.listen()
        self.assertEqual(tty.ask("AT#LWM2MFOTASTATE=0"), ["#LWM2MFOTASTATE: 0,0,0,0", "OK"])
        self.assertEqual(tty.ask("AT#LWM2MFOTAACK=0,1"), ["ERROR"])
        self.ask("twice=1")
        self.hear(tty, self.first, self.first)
        self.assertRegex(tty.ask("AT#LWM2MFOTASTATE=0")[0], "^#LWM2MFOTASTATE: 0,1,2,3[0-9]{3}$")
        for line in ("AT#LWM2MFOTAACK=0,0", "AT#LWM2MFOTAACK=0,2", "AT#LWM2MFOTAACK=1,1",
                     "AT#LWM2MFOTAACK", "AT#LWM2MFOTASTATE=1", "AT#LWM2MFOTACFG=0,1,1",
                     "AT#OTASUAN=1"):
            self.assertEqual(tty.ask(line), ["ERROR"], line)
        self.assertEqual(self.state()["ask"], "asked")
        self.acknowledge(tty, self.second, self.second)
        self.assertRegex(tty.ask("AT#LWM2MFOTASTATE=0")[0], "^#LWM2MFOTASTATE: 0,3,6,")
        self.assertEqual(self.state()["version"], self.old)
        self.acknowledge(tty)
        self.wait_state(version=self.new)

    def test_dropped(self):
        tty = self.listen()
        self.ask("limit=5")
        self.hear(tty, self.first, self.dropped)
        self.assertEqual(tty.ask("AT#LWM2MFOTAACK=0,1"), ["ERROR"])
        self.ask()
        self.hear(tty, self.first)
        self.acknowledge(tty, self.second)
        self.ok(f"set {IMEI} answer-limit=0")
        self.hear(tty, self.dropped)
        self.assertEqual((self.state()["ask-outcome"], self.state()["ota"]), ("timeout", "empty"))

    def test_once(self):
        tty = self.listen()
        self.ask("once=1")
        self.hear(tty, self.first)
        self.acknowledge(tty)
        self.wait_state(version=self.new)

    def test_failed(self):
        self.put("delta.bin", b"no such delta")
        tty = self.listen()
        self.ask()
        self.hear(tty, self.first)
        self.acknowledge(tty, '#OTAEV: "DOWNLOAD FAILED"')
        self.assertEqual(tty.ask("AT#LWM2MFOTASTATE=0"), ["#LWM2MFOTASTATE: 0,0,0,0", "OK"])


class Packages(AsksTest):
    """OMA-DM: nothing at all while the client is off."""
    modules = ["le910-v2-asks,reserved-port=1"]
    model, old, new = "LE910-EU1", "20.00.412", "20.00.413"
    question = "#SWMCHKUPD: 1,4096, Minor Bug Fixes and Added Functionality"

    def test_off(self):
        tty = self.listen()
        self.assertEqual(tty.ask("AT#SWMENA?"), ["#SWMENA: 0", "OK"])
        for line in ("AT#SWMCHKUPD", "AT#SWMGETDP=1", "AT#SWMENA=2"):
            self.assertEqual(tty.ask(line), ["ERROR"], line)
        self.assertIn("error", self.control(f"ask {IMEI} {self.uri} oma-dm=4096"))

    def test_flow(self):
        tty = self.listen()
        self.assertEqual(tty.ask("AT#SWMENA=1"), ["OK"])
        self.assertEqual(tty.ask("AT#SWMCHKUPD"), ["OK"])
        self.hear(tty, "#SWMCHKUPD: 0")
        self.ask("oma-dm=4096")
        self.hear(tty, self.question)
        self.assertEqual(tty.ask("AT#SWMCHKUPD"), ["OK"])
        self.hear(tty, self.question)
        self.assertEqual(tty.ask("AT#SWMGETDP=0"), ["OK"])
        self.assertEqual(tty.ask("AT#SWMGETDP=1"), ["ERROR"])
        self.ask("oma-dm=4096")
        self.hear(tty, self.question)
        self.assertEqual(tty.ask("AT#SWMGETDP=1"), ["OK"])
        self.hear(tty, "#SWMDLPRGRSS: 1024,4096", "#SWMDLPRGRSS: 4096,4096", "#SWMRING: 2")
        self.wait_state(version=self.new)


class Silent(testsim.SimTest):
    def test_has_no_server(self):
        tty = self.tty()
        for line in ("AT#OTASUAN?", "AT#OTASETRI?", "AT#OTAIPUPD"):
            self.assertEqual(tty.ask(line)[-1], "ERROR", line)
        self.assertIn("no server of its own", self.control(f"ask {IMEI} ftp://h/f"))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    unittest.main()
