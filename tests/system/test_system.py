# SPDX-License-Identifier: LGPL-2.1-or-later
"""All tests of the packages on a booted Debian. Run by tests/system/run, which says where the packages
and the root directory are. Each class has machines of its own: without names of tests, all of them are
run side by side, each by a process in a mount namespace of its own."""
import concurrent.futures
import subprocess
import sys
import time
import unittest

from test_fresh import Fresh
from test_guides import Guides
from test_in_use import Disturbed, InUse
from test_uplink import Uplink

CLASSES = (Uplink, Fresh, InUse, Disturbed, Guides)


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


def run(name):
    return subprocess.run(
        ["unshare", "--mount", "--propagation", "private", sys.executable, "-B", __file__, "-v", name],
        text=True, errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, check=False)


def run_all():
    """Returns the exit status."""
    with concurrent.futures.ThreadPoolExecutor(len(CLASSES)) as pool:
        programs = [pool.submit(run, test.__name__) for test in CLASSES]
        for program in concurrent.futures.as_completed(programs):
            print(program.result().stdout, flush=True)
    return max(abs(program.result().returncode) for program in programs)


if __name__ == "__main__":
    if sys.argv[1:]:
        unittest.main(testRunner=Runner)
    sys.exit(run_all())
