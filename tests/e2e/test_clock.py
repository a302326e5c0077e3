# SPDX-License-Identifier: LGPL-2.1-or-later
"""The wall clock is set while fotad works and while it waits. It is fotad's own clock, by LD_PRELOAD
(tests/lib/clock-shim.c): the machine's is everybody's, and time namespaces leave it alone."""
import time
import unittest

from e2e import BenchTest

YEAR_1980 = 315532800
HOUR = 3600


class ClockTest(BenchTest):
    options = {"channel": "port", "clock": True}

    def set_clock(self, seconds):
        """To so many seconds since the epoch; None: to the right time."""
        self.bench.set_clock(0 if seconds is None else int(seconds - time.time()))

    def start(self, **members):
        # TLS has a clock of its own opinion: no certificate is valid in 1980.
        self.bench.publish(self.bench.update(**members))
        self.bench.start_fotad(Manifest={"Uri": self.bench.uri("http")})
        return self.bench.module()


class InTheMiddle(ClockTest):
    def test_of_an_update(self):
        """To 1980 in the download, right again when that is over, a century ahead while it installs:
        no wait is shorter or longer for it, nothing hangs, nothing times out."""
        module = self.start()
        module.wait_state("awaiting-approval")
        since = module.mark()
        with self.bench.ftp.fault("slow"):
            module.approve()
            size = (self.bench.www / self.bench.delta_name).stat().st_size
            self.bench.view.until(lambda: self.bench.sim_state()["ftp-received"] > size // 4, 60,
                                  "in the middle of the download")
            self.set_clock(YEAR_1980)
            self.wait_for_the_clock()
        module.wait(lambda p: p["State"] == "scheduled" and "clock" in p["Blockers"], 120,
                    "downloaded, and not installed without a clock")
        self.set_clock(None)
        module.wait_state("installing")
        self.set_clock(time.time() + 100 * 365 * 24 * HOUR)
        _, result, details = module.wait_finished(since)
        self.set_clock(None)
        self.assertEqual(result, "success", details)
        self.assertLess(details["duration"], HOUR)
        self.assertLess(details["outage"], HOUR)
        self.assertEqual(self.bench.sim_state()["version"], self.bench.new)
        module.wait(lambda p: p["State"] == "idle" and p["Modem"] != "/"
                    and 0 < p["NextCheck"] < (time.time() + 31 * 24 * HOUR) * 1e6, 60,
                    "at rest, with a next check that is near")

    def wait_for_the_clock(self):
        self.bench.view.until(lambda: "the clock was set" in self.bench.log(), 30,
                              "fotad notices that the clock was set")


class WhileItWaits(ClockTest):
    def test_for_the_clock(self):
        """A gateway starts in 1980, and gets its time from the network: what waits goes on then,
        and not when fotad happens to look again."""
        self.set_clock(YEAR_1980)
        self.bench.config = {"Approval": {"Download": "auto"}}
        module = self.start(approval={"download": "auto"})
        module.wait(lambda p: p["State"] == "scheduled" and "clock" in p["Blockers"], 60,
                    "waits for the clock")
        since = module.mark()
        self.set_clock(None)
        self.assertEqual(module.wait_finished(since)[1], "success")

    def test_for_an_answer(self):
        """What is asked in 1980 was not asked decades ago when the time comes."""
        self.set_clock(YEAR_1980)
        self.bench.config = {"Approval": {"Timeout": "7d"}}
        module = self.start()
        module.wait_state("awaiting-approval")
        self.set_clock(None)
        module.wait(lambda p: "clock" not in p["Blockers"], 60, "it is not 1980 any more")
        self.assert_updates(module)

    def test_for_a_time(self):
        """What is deferred for three hours begins when the clock is three hours on, however it came
        there; and what was put off by a clock set back is not put off for good."""
        module = self.start()
        module.wait_state("awaiting-approval")
        asked = len(module.heard("ApprovalRequested"))
        module.defer(3 * HOUR)
        self.set_clock(time.time() + 4 * HOUR)
        self.bench.view.until(lambda: len(module.heard("ApprovalRequested")) > asked, 60,
                              "asked again")
        self.set_clock(YEAR_1980)
        module.wait(lambda p: 0 < p["NextCheck"] < (YEAR_1980 + 31 * 24 * HOUR) * 1e6, 60,
                    "a next check in 1980")
        self.set_clock(None)
        module.wait(lambda p: p["NextCheck"] > (time.time() - HOUR) * 1e6, 60,
                    "a next check of today")
        self.assert_updates(module)


if __name__ == "__main__":
    unittest.main()
