#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The simulated Huawei modules, seen as a host sees them, against a real web server.

Runs as test_sim.py does.
"""

import logging
import pathlib
import re
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))

import simcase as testsim  # noqa: E402

testsim.SCALE = 50

from huaweiserver import SIZE, HuaweiServer  # noqa: E402
from processes import Place  # noqa: E402
from servers import WebServer  # noqa: E402

IMEI = testsim.IMEI
OLD, NEW = "12.815.01.03.00", "12.815.01.04.00"
OFFER = f'^FOTASTATE: 12,{NEW},{SIZE},"Support send SMS background"'


class HuaweiTest(testsim.SimTest):
    modules = ["mu509"]
    model = "MU509"
    mode = "0,0,0,1"

    def setUp(self):
        super().setUp()
        self.place = Place()
        self.addCleanup(self.place.remove)
        www = self.place.directory / "www"
        www.mkdir()
        self.web = WebServer(self.place, www)
        self.addCleanup(self.web.stop)
        self.huawei = HuaweiServer(www / "huawei", f"{self.web.uris['http']}/huawei")
        self.huawei.publish(self.model, OLD, NEW)
        self.ok(f"set {IMEI} server={self.huawei.uri} version={OLD}")

    def prepared(self):
        tty = self.tty()
        for line in ["ATE0", "AT+CMEE=1", 'AT^FOTACFG="1234","","",2', f"AT^FOTAMODE={self.mode}"]:
            self.assertEqual(tty.ask(line)[-1], "OK", line)
        return tty

    def hear(self, tty, line):
        tty.expect(rb"\r\n" + re.escape(line.encode()) + rb"\r\n")

    def hear_departing(self, state):
        """In the transcript: what is still unread when the ports go is lost."""
        end = time.monotonic() + testsim.LIMIT
        while f"< ^FOTASTATE: {state}\n" not in self.log():
            self.assertLess(time.monotonic(), end, f"state {state} is never told")
            time.sleep(0.01)

    def detect(self, tty):
        self.assertEqual(tty.ask("AT^FOTADET"), ["OK"])
        self.hear(tty, "^FOTASTATE: 11")

    def offered(self):
        tty = self.prepared()
        self.detect(tty)
        self.hear(tty, OFFER)
        return tty

    def loading(self):
        tty = self.offered()
        self.assertEqual(tty.ask("AT^FOTADL=1"), ["OK"])
        self.hear(tty, "^FOTASTATE: 30")
        return tty

    def loaded(self):
        tty = self.loading()
        self.hear(tty, "^FOTASTATE: 40")
        return tty

    def close_ttys(self):
        while self.open_ttys:
            self.open_ttys.pop().close()

    @staticmethod
    def before(tty, answer=rb"\r\n\+CSQ: 25,3\r\n\r\nOK\r\n"):
        """What has come before the answer to a further command."""
        tty.write(b"AT+CSQ\r")
        return re.sub(answer + rb"$", b"", tty.expect(answer))

    def told(self, tty):
        return tty.ask("AT^FOTASTATE?")[0].removeprefix("^FOTASTATE: ")

    def back(self):
        """A tty after the module's next start."""
        self.wait_state(starts=self.starts + 1, sim_busy=0)
        return self.reopen()

    @property
    def starts(self):
        """How often the ports had come when the test began to wait."""
        return self._starts

    def mark(self):
        self._starts = self.state()["starts"]


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
        self.assertEqual(tty.ask("AT^FOTADL=1"), ["OK"])
        self.hear(tty, "^FOTASTATE: 30")
        lines = tty.ask("AT^FOTADLQ")
        self.assertRegex(lines[0], r'^\^FOTADLQ: 1,"IMAGE",\d+,1324$')
        self.assertRegex(lines[1], r'^\^FOTADLQ: 2,"XNV",\d+,77778$')
        self.hear(tty, "^FOTASTATE: 40")
        self.hear_departing("50")
        tty = self.back()
        self.hear(tty, "^FOTASTATE: 90")
        self.assertEqual(tty.ask("AT+GMR")[-2:], [NEW, "OK"])

    def test_told_to_install(self):
        tty = self.loaded()
        self.mark()
        self.assertEqual(tty.ask("AT^FWUP"), ["OK"])
        self.hear_departing("50")
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
        self.back()
        self.wait_state(version=NEW)
        # In the transcript: what is still unread when the ports go is lost.
        told = re.findall(r"< \^FOTASTATE: (.*)", self.log())
        self.assertEqual(told[:5], ["11", OFFER.removeprefix("^FOTASTATE: "), "30", "40", "50"])

    def test_legal(self):
        tty = self.prepared()
        collision = ["+CME ERROR: FOTA is in collision state"]
        for line in ("AT^FOTADL=0", "AT^FOTADL=1", "AT^FWUP"):
            self.assertEqual(tty.ask(line), ["ERROR"], line)
        self.assertEqual(tty.ask("AT^FOTADL=2"), ["+CME ERROR: 4"])
        self.assertEqual(tty.ask("AT^FOTADL=?"), ["^FOTADL: (0-1)", "OK"])
        self.assertEqual(tty.ask("AT^FOTADET"), ["OK"])
        # The module may tell its state of the search before the answer.
        self.assertEqual(tty.ask("AT^FOTADET")[-1],
                         "+CME ERROR: Previous command is not complete")
        self.hear(tty, OFFER)
        self.assertEqual(tty.ask("AT^FOTADET"), collision)
        self.assertEqual(tty.ask("AT^FWUP"), ["ERROR"])
        self.assertEqual(tty.ask("AT^FOTADL=0"), ["OK"])
        self.assertEqual(self.told(tty), "10")
        tty = self.loading()
        self.assertEqual(tty.ask("AT^FOTADL=0"), ["ERROR"])
        self.assertEqual(tty.ask("AT^FOTADL=1"), ["ERROR"])
        self.assertEqual(tty.ask("AT^FOTADET"), collision)
        self.hear(tty, "^FOTASTATE: 40")
        self.assertEqual(tty.ask("AT^FOTADL=1"), ["ERROR"])
        self.assertEqual(tty.ask("AT^FOTADET"), collision)
        self.ok(f"fault {IMEI} delta-stays")
        self.assertEqual(tty.ask("AT^FOTADL=0"), ["ERROR"])
        self.assertEqual(tty.ask("AT^FOTADL=0"), ["OK"])
        self.assertEqual(self.state()["fota-size"], 0)

    def test_call_collides(self):
        tty = self.prepared()
        collision = ["+CME ERROR: FOTA is in collision state"]
        self.assertEqual(tty.ask("AT+CGACT=1,3"), ["OK"])
        self.assertEqual(tty.ask("AT^FOTADET"), collision)
        tty.ask("AT+CGACT=0,3")
        self.detect(tty)
        self.hear(tty, OFFER)
        self.assertEqual(tty.ask("AT^NDISDUP=1,1")[-1], "OK")
        self.assertEqual(tty.ask("AT^FOTADL=1"), collision)
        self.assertEqual(tty.ask("AT^NDISDUP=1,0")[-1], "OK")
        self.assertEqual(tty.ask("AT^FOTADL=1"), ["OK"])
        self.hear(tty, "^FOTASTATE: 40")
        tty.ask("AT+CGACT=1,3")
        self.assertEqual(tty.ask("AT^FWUP"), collision)
        self.assertEqual(self.told(tty), "40")

    def test_call_keeps_it(self):
        self.mode = "0,0,1,1"
        tty = self.loading()
        self.assertEqual(tty.ask("AT+CGACT=1,3"), ["OK"])
        self.hear(tty, "^FOTASTATE: 40")
        while "keeps it from installing" not in self.log():
            pass
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


class Faults(HuaweiTest):
    def test_ask(self):
        tty = self.prepared()
        for fault, line in [("ask-fails=51", "13,51"), ("ask-fails=13", "13,13"),
                            ("ask-nothing", "14")]:
            self.ok(f"fault {IMEI} {fault}")
            self.detect(tty)
            self.hear(tty, f"^FOTASTATE: {line}")
            self.assertEqual(self.told(tty), line)
        self.ok(f"fault {IMEI} ask-silent")
        self.detect(tty)
        self.wait_state(fota_told="10")
        self.detect(tty)
        self.hear(tty, OFFER)

    def test_real_server(self):
        """What is wrong is the server's or the network's, not a fault's."""
        tty = self.prepared()

        def expect(line):
            self.detect(tty)
            self.hear(tty, f"^FOTASTATE: {line}")

        self.huawei.withdraw(self.model, OLD)
        expect("13,51")
        directory = self.huawei.directory(self.model, OLD)
        directory.mkdir(parents=True)
        (directory / "filelist.xml").write_text("<root")
        expect("13,51")
        self.huawei.publish_nothing(self.model, OLD)
        expect("14")
        self.huawei.publish(self.model, OLD, OLD)
        self.huawei.publish(self.model, OLD, NEW)
        self.ok(f"set {IMEI} registered=0")
        expect("13,11")
        self.ok(f"set {IMEI} registered=1")
        self.ok(f"set {IMEI} server=http://nowhere.invalid/")
        expect("13,20")
        self.web.stop()
        self.ok(f"set {IMEI} server={self.huawei.uri}")
        expect("13,13")
        self.web.start()
        self.detect(tty)
        self.hear(tty, OFFER)
        (directory / "XNV").unlink()
        tty.ask("AT^FOTADL=1")
        self.hear(tty, "^FOTASTATE: 20,21")
        self.assertEqual(self.state()["fota-size"], 0)
        self.huawei.publish(self.model, OLD, NEW)
        image = (directory / "IMAGE").read_bytes()
        (directory / "IMAGE").write_bytes(image[::-1])
        tty = self.loading()
        self.hear(tty, "^FOTASTATE: 20,52")

    def test_change_text(self):
        self.huawei.publish(self.model, OLD, NEW, text="one;two & <three>;4;5;6;7")
        tty = self.prepared()
        self.detect(tty)
        self.hear(tty, f'^FOTASTATE: 12,{NEW},{SIZE},"one;two & <three>;4;5;6"')

    def test_load_fails(self):
        self.ok(f"fault {IMEI} load-fails=52")
        tty = self.loading()
        self.hear(tty, "^FOTASTATE: 20,52")
        self.assertEqual(self.told(tty), "20,52")
        self.loaded()

    def test_link_lost(self):
        """31, and what is there is not fetched again."""
        self.ok(f"fault {IMEI} load-cut=50")
        tty = self.loading()
        self.hear(tty, "^FOTASTATE: 31")
        self.assertEqual(self.state()["fota-received"], SIZE // 2)
        self.assertEqual(tty.ask("AT^FOTADL=1"), ["OK"])
        self.hear(tty, "^FOTASTATE: 40")
        sizes = re.findall(r'/XNV HTTP/1.1" (\d+) (\d+)', self.web.log())
        self.assertEqual(sizes[-1], ("206", str(SIZE - SIZE // 2)))

    def test_registration_lost(self):
        tty = self.loading()
        self.ok(f"set {IMEI} registered=0")
        self.hear(tty, "^FOTASTATE: 31")
        tty.ask("AT^FOTADL=1")
        self.hear(tty, "^FOTASTATE: 31")
        self.ok(f"set {IMEI} registered=1")
        tty.ask("AT^FOTADL=1")
        self.hear(tty, "^FOTASTATE: 40")

    def test_link_lost_without_resume(self):
        self.mode = "0,0,0,0"
        self.ok(f"fault {IMEI} load-cut=50")
        tty = self.loading()
        self.hear(tty, "^FOTASTATE: 20,13")
        self.assertEqual(self.state()["fota-size"], 0)

    def test_reset_while_loading(self):
        self.ok(f"fault {IMEI} load-reset=30")
        self.loading()
        self.mark()
        tty = self.back()
        self.assertEqual(self.told(tty), "31")
        self.assertGreater(self.state()["fota-received"], 0)
        self.assertEqual(tty.ask("AT^FOTADL=1"), ["OK"])
        self.hear(tty, "^FOTASTATE: 40")

    def test_results(self):
        for settings, faults, told, version in [
            ("success=100", [], "100", NEW),
            ("failure=80", ["update-fails=155"], "80,155", OLD),
            ("failure=70", ["update-fails=0"], "70", OLD),
            ("failure=110", ["update-fails=0"], "110", OLD),
            ("success=90", ["old-version"], "10", OLD),
            ("success=90", ["state-lost,on=90"], "90", NEW),
        ]:
            self.ok(f"set {IMEI} {settings} version={OLD}")
            for fault in faults:
                self.ok(f"fault {IMEI} {fault}")
            tty = self.loaded()
            self.mark()
            self.assertEqual(tty.ask("AT^FWUP"), ["OK"])
            tty = self.back()
            self.assertEqual((self.told(tty), self.state()["version"]), (told, version))
            self.assertEqual(self.state()["faults"], [])
            self.close_ttys()

    def test_wrong_delta(self):
        from manifest import delta
        for data, told in [(delta(self.model, "12.815.01.02.00", NEW, SIZE), "80,110"),
                           (delta("MU609", OLD, NEW, SIZE), "80,109"),
                           (b"x" * SIZE, "80,107")]:
            self.huawei.publish(self.model, OLD, NEW, data=data)
            tty = self.loaded()
            self.mark()
            tty.ask("AT^FWUP")
            self.assertEqual(self.told(self.back()), told)
            self.close_ttys()

    def test_reports(self):
        self.ok(f"fault {IMEI} state-doubled,on=11")
        self.ok(f"fault {IMEI} state-lost,on=12")
        tty = self.prepared()
        self.detect(tty)
        self.hear(tty, "^FOTASTATE: 11")
        self.wait_state(fota_state=12)
        self.assertEqual(self.before(tty), b"")

    def test_order_to_install(self):
        tty = self.loaded()
        self.ok(f"fault {IMEI} fwup-error")
        self.assertEqual(tty.ask("AT^FWUP"), ["ERROR"])
        self.ok(f"fault {IMEI} lost-ok,on=^FWUP")
        self.mark()
        tty.write(b"AT^FWUP\r")
        self.hear_departing("50")
        self.back()
        self.wait_state(version=NEW)

    def test_return(self):
        for fault in ["absent=200", "return-ttyacm", "pin-after", "apn-lost", "settings-lost"]:
            self.ok(f"fault {IMEI} {fault}")
        tty = self.loaded()
        self.mark()
        tty.ask("AT^FWUP")
        self.wait_state(starts=self.starts + 1)
        state = self.state()
        self.assertEqual(state["ttys"], ["ttyACM0", "ttyACM1"])
        self.assertEqual((state["contexts"], state["pin-missing"]), ([], 1))
        self.assertEqual((state["fota-mode"], state["fota-apn"], state["reports"]),
                         ("0,0,0,0,0", "", 0))
        times = re.findall(r"([\d.]+) - ! (?:flashing|version)", self.log())
        self.assertGreater(float(times[1]) - float(times[0]), 200 / testsim.SCALE - 0.1)


class Power(HuaweiTest):
    """Loss of power in each state."""

    def cut(self):
        self.mark()
        self.ok(f"power-cut {IMEI}")
        self.ok(f"power-on {IMEI}")

    def test_asking(self):
        self.detect(self.prepared())
        self.cut()
        self.assertEqual(self.told(self.back()), "10")

    def test_offered(self):
        self.offered()
        self.cut()
        self.assertEqual(self.told(self.back()), "10")

    def test_loading(self):
        self.loading()
        received = self.wait_received()
        self.cut()
        tty = self.back()
        self.assertEqual(self.told(tty), "31")
        self.assertGreaterEqual(self.state()["fota-received"], received)
        self.assertEqual(tty.ask("AT^FOTADL=1"), ["OK"])
        self.hear(tty, "^FOTASTATE: 40")

    def wait_received(self):
        while not (received := self.state()["fota-received"]):
            pass
        return received

    def test_loading_without_resume(self):
        self.mode = "0,0,0,0"
        self.loading()
        self.wait_received()
        self.cut()
        self.assertEqual(self.told(self.back()), "10")
        self.assertEqual(self.state()["fota-size"], 0)

    def test_suspended(self):
        self.ok(f"fault {IMEI} load-cut=50")
        self.hear(self.loading(), "^FOTASTATE: 31")
        self.cut()
        tty = self.back()
        self.assertEqual(self.told(tty), "31")
        self.assertEqual(self.state()["fota-received"], SIZE // 2)
        self.assertEqual(tty.ask("AT^FOTADL=0"), ["OK"])
        self.assertEqual(self.told(tty), "10")

    def test_loaded(self):
        """It installs itself."""
        self.loaded()
        self.cut()
        self.assertEqual(self.told(self.back()), "90")
        self.assertEqual(self.state()["version"], NEW)

    def test_ready(self):
        tty = self.loaded()
        tty.ask("AT^FWUP")
        self.hear_departing("50")
        self.cut()
        self.back()
        self.assertEqual(self.state()["version"], NEW)

    def test_flashing(self):
        self.ok(f"fault {IMEI} never-returns")
        self.loaded().ask("AT^FWUP")
        self.wait_state(fota_state=60, ttys=[])
        self.cut()
        self.assertEqual(self.told(self.back()), "90")
        self.assertEqual(self.state()["version"], NEW)

    def test_installed(self):
        self.mark()
        self.loaded().ask("AT^FWUP")
        self.back()
        self.cut()
        self.assertEqual(self.told(self.back()), "10")
        self.assertEqual(self.state()["version"], NEW)


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

    def test_unknown(self):
        tty = self.prepared()
        tty.write(b"AT+NOSUCH=?\r")
        self.assertEqual(tty.expect(rb"\r\n[^\r]+\r\n"), b"\r\nCOMMAND NOT SUPPORT\r\n")


class Pause(HuaweiTest):
    modules = ["me909u"]
    model = "ME909u-523"

    def test_pause(self):
        tty = self.loading()
        self.assertEqual(tty.ask("AT^FOTADL=2"), ["OK"])
        self.hear(tty, "^FOTASTATE: 31")
        self.assertEqual(tty.ask("AT^FOTADL=2"), ["ERROR"])
        self.assertEqual(tty.ask("AT^FOTADL=1"), ["OK"])
        self.hear(tty, "^FOTASTATE: 40")
        self.assertEqual(tty.ask("AT^FOTADL=?"), ["^FOTADL: (0-2)", "OK"])

    def test_pause_without_resume(self):
        self.mode = "0,0,0,0"
        self.assertEqual(self.loading().ask("AT^FOTADL=2"), ["+CME ERROR: 4"])


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
