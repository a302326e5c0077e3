# SPDX-License-Identifier: LGPL-2.1-or-later
"""The bench's directory and the programs that run in it, and how both end on every way out.

A small program of its own, the janitor, outlives this process by a moment: when this process is
gone, even by SIGKILL, it kills what still runs and removes the directory.
"""
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

# Limits of tests are written for a machine that has nothing else to do. Nothing promised hangs on them,
# and a busy one takes so many times as long.
PATIENCE = 4
STOP_SECONDS = 20 * PATIENCE
# What a program says that has a defect: the sanitizers, and GLib.
DEFECT = re.compile(r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error:"
                    r"|-CRITICAL \*\*|-ERROR \*\*")
# For our own programs: what GLib and its like warn of ends them. Their own warnings do not, which
# take another way through GLib.
STRICT = {"G_DEBUG": "fatal-warnings"}


class BenchError(Exception):
    """Something of the bench itself does not work; not what a test is looking for."""


def remove(file):
    if file.is_dir():
        shutil.rmtree(file)
    else:
        file.unlink()


class Place:
    """A temporary directory, and the janitor that watches over it."""

    def __init__(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="fota-bench."))
        self.directory.chmod(0o755)  # polkitd and unprivileged callers come here as other users
        self._janitor = subprocess.Popen(
            [sys.executable, pathlib.Path(__file__).with_name("janitor.py"), self.directory],
            stdin=subprocess.PIPE, start_new_session=True)

    def watch(self, pid):
        """pid leads a process group that must not outlive this process."""
        self._tell(f"+{pid}\n")

    def unwatch(self, pid):
        self._tell(f"-{pid}\n")

    def remove(self):
        shutil.rmtree(self.directory, ignore_errors=True)
        self._janitor.stdin.close()
        self._janitor.wait()

    def _tell(self, line):
        self._janitor.stdin.write(line.encode())
        self._janitor.stdin.flush()


class Program:
    """One running program: leader of its own process group, its output in <name>.log."""

    def __init__(self, place, name, argv, environment=None, ready=None, pass_fds=()):
        """ready: the text its first line of standard output begins with; waited for."""
        self.name = name
        self.log_file = place.directory / f"{name}.log"
        self._place = place
        with open(self.log_file, "ab") as log:
            self._log_start = log.tell()
            self._process = subprocess.Popen(
                [str(word) for word in argv], env=environment, stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if ready else log, stderr=log, pass_fds=pass_fds,
                cwd=place.directory, start_new_session=True)
        self.pid = self._process.pid
        place.watch(self.pid)
        self.exit_fd = os.pidfd_open(self.pid)  # readable when the program has ended
        self.first_line = self._wait_ready(ready) if ready else ""

    def poll(self):
        """The exit status (negative: the signal), None while it runs."""
        return self._process.poll()

    def log(self):
        """What this run of the program has written."""
        with open(self.log_file, "rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def forget_log(self):
        os.truncate(self.log_file, 0)
        self._log_start = 0

    def signal(self, number):
        if self.poll() is None:
            self._process.send_signal(number)

    def wait(self, seconds=STOP_SECONDS):
        """Waits for its end; returns the exit status."""
        try:
            status = self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._end_group()
            raise BenchError(f"{self.name} does not end within {seconds} s:\n"
                             f"{self.log()[-2000:]}") from None
        self._end_group()
        return status

    def stop(self):
        """SIGTERM, and waits; returns the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def stop_well(self):
        """SIGTERM, and raises unless it ends as it should: status 0, no defect in its log."""
        status, log = self.stop(), self.log()
        defect = DEFECT.search(log)
        if defect:
            raise BenchError(f"{self.name}: {log[max(0, defect.start() - 500):][:6000]}")
        if status != 0:
            raise BenchError(f"{self.name} ended with status {status}:\n{log[-3000:]}")

    def kill(self):
        """SIGKILL to the whole group: as a power cut would end it."""
        if self.poll() is None:
            os.killpg(self.pid, signal.SIGKILL)
        return self.wait()

    def _end_group(self):
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._process.wait()
        self._place.unwatch(self.pid)
        if self._process.stdout:
            self._process.stdout.close()
        if self.exit_fd >= 0:
            os.close(self.exit_fd)
            self.exit_fd = -1

    def _wait_ready(self, text):
        pipe = self._process.stdout
        deadline = time.monotonic() + STOP_SECONDS
        line = b""
        while not line.endswith(b"\n"):
            left = max(0, deadline - time.monotonic())
            byte = os.read(pipe.fileno(), 1) if select.select([pipe], [], [], left)[0] else b""
            if not byte:
                self._end_group()
                raise BenchError(f"{self.name} did not start:\n{self.log()[-2000:]}")
            line += byte
        if not line.decode().startswith(text):
            self._end_group()
            raise BenchError(f"{self.name} said {line!r} and not {text}")
        return line.decode().strip()
