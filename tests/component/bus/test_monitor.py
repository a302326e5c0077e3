# SPDX-License-Identifier: LGPL-2.1-or-later
"""fotactl that shows what happens: approve --wait and monitor, with a terminal and without."""
import json
import os
import pty
import re
import select
import subprocess
import time
import unittest

from bustest import (CALL_LIMIT_S, IMEI, MODULE, OTHER_IMEI, TOKEN, FakeDaemon, die_with_parent,
                     make_offer, module_path)
from ctltest import FAILED, FOTACTL, OK, CtlTest

LATER_TOKEN = "e" * 32
LATER = f"'{LATER_TOKEN}'"


class Wait(CtlTest):
    """approve --wait without a terminal."""

    def approve(self, *options):
        self.offer()
        process = self.start("approve", "--wait", "--yes", *options)
        self.fake.wait_heard("approve")
        return process

    def test_success(self):
        process = self.approve()
        self.fake.tell(f"set {IMEI} bytes-total uint64 123456")
        self.fake.tell(f"set {IMEI} state 'downloading'")
        self.fake.tell(f"set {IMEI} progress uint32 40")
        self.fake.tell(f"set {IMEI} bytes-received uint64 60000")
        self.fake.tell(f"set {IMEI} progress uint32 41")
        self.fake.tell(f"set {IMEI} next-check uint64 5")  # does not show
        self.finish("success")
        output, _ = process.communicate(timeout=CALL_LIMIT_S)
        self.assertEqual(process.returncode, OK)
        self.assertNotIn("\r", output)
        self.assertRegex(output, r"(?m)^\d\d:\d\d:\d\d  downloading +41 %  60.0 kB of 123.5 kB$")
        self.assertRegex(output.splitlines()[-1], f"{IMEI}  update b026-fota: success")
        # a change that does not show makes no line
        states = [line.split()[1:] for line in output.splitlines()]
        self.assertEqual(len(states), len({tuple(s) for s in states}), output)

    def test_failure(self):
        process = self.approve()
        self.finish("failed")
        self.assertIn("failed, the reason", process.communicate(timeout=CALL_LIMIT_S)[0])
        self.assertEqual(process.returncode, FAILED)

    def test_end_told_by_somebody_else(self):
        process = self.approve()
        name = self.name_on_bus(process)
        subprocess.run(
            ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", "busctl",
             "--system", "emit", f"--destination={name}", module_path(IMEI), MODULE,
             "UpdateFinished", "ssa{sv}", "b026-fota", "success", "0"],
            env=self.bus.environment(), check=True)
        self.finish("failed")
        process.communicate(timeout=CALL_LIMIT_S)
        self.assertEqual(process.returncode, FAILED)

    def test_several_steps(self):
        process = self.approve()
        self.finish("success", to="a version between")
        self.read_until(process, "success")
        self.fake.tell(f"set {IMEI} progress uint32 60")
        self.read_until(process, "60 %")
        self.finish("success")
        process.communicate(timeout=CALL_LIMIT_S)
        self.assertEqual(process.returncode, OK)

    def test_json_is_one_document(self):
        process = self.approve("--json")
        self.finish("success", to="a version between")
        self.fake.tell(f"set {IMEI} state 'downloading'")
        self.finish("success")
        document = json.loads(process.communicate(timeout=CALL_LIMIT_S)[0])
        self.assertEqual(document["details"]["result"], "success")

    def test_second_gate(self):
        process = self.approve()
        self.ask("install", token=LATER)
        self.fake.wait_heard(f"approve {IMEI} {LATER_TOKEN}")
        self.finish("success")
        process.communicate(timeout=CALL_LIMIT_S)
        self.assertEqual(process.returncode, OK)

    def test_answers_no_other_offer(self):
        """Neither what goes first, nor what was answered already and is asked anew."""
        others = {
            "carrier": {"id": "'carrier-1'", "source": "'carrier'", "to": "''"},
            "its second question": {"id": "'carrier-1'", "source": "'carrier'", "to": "''",
                                    "gate": "install"},
            "rehearsal": {"rehearsal": "true"},
            "same update again": {},
        }
        process = self.approve()
        for other in others.values():
            self.ask(token=LATER, **other)
        self.ask("install")
        self.finish("success")
        self.assertEqual(process.communicate(timeout=CALL_LIMIT_S)[1], "")
        self.assertEqual([said for said in self.fake.asked() if LATER_TOKEN in said], [])

    def withdraw(self, error=None, update="{}", state="idle"):
        """As fotad shows it."""
        if error is not None:
            self.fake.tell(f"set {IMEI} last-error {error}")
        self.fake.tell(f"set {IMEI} update {update}")
        self.fake.tell(f"set {IMEI} state '{state}'")

    def test_withdrawn(self):
        """Ends, and answers nothing that comes in its place."""
        ways = {
            "nothing": self.withdraw,
            "expired": lambda: self.withdraw("('ManifestExpired', 'too late')", state="failed"),
            "another": lambda: self.ask(token=LATER, id="'b027'"),
            "same name, other firmware": lambda: self.ask("install", token=LATER, to="'B027'"),
            "same name, vendor": lambda: self.ask("install", token=LATER, source="'vendor'"),
        }
        for name, way in ways.items():
            with self.subTest(name):
                process = self.approve()
                way()
                _, error = process.communicate(timeout=CALL_LIMIT_S)
                self.assertEqual(process.returncode, FAILED)
                self.assertIn("b026-fota is no longer offered", error)
                self.assertEqual("ManifestExpired: too late" in error, name == "expired")
                self.assertEqual([said for said in self.fake.asked() if LATER_TOKEN in said], [])

    def test_withdrawn_json(self):
        process = self.approve("--json")
        self.withdraw()
        document = json.loads(process.communicate(timeout=CALL_LIMIT_S)[0])
        self.assertEqual(document["error"]["name"], "fotactl.Withdrawn")

    def test_what_withdraws_nothing(self):
        process = self.approve()
        for state in ("checking", "absent", "downloading"):
            self.withdraw(state=state)
            self.read_until(process, state)
        self.fake.tell(f"set {IMEI} blockers ['signal']")
        self.withdraw()
        self.read_until(process, "idle")
        self.withdraw(update="{'id': <'b026-fota'>, 'to': <'a version between'>}", state="verifying")
        self.read_until(process, "verifying")
        self.offer()
        self.finish("failed", rehearsal=True)
        self.finish("success")
        self.assertEqual(process.communicate(timeout=CALL_LIMIT_S)[1], "")
        self.assertEqual(process.returncode, OK)

    def test_another_updates_end_is_not_ours(self):
        process = self.approve()
        self.ask(id="'carrier-1'", source="'carrier'", to="''")
        self.finish("failed", to="")
        self.fake.tell(f"set {IMEI} update {make_offer()}")
        self.finish("success")
        process.communicate(timeout=CALL_LIMIT_S)
        self.assertEqual(process.returncode, OK)

    def test_another_modules_end_is_not_ours(self):
        self.fake.tell(f"add {OTHER_IMEI}")
        self.offer()
        process = self.start("approve", "--wait", TOKEN)
        self.fake.wait_heard("approve")
        self.finish("failed", OTHER_IMEI)
        self.finish("success")
        process.communicate(timeout=CALL_LIMIT_S)
        self.assertEqual(process.returncode, OK)


class WaitForRehearsal(CtlTest):
    """rehearse --wait without a terminal."""

    def rehearse(self):
        self.offer()
        process = self.start("rehearse", "--wait", "--yes")
        self.fake.wait_heard("rehearse")
        self.ask(token=LATER, rehearsal="true")
        self.fake.wait_heard(f"approve {IMEI} {LATER_TOKEN}")
        return process

    def test_ends(self):
        for result, status in (("rehearsed", OK), ("expired", FAILED)):
            process = self.rehearse()
            self.finish("success")
            self.finish(result, rehearsal=True)
            process.communicate(timeout=CALL_LIMIT_S)
            self.assertEqual(process.returncode, status)

    def test_answers_no_update(self):
        """Where one is offered instead of the rehearsal: it ends."""
        for other in ({}, {"gate": "install"}, {"rehearsal": "true", "to": "'B027'"}):
            process = self.rehearse()
            self.ask(**other)
            self.assertIn("no longer offered", process.communicate(timeout=CALL_LIMIT_S)[1])
            self.assertEqual(process.returncode, FAILED)
            self.assertEqual([said for said in self.fake.asked() if f"{IMEI} {TOKEN}" in said], [])


class Monitor(CtlTest):
    def test_plain(self):
        process = self.start("monitor")
        self.read_until(process, "idle")
        self.fake.tell(f"set {IMEI} state 'checking'")
        self.read_until(process, "checking")
        self.offer()
        self.fake.tell(f"offer {IMEI} download")
        self.assertIn(TOKEN, self.read_until(process, "approval is required")[-1])
        self.fake.tell(f"set {IMEI} blockers ['window', 'signal']")
        self.fake.tell(f"set {IMEI} state 'scheduled'")
        self.read_until(process, "waits for window, signal")
        self.fake.tell(f"add {OTHER_IMEI}")
        self.read_until(process, OTHER_IMEI)
        self.finish("failed")
        self.read_until(process, "failed")
        self.assertIsNone(process.poll())  # a monitor goes on

    def test_json_lines(self):
        process = self.start("monitor", "--json", IMEI)
        whole = json.loads(process.stdout.readline())
        self.assertEqual((whole["event"], whole["details"]["State"]), ("module", "idle"))
        self.fake.tell(f"set {IMEI} progress uint32 7")
        change = json.loads(process.stdout.readline())
        self.assertEqual((change["event"], change["module"], change["details"]),
                         ("changed", IMEI, {"Progress": 7}))
        self.assertAlmostEqual(change["time"] / 1e6, time.time(), delta=3600)
        self.fake.tell(f"add {OTHER_IMEI}")
        self.fake.tell(f"set {OTHER_IMEI} progress uint32 8")
        self.finish("success")
        rest = [json.loads(line) for line in self.read_until(process, "update-finished")]
        self.assertEqual({e["module"] for e in rest}, {IMEI})
        self.assertEqual(rest[-1]["details"]["result"], "success")

    def test_fotad_leaves_and_returns(self):
        self.fake.tell(f"set {IMEI} state 'checking'")
        process = self.start("monitor")
        self.read_until(process, "checking")
        self.fake.stop()
        self.read_until(process, "has left the bus")
        self.fake = FakeDaemon(self.bus, IMEI)
        self.read_until(process, "idle")  # what it does now, though nobody said it
        self.fake.tell(f"add {OTHER_IMEI}")
        self.read_until(process, OTHER_IMEI)


class Terminal(CtlTest):
    """fotactl on a pseudo terminal."""

    def start_on_terminal(self, *arguments, colour=False):
        environment = self.environment()
        if colour:
            del environment["NO_COLOR"]
        pid, self.terminal = pty.fork()
        if pid == 0:
            die_with_parent()
            os.execve(FOTACTL, [FOTACTL, *arguments], environment)
        self.addCleanup(os.close, self.terminal)
        self.shown = ""
        return pid

    def setUp(self):
        super().setUp()
        self.offer()

    def read_terminal(self, pattern):
        """Reads until the pattern has been shown; None = until the program ends."""
        limit = time.monotonic() + CALL_LIMIT_S
        while pattern is None or not re.search(pattern, self.shown):
            left = limit - time.monotonic()
            self.assertTrue(left > 0 and select.select([self.terminal], [], [], left)[0],
                            f"no {pattern} in {self.shown!r}")
            try:
                self.shown += os.read(self.terminal, 4096).decode()
            except OSError:  # the program has ended
                self.assertIsNone(pattern, self.shown)
                return

    def wait_status(self, pid):
        self.read_terminal(None)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

    def test_yes(self):
        pid = self.start_on_terminal("approve")
        self.read_terminal(r"Carrier certification[^?]*\? \[y/N\] ")
        os.write(self.terminal, b"y\n")
        self.fake.wait_heard("approve")
        self.assertEqual(self.wait_status(pid), OK)

    def test_no(self):
        for answer in (b"\n", b"n\n", b"\x04"):
            pid = self.start_on_terminal("approve")
            self.read_terminal(r"\[y/N\] ")
            os.write(self.terminal, answer)
            self.assertEqual(self.wait_status(pid), FAILED)
        self.assertEqual(self.fake.asked(), [])

    def test_progress_is_redrawn_in_place(self):
        pid = self.start_on_terminal("approve", "--yes", "--wait")
        self.fake.wait_heard("approve")
        self.fake.tell(f"set {IMEI} bytes-total uint64 123456")
        self.fake.tell(f"set {IMEI} state 'downloading'")
        self.fake.tell(f"set {IMEI} bytes-received uint64 60000")
        self.read_terminal("60.0 kB")
        self.fake.tell(f"set {IMEI} progress uint32 50")
        self.read_terminal(r"\rdownloading +\[#{10}-{10}\]  50 %  60.0 kB of 123.5 kB  0:00:\d\d"
                           r"\x1b\[K")
        self.fake.tell(f"set {IMEI} progress uint32 55")
        self.read_terminal("55 %")
        downloading = self.shown[self.shown.index("downloading"):]
        self.assertNotIn("\n", downloading)
        self.fake.tell(f"set {IMEI} state 'installing'")
        self.read_terminal(r"\n\rinstalling")
        self.finish("success")
        self.assertEqual(self.wait_status(pid), OK)
        self.assertIn("success", self.shown)
        self.assertNotIn("\x1b[32m", self.shown)

    def test_time_goes_on_without_a_change(self):
        pid = self.start_on_terminal("approve", "--yes", "--wait")
        self.fake.wait_heard("approve")
        self.read_terminal(r"\b0:00:\d*[1-9]")
        self.finish("success")
        self.assertEqual(self.wait_status(pid), OK)

    def test_colour(self):
        pid = self.start_on_terminal("approve", "--yes", "--wait", colour=True)
        self.fake.wait_heard("approve")
        self.finish("failed")
        self.assertEqual(self.wait_status(pid), FAILED)
        self.assertIn("\x1b[31mfailed\x1b[0m", self.shown)


if __name__ == "__main__":
    unittest.main()
