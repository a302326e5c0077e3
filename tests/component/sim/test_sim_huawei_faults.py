#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The simulated Huawei modules with faults, power cuts and pauses.

Runs as test_sim.py does.
"""
import logging
import re
import time
import unittest

from huaweicase import HuaweiTest, IMEI, NEW, OFFER, OLD
from huaweiserver import SIZE
import simcase as testsim


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
        with self.held_loading() as tty:
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
        self.mark()
        self.loading()
        tty = self.back()
        self.assertEqual(self.told(tty), "31")
        self.assertGreater(self.wait_state(registered=1)["fota-received"], 0)
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
            self.install(self.loaded())
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
            self.install(self.loaded())
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
        self.hear(tty, "^FOTASTATE: 50")
        self.back()
        self.wait_state(version=NEW)

    def test_return(self):
        for fault in ["absent=200", "return-ttyacm", "pin-after", "apn-lost", "settings-lost"]:
            self.ok(f"fault {IMEI} {fault}")
        self.install(self.loaded())
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
        with self.web.slow():
            self.loading()
            received = self.wait_received()
            self.cut()
        tty = self.back()
        self.assertEqual(self.told(tty), "31")
        self.assertGreaterEqual(self.wait_state(registered=1)["fota-received"], received)
        self.assertEqual(tty.ask("AT^FOTADL=1"), ["OK"])
        self.hear(tty, "^FOTASTATE: 40")

    def wait_received(self):
        end = time.monotonic() + testsim.LIMIT
        while not (received := self.state()["fota-received"]):
            self.assertLess(time.monotonic(), end, "nothing is ever received")
            time.sleep(0.01)
        return received

    def test_loading_without_resume(self):
        self.mode = "0,0,0,0"
        with self.web.slow():
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
        self.install(self.loaded())
        self.cut()
        self.back()
        self.assertEqual(self.state()["version"], NEW)

    def test_flashing(self):
        self.ok(f"fault {IMEI} never-returns")
        self.install(self.loaded())
        self.wait_state(fota_state=60, ttys=[])
        self.cut()
        self.assertEqual(self.told(self.back()), "90")
        self.assertEqual(self.state()["version"], NEW)

    def test_installed(self):
        self.install(self.loaded())
        self.back()
        self.cut()
        self.assertEqual(self.told(self.back()), "10")
        self.assertEqual(self.state()["version"], NEW)


class Pause(HuaweiTest):
    modules = ["me909u"]
    model = "ME909u-523"

    def test_pause(self):
        with self.held_loading() as tty:
            self.assertEqual(tty.ask("AT^FOTADL=2"), ["OK"])
            self.hear(tty, "^FOTASTATE: 31")
        self.assertEqual(tty.ask("AT^FOTADL=2"), ["ERROR"])
        self.assertEqual(tty.ask("AT^FOTADL=1"), ["OK"])
        self.hear(tty, "^FOTASTATE: 40")
        self.assertEqual(tty.ask("AT^FOTADL=?"), ["^FOTADL: (0-2)", "OK"])

    def test_pause_without_resume(self):
        self.mode = "0,0,0,0"
        with self.held_loading() as tty:
            self.assertEqual(tty.ask("AT^FOTADL=2"), ["+CME ERROR: 4"])


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    unittest.main()
