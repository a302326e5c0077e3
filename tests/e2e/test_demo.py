# SPDX-License-Identifier: LGPL-2.1-or-later
"""What ./demo says of itself, and the bench's promise to leave nothing behind."""
import contextlib
import pathlib
import signal
import subprocess
import sys
import unittest

import e2e
from bench import default_build
from models import MODELS
from privatebus import REPOSITORY

LIB = pathlib.Path(e2e.__file__).resolve().parents[1] / "lib"
# The part of ./demo after the build.
COMMAND = [sys.executable, LIB / "demo.py", f"--build={default_build()}", "--yes"]

KILLED = """\
import os, signal
from bench import Bench
bench = Bench(modemmanager=False).__enter__()
bench.start_fotad()
print(bench.directory, *(p.pid for p in (bench.fotad, bench.sim.program, bench.ftp._program)))
os.kill(os.getpid(), signal.{signal})
"""


class Help(unittest.TestCase):
    def test_names_every_module(self):
        told = subprocess.run([REPOSITORY / "demo", "--help"], check=True, capture_output=True,
                              text=True).stdout
        simulated = subprocess.run([default_build() / "sim/fota-sim",
                                    "--list-modules"], check=True, capture_output=True,
                                   text=True).stdout
        for name in MODELS:
            self.assertIn(name, told)
            self.assertIn(name, simulated)

    def test_unknown_option(self):
        """It is told before anything is installed or built."""
        ended = subprocess.run([REPOSITORY / "demo", "--yes", "--nonsense"], capture_output=True,
                               text=True, check=False)
        self.assertEqual((ended.returncode, ended.stdout), (2, ""))
        self.assertEqual(ended.stderr,
                         "./demo: there is no option --nonsense; --help lists them\n")

    def test_wrong_option(self):
        ended = subprocess.run([sys.executable, LIB / "demo.py", f"--build={default_build()}",
                                "--module=nonsense", "--yes"], capture_output=True, check=False)
        self.assertEqual(ended.returncode, 2)


class Runs(unittest.TestCase):
    def test_keep(self):
        """Updates the module, and says how to reach what it leaves running until ^C."""
        demo = subprocess.Popen([*COMMAND, "--keep"], stdout=subprocess.PIPE, text=True)
        output = []
        for line in demo.stdout:
            output.append(line)
            if line.startswith("export "):
                break
        said = "".join(output)
        self.assertIn("update b026-fota: success", said)
        self.assertIn("After:  30.00.001-B026_FOTA", said)
        listed = subprocess.run(f"{output[-1]}fotactl list --json", shell=True, check=True,
                                capture_output=True, text=True).stdout
        self.assertIn("30.00.001-B026_FOTA", listed)
        demo.send_signal(signal.SIGINT)
        demo.communicate()
        self.assertEqual(demo.returncode, 130)

    def test_module_asks(self):
        """A module asks, an application approves, and the report has the result."""
        ended = subprocess.run([*COMMAND, "--module=me910c1-asks"], stdout=subprocess.PIPE,
                               text=True, check=False)
        self.assertEqual(ended.returncode, 0, ended.stdout)
        for said in ("#OTAEV: Do you want to upgrade the firmware?", "awaiting-approval",
                     "353081090012345: success", "After:  30.00.001-B026_FOTA"):
            self.assertIn(said, ended.stdout)
        report = ended.stdout.partition("$ fotactl report")[2]
        self.assertRegex(report, "module-.*success")

    def test_failure(self):
        ended = subprocess.run([*COMMAND, "--fault=ftp-login"], stdout=subprocess.PIPE,
                               text=True, check=False)
        self.assertEqual(ended.returncode, 1, ended.stdout)
        self.assertIn("DeltaLoginRefused", ended.stdout)
        self.assertNotIn("After:", ended.stdout)


class Insured(unittest.TestCase):
    def test_insured(self):
        """A new firmware without service, and the way back."""
        ended = subprocess.run([*COMMAND, "--insured"], stdout=subprocess.PIPE, text=True,
                               check=False)
        self.assertEqual(ended.returncode, 0, ended.stdout)
        for said in ("37.00.214-P0C.210001 -> 37.00.215-P0C.210002", "b026-fota: restored",
                     "had no service", "Now:    37.00.214-P0C.210001"):
            self.assertIn(said, ended.stdout)


class LeavesNothing(unittest.TestCase):
    """However the process ends that runs the bench."""

    def killed_by(self, name):
        ended = subprocess.run([sys.executable, "-c", KILLED.format(signal=name)], cwd=LIB,
                               stdout=subprocess.PIPE, text=True, check=False)
        self.assertEqual(ended.returncode, -getattr(signal, name))
        directory, *pids = ended.stdout.split()
        # The janitor was the last to hold the bench's pipe; subprocess.run() has seen it close.
        self.assertFalse(pathlib.Path(directory).exists())
        for pid in pids:
            # One that has ended may wait to be collected, and go while it is looked at.
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                self.assertIn("State:\tZ", pathlib.Path(f"/proc/{pid}/status").read_text())

    def test_sigkill(self):
        self.killed_by("SIGKILL")

    def test_sigterm(self):
        self.killed_by("SIGTERM")


if __name__ == "__main__":
    unittest.main()
