# SPDX-License-Identifier: LGPL-2.1-or-later
"""A simulated Huawei module, a real web server, and what each of its tests begins with."""
import contextlib
import re

import simcase as testsim  # first: it says where tests/lib is
from huaweiserver import SIZE, HuaweiServer
from processes import Place
from servers import WebServer

testsim.SCALE = 50
IMEI = testsim.IMEI
OLD, NEW = "12.815.01.03.00", "12.815.01.04.00"
OFFER = f'^FOTASTATE: 12,{NEW},{SIZE},"Support send SMS background"'


class HuaweiTest(testsim.SimTest):
    modules = ["mu509"]
    model = "MU509"
    mode = "0,0,0,1"
    chatter = rb"\r\n\^(?:RSSI|HCSQ|BOOT): [^\r]*\r\n"

    def tty(self, *arguments):
        tty = super().tty(*arguments)
        tty.ignored = self.chatter
        return tty

    def setUp(self):
        super().setUp()
        self.place = Place()
        self.addCleanup(self.place.remove)
        www = self.place.directory / "www"
        www.mkdir()
        self.web = WebServer(self.place, www)
        self.addCleanup(self.web.stop)
        self.huawei = HuaweiServer(www / "huawei", f"{self.web.uris['http']}/huawei")
        self.huawei.publish(self.model, OLD, NEW)
        self.ok(f"set {IMEI} server={self.huawei.uri} version={OLD}")

    def prepared(self):
        tty = self.tty()
        for line in ["ATE0", "AT+CMEE=1", 'AT^FOTACFG="1234","","",2', f"AT^FOTAMODE={self.mode}"]:
            self.assertEqual(tty.ask(line)[-1], "OK", line)
        return tty

    def hear(self, tty, line):
        tty.expect(rb"\r\n" + re.escape(line.encode()) + rb"\r\n")

    def detect(self, tty):
        self.assertEqual(tty.ask("AT^FOTADET"), ["OK"])
        self.hear(tty, "^FOTASTATE: 11")

    def offered(self):
        tty = self.prepared()
        self.detect(tty)
        self.hear(tty, OFFER)
        return tty

    def loading(self):
        return self.load(self.offered())

    @contextlib.contextmanager
    def held_loading(self):
        """Inside the `with` block no byte of the download comes."""
        tty = self.offered()
        with self.web.frozen():
            yield self.load(tty)

    def load(self, tty):
        self.assertEqual(tty.ask("AT^FOTADL=1"), ["OK"])
        self.hear(tty, "^FOTASTATE: 30")
        return tty

    def loaded(self):
        tty = self.loading()
        self.hear(tty, "^FOTASTATE: 40")
        return tty

    def install(self, tty):
        self.mark()
        self.assertEqual(tty.ask("AT^FWUP"), ["OK"])
        self.hear(tty, "^FOTASTATE: 50")

    def close_ttys(self):
        while self.open_ttys:
            self.open_ttys.pop().close()

    @staticmethod
    def before(tty, answer=rb"\r\n\+CSQ: 25,3\r\n\r\nOK\r\n"):
        """What has come before the answer to a further command."""
        tty.write(b"AT+CSQ\r")
        return re.sub(answer + rb"$", b"", tty.expect(answer))

    def told(self, tty):
        return tty.ask("AT^FOTASTATE?")[0].removeprefix("^FOTASTATE: ")

    def back(self):
        """A tty after the module's next start."""
        self.wait_state(starts=self.starts + 1, sim_busy=0)
        return self.reopen()

    @property
    def starts(self):
        """How often the ports had come when the test began to wait."""
        return self._starts

    def mark(self):
        self._starts = self.state()["starts"]
