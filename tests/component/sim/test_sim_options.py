#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fota-sim's command line: what it refuses, and that manual page and completion know each option."""
import os
import pathlib
import re
import subprocess
import sys
import unittest

SIM = pathlib.Path(sys.argv.pop(1)).resolve()
REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
COMPLETE = """
source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _fota_sim 2>/dev/null
printf '%s\\n' "${COMPREPLY[@]}"
"""


def run(*options):
    return subprocess.run([SIM, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, timeout=60, check=False)


def options(*verb):
    return set(re.findall(r"(?<=  )--[a-z-]+", run(*verb, "--help").stdout)) - {"--help"}


class Options(unittest.TestCase):
    def test_manual_page(self):
        page = (REPOSITORY / "docs/fota-sim.1").read_text()
        described = {f"-{option}" for option in re.findall(r"Fl (-[a-z-]+)", page)}
        self.assertEqual(options() | options("certify"), described)

    def test_refused(self):
        for words, expected in (
                (["--module=nothing"], "no module 'nothing'"),
                (["certfy", "--", "true"], "'certfy' is no option, and no command but certify"),
                (["--module=me910c1-na,imei=1"], "an IMEI has 15 digits"),
                (["--module=mu609,nothing=1"], "mu609,nothing=1: there is no key nothing"),
                ([], "no module; add --module=NAME"),
                (["mu609"], "'mu609' is no option"),
                (["--nothing"], "--nothing"),
                (["--scale=0", "--module=mu609"], "--scale must be above 0"),
                (["--module=mu609,imei=353081090012345"] * 2, "two modules with IMEI"),
                (["--module=mu609"] * 26, "26 modules have 52 ttys for ModemManager"),
                (["--fault=1:mute", "--module=mu609"], "not IMEI:NAME of a module")):
            done = run(*words)
            self.assertEqual(done.returncode, 2, words)
            self.assertIn(expected, done.stderr)


class Certify(unittest.TestCase):
    """What it plays: tests/e2e/test_certify.py."""

    def test_wrong_usage(self):
        for words in ([], ["--time=0", "--", "true"], ["--nonsense", "--", "true"]):
            done = run("certify", *words)
            self.assertEqual((done.returncode, done.stdout), (2, ""), words)
            self.assertIn("fota-sim certify: ", done.stderr)

    def test_without_a_bus(self):
        done = subprocess.run([SIM, "certify", "--", "true"], text=True, capture_output=True,
                              env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": "unix:path=/nowhere"},
                              timeout=60, check=False)
        self.assertEqual((done.returncode, done.stdout), (3, ""))
        self.assertIn("/nowhere", done.stderr)


class Completion(unittest.TestCase):
    def complete(self, *words):
        done = subprocess.run(
            ["bash", "-c", COMPLETE, "bash", REPOSITORY / "sim/fota-sim.bash-completion",
             "fota-sim", *words],
            env={**os.environ, "PATH": f"{SIM.parent}:{os.environ['PATH']}"},
            stdout=subprocess.PIPE, text=True, timeout=60, check=False)
        return done.stdout.split()

    def test_options(self):
        found = {word.rstrip("=") for word in self.complete("--")}
        self.assertEqual(found - {"--help"}, options())

    def test_certify(self):
        self.assertEqual(self.complete("cer"), ["certify"])
        found = {word.rstrip("=") for word in self.complete("certify", "--")}
        self.assertEqual(found - {"--help"}, options("certify"))
        self.assertEqual(self.complete("certify", "--busy-file", "=", ""), [])
        self.assertEqual(self.complete("certify", "--json", "--", "--"), [])

    def test_modules(self):
        self.assertEqual(self.complete("--module", "="),
                         [line.split()[0] for line in run("--list-modules").stdout.splitlines()])
        self.assertEqual(self.complete("--module", "=", "le910-s"), ["le910-svl"])

    def test_files_are_left_to_the_shell(self):
        self.assertEqual(self.complete("--replay", "=", ""), [])


if __name__ == "__main__":
    unittest.main()
