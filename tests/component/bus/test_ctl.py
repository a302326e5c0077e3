# SPDX-License-Identifier: LGPL-2.1-or-later
"""fotactl, as a person and as a script meet it."""
import json
import os
import re
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from bustest import (CALL_LIMIT_S, IMEI, OTHER_IMEI, REPOSITORY, TOKEN, FakeDaemon,
                     polkit_possible)
from ctltest import (DENIED, FAILED, FOTACTL, NO_DAEMON, NO_MODULE, NOT_OFFERED, OK, USAGE, VERBS,
                     CtlTest)


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

    def test_question_of_the_module(self):
        """It often does not tell where it leads, and is an offer all the same."""
        self.fake.tell(f"set {IMEI} update {{'source': <'module'>, 'from': <'A'>, "
                       f"'token': <'{TOKEN}'>}}")
        self.assertEqual(self.ctl("list").splitlines()[1].split()[-2:], ["(not", "told)"])
        self.assertIn("A -> (not told)", self.ctl("status"))

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
                       "<uint64 1609459200000000>, 'service-before': <{'registered': <true>, "
                       "'operator': <'311480'>, 'technology': <'lte'>}>, 'service-after': "
                       "<{'registered': <false>}>}, {'id': <'a'>, 'result': <'failed'>, 'error': "
                       "<'NoSignal'>, 'text': <'too weak'>, 'service-before': <{'registered': <true>}>, "
                       "'service-after': <{'registered': <true>, 'operator': <'26201'>}>}]")
        head, first, second = self.ctl("history").splitlines()
        self.assertIn("2021-01-01 00:00:00", first)
        self.assertIn("home on 311480 lte -> not registered", first)
        self.assertRegex(second, "  home -> home on 26201 +NoSignal: too weak")
        self.assertEqual([e["id"] for e in self.json("history", "--max=1")], ["b"])

    def test_report(self):
        report = {"imei": IMEI, "model": "M", "version": "B", "reports": [
            {"update": "u", "from": "A", "to": "B", "result": "success", "error": "", "text": "",
             "finished": "2026-11-27T22:00:00Z", "steps": [
                 {"step": "install", "time": "2026-11-27T21:59:00Z", "result": "done"},
                 {"step": "end", "time": "2026-11-27T22:00:00Z", "result": "success"}]}]}
        self.assertEqual(self.json("report"), [{}])
        self.assertIn("No update", self.ctl("report", IMEI))
        self.fake.tell(f"set {IMEI} report '{json.dumps(report)}'")
        self.assertEqual(self.ctl("report", "--csv"),
                         "imei,model,version,updated,last-result,last-end\n"
                         f"{IMEI},M,B,2026-11-27T22:00:00Z,success,2026-11-27T22:00:00Z\n")
        head, row = self.ctl("report").splitlines()
        self.assertEqual(head.split()[0], "IMEI")
        self.assertEqual(row.split()[:3], [IMEI, "M", "B"])
        self.assertEqual(self.ctl("report", "--csv", IMEI).splitlines()[1:],
                         ["u,A,B,install,2026-11-27T21:59:00Z,done,",
                          "u,A,B,end,2026-11-27T22:00:00Z,success,"])
        self.assertEqual(self.json("report", IMEI), report)
        self.ctl("report", "--csv", "--json", status=USAGE)
        self.ctl("history", "--csv", status=USAGE)

    def test_query(self):
        self.assertIn("+15551234567", self.ctl("query"))
        self.assertEqual(self.json("query")["imsi"], "001010123456789")
        self.assertEqual(self.ctl("version"), "30.00.001-B026\n")
        self.assertEqual(self.json("version"), {"module": IMEI, "version": "30.00.001-B026"})

    def test_registration(self):
        self.assertIn("+15551234567", self.ctl("registration"))
        self.assertEqual(self.json("registration")["gprs"], "YES")
        self.assertEqual(self.ctl("registration", "--csv"),
                         f"{IMEI};+15551234567;;;;;;;;;;YES;;\n")
        self.fake.tell(f"set {IMEI} password 'se;cret'")
        self.ctl("registration", "--csv", status=FAILED)
        self.assertIn("password", self.stderr)
        self.assertNotIn("se;cret", self.stderr)

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
        self.ctl("rehearse", "--yes", status=USAGE)
        self.assertIn("--wait", self.stderr)
        self.ctl("rehearse")
        self.assertEqual(self.fake.asked(), [f"rehearse {IMEI}"])
        self.fake.tell(f"set {IMEI} state 'absent'")
        self.ctl("rehearse", status=NO_MODULE)


class Inhibit(CtlTest):
    def test_until_it_is_stopped(self):
        for how in (signal.SIGINT, signal.SIGTERM):
            process = self.start("inhibit", "--who=me", "--why=because")
            self.fake.wait_heard("inhibit me: because")
            self.read_until(process, "Updates are inhibited")
            process.send_signal(how)
            self.fake.wait_heard("uninhibit")
            self.assertEqual(process.wait(CALL_LIMIT_S), OK)

    def test_while_a_command_runs(self):
        process = self.start("inhibit", "--why=because", "--", "sh", "-c", "echo here; exit 7")
        self.read_until(process, "here")
        self.fake.wait_heard("uninhibit")
        self.assertEqual(process.wait(CALL_LIMIT_S), 7)

    def test_while_a_command_runs_that_is_killed(self):
        process = self.start("inhibit", "--", "sh", "-c", "kill -TERM $$")
        self.assertEqual(process.wait(CALL_LIMIT_S), 128 + signal.SIGTERM)

    def test_command_that_is_not_there(self):
        self.ctl("inhibit", "--", "/no/such/command", status=FAILED)
        self.fake.wait_heard("uninhibit")

    def test_fotad_ends_meanwhile(self):
        process = self.start("inhibit")
        self.read_until(process, "Updates are inhibited")
        self.stop_fake()
        self.assertEqual(process.wait(CALL_LIMIT_S), NO_DAEMON)

    def test_fotad_restarts_while_a_command_runs(self):
        with tempfile.TemporaryDirectory() as directory:
            end = Path(directory, "end")
            os.mkfifo(end)
            process = self.start("inhibit", "--who=me", "--why=because", "--", "sh", "-c",
                                 f"echo here; read word < {end}")
            self.read_until(process, "here")
            self.stop_fake()
            self.fake = FakeDaemon(self.bus)
            try:
                self.fake.wait_heard("inhibit me: because")
            finally:
                end.write_text("\n")
            self.assertEqual(process.wait(CALL_LIMIT_S), OK)
            self.fake.wait_heard("uninhibit")


    def test_bus_restarts_while_a_command_runs(self):
        """It takes fotad with it."""
        with tempfile.TemporaryDirectory() as directory:
            end = Path(directory, "end")
            os.mkfifo(end)
            process = self.start("inhibit", "--who=me", "--why=because", "--", "sh", "-c",
                                 f"echo here; read word < {end}")
            self.read_until(process, "here")
            self.bus.stop_bus()
            self.fake.stop()
            self.assertIn("are not inhibited", process.stderr.readline())
            self.bus.start_bus()
            self.fake = FakeDaemon(self.bus)
            try:
                self.fake.wait_heard("inhibit me: because")
            finally:
                end.write_text("\n")
            self.assertEqual(process.wait(CALL_LIMIT_S), OK)
            self.fake.wait_heard("uninhibit")


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

    def test_wrong_use_is_named(self):
        for arguments, said in ((["list", "--yes"], "list does not take --yes."),
                                (["status", "--csv"], "status does not take --csv."),
                                (["report", "--csv", "--json"], "--csv or --json, not both"),
                                (["list", "extra"], "usage: fotactl list."),
                                (["defer"], "usage: fotactl defer DURATION [TOKEN].")):
            self.ctl(*arguments, status=USAGE)
            self.assertIn(said, self.stderr)

    def test_wrong_use_json(self):
        for arguments in (["list", "--no-such-option", "--json"], ["--json", "list", "--max"],
                          ["history", "--max=0", "--json"], ["no-such-verb", "--json"]):
            answer = json.loads(self.ctl(*arguments, status=USAGE))
            self.assertEqual(answer["error"]["name"], "fotactl.Usage")

    def test_output_is_lost(self):
        for arguments in (["list"], ["status", "--json"], ["--help"]):
            with open("/dev/full", "wb") as full:
                done = subprocess.run(self.command(arguments), env=self.environment(), stdout=full,
                                      stderr=subprocess.PIPE, timeout=CALL_LIMIT_S)
            self.assertEqual(done.returncode, FAILED, arguments)
            self.assertIn(b"could not be written", done.stderr)

    def test_output_is_not_wanted(self):
        done = subprocess.run(["sh", "-c", 'exec "$0" "$@" >&-', *self.command(["check"])],
                              env=self.environment(), timeout=CALL_LIMIT_S)
        self.assertEqual(done.returncode, OK)

    def test_without_fotad(self):
        self.stop_fake()
        for verb in VERBS:
            self.ctl(verb, *(["1h"] if verb == "defer" else []), status=NO_DAEMON)
        self.assertIn("error", self.json("list", status=NO_DAEMON))

    def test_words_are_read_before_fotad_is_asked(self):
        self.stop_fake()
        for words in (["defer", "soon"], ["check", "--all", IMEI], ["status", "--module=ttyUSB2"],
                      ["reject", b"--reason=\xff"], ["inhibit", b"--who=\xff"]):
            self.assertEqual(self.json(*words, status=USAGE)["error"]["name"], "fotactl.Usage",
                             words)

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
        self.assertEqual(self.complete("--json", "re"),
                         ["reject", "rehearse", "report", "registration"])

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
                     ["rehearse"], ["query"], ["report"], ["report", IMEI], ["registration"],
                     ["inhibit"], ["check", "--all"]):
            self.assertEqual(self.json(*verb, status=DENIED)["error"]["name"],
                             "org.freedesktop.DBus.Error.AccessDenied")
            self.assertIn("polkit", self.stderr)
        self.assertEqual(self.fake.asked(), [])


if __name__ == "__main__":
    unittest.main()
