# SPDX-License-Identifier: LGPL-2.1-or-later
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fotad-fetch against a real web server, and its sessions. Usage: test_fetch.py PROGRAM"""
import contextlib
import subprocess
import unittest

from fetchcase import BODY, FetchCase, LIMIT, PROGRAM, SECRET
import fetchservers
from fetchservers import HOST, Rude, keep_port
from session import Session


class WebTest(FetchCase):
    """Real nginx, over http and https."""

    def setUp(self):
        super().setUp()
        self.authority = fetchservers.Authority(self.directory)
        self.http, self.https, self.named, self.expired, self.third = (
            keep_port() for _ in range(5))
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
        with Rude(lambda sock, _: server.wait(None)) as server:
            session = Session(PROGRAM)
            session.send({"method": "GET", "uri": server.uri})
            while not server.requests:
                server.wait(0.01)
            session.hang_up()
            self.assertEqual(session.process.communicate(timeout=60)[1], b"")

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
    unittest.main(verbosity=2)
