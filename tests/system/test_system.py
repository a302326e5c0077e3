# SPDX-License-Identifier: LGPL-2.1-or-later
"""All tests of the packages on a booted Debian. Run by tests/system/run, which says where the packages
and the root directory are."""
import time
import unittest

from test_fresh import Fresh  # noqa: F401, each is a test of its own
from test_guides import Guides  # noqa: F401
from test_in_use import InUse  # noqa: F401
from test_uplink import Uplink  # noqa: F401


class Timed(unittest.TextTestResult):
    """It says of each test how long it took."""

    def startTest(self, test):
        self._began = time.monotonic()
        super().startTest(test)

    def stopTest(self, test):
        super().stopTest(test)
        self.stream.writeln(f"    {time.monotonic() - self._began:.0f} s")
        self.stream.flush()


class Runner(unittest.TextTestRunner):
    resultclass = Timed


if __name__ == "__main__":
    unittest.main(testRunner=Runner)
