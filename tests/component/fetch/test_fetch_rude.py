# SPDX-License-Identifier: LGPL-2.1-or-later
"""fotad-fetch against a server that lies, drips, forges or falls silent. Usage: test_fetch_rude.py PROGRAM"""
import unittest

from fetchcase import FetchCase, PROGRAM, SECRET
from fetchservers import HOST, Rude, keep_port

# A label of 63 letters is the longest: no server is asked for this name, however slow the machine's is.
NOWHERE = f"{'x' * 64}.invalid"


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
        self.assert_fails("Unreachable", f"http://{HOST}:{keep_port()}/")
        self.assert_fails("Unreachable", f"http://{NOWHERE}/")
        self.assert_fails("Unreachable", f"ftp://{HOST}:{keep_port()}/x")
        self.assert_fails("Unreachable", f"ftp://{NOWHERE}/x")

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


if __name__ == "__main__":
    unittest.main(verbosity=2)
