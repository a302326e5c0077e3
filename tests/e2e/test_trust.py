# SPDX-License-Identifier: LGPL-2.1-or-later
"""What was proven once stays so: a number that was accepted, a time that was seen. And a secret goes
where the configuration sends it."""
import time
import unittest

from e2e import BenchTest
from manifest import timestamp

HOUR = 3600


class StaysProven(BenchTest):
    options = {"channel": "port", "scale": 60, "clock": True}

    def set_clock(self, seconds):
        self.bench.set_clock(int(seconds))

    def refused(self, module, name):
        module.wait(lambda p: p["LastError"][0] == name, 60, name)
        self.assertNotIn("token", module["Update"])

    def test_that_it_expired(self):
        """A manifest expires while it is offered, and the clock is set back: it is not offered again,
        nor after a restart; a newer one is. A clock that is wrong by a century proves nothing."""
        self.bench.publish(self.bench.update(), useBefore=timestamp(24 * HOUR))
        self.bench.start_fotad(Manifest={"Uri": self.bench.uri("http")})
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        self.set_clock(100 * 365 * 24 * HOUR)
        self.refused(module, "ManifestExpired")
        self.set_clock(0)
        module.wait_state("awaiting-approval")
        self.set_clock(25 * HOUR)
        self.refused(module, "ManifestExpired")
        self.set_clock(0)
        self.bench.view.until(lambda: self.bench.log().count("the clock was set") >= 4, 30,
                              "fotad notices that the clock was set back")
        self.refused(module, "ManifestExpired")
        self.bench.stop_fotad()
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait(lambda p: p["Modem"] != "/", 60, "seen by ModemManager")
        module.check()
        self.refused(module, "ManifestExpired")
        self.bench.publish(self.bench.update())
        module.check()
        self.assert_updates(module)

    def test_which_number_was_accepted(self):
        """Both generations of the record are damaged: the signed manifest at hand says which number
        was accepted, and an older manifest is refused."""
        old = self.bench.manifest(self.bench.update())
        self.bench.publish(self.bench.update())
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        module.defer(200_000_000_000)
        module.defer(200_000_000_001)
        self.bench.stop_fotad()
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait(lambda p: "deferred" in p["Blockers"], 60, "still deferred")
        self.bench.stop_fotad()
        for file in (self.bench.directory / "state" / f"{self.bench.imei}.json",
                     self.bench.directory / "state" / f"{self.bench.imei}.json.prev"):
            file.write_text("{")
        self.bench.publish_signed(old)
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        module.check()
        module.wait(lambda p: p["LastError"][0] == "Rollback", 60, "Rollback")


class Credentials(BenchTest):
    options = {"channel": "modemmanager", "scale": 60}

    def test_go_where_the_configuration_sends_them(self):
        """A manifest sends a login to a server that the configuration does not bind it to: nothing is
        offered, and the text has the line to add. With that, the approver sees server and login."""
        self.bench.config = {"Credential fw": {"Servers": "ftp://fw.example"}}
        self.bench.publish(self.bench.update())
        self.bench.start_fotad()
        module = self.bench.module()
        properties = module.wait(lambda p: p["LastError"][0] == "CredentialNotBound", 60, "refused")
        server = self.bench.ftp.uri.rpartition(":")[0]
        self.assertIn(f"[Credential fw] with Servers={server} ", properties["LastError"][1])
        self.assertNotIn("token", module["Update"])
        self.assertIn("without encryption", self.bench.log())
        self.bench.stop_fotad()
        self.bench.start_fotad(**{"Credential fw": {"Servers": server}})
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        self.assertEqual(module["Update"]["server"], self.bench.ftp.uri)
        self.assertEqual(module["Update"]["credential"], "fw")


if __name__ == "__main__":
    unittest.main()
