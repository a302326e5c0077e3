# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a module has lost, or wants, when it comes back from its restarts: settings and the PIN."""
import unittest

from e2e import BenchTest

PIN = "1234"


class Settings:
    """The subclasses choose vendor and channel."""

    def update(self, module, kill=False):
        since = module.mark()
        module.approve()
        if kill:
            self.bench.view.until(lambda: "the module restarts" in self.bench.log(), 60,
                                  "the module installs")
            self.bench.kill_fotad()
            self.bench.start_fotad()
        _, result, details = module.wait_finished(since)
        self.assertEqual(result, "success", details)
        return details

    def apns(self):
        return {context["cid"]: context["apn"] for context in self.bench.sim_state()["contexts"]}

    def test_everything_at_once(self):
        """Minutes late, under other names, with the echo on, and without its settings."""
        before = self.apns()
        for fault in ("absent=300", "return-ttyacm", "echo-on,always", "settings-lost", "apn-lost"):
            self.bench.fault(fault)
        details = self.update(self.offer())
        self.assertTrue(all(tty.startswith("ttyACM") for tty in self.bench.sim_state()["ttys"]))
        self.assertNotIn("differing-settings", details)
        self.assertEqual(self.apns(), before)
        self.check_own_settings()
        self.bench.mm.wait_for(self.bench.imei, revision=self.bench.new)


class KilledAndRefused(Settings):
    def test_lost_and_fotad_killed(self):
        """Between reading and restoring: what was read is in the record."""
        before = self.apns()
        self.bench.fault("settings-lost")
        self.bench.fault("apn-lost")
        details = self.update(self.offer(), kill=True)
        self.assertNotIn("differing-settings", details)
        self.assertEqual(self.apns(), before)
        self.check_own_settings()

    def test_cannot_be_restored(self):
        """It is an update that went well, and everybody is told what is missing."""
        self.bench.fault("apn-lost")
        module = self.offer()
        self.bench.fault("refused,always,on=+CGDCONT=")
        details = self.update(module)
        self.assertEqual(details["differing-settings"], ["+CGDCONT"])
        self.assertEqual(module.history()[0]["differing-settings"], "+CGDCONT")
        self.assertRegex(self.bench.log(), r"these settings are not as they were before: \+CGDCONT")


class Telit:
    """Somebody else uses the socket that the flow sets for itself."""

    OTHER_CID = 2

    def offer(self, **members):
        self.bench.sim.command("set", self.bench.imei, f"socket-1-cid={self.OTHER_CID}")
        return super().offer(**members)

    def check_own_settings(self):
        self.assertEqual(self.bench.sim_state()["socket-1-cid"], self.OTHER_CID)


class TelitThroughThePort(Telit, KilledAndRefused, BenchTest):
    options = {"channel": "port"}


class TelitThroughModemManager(Telit, Settings, BenchTest):
    options = {"channel": "modemmanager"}


class Huawei(KilledAndRefused, BenchTest):
    options = {"modules": ("mu509",), "channel": "port",
               "config": {"Network": {"Apn": "1234", "Credential": "apn"}}}
    PASSWORD = "Y3t-another-secret"

    def setUp(self):
        self.bench.set_credential("apn", f"user:{self.PASSWORD}")

    def check_own_settings(self):
        state = self.bench.sim_state()
        self.assertEqual((state["fota-mode"], state["fota-apn"]), ("0,0,0,1,0", "1234"))
        self.assertNotIn(self.PASSWORD, self.bench.log())
        # Each change is in a file of its own: while one takes the place of another there is none.
        self.bench.stop_fotad()
        record = (self.bench.directory / "state" / f"{self.bench.imei}.json").read_text()
        self.assertNotIn(self.PASSWORD, record)


class Pin:
    """A SIM whose PIN is wanted after the update. The subclasses choose vendor and channel."""

    def finish(self, pin, **more):
        if pin is not None:
            self.bench.set_credential("pin", pin)
            # The bench's own APN is the same digits.
            self.bench.config = {"Network": {"PinCredential": "pin", "Apn": "internet"}}
        self.bench.fault("pin-after")
        module = self.offer()
        for key, value in more.items():
            self.bench.sim.command("set", self.bench.imei, f"{key.replace('_', '-')}={value}")
        since = module.mark()
        module.approve()
        _, result, details = module.wait_finished(since)
        self.assertEqual(result, "success", details)
        return module, since

    def tries(self):
        return [line.text for line in self.bench.transcript()
                if line.mark == ">" and line.text.startswith("AT+CPIN=")]

    def assert_left(self, module, since, why, attempts):
        """To the application, which is told."""
        properties = module.wait(lambda p: p["LastError"][0] == "PinRequired", 60, "PinRequired")
        self.assertIn(why, properties["LastError"][1])
        self.bench.view.until(lambda: module.heard("PinRequired", since), 30, "PinRequired")
        self.assertEqual(module.heard("PinRequired", since), [(attempts,)])
        self.assertEqual(module["State"], "idle")
        self.assertEqual(self.bench.sim_state()["pin-missing"], 1)

    def unlock(self, module):
        """As the application does; the error is over with it."""
        self.bench.mm.send_pin(self.bench.imei, PIN)
        module.wait(lambda p: p["LastError"] == ("", ""), 60, "unlocked")

    def test_entered(self):
        module, since = self.finish(PIN)
        self.bench.view.until(lambda: not self.bench.sim_state()["pin-missing"], 60, "unlocked")
        module.wait(lambda p: p["State"] == "idle" and p["LastError"] == ("", "")
                    and p["Modem"] != "/", 60, "idle")
        self.bench.view.until(lambda: "has accepted its PIN" in self.bench.log(), 30, "logged")
        self.assertEqual(module.heard("PinRequired", since), [])
        self.assertEqual(len(self.tries()), 1)
        self.assertNotRegex(self.bench.log(), rf"\b{PIN}\b")


class PinLeft(Pin):
    """All the ways in which it is not entered."""

    def test_wrong(self):
        """Entered once, and not again when the module starts once more."""
        module, since = self.finish("4321")
        self.assert_left(module, since, "refused", 2)
        self.assertEqual(len(self.tries()), 1)
        self.assertNotIn("4321", self.bench.log())
        since = module.mark()
        for order in ("power-cut", "power-on"):
            self.bench.sim.command(order, self.bench.imei)
        self.assert_left(module, since, "refused", 2)
        self.assertEqual(len(self.tries()), 1)
        self.unlock(module)

    def test_too_few_attempts(self):
        module, since = self.finish(PIN, pin_tries=1)
        self.assert_left(module, since, "fewer than two attempts", 1)
        self.assertEqual(self.tries(), [])

    def test_nobody_says_how_many(self):
        self.bench.fault("refused,always,on=+CSIM=")
        module, since = self.finish(PIN)
        self.assert_left(module, since, "is unknown", -1)
        self.assertEqual(self.tries(), [])

    def test_left_to_the_application(self):
        module, since = self.finish(None)
        self.assert_left(module, since, "PinCredential=", 3)
        self.assertEqual(self.tries(), [])
        self.unlock(module)


class PinThroughThePort(PinLeft, BenchTest):
    options = {"channel": "port"}


class PinThroughModemManager(Pin, BenchTest):
    options = {"channel": "modemmanager"}


class PinHuawei(Pin, BenchTest):
    options = {"modules": ("mu509",), "channel": "port"}


class PinBefore(BenchTest):
    """A gateway that starts with a locked SIM."""

    options = {"modules": ("me910c1-na,pin=1234",), "channel": "port",
               "config": {"Approval": {"Download": "auto"}}}

    def test_blocks_the_update(self):
        self.bench.publish(self.bench.update(approval={"download": "auto"}))
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait(lambda p: p["State"] == "scheduled" and "pin" in p["Blockers"], 60, "blocked")
        self.assertEqual(module.error(), "PinRequired")
        since = module.mark()
        self.bench.mm.send_pin(self.bench.imei, PIN)
        self.assertEqual(module.wait_finished(since)[1], "success")


if __name__ == "__main__":
    unittest.main()
