# SPDX-License-Identifier: LGPL-2.1-or-later
"""bash completes fotactl: verbs, options, the IMEIs that are there, and the tokens on offer."""
import os
import re
import subprocess
import unittest

from bustest import CALL_LIMIT_S, IMEI, OTHER_IMEI, REPOSITORY, TOKEN
from ctltest import FOTACTL, VERBS, CtlTest

SCRIPT = """\
set -u
. "$1"
complete -p fotactl
shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMP_LINE="$*" COMP_POINT=${#COMP_LINE}
_fotactl fotactl "${@: -1}" "${@: -2:1}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


class Completion(CtlTest):
    def complete(self, *words):
        """What bash offers for the last word of a command line."""
        done = subprocess.run(
            ["bash", "-c", SCRIPT, "bash", REPOSITORY / "ctl/fotactl.bash-completion", "fotactl",
             *words], env={**self.environment(), "PATH": f"{os.path.dirname(FOTACTL)}:/usr/bin:/bin"},
            text=True, capture_output=True, timeout=CALL_LIMIT_S, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        registered, *offered = done.stdout.splitlines()
        self.assertIn("-F _fotactl fotactl", registered)
        return [word for word in offered if word]

    def test_verbs(self):
        self.assertEqual(self.complete(""), VERBS)
        self.assertEqual(self.complete("re"), ["reject", "rehearse", "report", "registration"])
        self.assertEqual(self.complete("--json", "his"), ["history"])

    def test_verbs_are_those_of_the_program(self):
        told = subprocess.run([FOTACTL, "--help"], text=True, capture_output=True, check=True).stdout
        self.assertEqual(set(re.findall(r"^  ([a-z]+)(?: |$)", told, re.MULTILINE)), set(VERBS))

    def test_options(self):
        """Each that is offered is one of the program, and each of the program is offered."""
        told = subprocess.run([FOTACTL, "--help"], text=True, capture_output=True, check=True).stdout
        known = set(re.findall(r"--[a-z]+", told))
        offered = {option.rstrip("=") for verb in VERBS for option in self.complete(verb, "--")}
        self.assertLessEqual(offered, known)
        self.assertEqual(known - offered, set())
        self.assertIn("--reason=", self.complete("reject", "--r"))
        self.assertNotIn("--all", self.complete("plan", "--"))

    def test_imeis(self):
        self.fake.tell(f"add {OTHER_IMEI}")
        for verb in ("status", "check", "plan", "rehearse", "history", "query", "version",
                     "registration", "monitor"):
            self.assertEqual(self.complete(verb, ""), [IMEI, OTHER_IMEI], verb)
        self.assertEqual(self.complete("status", OTHER_IMEI[:12]), [OTHER_IMEI])
        self.assertEqual(self.complete("approve", "--module", ""), [IMEI, OTHER_IMEI])
        self.assertEqual(self.complete("list", ""), [])

    def test_tokens(self):
        self.assertEqual(self.complete("approve", ""), [])
        self.offer()
        for verb in ("approve", "reject", "cancel"):
            self.assertEqual(self.complete(verb, ""), [TOKEN], verb)
        self.assertEqual(self.complete("defer", TOKEN[:4]), [TOKEN])
        self.assertIn("4h", self.complete("defer", ""))

    def test_a_command_of_ones_own(self):
        self.assertEqual(self.complete("inhibit", "--", ""), [])

    def test_without_fotad(self):
        self.stop_fake()
        self.assertEqual(self.complete("status", ""), [])


if __name__ == "__main__":
    unittest.main()
