# SPDX-License-Identifier: LGPL-2.1-or-later
"""Manifests that must not be used: each a named error, and the module untouched."""
import json
import unittest

from e2e import BenchTest, SharedBenchTest
from manifest import MAX_BYTES, SigningKey, manifest, pad, timestamp, to_bytes

OTHER_IMEI = "353081090099999"


class BadManifest:
    """The tests; the subclasses choose the server. self.scheme and the bench are one for all."""

    scheme = None

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        bench = cls.bench
        bench.set_credential("manifest", bench.login())
        credential = "manifest" if cls.scheme == "ftp" else None
        bench.publish({})
        bench.start_fotad(Manifest={"Uri": bench.uri(cls.scheme), "Credential": credential})
        cls.module = bench.module()
        cls.module.wait(lambda p: p["State"] == "idle" and p["LastCheck"], 60, "the first check")

    def tearDown(self):
        """A good one brings it back, whatever came before."""
        self.bench.publish({})
        self.check("idle", "")
        self.assertFalse([line for line in self.bench.transcript()
                          if "OTA" in line.text or "FTP" in line.text])

    def check(self, state, error):
        """Check() ends in this state, with this error."""
        properties = self.module.checked()
        self.assertEqual((properties["State"], properties["LastError"][0]), (state, error),
                         properties["LastError"])
        self.assertEqual(properties["Update"], {})
        return properties["LastError"][1]

    def assert_bad(self, error):
        """What has been published is refused with this error; the log and fotactl say the same."""
        text = self.check("failed", error)
        self.assertTrue(text)
        self.assertIn(f"({error}): {text}", self.bench.log())
        self.assertIn(error, self.bench.fotactl("status").stdout)

    def good(self, **members):
        return self.bench.manifest(self.bench.update(), **members)

    def test_wrong_signature(self):
        payload = to_bytes(self.good())
        signature = self.bench.key.sign(payload)
        self.bench.publish_raw(signature + payload.replace(b"mandatory", b"critical "))
        self.assert_bad("BadSignature")

    def test_foreign_key(self):
        key = SigningKey(self.bench.directory / "keys", "foreign")
        self.bench.publish_signed(self.good(), key=key)
        self.assert_bad("BadSignature")

    def test_unsigned(self):
        self.bench.publish_raw(to_bytes(self.good()))
        self.assert_bad("ManifestUnsigned")

    def test_wrong_imei(self):
        self.bench.publish_signed(self.good(target={"imei": [OTHER_IMEI]}))
        self.assert_bad("WrongTarget")

    def test_one_byte_too_large(self):
        payload = pad(self.bench.manifest({}), MAX_BYTES - self.signature_size())
        self.bench.publish_signed(payload)
        self.check("idle", "")
        payload = pad(self.bench.manifest({}), MAX_BYTES - self.signature_size() + 1)
        self.bench.publish_signed(payload)
        self.assert_bad("ManifestTooLarge")

    def signature_size(self):
        return len(self.bench.key.sign(b"{}"))

    def test_truncated(self):
        payload = to_bytes(self.good())
        self.bench.publish_raw(self.bench.key.sign(payload) + payload[:len(payload) // 2])
        self.assert_bad("BadSignature")

    def test_truncated_before_signing(self):
        payload = to_bytes(self.good())
        self.bench.publish_signed(payload[:len(payload) // 2])
        self.assert_bad("BadManifest")

    def test_not_json(self):
        self.bench.publish_signed(b"{ this is no JSON }\n")
        self.assert_bad("BadManifest")

    def test_nested_deep(self):
        # Deeper than fits the 64 KiB, so it is its size that is refused ...
        self.bench.publish_signed(b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}")
        self.assert_bad("ManifestTooLarge")
        # ... and as deep as fits.
        self.bench.publish_signed(b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}")
        self.assert_bad("BadManifest")

    def test_unknown_version(self):
        self.bench.publish_signed(self.good(manifestVersion=2))
        self.assert_bad("UnknownManifestVersion")

    def test_expired(self):
        self.bench.publish_signed(self.good(issued=timestamp(-7200), useBefore=timestamp(-3600)))
        self.assert_bad("ManifestExpired")

    def test_older_sequence(self):
        self.bench.publish({})
        self.check("idle", "")
        self.bench.publish_signed(
            manifest(self.bench.imei, self.bench.sequence - 1, self.bench.update()))
        self.assert_bad("Rollback")

    def test_missing(self):
        (self.bench.www / f"{self.bench.imei}.signed").unlink()
        self.assert_bad("ManifestUnavailable")


class OverHttps(BadManifest, SharedBenchTest):
    scheme = "https"


class OverHttp(BadManifest, SharedBenchTest):
    scheme = "http"


class OverFtp(BadManifest, SharedBenchTest):
    scheme = "ftp"


class FromAFile(BadManifest, SharedBenchTest):
    scheme = "file"


class Servers(BenchTest):
    """What stands between fotad and a good manifest."""

    def test_server_down_then_up(self):
        self.bench.publish(self.bench.update())
        self.bench.web.stop()
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait(lambda p: p["LastError"][0] == "ManifestUnreachable", 60, "no server")
        self.bench.web.start()
        module.check()
        module.wait_state("awaiting-approval")
        self.assertEqual(module.error(), "")

    def test_foreign_certificate(self):
        self.bench.publish(self.bench.update())
        self.bench.start_fotad(Manifest={"CertificateAuthority": None})
        module = self.bench.module()
        module.wait(lambda p: p["LastError"][0] == "ManifestUnreachable", 60, "not trusted")
        self.assertIn("ertificate", module["LastError"][1])
        self.assertEqual(module["Update"], {})

    def test_ftp_login_refused(self):
        self.bench.set_credential("manifest", "somebody:wrong")
        self.bench.publish(self.bench.update())
        self.bench.start_fotad(Manifest={"Uri": self.bench.uri("ftp"), "Credential": "manifest"})
        module = self.bench.module()
        module.wait(lambda p: p["LastError"][0] == "ManifestUnavailable", 60, "login refused")
        self.assertNotIn("wrong", self.bench.log())

    def test_nothing_changes_without_a_new_manifest(self):
        """Read again: the same offer, the same token, and not transferred again."""
        module = self.offer()
        token = module.token()
        module.check()
        self.bench.view.until(lambda: '304 ' in self.bench.web.log(), 20, "not modified")
        module.wait_state("awaiting-approval")
        self.assertEqual(module.token(), token)
        self.assertEqual(len(module.heard("ApprovalRequested")), 1)
        self.assertEqual(json.loads(self.bench.fotactl("plan", "--json").stdout)["kind"], "update")


if __name__ == "__main__":
    unittest.main()
