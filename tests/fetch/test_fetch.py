# SPDX-License-Identifier: LGPL-2.1-or-later
"""fotad-fetch against real servers and against a rude one. Usage: test_fetch.py PROGRAM"""
import contextlib
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import fetchservers
from fetchservers import HOST, Rude, free_port

PROGRAM = None
SECRET = "s3cr3t-w0rd"
BODY = b'untrusted comment: x\n{"a": "\xc3\xa9\\u0000"}\r\n\n'
LIMIT = 65536


class Result:
    def __init__(self, process):
        self.code, self.error = process.returncode, process.stderr.decode()
        self.headers, self.body = {}, b""
        if process.stdout:
            head, _, self.body = process.stdout.partition(b"\n\n")
            for line in head.decode().split("\n"):
                name, _, value = line.partition(": ")
                self.headers[name] = value
        self.status = int(self.headers.get("status", 0))
        self.failure = (self.headers.get("error"), self.headers.get("text"))


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

    def fetch(self, *args, data=b"", **options):
        process = subprocess.run([PROGRAM, *map(str, args)], input=data, timeout=90,
                                 stdout=options.pop("stdout", subprocess.PIPE),
                                 stderr=subprocess.PIPE, check=False, **options)
        self.assertNotIn(SECRET.encode(), process.stderr + (process.stdout or b""))
        self.assertNotIn("Sanitizer", process.stderr.decode())
        return Result(process)

    def assert_answer(self, status, *args, **options):
        result = self.fetch(*args, **options)
        self.assertEqual((result.code, result.error), (0, ""))
        self.assertEqual(result.status, status)
        self.assertEqual(result.headers["length"], str(len(result.body)))
        return result

    def assert_fails(self, code, name, *args, **options):
        result = self.fetch(*args, **options)
        self.assertEqual((result.code, result.error), (code, ""))
        self.assertEqual(result.failure[0], name)
        self.assertTrue(result.failure[1])
        self.assertEqual(set(result.headers), {"error", "text"})
        return result

    def credential(self, text, mode=0o600):
        file = self.directory / "credential"
        file.unlink(missing_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return f"--credential={file}"


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
        self.ca = f"--ca-file={self.authority.pem}"

    def secure(self, path):
        return f"https://{HOST}:{self.https}/{path}"

    def plain(self, path):
        return f"http://{HOST}:{self.http}/{path}"

    def test_body_is_exact(self):
        for uri in (self.secure("m.signed"), self.plain("m.signed")):
            result = self.assert_answer(200, self.ca, uri)
            self.assertEqual(result.body, BODY)
            self.assertRegex(result.headers["etag"], r'^".+"$')
            self.assertRegex(result.headers["last-modified"], r" GMT$")
            self.assertNotIn("max-age", result.headers)
            self.assertNotIn("retry-after", result.headers)
        self.assertEqual(self.assert_answer(200, self.ca, self.secure("empty")).body, b"")

    def test_conditions(self):
        first = self.assert_answer(200, self.ca, self.secure("m.signed"))
        etag, modified = first.headers["etag"], first.headers["last-modified"]
        again = self.assert_answer(304, self.ca, f"--etag={etag}", self.secure("m.signed"))
        self.assertEqual(again.body, b"")
        self.assert_answer(304, self.ca, f"--if-modified-since={modified}",
                           self.secure("m.signed"))
        self.assert_answer(200, self.ca, '--etag="other"', self.secure("m.signed"))
        self.assert_fails(2, "BadUri", "--if-modified-since=yesterday", self.plain("m.signed"))

    def test_headers(self):
        self.assertEqual(self.assert_answer(200, self.ca, self.secure("age")).headers["max-age"],
                         "1234")
        self.assertEqual(self.assert_answer(429, self.ca, self.secure("busy")).headers
                         ["retry-after"], "77")
        later = self.assert_answer(503, self.ca, self.secure("later")).headers["retry-after"]
        self.assertGreater(int(later), 365 * 86400)
        self.assertEqual(self.assert_answer(503, self.ca, self.secure("past")).headers
                         ["retry-after"], "0")

    def test_size(self):
        self.assertEqual(len(self.assert_answer(200, self.ca, self.secure("full")).body), LIMIT)
        self.assert_fails(8, "TooLarge", self.ca, self.secure("over"))
        self.assert_answer(200, self.ca, f"--max-size={LIMIT + 1}", self.secure("over"))
        self.assert_answer(200, f"--max-size={len(BODY)}", self.plain("m.signed"))
        self.assert_fails(8, "TooLarge", f"--max-size={len(BODY) - 1}", self.plain("m.signed"))
        self.assert_answer(200, "--max-size=0", self.plain("empty"))

    def test_no_decoding(self):
        # Not asked for, so not sent packed.
        self.assertEqual(self.assert_answer(200, self.ca, self.secure("zip/m.signed")).body, BODY)

    def test_asks_no_desktop(self):
        """GIO's modules for desktops are installed here; where they cannot write, they say so."""
        nowhere = {"XDG_CACHE_HOME": "/proc/nowhere", "HOME": "/proc/nowhere", "http_proxy": "x:1"}
        self.assert_answer(200, self.plain("m.signed"), env=nowhere)

    def test_missing(self):
        self.assertEqual(self.assert_answer(404, self.ca, self.secure("nothing")).body, b"")

    def test_credentials(self):
        self.assert_answer(401, self.ca, self.secure("basic/m.signed"))
        self.assert_answer(401, self.ca, self.credential("fota:wrong"),
                           self.secure("basic/m.signed"))
        self.assert_answer(200, self.ca, self.credential(f"fota:{SECRET}\n"),
                           self.secure("basic/m.signed"))
        self.assert_answer(403, self.ca, self.credential("wrong"), self.secure("bearer/m.signed"))
        self.assert_answer(200, self.ca, self.credential(SECRET), self.secure("bearer/m.signed"))

    def test_redirects(self):
        self.assertEqual(self.assert_answer(200, self.ca, self.secure("hop1")).body, BODY)
        self.assert_fails(10, "BadRedirect", self.ca, self.secure("hop0"))
        self.assert_fails(10, "BadRedirect", self.plain("loop"))
        self.assert_fails(10, "BadRedirect", self.ca, self.secure("down"))
        self.assert_fails(10, "BadRedirect", self.ca, self.secure("file"))
        self.assert_fails(10, "BadRedirect", self.ca, self.secure("login"))

    def test_no_secret_to_another_server(self):
        credential = self.credential(f"fota:{SECRET}")
        # From http to https, to another name of this host, to another port: other origins all.
        self.assert_answer(401, self.ca, credential, self.plain("up"))
        self.assert_answer(200, credential, self.plain("side"))
        self.assert_answer(200, credential, self.plain("over"))
        lines = self.log.read_text().splitlines()
        sent = [(line.split()[1], "[-]" not in line) for line in lines]
        self.assertEqual(sent, [("/up", True), ("/basic/m.signed", False), ("/side", True),
                                ("/m.signed", False), ("/over", True), ("/m.signed", False)])

    def test_secret_stays_within_origin(self):
        self.assert_answer(200, self.ca, self.credential(f"fota:{SECRET}"), self.secure("hop1"))
        lines = self.log.read_text().splitlines()
        self.assertEqual(len(lines), 4)
        self.assertFalse([line for line in lines if "[-]" in line])

    def test_tls(self):
        result = self.assert_fails(5, "TlsFailed", self.secure("m.signed"))
        self.assertIn("authority", result.failure[1])
        result = self.assert_fails(5, "TlsFailed", self.ca, f"https://{HOST}:{self.named}/m.signed")
        self.assertIn("another host", result.failure[1])
        result = self.assert_fails(5, "TlsFailed", self.ca,
                                   f"https://{HOST}:{self.expired}/m.signed")
        self.assertIn("expired", result.failure[1])
        self.assert_fails(5, "TlsFailed", self.ca, self.secure("away"))
        self.assert_fails(5, "TlsFailed", f"--ca-file={self.root}/m.signed",
                          self.secure("m.signed"))
        self.assert_fails(5, "TlsFailed", self.ca, f"https://{HOST}:{self.http}/m.signed")


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
            self.assert_fails(8, "TooLarge", server.uri)

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
                self.assert_fails(9, "Interrupted", server.uri)

    def test_cut_chunk(self):
        with Rude(lambda sock, _: sock.sendall(
                self.head("Transfer-Encoding: chunked") + b"10\r\nxx")) as server:
            self.assert_fails(9, "Interrupted", server.uri)

    def test_drip(self):
        def answer(sock, _):
            sock.sendall(self.head("Content-Length: 100000"))
            while not server.wait(0.1):
                sock.sendall(b"x")
        with Rude(answer) as server:
            self.assert_fails(7, "TooSlow", "--min-rate=50", "--rate-period=1", server.uri)

    def test_drip_of_headers(self):
        def answer(sock, _):
            sock.sendall(b"HTTP/1.1 200 OK\r\nX: ")
            while not server.wait(0.1):
                sock.sendall(b"x")
        with Rude(answer) as server:
            self.assert_fails(6, "TimedOut", "--first-byte=1", server.uri)

    def test_endless_headers(self):
        """They end long before they fill a gateway's memory."""
        sent = []

        def answer(sock, _):
            sock.sendall(b"HTTP/1.1 200 OK\r\n")
            while len(sent) < 10_000:
                sock.sendall(b"X: " + b"x" * 1000 + b"\r\n")
                sent.append(1000)
        with Rude(answer) as server:
            self.assert_fails(9, "Interrupted", server.uri)
        self.assertLess(len(sent), 10_000)

    def test_silence(self):
        with Rude(lambda sock, _: server.wait(60)) as server:
            self.assert_fails(6, "TimedOut", "--first-byte=1", server.uri)
            self.assert_fails(6, "TimedOut", "--timeout=1", server.uri)

    def test_too_long_in_all(self):
        def answer(sock, _):
            sock.sendall(self.head("Content-Length: 100000000"))
            while not server.wait(0.02):
                sock.sendall(b"x" * 100)
        with Rude(answer) as server:
            self.assert_fails(6, "TimedOut", "--timeout=2", "--max-size=100000000", server.uri)

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
            self.assertNotIn("etag", result.headers)
            self.assertNotIn("max-age", result.headers)
            self.assertNotIn("retry-after", result.headers)

    def test_not_http(self):
        with Rude(lambda sock, _: sock.sendall(b"220 this is FTP\r\n")) as server:
            self.assert_fails(11, "BadAnswer", server.uri)
        with Rude(lambda sock, _: None) as server:
            self.assert_fails(9, "Interrupted", server.uri)

    def test_unreachable(self):
        self.assert_fails(4, "Unreachable", f"http://{HOST}:{free_port()}/")
        self.assert_fails(4, "Unreachable", "http://nothing.invalid/")
        self.assert_fails(4, "Unreachable", f"ftp://{HOST}:{free_port()}/x")
        self.assert_fails(4, "Unreachable", "ftp://nothing.invalid/x")

    def test_post(self):
        report = b'{"result":"success"}'
        with Rude(lambda sock, _: sock.sendall(
                self.head("Content-Length: 2", status="201 Created") + b"ok")) as server:
            result = self.assert_answer(201, "--post", self.credential(SECRET), server.uri,
                                        data=report)
            self.assertEqual(result.body, b"ok")
            head, _, body = server.requests[0].partition(b"\r\n\r\n")
            self.assertEqual(body, report)
            self.assertTrue(head.startswith(b"POST / HTTP/1.1\r\n"))
            self.assertIn(b"content-type: application/json", head.lower())
            self.assertIn(f"Bearer {SECRET}".encode(), head)
        self.assert_fails(1, "Failed", "--post", "http://127.0.0.1:1/", data=b"x" * 1048577)
        self.assert_fails(2, "BadUri", "--post", "ftp://127.0.0.1/x")
        self.assert_fails(2, "BadUri", "--post", f"file://{self.root}/m.signed")

    def test_post_redirect(self):
        def answer(sock, request):
            if b" /there " in request:
                sock.sendall(self.head("Content-Length: 0"))
            else:
                sock.sendall(self.head("Location: /there", "Content-Length: 0", status=status))
        status = "302 Found"
        with Rude(answer) as server:
            self.assert_fails(10, "BadRedirect", "--post", server.uri, data=b"{}")
        status = "307 Temporary Redirect"
        with Rude(answer) as server:
            self.assert_answer(200, "--post", server.uri, data=b"{}")
            self.assertTrue(server.requests[-1].endswith(b"{}"))


class FtpTest(FetchCase):
    def test_login(self):
        good, bad = f"fota:{SECRET}", f"fota:{SECRET}x"
        with fetchservers.pyftpdlib(self.root, "fota", SECRET) as uri:
            result = self.assert_answer(200, self.credential(good), f"{uri}/m.signed")
            self.assertEqual(result.body, BODY)
            modified = result.headers["last-modified"]
            self.assert_answer(304, self.credential(good), f"--if-modified-since={modified}",
                               f"{uri}/m.signed")
            self.assertEqual(self.assert_answer(200, self.credential(good),
                                                f"{uri}/deep/er/a%20b").body, BODY)
            self.assertEqual(self.assert_answer(200, self.credential(good),
                                                f"{uri}/empty").body, b"")
            self.assert_answer(401, self.credential(bad), f"{uri}/m.signed")
            self.assert_answer(401, f"{uri}/m.signed")
            self.assert_answer(404, self.credential(good), f"{uri}/nothing")
            self.assert_answer(404, self.credential(good), f"{uri}/no/such/directory")
            self.assert_answer(200, self.credential(good), f"{uri}/full")
            self.assert_fails(8, "TooLarge", self.credential(good), f"{uri}/over")
            self.assert_fails(2, "BadUri", self.credential(good), f"{uri}/a%0d%0aDELE%20b")
            self.assert_fails(3, "BadCredential", self.credential(SECRET), f"{uri}/m.signed")

    def test_anonymous(self):
        with fetchservers.vsftpd(self.directory, self.root) as uri:
            self.assertEqual(self.assert_answer(200, f"{uri}/m.signed").body, BODY)
            self.assert_answer(404, f"{uri}/nothing")

    def test_tls(self):
        authority = fetchservers.Authority(self.directory)
        good = authority.issue("good", f"IP:{HOST}")
        other = authority.issue("other", "DNS:elsewhere.example")
        ca = f"--ca-file={authority.pem}"
        with fetchservers.vsftpd(self.directory, self.root, good) as uri:
            self.assertEqual(self.assert_answer(200, ca, f"{uri}/m.signed").body, BODY)
            self.assert_fails(5, "TlsFailed", f"{uri}/m.signed")
        with fetchservers.vsftpd(self.directory, self.root, other) as uri:
            self.assert_fails(5, "TlsFailed", ca, f"{uri}/m.signed")

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
            self.assert_fails(9, "Interrupted", f"ftp://{HOST}:{server.port}/x")

    def test_endless(self):
        def endless(sock, channel):
            sock.sendall(b"150 here\r\n")
            with contextlib.suppress(OSError):
                while True:
                    channel.sendall(b"x" * 4096)
            return "426 gone"
        with self.rude(RETR=endless) as server:
            self.assert_fails(8, "TooLarge", f"ftp://{HOST}:{server.port}/x")

    def test_drip(self):
        def drip(sock, channel):
            sock.sendall(b"150 here\r\n")
            while not server.wait(0.1):
                channel.sendall(b"x")
            return "426 gone"
        with self.rude(RETR=drip) as server:
            self.assert_fails(7, "TooSlow", "--rate-period=1", f"ftp://{HOST}:{server.port}/x")

    def test_silence(self):
        with Rude(lambda sock, _: server.wait(60)) as server:
            self.assert_fails(6, "TimedOut", "--first-byte=1", f"ftp://{HOST}:{server.port}/x")

    def test_busy(self):
        with Rude(lambda sock, _: None, greeting=b"421 too many users\r\n") as server:
            self.assert_answer(503, f"ftp://{HOST}:{server.port}/x")


class LocalTest(FetchCase):
    def test_file(self):
        result = self.assert_answer(200, f"file://{self.root}/m.signed")
        self.assertEqual(result.body, BODY)
        self.assert_answer(304, f"--etag={result.headers['etag']}", f"file://{self.root}/m.signed")
        self.assertEqual(self.assert_answer(200, f"file://{self.root}/deep/er/a%20b").body, BODY)
        self.assert_answer(404, f"file://{self.root}/nothing")
        self.assert_answer(404, f"file://{self.root}/deep")
        self.assert_answer(200, f"file://{self.root}/full")
        self.assert_fails(8, "TooLarge", f"file://{self.root}/over")
        self.assert_fails(2, "BadUri", f"file://elsewhere{self.root}/m.signed")

    def test_pipe_does_not_hang(self):
        os.mkfifo(self.root / "pipe", 0o600)
        self.assert_answer(404, f"file://{self.root}/pipe")
        result = self.assert_fails(3, "BadCredential", f"--credential={self.root}/pipe",
                                   "http://h/")
        self.assertIn("not a regular file", result.failure[1])

    def test_bad_uri(self):
        for uri in ("", "x", "/etc/hostname", "gopher://h/", "data:,x", "http://", "http:///x",
                    "ftp://", f"http://u:{SECRET}@{HOST}/", f"ftp://u:{SECRET}@{HOST}/",
                    "http://[::1/"):
            with self.subTest(uri=uri):
                self.assert_fails(2, "BadUri", uri)

    def test_bad_command_line(self):
        self.assert_fails(2, "BadUri")
        self.assert_fails(2, "BadUri", "http://a/", "http://b/")
        self.assert_fails(2, "BadUri", "--no-such-option", "http://a/")
        for option in ("--max-size=-1", "--max-size=x", "--timeout=0", "--first-byte=0",
                       "--min-rate=-1", "--rate-period=0"):
            self.assert_fails(2, "BadUri", option, f"file://{self.root}/m.signed")

    def test_credential_modes(self):
        uri = f"http://{HOST}:{free_port()}/"
        for mode in (0o600, 0o400, 0o440):
            self.assert_fails(4, "Unreachable", self.credential("u:p", mode), uri)
        for mode in (0o640, 0o460, 0o444, 0o604, 0o644, 0o601, 0o610, 0o602, 0o450):
            self.assert_fails(3, "BadCredential", self.credential("u:p", mode), uri)

    def test_credential_text(self):
        for text in ("", "\n", "a\nb\n", "a:b\r\n", "a\tb", "x" * 4097, "\x7f"):
            with self.subTest(text=text[:9]):
                self.assert_fails(3, "BadCredential", self.credential(text), "http://h.invalid/")
        self.assert_fails(4, "Unreachable", self.credential("x" * 4095), "http://h.invalid/")
        self.assert_fails(3, "BadCredential", "--credential=/nonexistent", "http://h/")
        self.assert_fails(3, "BadCredential", f"--credential={self.root}", "http://h/")

    @unittest.skipUnless(os.geteuid() == 0, "only root can give a file away")
    def test_credential_of_somebody_else(self):
        option = self.credential("u:p")
        os.chown(self.directory / "credential", 65534, 65534)
        self.assert_fails(3, "BadCredential", option, "http://h/")

    def test_output_is_full(self):
        with open("/dev/full", "wb") as full:
            self.assertEqual(self.fetch(f"file://{self.root}/m.signed", stdout=full).code, 1)

    def test_help_names_every_exit_code(self):
        text = subprocess.run([PROGRAM, "--help"], capture_output=True, check=True,
                              text=True).stdout
        names = "Failed BadUri BadCredential Unreachable TlsFailed TimedOut TooSlow TooLarge " \
                "Interrupted BadRedirect BadAnswer"
        for code, name in enumerate(names.split(), 1):
            self.assertIn(f" {code} {name}", text)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
