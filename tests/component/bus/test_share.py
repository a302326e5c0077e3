# SPDX-License-Identifier: LGPL-2.1-or-later
"""No caller costs another one more than his share: attackers as a user of that gateway has them.

nobody attacks; root, whose Reload must be answered, and `games`, whose question must reach polkit,
are the others. Figures are printed.
"""
import json
import os
import pathlib
import subprocess
import tempfile
import time
import unittest

from bustest import (CALL_LIMIT_S, IMEI, MANAGER, MODULE, PROPERTIES, REPOSITORY, ROOT, BusTest,
                     die_with_parent, iterate_until, module_path)
from polkitdouble import PolkitDouble

HERE = pathlib.Path(__file__).parent
PATH = module_path(IMEI)
DENIED = "org.freedesktop.DBus.Error.AccessDenied"
TOO_MUCH = "org.freedesktop.DBus.Error.LimitsExceeded"
INVALID = "org.freedesktop.DBus.Error.InvalidArgs"
CHECK = {"path": PATH, "interface": MODULE, "member": "Check"}
STORM_SECONDS = 1.5
WAIT_LIMIT_S = 30  # without a share of his own root waits for all of an attack


class ShareTest(BusTest):
    def setUp(self):
        super().setUp()
        self.fake.asked()

    def attack(self, user="nobody", **order):
        attacker = subprocess.Popen(
            ["setpriv", "--reuid", user, "--regid", "nogroup", "--clear-groups", "--pdeathsig",
             "TERM", "/usr/bin/python3", "-B", "-c", (HERE / "attacker.py").read_text(),
             self.bus.address, json.dumps(order)],
            cwd="/", stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=die_with_parent)
        self.addCleanup(self.end, attacker)
        if order.get("stay"):
            self.assertEqual(attacker.stdout.readline(), "sent\n")
        return attacker

    def end(self, attacker):
        if attacker.poll() is None:
            attacker.communicate()

    def finish(self, attacker):
        """What came of the attack: answers by error name, and the number of calls."""
        output = attacker.communicate()[0]
        self.assertEqual(attacker.returncode, 0)
        result = json.loads(output)
        return result["answers"], result["sent"]

    def of_daemon(self, what):
        return pathlib.Path(f"/proc/{self.fake.pid()}/{what}")

    def unique_name(self):
        return self.ask_bus("GetNameOwner", "(s)", "org.fotad.Fota1")

    def descriptors(self):
        return len(list(self.of_daemon("fd").iterdir()))

    def processor_seconds(self):
        fields = self.of_daemon("stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def peak_mib(self):
        return int(self.of_daemon("status").read_text().split("VmHWM:")[1].split()[0]) / 1024

    def time_reload(self):
        """Root's Reload, which the fake daemon refuses as Reload: seconds until the answer."""
        begin = time.monotonic()
        self.assert_error("org.fotad.Fota1.Error.BadConfiguration", self.call, ROOT, MANAGER,
                          "Reload")
        return time.monotonic() - begin


class WaitingTest(PolkitDouble, ShareTest):
    """polkit never answers, as with an agent that is silent."""

    def assert_nobody_else_waits(self):
        self.assertLess(self.time_reload(), WAIT_LIMIT_S)
        known = len(self.questions)
        self.attack("games", stay=True, **CHECK)
        iterate_until(lambda: len(self.questions) == known + 1, "the other user's question")


class Waiting(WaitingTest):
    def test_calls_of_one_caller(self):
        attacker = self.attack(calls=100, stay=True, **CHECK)
        iterate_until(lambda: len(self.questions) == 16, "16 questions")
        self.assert_nobody_else_waits()
        answers, _ = self.finish(attacker)
        self.assertEqual(answers, {TOO_MUCH: 84})

    def test_calls_of_one_user(self):
        attacker = self.attack(connections=20, calls=5, stay=True, **CHECK)
        iterate_until(lambda: len(self.questions) == 32, "32 questions")
        self.assert_nobody_else_waits()
        answers, _ = self.finish(attacker)
        self.assertEqual(answers, {TOO_MUCH: 68})

    def test_a_caller_that_leaves_gives_his_share_back(self):
        attacker = self.attack(calls=16, stay=True, **CHECK)
        iterate_until(lambda: len(self.questions) == 16, "16 questions")
        self.finish(attacker)
        iterate_until(lambda: len(self.cancelled) == 16, "16 questions withdrawn")
        self.attack(calls=16, stay=True, **CHECK)
        iterate_until(lambda: len(self.questions) == 32, "16 more questions")


class ForgedSignals(WaitingTest):
    """Whoever knows fotad's unique name may send signals to it, in the name of none."""

    def test_a_caller_that_leaves_is_told_of_by_the_bus_alone(self):
        caller = self.attack("games", **CHECK)
        name = self.question()[0][1]["name"]
        self.finish(self.attack(
            signal=True, destination=self.unique_name(), path="/org/freedesktop/DBus",
            interface="org.freedesktop.DBus", member="NameOwnerChanged", signature="(sss)",
            arguments=f"('{name}', '{name}', '')"))
        self.time_reload()  # what came before it has been read
        self.assertEqual(self.cancelled, [])
        self.answer(True)
        self.assertEqual(self.finish(caller)[0], {"ok": 1})


class Unprivileged(ShareTest):
    """The daemon as its own user has what the policy gives to him."""
    daemon_user = "games"

    @classmethod
    def setUpClass(cls):
        text = (REPOSITORY / "dbus" / "org.fotad.Fota1.conf").read_text()
        directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(directory.cleanup)
        policy = pathlib.Path(directory.name) / "user.conf"
        policy.write_text(text.replace('user="fotad"', f'user="{cls.daemon_user}"'))
        cls.policies = [policy]
        super().setUpClass()

    def test_signals_of_others_cost_nothing(self):
        self.finish(self.attack("root", **CHECK))
        before = self.peak_mib()
        self.finish(self.attack(signal=True, destination=self.unique_name(), path="/a",
                                interface="a.b", member="C", strings=1000000))
        self.finish(self.attack("root", **CHECK))
        after = self.peak_mib()
        print(f"a signal of a million strings: {before:.0f} MiB before, {after:.0f} MiB after")
        self.assertLess(after, before + 4)


class Descriptors(ShareTest):
    def test_the_bus_lets_none_through(self):
        answers, _ = self.finish(self.attack(calls=3, descriptors=1, **CHECK))
        self.assertEqual(answers, {DENIED: 3})
        self.assertEqual(self.fake.asked(), [])

    def test_those_of_fotad_get_out(self):
        inhibit = {"path": ROOT, "interface": MANAGER, "member": "Inhibit", "signature": "(ss)",
                   "arguments": "('a', 'b')"}
        answers, _ = self.finish(self.attack("root", **inhibit))
        self.assertEqual(answers, {"ok": 1})


class DescriptorsLetThrough(WaitingTest):
    policies = [HERE / "descriptors-allowed.conf"]

    def test_calls_that_wait_keep_none(self):
        before = self.descriptors()
        self.attack(connections=8, calls=4, descriptors=16, stay=True, **CHECK)
        iterate_until(lambda: len(self.questions) == 32, "32 questions")
        after = self.descriptors()
        print(f"32 waiting calls with 16 descriptors each: {before} descriptors before, "
              f"{after} while they wait")
        self.assertLess(after, before + 16)
        self.assert_nobody_else_waits()


class Storms(ShareTest):
    """Each for seconds, from several connections, as quickly as answers come."""
    STORMS = {
        "Plan": {"path": PATH, "interface": MODULE, "member": "Plan"},
        "GetHistory": {"path": PATH, "interface": MODULE, "member": "GetHistory",
                       "signature": "(u)", "arguments": "(0,)"},
        "Query": {"path": PATH, "interface": MODULE, "member": "Query"},
        "GetAll": {"path": PATH, "interface": PROPERTIES, "member": "GetAll", "signature": "(s)",
                   "arguments": f"('{MODULE}',)"},
        "GetManagedObjects": {"path": ROOT, "interface": "org.freedesktop.DBus.ObjectManager",
                              "member": "GetManagedObjects"},
        "Introspect": {"path": PATH, "interface": "org.freedesktop.DBus.Introspectable",
                       "member": "Introspect"},
        "Set": {"path": PATH, "interface": PROPERTIES, "member": "Set", "signature": "(ssv)",
                "arguments": f"('{MODULE}', 'State', <'idle'>)"},
    }

    def storm(self, name, order):
        cost, begin = self.processor_seconds(), time.monotonic()
        attacker = self.attack(connections=4, calls=25, seconds=STORM_SECONDS, **order)
        waits = []
        while attacker.poll() is None:
            waits.append(self.time_reload())
            self.fake.tell(f"set {IMEI} progress {len(waits) % 100}")  # the update under way
        answers, sent = self.finish(attacker)
        cost, seconds = self.processor_seconds() - cost, time.monotonic() - begin
        print(f"{name}: {sent} calls in {seconds:.1f} s, {answers.get(TOO_MUCH, 0)} refused; "
              f"root's Reload {len(waits)} times, the longest {max(waits) * 1000:.0f} ms; "
              f"fotad's processor time {cost:.2f} s")
        self.assertLess(max(waits), WAIT_LIMIT_S)
        return answers, seconds

    def assert_within_share(self, answers, cost, seconds):
        """Half a second of processor time that was saved up, a tenth of what passes, and the calls
        that were let in before the first was paid."""
        self.assertLess(answers["ok"] * cost, 0.5 + seconds / 10 + 4 * cost)

    def assert_refused(self, answers, cost, seconds):
        """Unless the machine is so busy that all of it was within the share."""
        self.assert_within_share(answers, cost, seconds)
        if TOO_MUCH not in answers:
            self.skipTest(f"this machine gives {answers['ok'] * cost} s of its processor in {seconds} s")

    def test_of_every_kind(self):
        for name, order in self.STORMS.items():
            with self.subTest(storm=name):
                self.storm(name, order)

    def test_calls_that_cost_much(self):
        """A plan that takes long: 20 ms each, and several users' worth of them is asked for."""
        self.fake.tell(f"set {IMEI} plan-cost 20")
        answers, seconds = self.storm("Plan of 20 ms", self.STORMS["Plan"])
        self.assert_refused(answers, 0.02, seconds)

    def test_root_has_no_limit(self):
        self.fake.tell(f"set {IMEI} plan-cost 20")
        answers, sent = self.finish(self.attack("root", calls=60, **self.STORMS["Plan"]))
        self.assertEqual(answers, {"ok": 60})

    def test_a_share_grows_back(self):
        self.fake.tell(f"set {IMEI} plan-cost 20")
        plan = self.STORMS["Plan"]
        begin = time.monotonic()
        answers, _ = self.finish(self.attack(connections=4, calls=100, **plan))
        self.assert_refused(answers, 0.02, time.monotonic() - begin)
        limit = time.monotonic() + CALL_LIMIT_S
        while self.finish(self.attack(**plan))[0] != {"ok": 1}:
            self.assertLess(time.monotonic(), limit)

    def test_another_connection_is_no_other_user(self):
        self.fake.tell(f"set {IMEI} plan-cost 100")
        plan = self.STORMS["Plan"]
        begin = time.monotonic()
        answers, _ = self.finish(self.attack(connections=40, **plan))
        self.assert_within_share(answers, 0.1, time.monotonic() - begin)
        self.assertEqual(self.finish(self.attack("games", **plan))[0], {"ok": 1})

    def test_huge_texts(self):
        reject = {"path": PATH, "interface": MODULE, "member": "Reject", "signature": "(ss)",
                  "arguments": f"('t', '{'x' * 100000}')"}
        before = self.peak_mib()
        answers, _ = self.finish(self.attack(connections=4, calls=25, **reject))
        self.assertLess(self.time_reload(), WAIT_LIMIT_S)
        print(f"100 refusals with a reason of 100 kB: {before:.0f} MiB at most before, "
              f"{self.peak_mib():.0f} after")
        self.assertEqual(answers, {INVALID: 100})
        self.assertEqual(self.fake.asked(), [])


if __name__ == "__main__":
    unittest.main()
