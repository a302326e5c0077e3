# SPDX-License-Identifier: LGPL-2.1-or-later
"""A module that has all of its ttys and answers on none of them, from the beginning."""
import re
import unittest

from e2e import BenchTest


class MuteFromTheBeginning(BenchTest):
    options = {"channel": "port", "config": {"FirstAid": {"Rungs": "safe"}}}

    def test_told_to_restart(self):
        """It can be told something although it does not answer, and what it is told arrives."""
        module = self.offer(retry={"maxAttempts": 1})
        self.bench.fault("hung,on=+CMEE")
        since = module.mark()
        module.approve()
        _, result, details = module.wait_finished(since, 300)
        self.assertEqual((result, details["error"]), ("failed", "ModuleSilent"), details)
        rungs = re.findall(r"first aid, ([a-z-]+): begins", self.bench.log())
        self.assertEqual(rungs, ["at-again", "other-port", "cfun"])
        sent = [line.text for line in self.bench.transcript()
                if line.mark == ">"]
        self.assertIn("AT+CFUN=1,1", sent)
        self.assertIn("mute-module of first-aid.md", details["text"])


if __name__ == "__main__":
    unittest.main()
