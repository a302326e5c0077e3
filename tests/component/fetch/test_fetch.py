# SPDX-License-Identifier: LGPL-2.1-or-later
"""fotad-fetch against real servers and against a rude one. Usage: test_fetch.py PROGRAM"""
import contextlib
import os
import pathlib
import ssl
import subprocess
import sys
import tempfile
import threading
import unittest
import warnings

import fetchservers
from fetchservers import HOST, Rude, free_port
from session import Session, fetch

PROGRAM = None
SECRET = "s3cr3t-w0rd"
BODY = b'untrusted comment: x\n{"a": "\xc3\xa9\\u0000"}\r\n\n'
LIMIT = 65536


class FetchCase(unittest.TestCase):
    def setUp(self):
        self._directory = tempfile.TemporaryDirectory(prefix="fotad-fetch-")
        self.addCleanup(self._directory.cleanup)
        self.directory = pathlib.Path(self._directory.name)
        self.root = self.directory / "root"
        (self.root / "deep" / "er").mkdir(parents=True)
        (self.root / "m.signed").write_bytes(BODY)
        (self.root / "deep" / "er" / "a b").write_bytes(BODY)
        (self.root / "full").write_bytes(b"x" * LIMIT)
        (self.root / "over").write_bytes(b"x" * (LIMIT + 1))
        (self.root / "empty").write_bytes(b"")
        self.settings = {}  # of every request

    def fetch(self, uri, **options):
        answer, session = fetch(PROGRAM, uri, **{**self.settings, **options})
        self.assertEqual((session.code, session.complaint), (0, ""))
        self.assertNotIn(SECRET, str(answer.lines))
        return answer

    def assert_answer(self, status, uri, **options):
        answer = self.fetch(uri, **options)
        self.assertEqual(answer.failure, (None, None))
        self.assertEqual(answer.status, status)
        self.assertEqual(answer.lines["end"], str(len(answer.body)))
        if "size" in answer.lines:
            self.assertEqual(answer.lines["size"], answer.lines["end"])
        return answer

    def assert_fails(self, name, uri, **options):
        """Returns the sentence."""
        answer = self.fetch(uri, **options)
        self.assertEqual(answer.failure[0], name, answer.failure)
        self.assertNotIn("end", answer.lines)
        self.assertGreater(len(answer.failure[1]), 5)
        return answer.failure[1]


class WebTest(FetchCase):
    """Real nginx, over http and https."""

    def setUp(self):
        super().setUp()
        self.authority = fetchservers.Authority(self.directory)
        self.http, self.https, self.named, self.expired, self.third = (
            free_port() for _ in range(5))
        good = self.authority.issue("good", f"IP:{HOST}")
        other = self.authority.issue("other", "DNS:elsewhere.example")
        old = self.authority.issue("old", f"IP:{HOST}", "-days", "-1")
        (self.directory / "users").write_text(f"fota:{{PLAIN}}{SECRET}\n")
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.log = stack.enter_context(fetchservers.nginx(self.directory, f"""
            server {{
              listen {HOST}:{self.https} ssl; root {self.root};
              ssl_certificate {good}; ssl_certificate_key {good};
              location /age {{ alias {self.root}/m.signed; add_header Cache-Control
                "public, max-age=1234"; }}
              location /basic/ {{ alias {self.root}/; auth_basic x;
                auth_basic_user_file {self.directory}/users; }}
              location /bearer/ {{ if ($http_authorization != "Bearer {SECRET}") {{ return 403; }}
                alias {self.root}/; }}
              location /busy {{ add_header Retry-After 77 always; return 429; }}
              location /later {{ add_header Retry-After "Wed, 21 Oct 2099 07:28:00 GMT" always;
                return 503; }}
              location /past {{ add_header Retry-After "Wed, 21 Oct 2015 07:28:00 GMT" always;
                return 503; }}
              location /zip/ {{ alias {self.root}/; gzip on; gzip_types *; gzip_min_length 1; }}
              location /hop1 {{ return 301 /hop2; }}
              location /hop2 {{ return 302 https://{HOST}:{self.https}/hop3; }}
              location /hop3 {{ return 307 m.signed; }}
              location /hop0 {{ return 308 /hop1; }}
              location /down {{ return 302 http://{HOST}:{self.http}/m.signed; }}
              location /away {{ return 302 https://{HOST}:{self.expired}/m.signed; }}
              location /file {{ return 302 file:///etc/hostname; }}
              location /login {{ return 302 https://u:{SECRET}@{HOST}:{self.https}/m.signed; }}
            }}
            server {{
              listen {HOST}:{self.http}; root {self.root};
              location /up {{ return 302 https://{HOST}:{self.https}/basic/m.signed; }}
              location /side {{ return 302 http://localhost:{self.http}/m.signed; }}
              location /over {{ return 302 http://{HOST}:{self.third}/m.signed; }}
              location /loop {{ return 302 /loop; }}
            }}
            server {{ listen {HOST}:{self.third}; root {self.root}; }}
            server {{ listen {HOST}:{self.named} ssl; root {self.root};
              ssl_certificate {other}; ssl_certificate_key {other}; }}
            server {{ listen {HOST}:{self.expired} ssl; root {self.root};
              ssl_certificate {old}; ssl_certificate_key {old}; }}"""))
        self.settings = {"authority": self.authority.pem.read_bytes()}

    def secure(self, path):
        return f"https://{HOST}:{self.https}/{path}"

    def plain(self, path):
        return f"http://{HOST}:{self.http}/{path}"

    def test_body_is_exact(self):
        for uri in (self.secure("m.signed"), self.plain("m.signed")):
            result = self.assert_answer(200, uri)
            self.assertEqual(result.body, BODY)
            self.assertRegex(result.lines["etag"], r'^".+"$')
            self.assertRegex(result.lines["last-modified"], r" GMT$")
            self.assertNotIn("max-age", result.lines)
            self.assertNotIn("retry-after", result.lines)
        self.assertEqual(self.assert_answer(200, self.secure("empty")).body, b"")

    def test_conditions(self):
        first = self.assert_answer(200, self.secure("m.signed"))
        etag, modified = first.lines["etag"], first.lines["last-modified"]
        again = self.assert_answer(304, self.secure("m.signed"), etag=etag)
        self.assertEqual(again.body, b"")
        self.assert_answer(304, self.secure("m.signed"), last_modified=modified)
        self.assert_answer(200, self.secure("m.signed"), etag='"other"')
        self.assert_fails("BadRequest", self.plain("m.signed"), last_modified="yesterday")

    def test_headers(self):
        self.assertEqual(self.assert_answer(200, self.secure("age")).lines["max-age"],
                         "1234")
        self.assertEqual(self.assert_answer(429, self.secure("busy")).lines
                         ["retry-after"], "77")
        later = self.assert_answer(503, self.secure("later")).lines["retry-after"]
        self.assertGreater(int(later), 365 * 86400)
        self.assertEqual(self.assert_answer(503, self.secure("past")).lines
                         ["retry-after"], "0")

    def test_size(self):
        self.assertEqual(len(self.assert_answer(200, self.secure("full")).body), LIMIT)
        self.assert_fails("TooLarge", self.secure("over"))
        self.assert_answer(200, self.secure("over"), max_size=LIMIT + 1)
        self.assert_answer(200, self.plain("m.signed"), max_size=len(BODY))
        self.assert_fails("TooLarge", self.plain("m.signed"), max_size=len(BODY) - 1)
        self.assert_answer(200, self.plain("empty"), max_size=0)

    def test_no_decoding(self):
        # Not asked for, so not sent packed.
        self.assertEqual(self.assert_answer(200, self.secure("zip/m.signed")).body, BODY)

    def test_asks_no_desktop(self):
        """GIO's modules for desktops are installed here; where they cannot write, they say so."""
        nowhere = {"XDG_CACHE_HOME": "/proc/nowhere", "HOME": "/proc/nowhere", "http_proxy": "x:1"}
        self.assert_answer(200, self.plain("m.signed"), environment=nowhere)

    def test_missing(self):
        self.assertEqual(self.assert_answer(404, self.secure("nothing")).body, b"")

    def test_credentials(self):
        self.assert_answer(401, self.secure("basic/m.signed"))
        self.assert_answer(401, self.secure("basic/m.signed"), secret="fota:wrong")
        self.assert_answer(200, self.secure("basic/m.signed"), secret=f"fota:{SECRET}\n")
        self.assert_answer(403, self.secure("bearer/m.signed"), secret="wrong")
        self.assert_answer(200, self.secure("bearer/m.signed"), secret=SECRET)

    def test_redirects(self):
        self.assertEqual(self.assert_answer(200, self.secure("hop1")).body, BODY)
        self.assert_fails("BadRedirect", self.secure("hop0"))
        self.assert_fails("BadRedirect", self.plain("loop"))
        self.assert_fails("BadRedirect", self.secure("down"))
        self.assert_fails("BadRedirect", self.secure("file"))
        self.assert_fails("BadRedirect", self.secure("login"))

    def test_no_secret_to_another_server(self):
        credential = f"fota:{SECRET}"
        # From http to https, to another name of this host, to another port: other origins all.
        self.assert_answer(401, self.plain("up"), secret=credential)
        self.assert_answer(200, self.plain("side"), secret=credential)
        self.assert_answer(200, self.plain("over"), secret=credential)
        lines = self.log.read_text().splitlines()
        sent = [(line.split()[1], "[-]" not in line) for line in lines]
        self.assertEqual(sent, [("/up", True), ("/basic/m.signed", False), ("/side", True),
                                ("/m.signed", False), ("/over", True), ("/m.signed", False)])

    def test_secret_stays_within_origin(self):
        self.assert_answer(200, self.secure("hop1"), secret=f"fota:{SECRET}")
        lines = self.log.read_text().splitlines()
        self.assertEqual(len(lines), 4)
        self.assertFalse([line for line in lines if "[-]" in line])

    def test_tls(self):
        del self.settings["authority"]
        result = self.assert_fails("TlsFailed", self.secure("m.signed"))
        self.assertIn("authority", result)
        self.assert_fails("TlsFailed", self.secure("m.signed"), authority=BODY)
        self.settings["authority"] = self.authority.pem.read_bytes()
        result = self.assert_fails("TlsFailed", f"https://{HOST}:{self.named}/m.signed")
        self.assertIn("another host", result)
        result = self.assert_fails("TlsFailed", f"https://{HOST}:{self.expired}/m.signed")
        self.assertIn("expired", result)
        self.assert_fails("TlsFailed", self.secure("away"))
        self.assert_fails("TlsFailed", f"https://{HOST}:{self.http}/m.signed")


class RudeTest(FetchCase):
    """What no real server would do."""

    @staticmethod
    def head(*lines, status="200 OK"):
        return "\r\n".join([f"HTTP/1.1 {status}", *lines, "", ""]).encode("latin-1")

    def test_endless(self):
        def answer(sock, _):
            sock.sendall(self.head("Transfer-Encoding: chunked"))
            while True:
                sock.sendall(b"1000\r\n" + b"x" * 4096 + b"\r\n")
        with Rude(answer) as server:
            self.assert_fails("TooLarge", server.uri)

    def test_endless_error_page(self):
        def answer(sock, _):
            sock.sendall(self.head("Content-Length: 99999999", status="404 Not Found"))
            while not server.wait(0.05):
                sock.sendall(b"x" * 4096)
        with Rude(answer) as server:
            self.assert_answer(404, server.uri)

    def test_length_lies(self):
        for lie in (b"x" * 10, b""):
            def answer(sock, _, lie=lie):
                sock.sendall(self.head("Content-Length: 20") + lie)
            with Rude(answer) as server:
                self.assert_fails("Interrupted", server.uri)

    def test_cut_chunk(self):
        with Rude(lambda sock, _: sock.sendall(
                self.head("Transfer-Encoding: chunked") + b"10\r\nxx")) as server:
            self.assert_fails("Interrupted", server.uri)

    def test_drip(self):
        def answer(sock, _):
            sock.sendall(self.head("Content-Length: 100000"))
            while not server.wait(0.1):
                sock.sendall(b"x")
        with Rude(answer) as server:
            self.assert_fails("TooSlow", server.uri, max_size=100000, rate_period=1)

    def test_drip_of_headers(self):
        def answer(sock, _):
            sock.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not server.wait(0.1):
                sock.sendall(b"x")
        with Rude(answer) as server:
            self.assert_fails("TimedOut", server.uri, first_byte=1)

    def test_endless_headers(self):
        """They end long before they fill a gateway's memory."""
        sent = []

        def answer(sock, _):
            sock.sendall(b"HTTP/1.1 200 OK\r\n")
            while len(sent) < 10_000:
                sock.sendall(b"X: " + b"x" * 1000 + b"\r\n")
                sent.append(1000)
        with Rude(answer) as server:
            self.assert_fails("Interrupted", server.uri)
        self.assertLess(len(sent), 10_000)

    def test_silence(self):
        with Rude(lambda sock, _: server.wait(60)) as server:
            self.assert_fails("TimedOut", server.uri, first_byte=1)
            self.assert_fails("TimedOut", server.uri, timeout=1)

    def test_too_long_in_all(self):
        def answer(sock, _):
            sock.sendall(self.head("Content-Length: 100000000"))
            while not server.wait(0.02):
                sock.sendall(b"x" * 100)
        with Rude(answer) as server:
            self.assert_fails("TimedOut", server.uri, timeout=2, max_size=100000000)

    def test_packed_body_stays_packed(self):
        packed = b"\x1f\x8b\x08\x00bomb"
        with Rude(lambda sock, _: sock.sendall(
                self.head("Content-Encoding: gzip", f"Content-Length: {len(packed)}")
                + packed)) as server:
            self.assertEqual(self.assert_answer(200, server.uri).body, packed)
            self.assertNotIn(b"accept-encoding", server.requests[0].lower())

    def test_headers_cannot_forge_ours(self):
        def answer(sock, _):
            sock.sendall(self.head('ETag: "a\tstatus: 500"', "Last-Modified: x\r\n status: 500",
                                   "Cache-Control: max-age=-5", "Retry-After: soon",
                                   "Content-Length: 0"))
        with Rude(answer) as server:
            result = self.assert_answer(200, server.uri)
            self.assertNotIn("etag", result.lines)
            self.assertNotIn("max-age", result.lines)
            self.assertNotIn("retry-after", result.lines)

    def test_not_http(self):
        with Rude(lambda sock, _: sock.sendall(b"220 this is FTP\r\n")) as server:
            self.assert_fails("BadAnswer", server.uri)
        with Rude(lambda sock, _: None) as server:
            self.assert_fails("Interrupted", server.uri)

    def test_unreachable(self):
        self.assert_fails("Unreachable", f"http://{HOST}:{free_port()}/")
        self.assert_fails("Unreachable", "http://nothing.invalid/")
        self.assert_fails("Unreachable", f"ftp://{HOST}:{free_port()}/x")
        self.assert_fails("Unreachable", "ftp://nothing.invalid/x")

    def test_post(self):
        report = b'{"result":"success"}'
        with Rude(lambda sock, _: sock.sendall(
                self.head("Content-Length: 2", status="201 Created") + b"ok")) as server:
            result = self.assert_answer(201, server.uri, method="POST", secret=SECRET, body=report,
                                        idempotency_key="0123abcd")
            self.assertEqual(result.body, b"ok")
            head, _, body = server.requests[0].partition(b"\r\n\r\n")
            self.assertEqual(body, report)
            self.assertTrue(head.startswith(b"POST / HTTP/1.1\r\n"))
            self.assertIn(b"content-type: application/json", head.lower())
            self.assertIn(b"idempotency-key: 0123abcd", head.lower())
            self.assertIn(f"Bearer {SECRET}".encode(), head)
        self.assert_fails("BadRequest", "http://127.0.0.1:1/", method="POST", body=b"x" * 1048577)
        self.assert_fails("BadUri", "ftp://127.0.0.1/x", method="POST")
        self.assert_fails("BadUri", f"file://{self.root}/m.signed", method="POST")

    def test_post_redirect(self):
        def answer(sock, request):
            if b" /there " in request:
                sock.sendall(self.head("Content-Length: 0"))
            else:
                sock.sendall(self.head("Location: " + place, "Content-Length: 0", status=status))
        place = "/there"
        status = "302 Found"
        with Rude(answer) as server:
            self.assert_fails("BadRedirect", server.uri, method="POST", body=b"{}")
        status = "307 Temporary Redirect"
        with Rude(answer) as server:
            self.assert_answer(200, server.uri, method="POST", body=b"{}")
            self.assertTrue(server.requests[-1].endswith(b"{}"))
        with Rude(answer) as other:
            place = other.uri
            for status in "307 Temporary Redirect", "308 Permanent Redirect":
                with Rude(answer) as server:
                    self.assert_fails("BadRedirect", server.uri, method="POST", body=b"{}")
            self.assertEqual(other.requests, [])


class TlsTest(FetchCase):
    """One policy for https and ftps: each case against both."""

    @classmethod
    def setUpClass(cls):
        cls.place = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="fotad-fetch-"))
        cls.authority = fetchservers.Authority(cls.place)
        cls.good = cls.authority.issue("good", f"IP:{HOST},DNS:localhost", purpose="serverAuth")

    def setUp(self):
        super().setUp()
        self.settings = {"authority": self.authority.pem.read_bytes()}
        self.peers = []  # the certificates that clients have shown

    def context(self, certificate, **options):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        # OpenSSL speaks the old versions only when it is told that nothing is too weak.
        context.set_ciphers("DEFAULT@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.load_verify_locations(self.authority.pem)
        for name, value in options.items():
            setattr(context, name, value)
        return context

    @contextlib.contextmanager
    def servers(self, certificate, host=HOST, **options):
        """The addresses of one for https and one for ftps; nothing may be heard from a client that
        does not trust them."""
        def web(sock, request):
            self.peers.append(sock.getpeercert())
            heard.append(request)
            sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

        def file(sock, _):
            self.peers.append(sock.getpeercert())
            heard.append(sock.recv(100))
            sock.sendall(b"421 busy\r\n")
        heard = []
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context = self.context(certificate, **options)
        with Rude(web, tls=context) as https, Rude(file, b"220 hello\r\n", context) as ftps:
            yield {200: f"https://{host}:{https.port}/x",
                   503: f"ftps://{host}:{ftps.port}/x"}, heard

    def assert_trusts(self, certificate, host=HOST, settings=None, **options):
        with self.servers(certificate, host, **options) as (uris, _):
            for status, uri in uris.items():
                with self.subTest(uri=uri):
                    self.assert_answer(status, uri, **(settings or {}))

    def assert_distrusts(self, certificate, why, host=HOST, **options):
        with self.servers(certificate, host, **options) as (uris, heard):
            for uri in uris.values():
                with self.subTest(uri=uri):
                    self.assertRegex(self.assert_fails("TlsFailed", uri, secret=f"u:{SECRET}"), why)
        self.assertEqual([data for data in heard if data], [])

    def test_versions(self):
        """The machine's own configuration of OpenSSL would let the old ones through."""
        lax = self.directory / "openssl.cnf"
        lax.write_text("openssl_conf = top\n[top]\nssl_conf = ssl\n[ssl]\nsystem_default = all\n"
                       "[all]\nMinProtocol = TLSv1\nCipherString = DEFAULT@SECLEVEL=0\n")
        self.settings["environment"] = {**os.environ, "OPENSSL_CONF": str(lax)}
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                self.assert_distrusts(self.good, ".", maximum_version=version)
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            self.assert_trusts(self.good, maximum_version=version)
        self.assert_trusts(self.good, minimum_version=ssl.TLSVersion.TLSv1_3)

    def test_old_versions_are_there(self):
        """Else the test before would not show anything."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            with self.servers(self.good, maximum_version=ssl.TLSVersion.TLSv1_1) as (uris, _):
                port = int(uris[200].split(":")[2].split("/")[0])
                client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
                client.minimum_version = ssl.TLSVersion.TLSv1
                client.set_ciphers("DEFAULT@SECLEVEL=0")
                plain = fetchservers.socket.create_connection((HOST, port))
                with client.wrap_socket(plain) as sock:
                    self.assertEqual(sock.version(), "TLSv1.1")

    def test_file_is_as_safe_as_its_login(self):
        """A server that encrypts the login alone is asked for nothing."""
        replies = {"USER": "331 and?", "PASS": "230 in", "PBSZ": "200 0", "PROT": "534 no",
                   "PWD": '257 "/"', "QUIT": "221 bye"}
        heard = []

        def file(sock, _):
            for line in sock.makefile("r", newline="\r\n"):
                heard.append(line.split()[0])
                sock.sendall(f"{replies.get(heard[-1], '500 what')}\r\n".encode())

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            context = self.context(self.good)
        with Rude(file, b"220 hello\r\n", context) as ftps:
            self.assert_fails("TlsFailed", f"ftps://{HOST}:{ftps.port}/x", secret=f"u:{SECRET}")
        self.assertIn("PROT", heard)
        self.assertLessEqual(set(heard), set(replies))

    def test_names(self):
        issue = self.authority.issue
        self.assert_trusts(self.good, "localhost")
        self.assert_distrusts(issue("localhost", None), "subjectAltName", "localhost")
        self.assert_distrusts(issue(HOST, None), "subjectAltName|another host|match")
        self.assert_distrusts(issue("localhost", "email:x@localhost"), "subjectAltName",
                              "localhost")
        self.assert_distrusts(issue("other", "DNS:elsewhere.example"), ".", "localhost")
        self.assert_distrusts(issue("ip", f"IP:{HOST}"), ".", "localhost")

    def test_purpose(self):
        issue = self.authority.issue
        self.assert_trusts(issue("any", f"IP:{HOST}"))
        self.assert_trusts(issue("both", f"IP:{HOST}", purpose="clientAuth,serverAuth"))
        self.assert_distrusts(issue("client", f"IP:{HOST}", purpose="clientAuth"),
                              "not for servers|purpose")
        self.assert_distrusts(issue("code", f"IP:{HOST}", purpose="codeSigning"),
                              "not for servers|purpose")

    def test_authority_and_dates(self):
        self.assert_distrusts(self.authority.issue("old", f"IP:{HOST}", "-days", "-1"), "expired")
        (self.directory / "other").mkdir()
        other = fetchservers.Authority(self.directory / "other")
        self.assert_distrusts(other.issue("good", f"IP:{HOST}"), ".")

    def test_client_certificate(self):
        pem = self.authority.issue("gateway", "DNS:gateway", purpose="clientAuth").read_bytes()
        certificate, _, key = pem.partition(b"-----BEGIN PRIVATE")
        key = b"-----BEGIN PRIVATE" + key
        for settings in ({"certificate": certificate, "key": key}, {"certificate": pem}):
            self.assert_trusts(self.good, settings=settings, verify_mode=ssl.CERT_REQUIRED)
            self.assertTrue(all(self.peers))
        with self.servers(self.good, verify_mode=ssl.CERT_REQUIRED) as (uris, _):
            for uri in uris.values():
                self.assertIn(self.fetch(uri).failure[0], ("TlsFailed", "Interrupted"))
            for bad in ({"certificate": certificate}, {"certificate": BODY, "key": key}):
                for uri in uris.values():
                    self.assert_fails("BadCredential", uri, **bad)

    def test_client_certificate_stays_within_origin(self):
        with self.servers(self.good, verify_mode=ssl.CERT_OPTIONAL) as (uris, _):
            location = f"HTTP/1.1 302 Found\r\nLocation: {uris[200]}\r\nContent-Length: 0\r\n\r\n"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context = self.context(self.good)
            with Rude(lambda sock, _: sock.sendall(location.encode()), tls=context) as first:
                self.assert_answer(200, f"https://{HOST}:{first.port}/",
                                   certificate=self.authority.issue("gateway", None).read_bytes())
        self.assertFalse(self.peers[0])


class InterfaceTest(FetchCase):
    """Connections leave by the interface that fotad names, and by no other."""

    def fetch_by(self, interface):
        self.settings["interface"] = interface
        return Rude(lambda sock, _: sock.sendall(b"HTTP/1.1 204 No Content\r\n\r\n"))

    def test_bound(self):
        with self.fetch_by("lo") as server:
            self.assert_answer(204, f"http://{HOST}:{server.port}/alive")
            self.assertEqual(len(server.requests), 1)

    def test_not_there(self):
        with self.fetch_by("wwan77") as server:
            self.assert_fails("Unreachable", f"http://{HOST}:{server.port}/alive")
            self.assertEqual(server.requests, [])

    def test_no_name(self):
        with self.fetch_by("../lo") as server:
            self.assert_fails("BadRequest", f"http://{HOST}:{server.port}/alive")
            self.assertEqual(server.requests, [])


class ProxyTest(FetchCase):
    """Names that only the proxy can know; it leads all of them to the same server."""

    @contextlib.contextmanager
    def proxy(self, port, tls=None):
        def pump(source, sink):
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
                sink.shutdown(fetchservers.socket.SHUT_WR)

        def answer(sock, request):
            method, target = request.split()[:2]
            if method != b"CONNECT":
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nby")
                return
            wanted = target.decode().rpartition(":")[2]
            there = port if int(wanted) < 1024 else int(wanted)
            with fetchservers.socket.create_connection((HOST, there)) as server:
                sock.sendall(b"HTTP/1.1 200 there you are\r\n\r\n")
                back = threading.Thread(target=pump, args=[server, sock], daemon=True)
                back.start()
                pump(sock, server)
                back.join(10)
        with Rude(answer) as server:
            self.settings["proxy"] = f"http://{HOST}:{server.port}"
            yield server

    def test_http(self):
        with self.proxy(0) as proxy:
            answer = self.assert_answer(200, "http://fota.invalid/m", secret=SECRET)
            self.assertEqual(answer.body, b"by")
            self.assertIn(b"GET http://fota.invalid/m", proxy.requests[0])

    def test_https(self):
        authority = fetchservers.Authority(self.directory)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.issue("fota", "DNS:fota.invalid"))
        self.settings["authority"] = authority.pem.read_bytes()
        with Rude(lambda sock, _: sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
                  tls=context) as server, self.proxy(server.port) as proxy:
            answer = self.assert_answer(200, "https://fota.invalid/m", secret=SECRET)
            self.assertEqual(answer.body, b"ok")
            self.assertIn(b"CONNECT fota.invalid:443", proxy.requests[0])
            self.assertNotIn(SECRET.encode(), b"".join(proxy.requests))

    def test_ftp(self):
        with fetchservers.pyftpdlib(self.root, "fota", SECRET) as uri, \
                self.proxy(int(uri.rpartition(":")[2])) as proxy:
            answer = self.assert_answer(200, "ftp://fota.invalid/m.signed", secret=f"fota:{SECRET}")
            self.assertEqual(answer.body, BODY)
            self.assertIn(b"CONNECT fota.invalid:21", proxy.requests[0])

    def test_ftps(self):
        authority = fetchservers.Authority(self.directory)
        self.settings["authority"] = authority.pem.read_bytes()
        certificate = authority.issue("fota", "DNS:fota.invalid")
        with fetchservers.vsftpd(self.directory, self.root, certificate) as uri, \
                self.proxy(int(uri.rpartition(":")[2])) as proxy:
            self.assertEqual(self.assert_answer(200, "ftps://fota.invalid/m.signed").body, BODY)
            self.assertIn(b"CONNECT fota.invalid:990", proxy.requests[0])

    def test_none(self):
        """What the environment says is for others."""
        nowhere = {f"{name}_proxy": f"http://{HOST}:1" for name in ("http", "ftp", "all")}
        with Rude(lambda sock, _: sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")) \
                as server:
            self.assert_answer(200, server.uri, environment=nowhere)
        with fetchservers.vsftpd(self.directory, self.root) as uri:
            self.assert_answer(200, f"{uri}/m.signed", environment=nowhere)

    def test_bad(self):
        for proxy in ("proxy:3128", "socks5://proxy:1", "http://", "http://a b/"):
            self.assert_fails("BadRequest", "http://h.invalid/", proxy=proxy)


class FtpTest(FetchCase):
    def test_login(self):
        good, bad = f"fota:{SECRET}", f"fota:{SECRET}x"
        with fetchservers.pyftpdlib(self.root, "fota", SECRET) as uri:
            result = self.assert_answer(200, f"{uri}/m.signed", secret=good)
            self.assertEqual(result.body, BODY)
            modified = result.lines["last-modified"]
            self.assert_answer(304, f"{uri}/m.signed", secret=good, last_modified=modified)
            answer = self.assert_answer(200, f"{uri}/deep/er/a%20b", secret=good)
            self.assertEqual(answer.body, BODY)
            self.assertEqual(self.assert_answer(200, f"{uri}/empty", secret=good).body, b"")
            self.assert_answer(401, f"{uri}/m.signed", secret=bad)
            self.assert_answer(401, f"{uri}/m.signed")
            self.assert_answer(404, f"{uri}/nothing", secret=good)
            self.assert_answer(404, f"{uri}/no/such/directory", secret=good)
            self.assert_answer(200, f"{uri}/full", secret=good)
            self.assert_fails("TooLarge", f"{uri}/over", secret=good)
            self.assert_fails("BadUri", f"{uri}/a%0d%0aDELE%20b", secret=good)
            self.assert_fails("BadCredential", f"{uri}/m.signed", secret=SECRET)

    def test_anonymous(self):
        with fetchservers.vsftpd(self.directory, self.root) as uri:
            self.assertEqual(self.assert_answer(200, f"{uri}/m.signed").body, BODY)
            self.assert_answer(404, f"{uri}/nothing")

    def test_tls(self):
        authority = fetchservers.Authority(self.directory)
        good = authority.issue("good", f"IP:{HOST}")
        other = authority.issue("other", "DNS:elsewhere.example")
        ca = authority.pem.read_bytes()
        with fetchservers.vsftpd(self.directory, self.root, good) as uri:
            self.assertEqual(self.assert_answer(200, f"{uri}/m.signed", authority=ca).body, BODY)
            self.assert_fails("TlsFailed", f"{uri}/m.signed")
        with fetchservers.vsftpd(self.directory, self.root, other) as uri:
            self.assert_fails("TlsFailed", f"{uri}/m.signed", authority=ca)

    def talk(self, sock, **replies):
        """An FTP server as far as curl needs one; replies overrides what it says to a command."""
        said = {"USER": "331 password", "PASS": "230 in", "PWD": '257 "/"', "EPSV": "502 no",
                "TYPE": "200 ok", "SIZE": "502 no", "MDTM": "502 no", "QUIT": "221 bye",
                **replies}
        data = None
        for line in sock.makefile("r", encoding="latin-1"):
            command = line.split()[0].upper()
            if command == "PASV":
                data = fetchservers.socket.create_server((HOST, 0))
                port = data.getsockname()[1]
                said["PASV"] = f"227 ok (127,0,0,1,{port >> 8},{port & 255})"
            reply = said.get(command, "500 what")
            if callable(reply):
                with data, data.accept()[0] as channel:
                    reply = reply(sock, channel)
            sock.sendall(reply.encode() + b"\r\n")

    def rude(self, **replies):
        server = Rude(lambda sock, _: self.talk(sock, **replies), greeting=b"220 hello\r\n")
        return server

    def test_cut(self):
        def half(sock, channel):
            sock.sendall(b"150 here\r\n")
            channel.sendall(b"x" * 10)
            return "226 done"
        with self.rude(SIZE="213 20", RETR=half) as server:
            self.assert_fails("Interrupted", f"ftp://{HOST}:{server.port}/x")

    def test_endless(self):
        def endless(sock, channel):
            sock.sendall(b"150 here\r\n")
            with contextlib.suppress(OSError):
                while True:
                    channel.sendall(b"x" * 4096)
            return "426 gone"
        with self.rude(RETR=endless) as server:
            self.assert_fails("TooLarge", f"ftp://{HOST}:{server.port}/x")

    def test_drip(self):
        def drip(sock, channel):
            sock.sendall(b"150 here\r\n")
            while not server.wait(0.1):
                channel.sendall(b"x")
            return "426 gone"
        with self.rude(RETR=drip) as server:
            self.assert_fails("TooSlow", f"ftp://{HOST}:{server.port}/x", rate_period=1)

    def test_silence(self):
        with Rude(lambda sock, _: server.wait(60)) as server:
            self.assert_fails("TimedOut", f"ftp://{HOST}:{server.port}/x", first_byte=1)

    def test_busy(self):
        with Rude(lambda sock, _: None, greeting=b"421 too many users\r\n") as server:
            self.assert_answer(503, f"ftp://{HOST}:{server.port}/x")


class LocalTest(FetchCase):
    def test_file(self):
        result = self.assert_answer(200, f"file://{self.root}/m.signed")
        self.assertEqual(result.body, BODY)
        self.assert_answer(304, f"file://{self.root}/m.signed", etag=result.lines['etag'])
        self.assertEqual(self.assert_answer(200, f"file://{self.root}/deep/er/a%20b").body, BODY)
        self.assert_answer(404, f"file://{self.root}/nothing")
        self.assert_answer(404, f"file://{self.root}/deep")
        self.assert_answer(200, f"file://{self.root}/full")
        self.assert_fails("TooLarge", f"file://{self.root}/over")
        self.assert_fails("BadUri", f"file://elsewhere{self.root}/m.signed")

    def test_pipe_does_not_hang(self):
        os.mkfifo(self.root / "pipe", 0o600)
        self.assert_answer(404, f"file://{self.root}/pipe")

    def test_bad_uri(self):
        for uri in ("", "x", "/etc/hostname", "gopher://h/", "data:,x", "http://", "http:///x",
                    "ftp://", f"http://u:{SECRET}@{HOST}/", f"ftp://u:{SECRET}@{HOST}/",
                    "http://[::1/"):
            with self.subTest(uri=uri):
                self.assert_fails("BadUri", uri)

    def test_bad_numbers(self):
        for line in ({"max_size": -1}, {"max_size": "x"}, {"timeout": 0}, {"first_byte": 0},
                     {"min_rate": -1}, {"rate_period": 0}, {"range": "1-2"},
                     {"timeout": 99999999}):
            self.assert_fails("BadRequest", f"file://{self.root}/m.signed", **line)

    def test_credential_text(self):
        for text in ("", "\n", "a\nb\n", "a:b\r\n", "a\tb", "x" * 4097, "\x7f"):
            with self.subTest(text=text[:9]):
                self.assert_fails("BadCredential", "http://h.invalid/", secret=text)
        self.assert_fails("Unreachable", "http://h.invalid/", secret="x" * 4095)

    def test_range(self):
        uri = f"file://{self.root}/full"
        first = self.assert_answer(206, uri, range=LIMIT - 3)
        self.assertEqual((first.body, first.lines["range"]), (b"xxx", str(LIMIT - 3)))
        self.assert_answer(206, uri, range=1, etag=first.lines["etag"])
        self.assertEqual(len(self.assert_answer(200, uri, range=1, etag='"other"').body), LIMIT)


class SessionTest(FetchCase):
    """The protocol itself, of base/fota-frame.h."""

    def setUp(self):
        super().setUp()
        self.uri = f"file://{self.root}/m.signed"

    @contextlib.contextmanager
    def session(self):
        with Session(PROGRAM) as session:
            yield session
        self.assertEqual((session.code, session.complaint), (0, ""))

    def test_several_requests(self):
        def answer(sock, request):
            # GET and HEAD share a connection; with a body libsoup takes a new one.
            while request:
                requests.append(request)
                sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
                             + (b"" if request.startswith(b"HEAD") else b"ok"))
                request = len(requests) < 2 and server.read_request(sock)
        requests = []
        with Rude(answer) as server, self.session() as session:
            session.set("secret", SECRET)
            self.assertEqual(session.request(server.uri).body, b"ok")
            self.assertEqual(session.request(server.uri + "x", "HEAD").body, b"")
            self.assertEqual(session.request(server.uri, "PUT", b"{}", type="text/x").body, b"ok")
            self.assertEqual(session.request(server.uri, "POST", b"[]").status, 200)
            self.assertEqual(session.request("http://127.0.0.1:1/").failure[0], "BadUri")
            self.assertEqual(session.request("http://localhost:1/").failure[0], "BadUri")
            self.assertEqual(session.request(self.uri).failure[0], "BadUri")
        self.assertEqual([request.split()[0] for request in requests],
                         [b"GET", b"HEAD", b"PUT", b"POST"])
        self.assertEqual(len(server.requests), 3)
        for request in requests:
            self.assertIn(f"Bearer {SECRET}".encode(), request)
        self.assertIn(b"text/x", requests[2])
        self.assertTrue(requests[2].endswith(b"\r\n\r\n{}"))

    def test_descriptor(self):
        out = self.directory / "out"
        with self.session() as session, open(out, "wb") as file:
            file.write(b"before ")
            file.flush()
            answer = session.request(self.uri, descriptor=file.fileno())
            self.assertEqual((answer.body, answer.lines["end"]), (b"", str(len(BODY))))
            self.assertEqual(out.read_bytes(), b"before " + BODY)
            # It was for that request.
            self.assertEqual(session.request(self.uri).body, BODY)
            session.send({"method": "GET", "uri": self.uri, "output": "descriptor"})
            self.assertEqual(session.read_answer().failure[0], "BadRequest")
        with self.session() as session, open("/dev/full", "wb") as full:
            self.assertEqual(session.request(self.uri, descriptor=full.fileno()).failure[0],
                             "Output")

    def test_settings_come_first(self):
        with self.session() as session:
            session.request(self.uri)
            session.set("secret", SECRET)
            self.assertEqual(session.read_answer().failure[0], "BadRequest")
            self.assertIsNone(session.read_frame())
        for name, value in (("secret", ""), ("what", "x")):
            with self.session() as session:
                session.set(name, value)
                # Nothing is asked without what could not be set.
                self.assertTrue(session.request(self.uri).failure[0])
                self.assertIsNone(session.read_frame())

    def test_bad_frames(self):
        for data in (b"\n", b"GET / HTTP/1.1\n\n", b"uri: x\n\n", b"x" * 9000,
                     b"method: GET\nmethod: GET\n\n", b"set: secret\nlength: 1048577\n\n",
                     b"method: DELETE\nuri: http://h/\n\n", b"length: x\n\n"):
            with self.subTest(data=data[:20]), self.session() as session:
                session.send_raw(data)
                self.assertIn(session.read_answer().failure[0], ("BadRequest", "BadUri"))

    def test_ends_with_fotad(self):
        """In the middle of an answer that would take longer, too."""
        with Rude(lambda sock, _: server.wait(60)) as server:
            session = Session(PROGRAM)
            session.send({"method": "GET", "uri": server.uri})
            while not server.requests:
                server.wait(0.01)
            session.hang_up()
            self.assertEqual(session.process.communicate(timeout=5)[1], b"")

    def test_by_hand(self):
        """The example of the manual page: pipes in place of the socket."""
        answer = subprocess.run([PROGRAM], check=True, capture_output=True,
                                input=f"method: GET\nuri: {self.uri}\n\n".encode())
        self.assertIn(b"status: 200\n", answer.stdout)
        self.assertIn(b"\n\n" + BODY, answer.stdout)
        self.assertEqual(answer.stderr, b"")
        self.assertEqual(subprocess.run([PROGRAM, "--help"], capture_output=True,
                                        check=False).returncode, 2)

    def test_no_output(self):
        with open("/dev/full", "wb") as full:
            self.assertEqual(subprocess.run(
                [PROGRAM], input=f"method: GET\nuri: {self.uri}\n\n".encode(), stdout=full,
                check=False).returncode, 1)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
