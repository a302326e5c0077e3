# SPDX-License-Identifier: LGPL-2.1-or-later
"""Updates that go wrong: each ends with a named error, the module is in service again with its old
firmware, and the next try succeeds where it can."""
import unittest

from e2e import BenchTest
from manifest import delta


class UpdateFails:
    """What the tests share; they choose the way to AT last."""

    # A failure ends the update, until another manifest or Check().
    ONCE = {"retry": {"maxAttempts": 1}}

    def fail(self, module, name, seconds=120):
        since = module.mark()
        module.approve()
        self.assert_fails(module, name, since, seconds)
        module.wait(lambda p: p["State"] == "failed" and p["Modem"] != "/", 60, "in service")

    def try_again(self, module):
        """A newer manifest with the same update."""
        since = module.mark()
        self.bench.publish(self.bench.update())
        module.check()
        self.assert_updates(module, since)


class LoginFails(UpdateFails):
    def test_login_refused(self):
        module = self.offer(**self.ONCE)
        with self.bench.ftp.fault("refuse-login"):
            self.fail(module, "DeltaLoginRefused")
        self.assertIn("530", module["LastError"][1])
        self.try_again(module)


class DownloadFails(LoginFails):
    def test_delta_missing(self):
        file = self.bench.www / self.bench.delta_name
        module = self.offer(**self.ONCE)
        content = file.read_bytes()
        file.unlink()
        self.fail(module, "DeltaMissing")
        self.assertIn("550", module["LastError"][1])
        file.write_bytes(content)
        # An operator who has mended the cause needs no other manifest, but approval is wanted anew.
        since = module.mark()
        module.check()
        self.assert_updates(module, since)

    def test_delta_for_another_base(self):
        file = self.bench.www / self.bench.delta_name
        good = file.read_bytes()
        file.write_bytes(delta(self.bench.model, "30.00.001-B025", self.bench.new, len(good)))
        module = self.offer(**self.ONCE)
        self.fail(module, "InstallRefused")
        self.assertEqual(self.bench.sim_state()["starts"], 1)
        file.write_bytes(good)
        self.try_again(module)

    def test_connection_cut_at_half(self):
        module = self.offer(**self.ONCE)
        with self.bench.ftp.fault("drop"):
            self.fail(module, "TransferFailed")
        self.assertEqual(self.bench.sim_state()["ota"], "empty")
        self.try_again(module)

    def test_server_falls_silent(self):
        module = self.offer(**self.ONCE)
        with self.bench.ftp.fault("stall"):
            self.fail(module, "TransferFailed")
        self.try_again(module)

    def test_server_down(self):
        module = self.offer(**self.ONCE)
        self.bench.ftp.stop()
        self.fail(module, "DeltaServerUnreachable")
        self.bench.ftp.start()
        self.try_again(module)

    def test_no_signal(self):
        """Nothing is broken: it is tried later, and no attempt is counted."""
        module = self.offer()
        self.bench.sim.command("set", self.bench.imei, "signal=99")
        since = module.mark()
        module.approve()
        module.wait(lambda p: p["LastError"][0] == "NoSignal" and p["State"] == "scheduled"
                    and p["Blockers"] == ["backoff"], 120, "it waits for a signal")
        self.assertEqual((module.heard("UpdateFinished", since), module.history()), ([], []))


class InstallFails(UpdateFails):
    def test_old_version(self):
        self.bench.fault("old-version")
        module = self.offer(**self.ONCE)
        self.fail(module, "OldVersion")
        self.try_again(module)

    def test_never_returns(self):
        """As long as it is away nobody can do anything; when it is back, so is fotad."""
        self.bench.set_return_limit(20)
        self.bench.fault("never-returns")
        module = self.offer(**self.ONCE)
        since = module.mark()
        module.approve()
        self.wait_not_returned(module)
        module.wait(lambda p: p["Modem"] == "/", 60, "away")
        # Its power is taken away and given back: it goes on where it stood.
        self.bench.sim.command("power-cut", self.bench.imei)
        self.bench.sim.command("power-on", self.bench.imei)
        self.bench.mm.wait_for(self.bench.imei, revision=self.bench.new)
        self.assertEqual(module.wait_finished(since, 200)[1], "success")
        module.wait(lambda p: p["Revision"] == self.bench.new and p["Modem"] != "/"
                    and p["State"] == "idle", 60, "the new version, at rest")


class DownloadThroughThePort(DownloadFails, BenchTest):
    options = {"channel": "port"}


class ThroughModemManager(InstallFails, LoginFails, BenchTest):
    """What else a server does is tried there in the table of test_telit_faults.py."""

    options = {"channel": "modemmanager"}


class InstallThroughThePort(InstallFails, BenchTest):
    options = {"channel": "port"}


if __name__ == "__main__":
    unittest.main()
