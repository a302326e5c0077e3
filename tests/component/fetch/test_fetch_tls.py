# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which servers fotad-fetch trusts, and by which way it reaches them. Usage: test_fetch_tls.py PROGRAM"""
import contextlib
import os
import ssl
import tempfile
import threading
import unittest
import warnings

from fetchcase import BODY, FetchCase, PROGRAM, SECRET
import fetchservers
from fetchservers import HOST, Rude


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


if __name__ == "__main__":
    unittest.main(verbosity=2)
