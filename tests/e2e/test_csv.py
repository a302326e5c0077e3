# SPDX-License-Identifier: LGPL-2.1-or-later
"""MultiTech's firmwarecheck.csv, read by the host, and through the module's own FTP client."""
import time
import unittest

from e2e import BenchTest

NAME = "firmwarecheck.csv"


class CsvTest(BenchTest):
    """scheme: what the csv is read by."""

    scheme = "ftp"

    def write(self, name, data):
        new = self.bench.www / f"{name}.new"
        new.write_bytes(data)
        new.rename(self.bench.www / name)

    def publish(self, delta=None, next_check="2017-01-31", comment=None):
        """The seed's columns; with a trusted comment it is signed."""
        delta = delta or self.bench.delta_name
        csv = f"{self.bench.new},{delta},{next_check},,USERNAME,PASSWORD\r\n".encode()
        self.write(NAME, csv)
        if comment:
            self.write(f"{NAME}.minisig", self.bench.key.sign(csv, comment))
        return csv

    def comment(self, sequence=7):
        return (f"role=device seq={sequence} useBefore=2106-01-01T00:00:00Z "
                f"imei={self.bench.imei} from={self.bench.old}")

    def start(self, **manifest):
        bench = self.bench
        bench.set_credential("manifest", bench.login())
        uri = bench.uri(self.scheme).replace("{imei}.signed", NAME)
        credential = "manifest" if self.scheme == "ftp" else None
        bench.start_fotad(Manifest={"Uri": uri, "Credential": credential, **manifest},
                          Approval={"Download": "auto"})
        return bench.module()

    def commands(self, text):
        return [line.text for line in self.bench.transcript()
                if line.text.startswith("AT") and text in line.text]


class Unsigned(CsvTest):
    def test_updates_after_approval(self):
        """[Approval] Download=auto does not count: this csv may be anybody's."""
        self.publish()
        module = self.start(LegacyCsv="unsigned", CsvFrom=self.bench.old)
        self.assert_updates(module)
        module.wait_state("idle")
        self.assertNotIn("PASSWORD", self.bench.log())
        self.assertEqual(module.checked(120)["State"], "idle")

    def test_not_configured(self):
        self.publish()
        module = self.start()
        properties = module.wait_state("failed")
        self.assertEqual(properties["LastError"][0], "BadManifest")
        self.assertIn("LegacyCsv=", properties["LastError"][1])

    def test_other_server(self):
        self.publish(delta="ftp://192.0.2.1/evil.bin")
        module = self.start(LegacyCsv="unsigned", CsvFrom=self.bench.old)
        self.assertEqual(module.wait_state("failed")["LastError"][0], "BadManifest")


class OneAttempt(CsvTest):
    options = {"clock": True}

    def test_unsigned(self):
        """By itself: also where another next check is written each day. Whoever asks for a check may
        approve another one."""
        self.publish(next_check="2026-01-01")
        module = self.start(LegacyCsv="unsigned", CsvFrom=self.bench.old)
        module.wait_state("awaiting-approval")
        self.bench.fault("ftp-cut=50")
        since = module.mark()
        module.approve()
        module.wait_finished(since)
        module.wait_state("failed")
        self.publish(next_check="2026-01-02")
        before = module["LastCheck"]
        # Just before it is due: what a clock that is set has passed over is not made up for.
        self.bench.set_clock(int(module["NextCheck"] / 1e6 - time.time()) - 5)
        properties = module.wait(lambda p: p["LastCheck"] > before and p["State"] != "checking", 120,
                                 "checked by itself")
        self.assertEqual(properties["State"], "failed")
        self.assertEqual(len(module.history()), 1)
        self.assertEqual(module.checked(120)["State"], "awaiting-approval")
        self.assert_updates(module)


class Signed(CsvTest):
    scheme = "https"

    def publish_signed(self, **more):
        self.publish(delta=f"{self.bench.ftp.uri}/{self.bench.delta_name}",
                     comment=self.comment(**more))

    def start_signed(self):
        return self.start(LegacyCsv="signed")

    def test_is_taken_and_kept(self):
        """No approval is asked where neither side wants one; and a restart goes on with it."""
        self.publish_signed()
        # The delta's login is not the csv's: there is none for another server.
        module = self.start_signed()
        module.wait(lambda p: p["LastError"][0] == "DeltaLoginRefused", 120, "the download begins")
        self.bench.stop_fotad()
        (self.bench.www / NAME).unlink()
        module = self.start_signed()
        module.wait(lambda p: p["Update"].get("to") == self.bench.new or p["LastError"][0], 60,
                    "it is still known")
        self.assertNotIn("is not used", self.bench.log())

    def test_refused(self):
        self.publish_signed()
        (self.bench.www / f"{NAME}.minisig").unlink()
        module = self.start_signed()
        self.assertEqual(module.wait_state("failed")["LastError"][0], "ManifestUnsigned")
        # Two requests, each with its TLS connection, have their price.
        self.assertGreater(module.plan()["dataUsed"], 2 * 4096)
        self.publish_signed()
        self.write(NAME, (self.bench.www / NAME).read_bytes().replace(b"2017", b"2018"))
        self.assertEqual(module.checked(120)["LastError"][0], "BadSignature")


class ThroughTheModule:
    """Fetch=module."""

    def test_unsigned(self):
        self.publish()
        module = self.start(Fetch="module", LegacyCsv="unsigned", CsvFrom=self.bench.old)
        self.assert_updates(module)
        self.assertIn(f'AT#FTPGETPKT="{NAME}",1', self.commands("FTPGETPKT="))
        self.assertFalse([name for name in self.bench.ftp.log().splitlines() if "libcurl" in name])

    def test_signed(self):
        self.publish(comment=self.comment())
        module = self.start(Fetch="module", LegacyCsv="signed")
        since = module.mark()
        _, result, details = module.wait_finished(since)
        self.assertEqual(result, "success", details)
        self.assertEqual([text.split('"')[1] for text in self.commands("FTPGETPKT=")][:2],
                         [NAME, f"{NAME}.minisig"])

    def test_missing(self):
        module = self.start(Fetch="module", LegacyCsv="unsigned", CsvFrom=self.bench.old)
        properties = module.wait(lambda p: p["LastCheck"] and p["State"] == "idle", 120, "checked")
        self.assertEqual(properties["LastError"][0], "")
        self.publish(comment=None)
        self.assertEqual(module.checked(120)["State"], "awaiting-approval")
        (self.bench.www / NAME).unlink()
        properties = module.checked(120)
        self.assertEqual(properties["LastError"][0], "ManifestUnavailable")
        self.assertIn("404", properties["LastError"][1])

    def test_unsigned_where_signed_is_wanted(self):
        self.publish()
        module = self.start(Fetch="module", LegacyCsv="signed")
        self.assertEqual(module.wait_state("failed")["LastError"][0], "ManifestUnsigned")

    def test_manifest(self):
        """Not csv alone."""
        bench = self.bench
        bench.publish(bench.update())
        bench.set_credential("manifest", bench.login())
        bench.start_fotad(Manifest={"Uri": bench.uri("ftp"), "Credential": "manifest",
                                    "Fetch": "module"})
        self.assert_updates(bench.module())

    def test_inhibited(self):
        """Whoever holds an inhibition has the module to itself."""
        self.publish()
        module = self.start(Fetch="module", LegacyCsv="unsigned", CsvFrom=self.bench.old)
        module.wait_state("awaiting-approval")
        fotactl = self.bench.build / "ctl" / "fotactl"
        done = self.bench.fotactl("inhibit", "--", fotactl, "check")
        self.assertEqual(done.returncode, 1, done)
        self.assertIn("inhibition", done.stderr)
        module.checked(120)


class ThroughModemManager(ThroughTheModule, CsvTest):
    options = {"channel": "modemmanager"}


class ThroughThePort(ThroughTheModule, CsvTest):
    options = {"channel": "port"}


if __name__ == "__main__":
    unittest.main()
