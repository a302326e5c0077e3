# SPDX-License-Identifier: LGPL-2.1-or-later
"""The packages on a gateway with modules: used over D-Bus by users with and without the right to, looked
at in the journal, upgraded, and shut down in the middle."""
import datetime
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from debian import GATEWAY_PACKAGES, NEXT_PACKAGES, ROOT, install, prepare
from gateway import FTP_PASSWORD, HUAWEI_IMEI, HUAWEI_NEW, IMEI, WEB_TOKEN, Gateway
from guide import blocks
from test_fresh import MANAGER

MASKED = "35308109…45"
MODULE = ["org.fotad.Fota1", f"/org/fotad/Fota1/Module/{IMEI}", "org.fotad.Fota1.Module"]
ATTACKER = pathlib.Path(__file__).resolve().parents[1] / "component/bus/attacker.py"
DBUS_ERROR = "org.freedesktop.DBus.Error"
STORM_SECONDS = 10
MAX_RELOADS = 60  # by root during a storm, on a machine however quick
WAIT_LIMIT_S = 5  # for root
PIN = "1234"  # what pin-after of the simulator wants
# What a call answers that is let through: there is an offer or none, and without polkit no module.
ALLOWED = {"ok", *(f"org.fotad.Fota1.Error.{name}"
                   for name in ("StaleToken", "NothingOffered", "ModuleAbsent"))}
CALLER = """\
import json, sys
from gi.repository import Gio, GLib
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
answers = {}
for name, (*place, body) in json.loads(sys.argv[1]).items():
    try:
        bus.call_sync(*place, GLib.Variant.parse(None, body), None, Gio.DBusCallFlags.NONE, 120000)
        answers[name] = "ok"
    except GLib.Error as error:
        answers[name] = Gio.DBusError.get_remote_error(error) or error.message
print(json.dumps(answers))
"""
POWER_CYCLE = f"""\
#!/usr/bin/python3
import socket
for order in ("power-cut", "power-on"):
    with socket.socket(socket.AF_UNIX) as control:
        control.connect("/run/fota-sim/control")
        control.sendall(f"{{order}} {IMEI}\\n".encode())
        control.makefile().readline()
"""


class Used(unittest.TestCase):
    """A gateway with modules. The tests come in any order."""

    @classmethod
    def setUpClass(cls):
        work = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="fotad-check."))
        cls.gateway = cls.enterClassContext(Gateway(ROOT, work, prepare))

    @property
    def module(self):
        return self.gateway.module

    def run(self, result=None):
        """As ever; of a test that fails, the journal is shown."""
        bad = len(result.errors) + len(result.failures)
        since = self.gateway.run("date", "+%s.%N").strip()
        super().run(result)
        if len(result.errors) + len(result.failures) > bad:
            print(f"--- {self.id()}", self.gateway.journal(f"--since=@{since}")[-20000:],
                  sep="\n", file=sys.stderr)

    def busctl(self, *words, user):
        """Its output; an error is part of that."""
        return self.gateway.run("busctl", *words, user=user, check=False)

    def approve(self, user="olga"):
        token = self.module.token()
        self.gateway.run("busctl", "call", *MODULE, "Approve", "s", token, user=user)

    def approve_until_ordered(self):
        """Until the module has got the order to install: State is `installing` a moment before."""
        before = self.gateway.orders()
        self.approve()
        self.gateway.wait_for(lambda: self.gateway.orders() > before, "the order to install")

    def assert_updated(self, version):
        self.module.wait(lambda p: p["Revision"] == version and p["State"] == "idle"
                         and p["Modem"] != "/", 300, f"the update to {version}")
        newest = self.module.history(1)[0]
        self.assertEqual((newest["result"], newest["to"]), ("success", version))
        self.gateway.mm.wait_for(IMEI, revision=version)

    def inhibitors(self):
        """Who holds back a shutdown, and how."""
        listed = self.gateway.run("busctl", "--json=short", "call", "org.freedesktop.login1",
                                  "/org/freedesktop/login1", "org.freedesktop.login1.Manager",
                                  "ListInhibitors")
        return [tuple(entry[:2] + entry[3:4]) for entry in json.loads(listed)["data"][0]]

    def configure(self, text):
        """For this test; a new credential needs the restart."""
        file = self.gateway.write("/etc/fotad/fotad.conf.d/20-test.conf", text)
        self.addCleanup(self.gateway.run, "systemctl", "restart", "fotad")
        self.addCleanup(file.unlink)
        self.gateway.run("systemctl", "restart", "fotad")


class InUse(Used):
    """Users, and updates."""

    def may(self, user):
        """Which of CALLS polkit or the bus lets the user make, by their names."""
        answers = json.loads(self.gateway.run("/usr/bin/python3", "-c", CALLER,
                                              json.dumps(self.CALLS), user=user))
        self.assertLessEqual(set(answers.values()), ALLOWED | {f"{DBUS_ERROR}.AccessDenied"}, answers)
        return {name for name, answer in answers.items() if answer in ALLOWED}

    CALLS = {  # each with arguments that change nothing
        "read": [*MODULE, "Plan", "()"],
        "approve": [*MODULE, "Approve", "('stale',)"],
        "reject": [*MODULE, "Reject", "('stale', '')"],
        "defer": [*MODULE, "Defer", "('stale', uint64 60)"],
        "cancel": [*MODULE, "Cancel", "('stale',)"],
        "check": [*MANAGER, "CheckAll", "()"],
        "query": [*MODULE, "Query", "()"],
        "inhibit": [*MANAGER, "Inhibit", "('test', 'test')"],
        "reload": [*MANAGER, "Reload", "()"],
        "log level": ["org.fotad.Fota1", "/org/freedesktop/LogControl1",
                      "org.freedesktop.DBus.Properties", "Set",
                      "('org.freedesktop.LogControl1', 'LogLevel', <'debug'>)"],
    }

    def test_who_may_what(self):
        """The table of docs/security.md."""
        self.gateway.offer()
        self.assertEqual(self.may("root"), set(self.CALLS))
        self.assertEqual(self.may("olga"),
                         {"read", "approve", "reject", "defer", "cancel", "check"})
        self.assertEqual(self.may("paul"), {"read"})
        self.assertEqual(self.may("fotad"), {"read"})

    def test_who_may_what_without_polkit(self):
        self.module.wait(lambda p: p["Modem"] != "/", 90, "it is there")
        self.gateway.run("systemctl", "mask", "--now", "--runtime", "polkit")
        # ModemManager needs it, and ends with it.
        self.addCleanup(self.gateway.run, "systemctl", "start", "polkit", "ModemManager")
        self.addCleanup(self.gateway.run, "systemctl", "unmask", "--runtime", "polkit")
        self.assertEqual(self.may("root"), set(self.CALLS))
        for user in ("olga", "paul"):
            self.assertEqual(self.may(user), {"read"})

    def test_modemmanager(self):
        """What fotad may do there, others may not. Each call fails, but not for the same reason."""
        path = self.gateway.mm.wait_for(IMEI)[0]
        modem = ["call", "org.freedesktop.ModemManager1", path, "org.freedesktop.ModemManager1.Modem"]
        inhibit = ["call", "org.freedesktop.ModemManager1", "/org/freedesktop/ModemManager1",
                   "org.freedesktop.ModemManager1", "InhibitDevice", "sb", "/nonexistent", "true"]
        command = [*modem, "Command", "su", "AT", "5"]
        self.assertIn("No device found", self.busctl(*inhibit, user="fotad"))
        self.assertIn("debug mode", self.busctl(*command, user="fotad"))
        self.assertEqual(self.busctl(*modem, "ListBearers", user="fotad").strip(), "ao 0")
        for user in ("olga", "paul"):
            self.assertIn("denied", self.busctl(*inhibit, user=user).lower())
            self.assertIn("authoriz", self.busctl(*command, user=user).lower())

    def test_update(self):
        """Denied to one user, decided by another, with the daemon killed in the middle, under the
        unit as it is shipped; nothing personal in the whole journal."""
        since = self.gateway.run("date", "+%s.%N").strip()
        new = self.gateway.offer()
        refused = self.busctl("call", *MODULE, "Approve", "s", self.module.token(), user="paul")
        self.assertIn("denied", refused)
        self.assertEqual(self.module["State"], "awaiting-approval")

        self.approve_until_ordered()
        self.gateway.view.until(lambda: ("shutdown", "fotad", "block") in self.inhibitors(), 20,
                                "a shutdown is held back")
        self.gateway.run("systemctl", "kill", "--signal=KILL", "fotad")
        self.assert_updated(new)
        self.gateway.view.until(lambda: "fotad" not in [who for _, who, _ in self.inhibitors()], 20,
                                "a shutdown is free again")
        self.assertEqual(self.gateway.run("systemctl", "show", "--value", "-p", "NRestarts",
                                          "fotad").strip(), "1")

        self.check_journal(since)

    def attack(self, **order):
        """By a user who may only look on."""
        return self.gateway.start(
            "/usr/bin/python3", "-c", ATTACKER.read_text(),
            "unix:path=/run/dbus/system_bus_socket",
            json.dumps({"path": MODULE[1], "interface": MODULE[2], "member": "Plan",
                        "seconds": STORM_SECONDS, **order}),
            user="paul", stdout=subprocess.PIPE)

    def of_fotad(self, name):
        return self.gateway.run("systemctl", "show", "--value", f"--property={name}",
                                "fotad").strip()

    def time_reload(self):
        begin = time.monotonic()
        self.gateway.view.call(*MANAGER, "Reload")
        return time.monotonic() - begin

    def test_storms_while_installing(self):
        """Plans are asked for as quickly as they come, with and without descriptors; root is
        answered meanwhile, the update is not disturbed, and what the bus logs of the calls that it
        refuses displaces nothing of fotad's in the journal."""
        since = "--since=@" + self.gateway.run("date", "+%s.%N").strip()
        new = self.gateway.offer()
        process, cost = self.of_fotad("MainPID"), int(self.of_fotad("CPUUsageNSec"))
        self.approve_until_ordered()
        attackers = [self.attack(connections=4, calls=25),
                     self.attack(connections=4, calls=4, descriptors=16)]
        waits, descriptors = [], []
        while any(attacker.poll() is None for attacker in attackers):
            if len(waits) < MAX_RELOADS:  # each costs processor time, which is not paul's
                waits.append(self.time_reload())
            descriptors.append(len(self.gateway.run("ls", f"/proc/{process}/fd").split()))
        results = [json.loads(attacker.communicate()[0]) for attacker in attackers]
        self.assert_updated(new)
        cost = (int(self.of_fotad("CPUUsageNSec")) - cost) / 1e9
        for name, result in zip(("Plan", "Plan with 16 descriptors"), results):
            print(f"{name}: {result['sent']} calls in {STORM_SECONDS} s: {result['answers']}")
        print(f"root's Reload {len(waits)} times, the longest {max(waits) * 1000:.0f} ms; "
              f"fotad's descriptors {max(descriptors)} at most, its processor time {cost:.1f} s")
        self.assertEqual(self.gateway.journal(since, "-u", "fotad").count("configuration read again"),
                         len(waits))
        print(f"lines of the bus in the journal: {self.gateway.journal(since, '-u', 'dbus').count(chr(10))}")
        self.assertLess(max(waits), WAIT_LIMIT_S)
        self.assertLess(max(descriptors), 128)
        self.assertEqual(self.of_fotad("MainPID"), process)
        # A tenth of the time and half a second are paul's, the rest is root's and the update's.
        self.assertLess(cost, STORM_SECONDS / 3)
        self.assertLessEqual(set(results[0]["answers"]), {"ok", f"{DBUS_ERROR}.LimitsExceeded"})
        self.assertEqual(set(results[1]["answers"]), {f"{DBUS_ERROR}.AccessDenied"})

    def check_journal(self, since):
        since = f"--since=@{since}"
        story = self.gateway.journal(since, "--catalog", f"FOTA_MODULE={MASKED}")
        for part in ("updating from", "updated from", "The module itself has reported",
                     "fotactl approve"):
            self.assertIn(part, story)
        whole = self.gateway.journal(since, "--output=export", "--all")
        imsi = self.gateway.sim_state()["imsi"]
        for secret in (IMEI, HUAWEI_IMEI, imsi, FTP_PASSWORD, WEB_TOKEN, "+1555000"):
            found = re.findall(rf".*{re.escape(secret)}.*", whole)
            self.assertEqual(found, [])

    def test_data_call(self):
        """Huawei's modules cannot have the host's call beside an update: fotad takes it down and
        puts it up again, as the user that it is."""
        self.gateway.mm.connect(HUAWEI_IMEI, "internet")
        self.gateway.offer_huawei()
        huawei = self.gateway.huawei
        self.gateway.run("fotactl", "approve", huawei.token(), user="olga")
        huawei.wait(lambda p: p["Revision"] == HUAWEI_NEW and p["State"] == "idle", 300,
                    "the update")
        self.gateway.mm.wait_connected(HUAWEI_IMEI, seconds=200)

    def test_time_zone(self):
        """A window is in the hours of the zone that the gateway has now, not when fotad started."""
        now = datetime.datetime.now(datetime.timezone.utc).hour
        self.configure(f"[Window]\nAllow={(now + 6) % 24:02}:00-{(now + 7) % 24:02}:00\n")
        self.gateway.offer()
        self.addCleanup(self.gateway.run, "rm", "-f", "/etc/localtime")
        for zone, hours in (("Etc/GMT-3", 3), ("Etc/GMT+3", 9)):
            file = f"usr/share/zoneinfo/{zone}"
            (self.gateway.root / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(f"/{file}", self.gateway.root / file)
            self.gateway.run("ln", "-sf", f"/{file}", "/etc/localtime")
            plan = json.loads(self.gateway.run("fotactl", "--json", "plan", IMEI))
            self.assertEqual(int(plan["notBefore"][11:13]), (now + hours) % 24, (zone, plan))

    def test_log_level(self):
        """systemctl changes it in the running service."""
        def level(*words):
            return self.gateway.run("systemctl", "service-log-level", "fotad", *words).strip()

        def logged(priorities):
            since = self.gateway.run("date", "+%s.%N").strip()
            self.gateway.offer()
            return self.gateway.journal("-u", "fotad", f"--priority={priorities}",
                                        f"--since=@{since}")

        self.assertEqual(level(), "debug")
        self.addCleanup(level, "debug")
        level("notice")
        self.assertEqual(logged("info..debug"), "")
        level("debug")
        self.assertTrue(logged("debug..debug"))

    def test_credentials_stay_roots(self):
        for name in ("fw", "web"):
            self.gateway.refuses("cat", f"/etc/fotad/credentials/{name}", user="fotad")
            self.gateway.refuses("cat", f"/run/credentials/fotad.service/fotad_{name}",
                                 user="olga")


class Disturbed(Used):
    """What may happen to an update."""

    def test_pin(self):
        """Entered after the update, with what only root can read; in no journal."""
        since = self.gateway.run("date", "+%s.%N").strip()
        self.gateway.write("/etc/fotad/credentials/pin", f"{PIN}\n", 0o600)
        self.configure("[Network]\nPinCredential=pin\n")
        new = self.gateway.offer()
        self.gateway.simulator("fault", IMEI, "pin-after")
        self.addCleanup(self.gateway.simulator, "set", IMEI, "pin=")
        self.approve()
        self.assert_updated(new)

        def journal():
            return self.gateway.journal(f"--since=@{since}", "--output=cat")

        self.gateway.wait_for(lambda: "has accepted its PIN" in journal(), "the PIN is entered")
        self.assertFalse(self.gateway.sim_state()["pin-missing"])
        self.assertNotRegex(journal(), rf"\b{PIN}\b")

    def test_power_cycle(self):
        """By a unit that fotad may start, and nothing else: docs/first-aid.md, word for word."""
        configuration, rule = (block.text for block in blocks("docs/first-aid.md")
                               if block.language in ("ini", "javascript"))
        self.gateway.write("/etc/polkit-1/rules.d/50-fotad.rules", rule)
        self.gateway.write("/usr/local/sbin/cycle-power", POWER_CYCLE, 0o755)
        self.gateway.write("/etc/systemd/system/module-power-cycle.service",
                           "[Service]\nType=oneshot\nExecStart=/usr/local/sbin/cycle-power\n")
        self.gateway.run("systemctl", "daemon-reload")
        self.configure(configuration.replace("=safe command", "=command"))
        self.gateway.offer(retry={"maxAttempts": 1})
        self.gateway.simulator("fault", IMEI, "hung,on=#SCFG=")
        since = self.module.mark()
        self.approve()
        _, result, details = self.module.wait_finished(since)
        self.assertEqual((result, details["error"]), ("failed", "ModuleSilent"), details)
        self.assertIn("has brought the module back: command", details["text"])
        self.gateway.refuses("systemctl", "stop", "module-power-cycle.service", user="fotad")
        new = self.gateway.offer()
        self.approve()
        self.assert_updated(new)

    def test_upgrade_while_waiting(self):
        """The offer, its token and the approval survive an upgrade of the package."""
        new = self.gateway.offer()
        token = self.module.token()
        install(self.gateway, NEXT_PACKAGES, *GATEWAY_PACKAGES)
        self.module.wait(lambda p: p["State"] == "awaiting-approval"
                         and p["Update"]["token"] == token, 60, "the same offer")
        self.approve()
        self.assert_updated(new)

    def test_shutdown_while_installing(self):
        """It ends in time, and the update is found out about at the next boot."""
        new = self.gateway.offer()
        self.approve_until_ordered()
        self.gateway.restart(version=new)
        self.assert_updated(new)
        before = self.gateway.journal("-b", "-1", "-u", "fotad")
        self.assertIn("fotad.service: Deactivated successfully", before)
