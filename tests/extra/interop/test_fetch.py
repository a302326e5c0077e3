# SPDX-License-Identifier: LGPL-2.1-or-later
"""fotad-fetch against servers as gateways meet them. Usage: test_fetch.py PROGRAM"""
import contextlib
import os
import pathlib
import sys
import tempfile
import unittest

from servers import apache2, proftpd
import fetchservers
from fetchservers import HOST, keep_port
from session import Session, fetch

PROGRAM = None
USER, PASSWORD = "fota", "s3cr3t-w0rd"
# Whoever takes it for a text changes it.
BODY = bytes(range(256)) * 200 + b"\r\n\n\r\x1a"
BIG = 8 * 1024 * 1024


class Case(unittest.TestCase):
    def setUp(self):
        self._directory = tempfile.TemporaryDirectory(prefix="fotad-interop-")
        self.addCleanup(self._directory.cleanup)
        self.directory = pathlib.Path(self._directory.name)
        self.directory.chmod(0o755)
        self.root = self.directory / "root"
        for name in ("slow", "zip", "chunked"):
            (self.root / name).mkdir(parents=True)
            (self.root / name / "file").write_bytes(BODY)
        (self.root / "slow/file").write_bytes(b"x" * BIG)
        (self.root / "file").write_bytes(BODY)
        # A date of just now tells no two versions apart, says RFC 9110.
        os.utime(self.root / "file", (1_700_000_000, 1_700_000_000))
        (self.root / "empty").write_bytes(b"")
        self.authority = fetchservers.Authority(self.directory)
        self.certificate = self.authority.issue("server", f"IP:{HOST}", purpose="serverAuth")
        self.settings = {"authority": self.authority.pem.read_bytes()}

    def fetch(self, uri, **options):
        answer, session = fetch(PROGRAM, uri, **{**self.settings, **options})
        self.assertEqual((session.code, session.complaint), (0, ""))
        return answer

    def assert_answer(self, status, uri, body=None, **options):
        answer = self.fetch(uri, **options)
        self.assertEqual((answer.failure, answer.status), ((None, None), status))
        if body is not None:
            self.assertEqual(answer.body, body)
        return answer


class Web:
    """What both web servers have in common. serve(): a context manager that yields (port of http,
    port of https, process); versions and verify as the server has them in its configuration."""

    def serve(self, version="", verify=False):
        raise NotImplementedError

    def test_versions(self):
        for version in ("TLSv1.2", "TLSv1.3"):
            with self.subTest(version=version), self.serve(version) as (_, https, _):
                self.assert_answer(200, f"https://{HOST}:{https}/file", BODY)
        for version in ("TLSv1", "TLSv1.1"):
            with self.subTest(version=version), self.serve(version) as (_, https, _):
                answer = self.fetch(f"https://{HOST}:{https}/file")
                self.assertEqual(answer.failure[0], "TlsFailed", answer.lines)

    def test_client_certificate(self):
        pem = self.authority.issue("gateway", "DNS:gateway", purpose="clientAuth").read_bytes()
        with self.serve(verify=True) as (_, https, _):
            uri = f"https://{HOST}:{https}/file"
            self.assert_answer(200, uri, BODY, certificate=pem)
            without = self.fetch(uri)
            # nginx says it in an answer, apache2 in the handshake.
            self.assertTrue(without.status == 400 or without.failure[0], without.lines)

    def test_conditions_and_ranges(self):
        with self.serve() as (http, https, _):
            for uri in (f"http://{HOST}:{http}/file", f"https://{HOST}:{https}/file"):
                first = self.assert_answer(200, uri, BODY)
                etag, date = first.lines["etag"], first.lines["last-modified"]
                self.assertEqual(first.lines["size"], str(len(BODY)))
                self.assert_answer(304, uri, b"", etag=etag)
                self.assert_answer(304, uri, b"", last_modified=date)
                for line in ({}, {"etag": etag}, {"last_modified": date}):
                    part = self.assert_answer(206, uri, BODY[1000:], range=1000, **line)
                    self.assertEqual(part.lines["range"], "1000")
                self.assert_answer(200, uri, BODY, range=1000, etag='"other"')
                self.assert_answer(416, uri, b"", range=len(BODY) + 1)

    def test_kinds_of_bodies(self):
        with self.serve() as (http, _, _):
            uri = f"http://{HOST}:{http}"
            self.assert_answer(200, f"{uri}/empty", b"")
            self.assert_answer(200, f"{uri}/zip/file", BODY)
            self.assert_answer(404, f"{uri}/nothing", b"")

    def test_methods(self):
        with self.serve() as (http, _, _), Session(PROGRAM) as session:
            uri = f"http://{HOST}:{http}/file"
            self.assertEqual(session.request(uri, "HEAD").lines["end"], "0")
            self.assertEqual(session.request(uri).body, BODY)
            self.assertEqual(session.request(uri, "PUT", b"{}").status, 405)

    def test_cut(self):
        """The server is killed in the middle of its answer."""
        with self.serve() as (http, _, process), Session(PROGRAM) as session:
            session.send({"method": "GET", "uri": f"http://{HOST}:{http}/slow/file",
                          "max-size": BIG})
            self.assertEqual(session.read_frame()[0]["status"], "200")
            self.assertTrue(session.read_frame()[1])
            process.kill()
            self.assertEqual(session.read_answer().failure[0], "Interrupted")


class Nginx(Web, Case):
    @contextlib.contextmanager
    def serve(self, version="", verify=False):
        http, https = keep_port(), keep_port()
        more = f"ssl_client_certificate {self.authority.pem}; ssl_verify_client on;" \
            if verify else ""
        more += f"ssl_protocols {version}; ssl_ciphers DEFAULT@SECLEVEL=0;" if version else ""
        with fetchservers.nginx(self.directory, f"""
                server {{
                  listen {HOST}:{http}; listen {HOST}:{https} ssl; root {self.root};
                  ssl_certificate {self.certificate}; ssl_certificate_key {self.certificate}; {more}
                  location /slow/ {{ limit_rate 16k; }}
                  location /zip/ {{ gzip on; gzip_types *; }}
                  location /chunked/ {{ ssi on; ssi_types *; }}
                }}""", started=self.note):
            yield http, https, self.process

    def test_chunked(self):
        with self.serve() as (http, _, _):
            answer = self.assert_answer(200, f"http://{HOST}:{http}/chunked/file", BODY)
            self.assertNotIn("size", answer.lines)

    def note(self, process):
        self.process = process


class Apache(Web, Case):
    @contextlib.contextmanager
    def serve(self, version="", verify=False):
        more = f"SSLCACertificateFile {self.authority.pem}\n  SSLVerifyClient require\n" \
            if verify else ""
        more += f"SSLProtocol {version}\n  SSLCipherSuite DEFAULT@SECLEVEL=0\n" if version else ""
        with apache2(self.directory, self.root,
                     f"SSLCertificateFile {self.certificate}\n  {more}") as ports:
            yield ports


class Files:
    """What all FTP servers have in common. serve(secure) yields the address; login: that it wants,
    None = anybody."""

    login = f"{USER}:{PASSWORD}"

    def serve(self, secure):
        raise NotImplementedError

    def test_ftp(self):
        self.look(False)

    def test_ftps(self):
        self.look(True)

    def look(self, secure):
        login = {"secret": self.login} if self.login else {}
        with self.serve(secure) as uri:
            whole = self.assert_answer(200, f"{uri}/file", BODY, **login)
            self.assert_answer(304, f"{uri}/file", b"", **login,
                               last_modified=whole.lines["last-modified"])
            part = self.assert_answer(206, f"{uri}/file", BODY[1000:], range=1000, **login)
            self.assertEqual(part.lines["last-modified"], whole.lines["last-modified"])
            self.assert_answer(200, f"{uri}/empty", b"", **login)
            self.assert_answer(200, f"{uri}/zip/file", BODY, **login)
            self.assert_answer(200, f"{uri}/slow/file", max_size=BIG, **login)
            self.assert_answer(404, f"{uri}/nothing", b"", **login)
            self.assertEqual(self.fetch(f"{uri}/slow/file", **login).failure[0], "TooLarge")
            if self.login:
                self.assert_answer(401, f"{uri}/file", b"", secret=f"{USER}:wrong")
            if secure:
                answer, _ = fetch(PROGRAM, f"{uri}/file", **login)
                self.assertEqual(answer.failure[0], "TlsFailed")


class Vsftpd(Files, Case):
    login = None

    def serve(self, secure):
        return fetchservers.vsftpd(self.directory, self.root, self.certificate if secure else None)


class Proftpd(Files, Case):
    def serve(self, secure):
        return proftpd(self.directory, self.root, USER, PASSWORD,
                       self.certificate if secure else None)


class Pyftpdlib(Files, Case):
    test_ftps = None  # it has no TLS from the first byte

    def serve(self, secure):
        return fetchservers.pyftpdlib(self.root, USER, PASSWORD)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    os.environ["G_DEBUG"] = "fatal-warnings"
    unittest.main(verbosity=2)
