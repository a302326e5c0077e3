# SPDX-License-Identifier: LGPL-2.1-or-later
"""fotad-fetch against FTP servers, and with local files. Usage: test_fetch_ftp.py PROGRAM"""
import contextlib
import os
import unittest

from fetchcase import BODY, FetchCase, LIMIT, PROGRAM, SECRET
import fetchservers
from fetchservers import HOST, Rude


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

    def test_beneath(self):
        """Nothing outside of the directory is read, whatever path or links say."""
        place = self.root / "beneath"
        (place / "in/deeper").mkdir(parents=True)
        (place / "in/deeper/a b").write_bytes(BODY)
        (place / "out").symlink_to(self.root / "deep")
        (place / "in/file").symlink_to(self.root / "m.signed")
        (place / "in/inside").symlink_to("deeper")
        self.root.joinpath("link").symlink_to(place)
        self.assertEqual(self.assert_answer(200, f"file://{place}/in/deeper/a%20b",
                                            beneath=place).body, BODY)
        self.assert_answer(200, f"file://{place}//in/./deeper/a%20b", beneath=f"{place}/")
        # The directory itself may be a link: that is the operator's word.
        self.assert_answer(200, f"file://{self.root}/link/in/deeper/a%20b",
                           beneath=self.root / "link")
        self.assert_answer(404, f"file://{place}/in/nothing", beneath=place)
        for path in (f"{place}/out/er/a%20b", f"{place}/in/file", f"{place}/in/inside/a%20b",
                     f"{place}/../m.signed", f"{place}/in/%2e%2e/%2e%2e/m.signed",
                     f"{self.root}/m.signed", f"{place}x/a"):
            with self.subTest(path=path):
                self.assertIn(self.fetch(f"file://{path}", beneath=place).status, (403, 404))

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


if __name__ == "__main__":
    unittest.main(verbosity=2)
