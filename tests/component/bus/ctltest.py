# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of fotactl share: ways to run it."""
import json
import os
import subprocess

from bustest import (CALL_LIMIT_S, IMEI, OFFER, STRICT, BusTest, die_with_parent,
                     make_offer)

FOTACTL = os.environ["FOTACTL"]
OK, FAILED, USAGE, NO_DAEMON, DENIED, NOT_OFFERED, NO_MODULE = range(7)
VERBS = ["list", "status", "check", "plan", "approve", "reject", "defer", "cancel", "rehearse",
         "history", "report", "query", "version", "registration", "monitor", "inhibit"]


class CtlTest(BusTest):
    user = None

    def offer(self):
        self.fake.tell(f"set {IMEI} update {OFFER}")
        self.fake.tell(f"set {IMEI} state 'awaiting-approval'")
        self.fake.asked()

    def ask(self, gate="download", **members):
        """Offers it with other members, at a gate that wants an answer."""
        state = "awaiting-approval" if gate == "download" else "awaiting-install-approval"
        offer = make_offer(gate=f"'{gate}'", **members)
        self.fake.tell(f"set {IMEI} update {offer}")
        self.fake.tell(f"set {IMEI} state '{state}'")
        self.fake.tell(f"offer {IMEI} {gate}")

    def finish(self, result, imei=IMEI, to="30.00.001-B026_FOTA", rehearsal=False):
        details = f"{{'to': <'{to}'>, 'text': <'the reason'>, 'rehearsal': <{str(rehearsal).lower()}>}}"
        self.fake.tell(f"finish {imei} {result} {details}")

    def environment(self):
        return self.bus.environment(**STRICT, TZ="UTC", LC_ALL="C.UTF-8", TERM="xterm", NO_COLOR="1")

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

    def name_on_bus(self, process):
        """fotactl's unique name."""
        for name in self.ask_bus("ListNames"):
            if name.startswith(":") and self.ask_bus("GetConnectionUnixProcessID", "(s)",
                                                     name) == process.pid:
                return name
        raise LookupError(process.pid)

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
