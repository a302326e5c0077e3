# SPDX-License-Identifier: LGPL-2.1-or-later
"""fota-mm-probe, and what each of its tests begins with."""
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))

from bench import FTP_PASSWORD, FTP_USER, Bench  # noqa: E402
from processes import STRICT  # noqa: E402

PATIENCE = 240


class Probe:
    """fota-mm-probe: `order()`, and the events it prints."""

    def __init__(self, bench, **more):
        self.state = bench.directory / "probe"
        self.state.mkdir(exist_ok=True)
        options = os.environ.get("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
        self._process = subprocess.Popen(
            [bench.build / "tests/component/mm/fota-mm-probe"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1,
            env=bench.environment(**{**bench.sim.environment(), **STRICT, "UBSAN_OPTIONS": options,
                                     "STATE_DIRECTORY": str(self.state),
                                     **more}))
        self._queue = queue.Queue()
        self.events = []  # all that were taken
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait("ready")

    def _read(self):
        for line in self._process.stdout:
            self._queue.put(json.loads(line))
        self._queue.put(None)

    def order(self, *words):
        self._process.stdin.write(" ".join(map(str, words)) + "\n")

    def next(self, seconds=PATIENCE):
        event = self._queue.get(timeout=seconds)
        if event is None:
            raise EOFError(f"fota-mm-probe has ended: {self._process.wait()}")
        self.events.append(event)
        return event

    def wait(self, name, condition=lambda event: True, seconds=PATIENCE):
        """The next event of that name for which the condition holds."""
        try:
            while True:
                event = self.next(seconds)
                if event["event"] == name and condition(event):
                    return event
        except queue.Empty:
            raise TimeoutError(f"no {name}; the last events: {self.events[-8:]}") from None

    def do(self, *words, seconds=PATIENCE):
        """An order of the thread; returns its result."""
        self.order(*words)
        return self.wait("done", seconds=seconds)

    def good(self, *words, seconds=PATIENCE):
        """The same; fails when it ends with an error."""
        done = self.do(*words, seconds=seconds)
        if done["error"]:
            raise AssertionError(f"{words}: {done}")
        return done

    def signal(self, number):
        self._process.send_signal(number)

    def kill(self):
        self._process.kill()
        self._close()

    def stop(self):
        """Ends it; what it said on the way out stays in events."""
        if self._process.stdin.closed:
            return
        self.order("quit")
        try:
            status = self._process.wait(PATIENCE)
        finally:
            self._process.kill()
            self._close()
        if status != 0:
            raise AssertionError(f"fota-mm-probe ended with {status}")

    def _close(self):
        self._process.wait()
        self._reader.join()
        self._process.stdin.close()
        self._process.stdout.close()


class ProbeTest(unittest.TestCase):
    options = {}
    environment = {}

    def setUp(self):
        self.bench = self.enterContext(Bench(**self.options))
        self.probe = Probe(self.bench, **self.environment)
        self.addCleanup(lambda: self.probe.stop())

    def wait_seen(self, condition=lambda event: True):
        return self.probe.wait("seen", condition)

    def inhibit(self):
        seen = self.wait_seen()
        self.probe.order("inhibit", seen["uid"])
        self.assertIsNone(self.probe.wait("inhibit")["error"])
        return seen

    def open(self, kind, seen):
        self.probe.good("open", kind, self.bench.imei, seen["device"])

    def download(self):
        """Brings a good delta into the module, over the open channel."""
        for command in ("AT#SGACT=3,1",
                        f'AT#FTPOPEN="127.0.0.1:{self.bench.ftp.port}","{FTP_USER}",'
                        f'"{FTP_PASSWORD}",1,3',
                        f'AT#FTPGETOTA="{self.bench.delta_name}",0', "AT#FTPCLOSE",
                        "AT#SGACT=3,0"):
            self.probe.good("send", 60, command)

    def through_restarts(self):
        """#OTAUP=0, and all that follows until the new version answers; what answered before is
        the old one. How many of the restarts are noticed depends on how long each stay is."""
        versions = []
        self.probe.good("send", 60, "AT#OTAUP=0")
        while self.bench.new not in versions:
            self.assertEqual(self.probe.good("gone", 60)["gone"], 1)
            self.assertEqual(self.probe.good("back", 60)["back"], 1)
            done = self.probe.do("send", 10, "AT+GMR")
            if not done["error"]:
                versions += done["lines"]
            else:
                self.assertEqual(done["error"], "ModuleGone", done)
        self.assertEqual(versions, [self.bench.old] * (len(versions) - 1) + [self.bench.new])
        self.assertEqual(self.bench.sim_state()["starts"], 4)
