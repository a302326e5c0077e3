# SPDX-License-Identifier: LGPL-2.1-or-later
"""janitor.py DIRECTORY: reads `+PID` and `-PID` lines; at their end kills the process groups that
are left, the newest first, and once their leaders have ended removes DIRECTORY. Started by
processes.py, for processes.py."""
import contextlib
import os
import select
import shutil
import signal
import sys

END_SECONDS = 20

groups = []
for line in sys.stdin:
    if line[0] == "+":
        groups.append(int(line[1:]))
    elif int(line[1:]) in groups:
        groups.remove(int(line[1:]))
leaders = []
for group in reversed(groups):
    with contextlib.suppress(ProcessLookupError):
        leaders.append(os.pidfd_open(group))
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, signal.SIGKILL)
for leader in leaders:
    select.select([leader], [], [], END_SECONDS)
shutil.rmtree(sys.argv[1], ignore_errors=True)
