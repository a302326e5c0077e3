# SPDX-License-Identifier: LGPL-2.1-or-later
"""fota-sim certify: the programs of docs/examples react as an application has to, and others do not.

The bench stands for the system of fota-rehearsal, whose `offer` makes the updates.
"""
import json
import os
import re
import subprocess
import unittest

from e2e import SharedBenchTest

from manifest import SigningKey
from privatebus import REPOSITORY
from processes import PATIENCE, STRICT

EXAMPLES = REPOSITORY / "docs/examples"
REACTIONS = ["offered-before", "question", "expired-token", "rejection", "timeout", "deferral",
             "own-deferral", "restart", "failure", "module-timeout", "module-question", "dummy",
             "update"]


OF_A_MODULE_THAT_ASKS = ["module-timeout", "module-question"]


class CertifyTest(SharedBenchTest):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.directory = cls.bench.directory / "rehearsal"
        cls.directory.mkdir()
        (cls.directory / "www").symlink_to(cls.bench.www)
        (cls.directory / "server").write_text(cls.bench.ftp.uri)
        key = SigningKey(cls.directory, "rehearsal")
        keys = cls.bench.config_file.parent / "keys.d"
        (keys / "rehearsal.pub").write_bytes(key.public.read_bytes())
        cls.bench.set_credential("rehearsal", cls.bench.login())
        (cls.directory / "etc").mkdir()
        (cls.directory / "etc/credentials").symlink_to(cls.bench.directory / "credentials")
        cls.bench.config = {
            "Manifest": {"Uri": f"file://{cls.bench.www}/{{imei}}.signed"},
            "Credential rehearsal": {"Servers": cls.bench.ftp.uri.rpartition(":")[0]}}
        cls.busy = cls.bench.directory / "busy"
        for name in ("wanted", "done"):
            os.mkfifo(cls.directory / name)
        cls.wanted = os.open(cls.directory / "wanted", os.O_RDWR | os.O_NONBLOCK)
        cls.done = os.open(cls.directory / "done", os.O_RDWR | os.O_NONBLOCK)
        cls.addClassCleanup(os.close, cls.wanted)
        cls.addClassCleanup(os.close, cls.done)
        cls.bench.start_fotad()
        cls.bench.module().wait_state("idle", "failed")

    def restart_if_wanted(self):
        try:
            os.read(self.wanted, 100)
        except BlockingIOError:
            return
        self.bench.stop_fotad()
        self.bench.start_fotad()
        os.write(self.done, b"done\n")

    def certify(self, *words, seconds=30):
        """Its exit status and its result."""
        build = self.bench.build
        path = f"{build}/sim:{REPOSITORY}/sim:{build}/ctl:/usr/sbin:/usr/bin:/sbin:/bin"
        restart = f"echo now >{self.directory}/wanted && read answer <{self.directory}/done"
        with subprocess.Popen(
                [build / "sim/fota-sim", "certify", f"--time={seconds}", f"--restart={restart}",
                 f"--directory={self.directory}", f"--control={self.bench.directory}/sim/control",
                 *map(str, words)],
                env=self.bench.environment(PATH=path, **STRICT), stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE, text=True) as program:
            def ended():
                self.restart_if_wanted()
                return program.poll() is not None

            self.bench.view.until(ended, 600, "the end of the certification")
            return program.returncode, program.stdout.read()

    def verdicts(self, *words, seconds=30):
        status, said = self.certify("--json", f"--busy-file={self.busy}", "--", *words,
                                    seconds=seconds)
        result = json.loads(said)
        self.assertEqual([r["name"] for r in result["reactions"]], REACTIONS)
        return status, result

    def assert_certified(self, *words):
        status, result = self.verdicts(*words, seconds=30 * PATIENCE)
        self.assertEqual((status, result["verdict"]), (0, "pass"), result)
        return {r["name"] for r in result["reactions"] if r["verdict"] == "pass"}


class Asks(CertifyTest):
    options = {"modules": ("me910c1-asks",), "channel": "reserved"}

    def test_c(self):
        passed = self.assert_certified(self.bench.build / "tests/e2e/approve", self.bench.imei,
                                       self.busy)
        self.assertEqual(passed, set(REACTIONS))


class DoesNotAsk(CertifyTest):
    """What only a module that asks can play is left out."""

    options = {"channel": "reserved"}

    def test_shell(self):
        passed = self.assert_certified(EXAMPLES / "approve.sh", self.bench.imei, self.busy)
        self.assertEqual(passed, set(REACTIONS) - set(OF_A_MODULE_THAT_ASKS))

    def test_python(self):
        self.assert_certified(EXAMPLES / "approve.py", self.busy)

    def test_never_answers(self):
        """Somebody who only listens. Without its file, its own deferral is not played."""
        status, said = self.certify("--", "fotactl", "monitor", seconds=0.5)
        verdicts = {name: verdict for verdict, name
                    in re.findall(r"^(pass|fail|skipped) +(\S+)", said, re.MULTILINE)}
        self.assertEqual(status, 1, said)
        self.assertEqual(verdicts, {
            **dict.fromkeys(REACTIONS, "fail"),
            **dict.fromkeys(["own-deferral", *OF_A_MODULE_THAT_ASKS], "skipped")})
        self.assertIn("no answer within", said)
        self.assertIn("Not certified: 10 reactions were not seen.", said)

    def test_ends_at_once(self):
        """It is started again for each reaction, and each is judged."""
        status, result = self.verdicts("true", seconds=5)
        self.assertEqual(status, 1)
        self.assertIn("the application has ended", result["reactions"][-1]["seen"])


if __name__ == "__main__":
    unittest.main()
