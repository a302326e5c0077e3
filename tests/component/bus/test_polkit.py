# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who may do what, asked of the real polkitd with the repository's own actions."""
import re
import subprocess
import unittest

from bustest import (CALL_LIMIT_S, IMEI, MANAGER, MODULE, NAME, OFFER, PROPERTIES, REPOSITORY, ROOT,
                     TOKEN, BusTest, die_with_parent, iterate_until, module_path, polkit_possible)
from polkitdouble import PolkitDouble

PATH = module_path(IMEI)
DENIED = "Access denied"
READ = [
    ["get-property", NAME, PATH, MODULE, "State"],
    ["get-property", NAME, ROOT, MANAGER, "Modules"],
    ["call", NAME, PATH, PROPERTIES, "GetAll", "s", MODULE],
    ["call", NAME, ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects"],
    ["introspect", NAME, PATH],
    ["call", NAME, PATH, MODULE, "Plan"],
    ["call", NAME, PATH, MODULE, "GetHistory", "u", "0"],
    ["get-property", NAME, "/org/freedesktop/LogControl1", "org.freedesktop.LogControl1",
     "LogLevel"],
]
CHANGE = {  # polkit action → what takes it
    "approve": [["call", NAME, PATH, MODULE, "Approve", "s", TOKEN],
                ["call", NAME, PATH, MODULE, "Reject", "ss", TOKEN, "no"],
                ["call", NAME, PATH, MODULE, "Defer", "st", TOKEN, "60"],
                ["call", NAME, PATH, MODULE, "Rehearse"]],
    "check": [["call", NAME, PATH, MODULE, "Check"],
              ["call", NAME, PATH, MODULE, "AskVersion"],
              ["call", NAME, ROOT, MANAGER, "CheckAll"]],
    "cancel": [["call", NAME, PATH, MODULE, "Cancel", "s", TOKEN]],
    "query": [["call", NAME, PATH, MODULE, "Query"],
              ["call", NAME, PATH, MODULE, "GetReport"],
              ["call", NAME, PATH, MODULE, "GetRegistration"]],
    "configure": [["call", NAME, ROOT, MANAGER, "Inhibit", "ss", "test", "a reason"],
                  ["call", NAME, ROOT, MANAGER, "Reload"],
                  ["set-property", NAME, "/org/freedesktop/LogControl1",
                   "org.freedesktop.LogControl1", "LogLevel", "s", "debug"]],
}


class AccessTest(BusTest):
    def setUp(self):
        super().setUp()
        self.offer()

    def offer(self):
        self.fake.tell(f"set {IMEI} update {OFFER}")
        self.fake.tell(f"set {IMEI} state 'awaiting-approval'")
        self.fake.asked()

    def start_busctl(self, user, arguments):
        return subprocess.Popen(
            ["setpriv", "--reuid", user, "--regid", "nogroup", "--clear-groups",
             "--pdeathsig", "TERM", "busctl", "--system", *arguments],
            env=self.bus.environment(), text=True, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, preexec_fn=die_with_parent)

    def busctl(self, user, arguments):
        """What busctl wrote on standard error, None when the call succeeded."""
        with self.start_busctl(user, arguments) as process:
            error = process.communicate(timeout=CALL_LIMIT_S)[1]
        return None if process.returncode == 0 else error

    def assert_all_denied(self, user, actions):
        for action in actions:
            for call in CHANGE[action]:
                with self.subTest(call=call[4]):
                    self.assertIn(DENIED, self.busctl(user, call) or "")
        self.assertEqual(self.fake.asked(), [])

    def assert_passes(self, user, action):
        for call in CHANGE[action]:
            with self.subTest(call=call[4]):
                self.offer()
                error = self.busctl(user, call)
                # The fake's Reload fails, but as Reload, not for want of a permission.
                self.assertTrue(error is None or "fotad.conf" in error, error)


@unittest.skipUnless(polkit_possible(), "polkitd with our actions needs root and mount namespaces")
class Polkit(AccessTest):
    polkit = True
    # The example of docs/security.md, for a user that every machine has.
    rules = re.search(r"(?ms)^    polkit\.addRule\(.*?^    \}\);$",
                      (REPOSITORY / "docs/security.md").read_text())[0].replace('"app"', '"games"')

    def test_root_passes(self):
        for action in CHANGE:
            self.assert_passes("root", action)

    def test_others_may_read(self):
        for call in READ:
            with self.subTest(call=call[3:5]):
                self.assertIsNone(self.busctl("nobody", call))

    def test_others_may_not_change(self):
        self.assert_all_denied("nobody", CHANGE)

    def test_a_rule_allows_its_action_only(self):
        self.assert_passes("games", "approve")
        self.fake.asked()
        self.assert_all_denied("games", set(CHANGE) - {"approve"})

    def test_nobody_else_owns_the_name(self):
        error = self.busctl("nobody", ["call", "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                       "org.freedesktop.DBus", "RequestName", "su", NAME, "0"])
        self.assertIn(DENIED, error or "")

    def test_every_action_is_one_of_the_policy(self):
        policy = (REPOSITORY / "dbus" / "org.fotad.Fota1.policy").read_text()
        for action in CHANGE:
            self.assertIn(f'<action id="org.fotad.Fota1.{action}">', policy)


class WithoutPolkit(AccessTest):
    def test_root_passes(self):
        self.assert_passes("root", "approve")

    def test_others_may_read_only(self):
        self.assertIsNone(self.busctl("nobody", READ[0]))
        self.assert_all_denied("nobody", CHANGE)

    def test_says_what_to_do(self):
        """dbus-send shows the text of the error, busctl does not."""
        done = subprocess.run(
            ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "dbus-send",
             "--system", "--print-reply", f"--dest={NAME}", PATH, f"{MODULE}.Check"],
            env=self.bus.environment(), text=True, timeout=CALL_LIMIT_S, capture_output=True)
        self.assertIn("Check is not allowed", done.stderr)
        self.assertIn("org.fotad.Fota1.check", done.stderr)


class SlowPolkit(PolkitDouble, AccessTest):
    def test_question(self):
        with self.start_busctl("nobody", CHANGE["approve"][0]) as caller:
            (kind, details), action, _, flags, cancel_id, _ = self.question()
            self.assertEqual((kind, action), ("system-bus-name", "org.fotad.Fota1.approve"))
            pid = self.ask_bus("GetConnectionUnixProcessID", "(s)", details["name"])
            self.assertEqual(pid, caller.pid)
            self.assertTrue(cancel_id)
            self.assertEqual(flags, 1)  # busctl allows interaction
            self.assertEqual(self.fake.asked(), [])
            self.answer(True)
            self.assertEqual(caller.wait(CALL_LIMIT_S), 0)
        self.assertEqual(self.fake.asked(), [f"approve {IMEI} {TOKEN}"])

    def test_no_interaction_unless_the_caller_wants_it(self):
        call = ["--allow-interactive-authorization=no", *CHANGE["check"][0]]
        with self.start_busctl("nobody", call) as caller:
            self.assertEqual(self.question()[3], 0)
            self.answer(False)
            self.assertNotEqual(caller.wait(CALL_LIMIT_S), 0)
        self.assertEqual(self.fake.asked(), [])

    def test_fotad_answers_others_meanwhile(self):
        with self.start_busctl("nobody", CHANGE["check"][0]) as caller:
            self.question()
            self.assertIsNone(self.busctl("root", CHANGE["check"][0]))
            self.answer(True)
            self.assertEqual(caller.wait(CALL_LIMIT_S), 0)
        self.assertEqual(self.fake.asked(), [f"check {IMEI}"] * 2)

    def test_a_caller_that_leaves_has_not_called(self):
        with self.start_busctl("nobody", CHANGE["approve"][0]) as caller:
            cancel_id = self.question()[4]
            caller.terminate()
            caller.wait(CALL_LIMIT_S)
        iterate_until(lambda: self.cancelled, "the question's withdrawal")
        self.assertEqual(self.cancelled, [cancel_id])
        self.answer(True)
        self.assertEqual(self.fake.asked(), [])

    def test_polkit_fails(self):
        with self.start_busctl("nobody", CHANGE["check"][0]) as caller:
            self.question()
            self.questions.pop(0)[-1].return_dbus_error("org.example.Broken", "broken")
            self.assertIn(DENIED, caller.communicate(timeout=CALL_LIMIT_S)[1])
        self.assertEqual(self.fake.asked(), [])


if __name__ == "__main__":
    unittest.main()
