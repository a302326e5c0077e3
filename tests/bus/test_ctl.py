# SPDX-License-Identifier: LGPL-2.1-or-later
"""fotactl, as a person and as a script meet it."""
import json
import os
import pty
import re
import select
import signal
import subprocess
import time
import unittest

from bustest import (CALL_LIMIT_S, IMEI, OFFER, OTHER_IMEI, REPOSITORY, TOKEN, BusTest,
                     die_with_parent, polkit_possible)

FOTACTL = os.environ["FOTACTL"]
OK, FAILED, USAGE, NO_DAEMON, DENIED, NOT_OFFERED, NO_MODULE = range(7)
VERBS = ["list", "status", "check", "plan", "approve", "reject", "defer", "cancel", "rehearse",
         "history", "query", "monitor", "inhibit"]


class CtlTest(BusTest):
    user = None

    def setUp(self):
        if os.geteuid() != 0:
            self.skipTest("needs root: there is no polkit on this bus")
        super().setUp()

    def offer(self):
        self.fake.tell(f"set {IMEI} update {OFFER}")
        self.fake.tell(f"set {IMEI} state 'awaiting-approval'")
        self.fake.asked()

    def finish(self, result, imei=IMEI, to="30.00.001-B026_FOTA"):
        self.fake.tell(f"finish {imei} {result} {{'to': <'{to}'>, 'text': <'the reason'>}}")

    def environment(self):
        return self.bus.environment(TZ="UTC", LC_ALL="C.UTF-8", TERM="xterm", NO_COLOR="1")

    def command(self, arguments):
        as_user = ["setpriv", "--reuid", self.user, "--clear-groups"] if self.user else []
        return [*as_user, FOTACTL, *arguments]

    def ctl(self, *arguments, status=OK):
        """Runs fotactl without a terminal; its standard output."""
        done = subprocess.run(self.command(arguments), env=self.environment(), text=True,
                              timeout=CALL_LIMIT_S, stdin=subprocess.DEVNULL, capture_output=True)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        self.assertEqual(bool(done.stderr), status != OK, done.stderr)
        self.stderr = done.stderr
        return done.stdout

    def json(self, *arguments, status=OK):
        return json.loads(self.ctl("--json", *arguments, status=status))

    def start(self, *arguments):
        process = subprocess.Popen(self.command(arguments), env=self.environment(), text=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, preexec_fn=die_with_parent)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def read_until(self, process, text):
        """The lines up to the one with the text in it."""
        lines = []
        for line in iter(process.stdout.readline, ""):
            lines.append(line)
            if text in line:
                return lines
        self.fail(f"no '{text}' in {lines}, {process.stderr.read()}")


class Show(CtlTest):
    def test_list(self):
        self.fake.tell(f"add {OTHER_IMEI}")
        self.offer()
        head, first, second = self.ctl("list").splitlines()
        self.assertEqual(head.split(), ["IMEI", "MODEL", "FIRMWARE", "STATE", "OFFERED"])
        self.assertEqual(first.split(), [IMEI, "ME910C1-NA", "30.00.001-B026", "awaiting-approval",
                                         "30.00.001-B026_FOTA"])
        self.assertEqual(first.index("awaiting"), head.index("STATE"))
        self.assertIn(OTHER_IMEI, second)
        self.assertEqual([m["Imei"] for m in self.json("list")], [IMEI, OTHER_IMEI])

    def test_status(self):
        self.offer()
        self.fake.tell(f"set {IMEI} last-check uint64 1609459200000000")
        self.fake.tell(f"set {IMEI} last-error ('NoSignal', 'There is no signal')")
        text = self.ctl("status")
        for part in (IMEI, "Telit", "awaiting-approval", "NoSignal: There is no signal",
                     "Carrier certification", "5 min", TOKEN, "2021-01-01 00:00:00 (", " ago)"):
            self.assertIn(part, text)
        status = self.json("status", IMEI)
        self.assertEqual(status["LastError"], ["NoSignal", "There is no signal"])
        self.assertEqual(status["LastCheck"], 1609459200000000)
        self.assertEqual(status["Update"]["token"], TOKEN)

    def test_text_from_afar_does_not_reach_the_terminal_raw(self):
        self.fake.tell(f"set {IMEI} last-error ('TransferFailed', '530 \x1b[2J\x1b]0;no')")
        self.assertNotIn("\x1b", self.ctl("status"))

    def test_plan(self):
        self.assertIn("window", self.ctl("plan"))
        self.assertEqual(self.json("plan"), {"imei": IMEI, "blockers": ["window"]})

    def test_history(self):
        self.assertIn("No update", self.ctl("history"))
        self.fake.tell(f"set {IMEI} history [{{'id': <'b'>, 'result': <'success'>, 'finished': "
                       "<uint64 1609459200000000>}, {'id': <'a'>, 'result': <'failed'>, 'error': "
                       "<'NoSignal'>, 'text': <'too weak'>}]")
        head, first, second = self.ctl("history").splitlines()
        self.assertIn("2021-01-01 00:00:00", first)
        self.assertIn("NoSignal: too weak", second)
        self.assertEqual([e["id"] for e in self.json("history", "--max=1")], ["b"])

    def test_query(self):
        self.assertIn("+15551234567", self.ctl("query"))
        self.assertEqual(self.json("query")["imsi"], "001010123456789")

    def test_several_modules(self):
        self.fake.tell(f"add {OTHER_IMEI}")
        self.ctl("status", status=USAGE)
        self.assertIn(IMEI, self.stderr)
        self.assertIn(OTHER_IMEI, self.stderr)
        self.assertEqual(self.json("status", "--module", OTHER_IMEI)["Imei"], OTHER_IMEI)
        self.assertEqual(self.json("status", OTHER_IMEI)["Imei"], OTHER_IMEI)

    def test_unknown_module(self):
        self.ctl("status", OTHER_IMEI, status=NO_MODULE)
        self.assertIn(IMEI, self.stderr)


class Decide(CtlTest):
    def setUp(self):
        super().setUp()
        self.offer()

    def test_check(self):
        self.ctl("check")
        self.assertEqual(self.json("check", IMEI), {"module": IMEI, "done": "Check"})
        self.ctl("check", "--all")
        self.ctl("check", "--all", IMEI, status=USAGE)
        self.assertEqual(self.fake.asked(), [f"check {IMEI}"] * 2 + ["check all"])

    def test_approve(self):
        self.ctl("approve", TOKEN)
        self.assertEqual(self.json("approve", "--yes"), {"module": IMEI, "done": "Approve"})
        self.assertEqual(self.fake.asked(), [f"approve {IMEI} {TOKEN}"] * 2)

    def test_a_token_says_which_module(self):
        self.fake.tell(f"add {OTHER_IMEI}")
        self.ctl("approve", TOKEN)
        self.ctl("approve", "f" * 32, status=NOT_OFFERED)
        self.assertEqual(self.fake.asked(), [f"approve {IMEI} {TOKEN}"])

    def test_nobody_to_ask(self):
        self.ctl("approve", status=USAGE)
        self.assertIn(TOKEN, self.stderr)
        self.assertEqual(self.json("approve", status=USAGE)["error"]["name"], "fotactl.Usage")
        self.assertEqual(self.fake.asked(), [])

    def test_stale_token(self):
        error = self.json("approve", "f" * 32, status=NOT_OFFERED)["error"]
        self.assertEqual(error["name"], "org.fotad.Fota1.Error.StaleToken")
        self.assertIn(error["message"], self.stderr)

    def test_nothing_offered(self):
        self.fake.tell(f"set {IMEI} update {{}}")
        for verb in (["approve", "--yes"], ["reject"], ["cancel"], ["defer", "1h"]):
            self.ctl(*verb, status=NOT_OFFERED)

    def test_reject(self):
        self.ctl("reject", "--reason=not today")
        self.assertEqual(self.fake.asked(), [f"reject {IMEI} {TOKEN} not today"])

    def test_defer(self):
        self.ctl("defer", "1h")
        self.ctl("defer", "90", TOKEN)
        self.ctl("defer", "8d", status=FAILED)
        self.ctl("defer", "soon", status=USAGE)
        self.ctl("defer", status=USAGE)
        self.assertEqual(self.fake.asked(),
                         [f"defer {IMEI} {TOKEN} 3600", f"defer {IMEI} {TOKEN} 90"])

    def test_cancel(self):
        self.ctl("cancel")
        self.fake.tell(f"set {IMEI} state 'installing'")
        error = self.json("cancel", status=FAILED)["error"]
        self.assertEqual(error["name"], "org.fotad.Fota1.Error.NotCancellable")
        self.assertEqual(self.fake.asked(), [f"cancel {IMEI} {TOKEN}"])

    def test_rehearse(self):
        self.ctl("rehearse")
        self.assertEqual(self.fake.asked(), [f"rehearse {IMEI}"])
        self.fake.tell(f"set {IMEI} state 'absent'")
        self.ctl("rehearse", status=NO_MODULE)


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
        self.fake.tell(f"set {IMEI} update {OFFER.replace(TOKEN, 'e' * 32)}")
        self.fake.tell(f"set {IMEI} state 'awaiting-install-approval'")
        self.fake.tell(f"offer {IMEI} install")
        self.fake.wait_heard(f"approve {IMEI} {'e' * 32}")
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


class Monitor(CtlTest):
    def test_plain(self):
        process = self.start("monitor")
        self.read_until(process, "idle")
        self.fake.tell(f"set {IMEI} state 'checking'")
        self.read_until(process, "checking")
        self.offer()
        self.fake.tell(f"offer {IMEI} download")
        self.assertIn(TOKEN, self.read_until(process, "approval is wanted")[-1])
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
        process = self.start("monitor")
        self.read_until(process, "idle")
        self.fake.stop()
        self.read_until(process, "has left the bus")
        self.fake = type(self.fake)(self.bus)
        self.fake.tell(f"add {IMEI}")
        self.read_until(process, "again")
        self.fake.tell(f"set {IMEI} state 'checking'")
        self.read_until(process, "checking")


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
        while pattern is None or not re.search(pattern, self.shown):
            self.assertTrue(select.select([self.terminal], [], [], CALL_LIMIT_S)[0],
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
        self.read_terminal("0:00:01")
        self.finish("success")
        self.assertEqual(self.wait_status(pid), OK)

    def test_colour(self):
        pid = self.start_on_terminal("approve", "--yes", "--wait", colour=True)
        self.fake.wait_heard("approve")
        self.finish("failed")
        self.assertEqual(self.wait_status(pid), FAILED)
        self.assertIn("\x1b[31mfailed\x1b[0m", self.shown)


class Inhibit(CtlTest):
    def test_until_it_is_stopped(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            process = self.start("inhibit", "--who=me", "--why=because")
            self.fake.wait_heard("inhibit me: because")
            self.read_until(process, "No update is started")
            process.send_signal(how)
            self.fake.wait_heard("uninhibit")
            self.assertEqual(process.wait(CALL_LIMIT_S), OK)

    def test_while_a_command_runs(self):
        process = self.start("inhibit", "--why=because", "--", "sh", "-c", "echo here; exit 7")
        self.read_until(process, "here")
        self.fake.wait_heard("uninhibit")
        self.assertEqual(process.wait(CALL_LIMIT_S), 7)

    def test_command_that_is_not_there(self):
        self.ctl("inhibit", "--", "/no/such/command", status=FAILED)
        self.fake.wait_heard("uninhibit")

    def test_fotad_ends_meanwhile(self):
        process = self.start("inhibit")
        self.read_until(process, "No update is started")
        self.stop_fake()
        self.assertEqual(process.wait(CALL_LIMIT_S), NO_DAEMON)


class CommandLine(CtlTest):
    def test_help_names_everything(self):
        text = self.ctl("--help")
        for word in [*VERBS, "--json", "--module", "--yes", "--wait", "Exit status"]:
            self.assertIn(word, text)

    def test_version(self):
        self.assertRegex(self.ctl("--version"), r"^fotactl \d+\.\d+")

    def test_wrong_use(self):
        for arguments in ([], ["no-such-verb"], ["list", "extra"], ["status", "--all"],
                          ["--no-such-option"], ["history", "--max=0"], ["history", "--max=x"],
                          ["approve", "a", "b"], ["check", "--yes"]):
            self.ctl(*arguments, status=USAGE)

    def test_without_fotad(self):
        self.stop_fake()
        for verb in VERBS:
            self.ctl(verb, *(["1h"] if verb == "defer" else []), status=NO_DAEMON)
        self.assertIn("error", self.json("list", status=NO_DAEMON))

    def test_without_a_bus(self):
        done = subprocess.run([FOTACTL, "list"], capture_output=True, timeout=CALL_LIMIT_S,
                              env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/no/such"})
        self.assertEqual(done.returncode, NO_DAEMON)

    def test_manual_and_completion_know_all_verbs(self):
        manual = (REPOSITORY / "docs" / "fotactl.1").read_text()
        completion = (REPOSITORY / "ctl" / "fotactl.bash-completion").read_text()
        for verb in VERBS:
            self.assertRegex(manual, rf"(?m)^\.It Cm {verb}\b")
            self.assertRegex(completion, rf"\b{verb}\b")
        for option in re.findall(r"--[a-z]+", self.ctl("--help")):
            self.assertIn(f"Fl -{option[2:]}", manual)
            self.assertIn(option, completion)


class Completion(CtlTest):
    def complete(self, *words):
        """What completes the last word."""
        script = ('source "$0"; COMP_WORDS=(fotactl "$@"); COMP_CWORD=$#; _fotactl; '
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        done = subprocess.run(
            ["bash", "-c", script, REPOSITORY / "ctl" / "fotactl.bash-completion", *words],
            env=self.environment(), text=True, timeout=CALL_LIMIT_S, capture_output=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.split()

    def test_verbs(self):
        self.assertEqual(self.complete(""), VERBS)
        self.assertEqual(self.complete("--json", "re"), ["reject", "rehearse"])

    def test_from_the_bus(self):
        self.offer()
        self.assertEqual(self.complete("status", ""), [IMEI])
        self.assertEqual(self.complete("approve", "01"), [TOKEN])
        self.assertEqual(self.complete("approve", "--module", ""), [IMEI])

    def test_options(self):
        self.assertEqual(self.complete("list", "--"), ["--json", "--help", "--version"])
        self.assertIn("--max=", self.complete("history", "--"))
        self.assertEqual(self.complete("inhibit", "--", ""), [])

    def test_without_fotad(self):
        self.stop_fake()
        self.assertEqual(self.complete("status", ""), [])


@unittest.skipUnless(polkit_possible(), "polkitd with our actions needs root and mount namespaces")
class Unprivileged(CtlTest):
    polkit = True
    user = "nobody"

    def test_may_look(self):
        self.offer()
        for verb in ("list", "status", "plan", "history"):
            self.ctl(verb)

    def test_may_not_touch(self):
        self.offer()
        for verb in (["check"], ["approve", "--yes"], ["reject"], ["defer", "1h"], ["cancel"],
                     ["rehearse"], ["query"], ["inhibit"], ["check", "--all"]):
            self.assertEqual(self.json(*verb, status=DENIED)["error"]["name"],
                             "org.freedesktop.DBus.Error.AccessDenied")
            self.assertIn("polkit", self.stderr)
        self.assertEqual(self.fake.asked(), [])


if __name__ == "__main__":
    unittest.main()
