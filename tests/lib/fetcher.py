# SPDX-License-Identifier: LGPL-2.1-or-later
"""fotad-fetch as fotad finds it: started for each session, by what systemd has for trying that."""
import os
import pathlib
import re
import time

from processes import DEFECT, STOP_SECONDS, STRICT, BenchError, Program


class Fetcher:
    """socket: where fotad asks it."""

    def __init__(self, place, build, variables):
        """variables: what more is in its environment."""
        self.socket = place.directory / "fetch"
        options = os.environ.get("ASAN_OPTIONS", "")
        variables = {
            "UBSAN_OPTIONS": os.environ.get("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1"),
            "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0".lstrip(":"),
            **STRICT, **variables}
        self._program = Program(
            place, "fetch",
            ["systemd-socket-activate", "--accept", "--inetd", f"--listen={self.socket}",
             *(f"--setenv={name}={value}" for name, value in variables.items()),
             build / "fetch/fotad-fetch"])
        self._wait()

    def log(self):
        """What the sessions have left behind on standard error, and who started them."""
        return self._program.log()

    def sessions(self):
        """The process of each that is open."""
        pid = self._program.pid
        return pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()

    def stop(self):
        self._program.stop()
        if DEFECT.search(self.log()):
            raise BenchError(f"fotad-fetch: {self.log()[:6000]}")

    def _wait(self):
        deadline = time.monotonic() + STOP_SECONDS
        while not re.search(r"^Listening on", self.log(), re.MULTILINE):
            if self._program.poll() is not None or time.monotonic() > deadline:
                raise BenchError(f"systemd-socket-activate does not listen:\n{self.log()}")
            time.sleep(0.01)
