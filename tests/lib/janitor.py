# SPDX-License-Identifier: LGPL-2.1-or-later
"""janitor.py DIRECTORY: reads `+PID` and `-PID` lines; at their end kills the process groups that
are left, the newest first, and removes DIRECTORY. Started by processes.py, for processes.py."""
import os
import shutil
import signal
import sys

groups = []
for line in sys.stdin:
    if line[0] == "+":
        groups.append(int(line[1:]))
    elif int(line[1:]) in groups:
        groups.remove(int(line[1:]))
for group in reversed(groups):
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
shutil.rmtree(sys.argv[1], ignore_errors=True)
