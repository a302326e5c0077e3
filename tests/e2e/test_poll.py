# SPDX-License-Identifier: LGPL-2.1-or-later
"""When the manifest is asked for again, and where: what follows from each answer of a server."""
import base64
import email.utils
import hashlib
import http.server
import os
import pathlib
import threading
import time
import unittest

from e2e import BenchTest, SharedBenchTest
from manifest import timestamp, to_bytes
from slots import DAY, slot

HOST = "127.0.0.1"


class ScriptedServer:
    """An HTTP server that gives every request the answer set last; requests: their headers."""

    def __init__(self):
        self.requests = []
        self.hold = None  # an Event that answers wait for
        self.answer(404)
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                server.requests.append((self.path, dict(self.headers)))
                if server.hold:
                    server.hold.wait()
                self.send_response(server._status)
                for name, value in server._headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(server._body)))
                self.end_headers()
                self.wfile.write(server._body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((HOST, 0), Handler)
        self.uri = f"http://{HOST}:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def answer(self, status, body=b"", **headers):
        """headers: with _ for -."""
        self._status, self._body = status, body
        self._headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def close(self):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class PollTest(BenchTest):
    def signed(self, update=None, **members):
        payload = to_bytes(self.bench.manifest(update or {}, **members))
        return self.bench.key.sign(payload) + payload

    def assert_next(self, properties, earliest, latest):
        """NextCheck, in seconds from now."""
        wait = properties["NextCheck"] / 1e6 - time.time()
        self.assertGreaterEqual(wait, earliest - 30)
        self.assertLessEqual(wait, latest)

    def assert_slot(self, properties, earliest=0, interval=DAY, salt=None):
        """NextCheck is the module's first slot from so many seconds on."""
        self.assertEqual(properties["NextCheck"] % (interval * 10**6),
                         slot(self.bench.imei, interval, salt or self.bench.salt))
        self.assert_next(properties, earliest, earliest + interval)


class Answers(PollTest, SharedBenchTest):
    """One fotad, which has a manifest, and one answer after the other."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.server = ScriptedServer()
        cls.addClassCleanup(cls.server.close)
        cls.module = cls.bench.module()
        cls.server.answer(200, cls.signed(cls, cls.bench.update()), ETag='"first"')
        cls.bench.start_fotad(Manifest={"Uri": cls.server.uri + "/{imei}.signed"})
        cls.module.wait_state("awaiting-approval")

    def setUp(self):
        """A plain manifest, and no failures, whatever came before."""
        self.server.answer(200, self.good())
        self.assert_slot(self.module.checked())

    def refused(self, error="ManifestUnavailable"):
        """Checked, with this error; the offer at hand stands. Returns the properties."""
        properties = self.module.checked()
        self.assertEqual(properties["LastError"][0], error, properties["LastError"])
        self.assertEqual(properties["State"], "awaiting-approval")
        self.assertIn(f"({error}): {properties['LastError'][1]}", self.bench.log())
        return properties

    def good(self, **members):
        return self.signed(self.bench.update(), **members)

    def test_same_manifest(self):
        """The server knows no ETag and sends it again."""
        properties = self.module.checked()
        self.assertEqual((properties["State"], properties["LastError"][0]),
                         ("awaiting-approval", ""))
        self.assert_slot(properties)

    def test_not_modified(self):
        self.server.answer(200, self.good(), ETag='"second"')
        self.module.checked()
        self.server.answer(304)
        properties = self.module.checked()
        self.assertEqual(self.server.requests[-1][1]["If-None-Match"], '"second"')
        self.assertEqual((properties["State"], properties["LastError"][0]),
                         ("awaiting-approval", ""))
        self.assert_slot(properties)

    def test_fresh_for_longer(self):
        self.server.answer(200, self.good(), Cache_Control=f"max-age={3 * DAY}")
        self.assert_slot(self.module.checked(), 2 * DAY)

    def test_sleep(self):
        self.server.answer(200, self.good(poll={"sleep": 7200}))
        self.assert_slot(self.module.checked(), interval=7200)

    def test_not_before(self):
        """Not at that moment, to which the whole fleet is told, but at the slot that follows."""
        self.server.answer(200, self.good(poll={"notBefore": timestamp(3 * DAY)}))
        self.assert_slot(self.module.checked(), 3 * DAY)

    def test_withheld(self):
        for status in (404, 410):
            self.server.answer(status)
            properties = self.refused()
            self.assertIn(str(status), properties["LastError"][1])
            self.assertIn("had one before", properties["LastError"][1])
            self.assert_slot(properties)

    def test_credential_refused(self):
        for status in (401, 403):
            self.server.answer(status)
            properties = self.refused()
            self.assertIn("Credential=", properties["LastError"][1])
            self.assert_slot(properties)

    def test_bad_manifest_is_not_asked_for_again_soon(self):
        self.server.answer(200, self.good()[:-10])
        self.assert_slot(self.refused("BadSignature"))

    def test_failures(self):
        """Tried again soon for as long as it takes, and a little later when the server says so."""
        self.server.answer(503)
        self.assert_next(self.refused(), 150, 300)
        self.server.answer(500)
        self.assert_next(self.refused(), 300, 600)
        date = email.utils.formatdate(time.time() + 1500, usegmt=True)
        self.server.answer(429, Retry_After=date)
        self.assert_next(self.refused(), 1490, 1650)
        self.server.answer(503, Retry_After=str(365 * DAY))
        self.assert_next(self.refused(), 1630, 1800)
        self.server.answer(503)
        for _ in range(4):
            self.assert_next(self.refused(), 900, 1800)
        self.server.answer(304)
        properties = self.module.checked()
        self.assertEqual(properties["LastError"][0], "")
        self.assert_slot(properties)

    def test_no_manifest_at_all(self):
        """A network that wants a login first answers in the server's place."""
        for body in (b"<html>Log in, please</html>", b'{"login": "required"}', b""):
            self.server.answer(200, body)
            self.assert_next(self.refused(), 0, 1800)
            self.assertIn("login", self.module["LastError"][1])
        self.server.answer(302, Location="http://127.0.0.1:9/login")
        self.assert_next(self.refused("ManifestUnreachable"), 0, 1800)
        self.server.answer(302, Location="ftp://portal.example/login")
        self.assert_next(self.refused(), 0, 1800)
        self.server.answer(200, b"<html>" + b"x" * 100_000)
        self.assert_next(self.refused("ManifestTooLarge"), 0, 1800)

    def test_what_nobody_has_signed_moves_no_clock(self):
        """How long an answer is fresh counts for a manifest that is accepted, and for no other."""
        year = {"Cache_Control": f"max-age={365 * DAY}", "Retry_After": str(365 * DAY)}
        for status, body, error in ((200, b"<html>", "ManifestUnavailable"),
                                    (200, self.good()[:-10], "BadSignature"),
                                    (404, b"", "ManifestUnavailable"),
                                    (403, b"", "ManifestUnavailable"),
                                    (503, b"", "ManifestUnavailable")):
            self.server.answer(status, body, **year)
            self.assert_next(self.refused(error), 0, DAY)
        self.server.answer(304, **year)
        self.assert_slot(self.module.checked())


class NeverHadOne(PollTest):
    def start(self, *answer, **headers):
        server = ScriptedServer()
        self.addCleanup(server.close)
        server.answer(*answer, **headers)
        self.bench.start_fotad(Manifest={"Uri": server.uri + "/{imei-sha256}/{model}"})
        module = self.bench.module()
        module.wait(lambda p: p["LastCheck"] and p["State"] != "checking", 60, "checked")
        return server, module

    def test_none_there(self):
        """A valid answer: there is nothing for this module, and nothing to worry about."""
        server, module = self.start(404)
        self.assertEqual((module["State"], module.error()), ("idle", ""))
        self.assert_slot(module.wait(lambda p: True, 5, "properties"))
        digest = hashlib.sha256(self.bench.imei.encode()).hexdigest()
        self.assertEqual(server.requests[0][0], f"/{digest}/{self.bench.model}")

    def test_not_modified_unasked(self):
        _, module = self.start(304, ETag='"x"')
        self.assertEqual((module["State"], module.error()), ("failed", "ManifestUnavailable"))


class Helper(PollTest):
    """The process that meets the network, and the secret that it brings there."""

    SECRET = "fleet:Zx9-of-the-fleet"

    def start(self, mode=0o600):
        self.server = ScriptedServer()
        self.addCleanup(self.server.close)
        self.bench.set_credential("web", self.SECRET)
        (self.bench.directory / "credentials/web").chmod(mode)
        self.bench.start_fotad(Manifest={"Uri": self.server.uri + "/{imei}", "Credential": "web"})
        return self.bench.module()

    def held(self):
        """/proc of the helper while it waits for an answer, and fotad's."""
        self.server.hold = threading.Event()
        self.addCleanup(self.server.hold.set)
        before = len(self.server.requests)
        self.bench.view.until(lambda: not self.bench.fetcher.sessions(), 60, "the last has ended")
        self.bench.module().check()
        self.bench.view.until(lambda: len(self.server.requests) > before, 60, "asked")
        fotad = pathlib.Path(f"/proc/{self.bench.fotad.pid}")
        helper, = self.bench.fetcher.sessions()
        return pathlib.Path(f"/proc/{helper}"), fotad

    def test_inherits_nothing(self):
        """It has no bus, no port, and no file of fotad's."""
        self.start().wait(lambda p: p["LastCheck"] and p["State"] == "idle", 60, "checked")
        theirs, ours = ({os.readlink(entry) for entry in (process / "fd").iterdir()}
                        for process in self.held())
        common = {name for name in theirs & ours if name.startswith(("socket:", "/"))}
        self.assertEqual(common - {"/dev/null"}, set())

    def test_secret_is_nowhere_to_be_seen(self):
        module = self.start()
        module.wait(lambda p: p["LastCheck"] and p["State"] == "idle", 60, "checked")
        self.server.answer(401)
        module.checked()
        coded = base64.b64encode(self.SECRET.encode()).decode()
        self.assertEqual(self.server.requests[-1][1]["Authorization"], f"Basic {coded}")
        helper, _ = self.held()
        shown = [self.bench.log(), self.bench.fotactl("status").stdout, str(module.plan()),
                 *((helper / name).read_text() for name in ("cmdline", "environ"))]
        for text in shown:
            self.assertNotIn("Zx9", text)
            self.assertNotIn(coded, text)

    def test_secret_that_others_may_read(self):
        """It is not used, and asking again soon would not help."""
        module = self.start(0o640)
        properties = module.wait(lambda p: p["LastError"][0] == "BadCredential", 60, "refused")
        self.assertIn("chmod", properties["LastError"][1])
        self.assertEqual(self.server.requests, [])
        self.assert_slot(properties)
        self.assertNotIn("Zx9", self.bench.log())


class Restart(PollTest):
    def setUp(self):
        super().setUp()
        self.server = ScriptedServer()
        self.addCleanup(self.server.close)
        self.server.answer(200, self.signed(), ETag='"kept"')
        self.module = self.bench.module()
        self.start()
        self.module.wait(lambda p: p["LastCheck"] and p["State"] == "idle", 60, "checked")
        self.kept = self.bench.directory / f"state/{self.bench.imei}.checked"
        self.bench.view.until(self.kept.exists, 20, "the time is kept")

    def start(self, **manifest):
        self.bench.start_fotad(Manifest={"Uri": self.server.uri + "/{imei}", **manifest})

    def start_again(self):
        self.bench.kill_fotad()
        self.start()
        return self.module.wait(lambda p: p["Modem"] != "/" and p["NextCheck"], 60, "seen again")

    def test_keeps_to_its_slot(self):
        """Nobody asks because of a start; LastCheck, ETag and manifest outlive it."""
        last = self.module["LastCheck"]
        properties = self.start_again()
        self.assertEqual(properties["LastCheck"], last)
        self.assert_slot(properties)
        self.assertEqual(len(self.server.requests), 1)
        self.server.answer(304)
        self.module.checked()
        self.assertEqual(self.server.requests[-1][1]["If-None-Match"], '"kept"')
        self.assertEqual(self.module.error(), "")

    def test_what_was_refused_stays_refused(self):
        """The next fotad, which reaches nobody, does not find it on its disk."""
        manifest = self.bench.directory / f"state/{self.bench.imei}.manifest"
        good = manifest.read_bytes()
        self.server.answer(200, self.signed(self.bench.update()).replace(b"b026", b"b027"))
        self.module.checked()
        self.assertEqual(self.module.error(), "BadSignature")
        self.server.answer(503)
        properties = self.start_again()
        self.assertEqual((properties["State"], properties["Update"]), ("idle", {}))
        self.assertEqual(manifest.read_bytes(), good)
        self.assertEqual(self.module.plan()["kind"], "nothing-for-you")

    def test_salt(self):
        """Another salt gives every module of the fleet another slot."""
        self.bench.stop_fotad()
        self.start(Salt="winter-fleet")
        properties = self.module.wait(lambda p: p["Modem"] != "/" and p["NextCheck"], 60, "seen")
        self.assert_slot(properties, salt="winter-fleet")

    def test_makes_up_for_what_it_missed(self):
        """After three days without power: some time in the next quarter of the interval."""
        self.bench.kill_fotad()
        moment = time.time() - 3 * DAY
        os.utime(self.kept, (moment, moment))
        self.start()
        properties = self.module.wait(lambda p: p["Modem"] != "/" and p["NextCheck"], 60, "seen")
        self.assert_next(properties, 0, DAY / 4)
        self.assertNotEqual(properties["NextCheck"] % (DAY * 10**6),
                            slot(self.bench.imei, salt=self.bench.salt))
        self.assertEqual(len(self.server.requests), 1)


class Requests(PollTest):
    def test_limit(self):
        """Sixty at once are enough for everybody; a program that asks all the time is told so."""
        self.bench.publish({})
        self.bench.start_fotad(Manifest={"Uri": ""})
        module = self.bench.module()
        module.wait(lambda p: p["LastCheck"], 60, "checked")
        for _ in range(60):
            module.check()
        self.assert_refused("TooManyChecks", module.check)
        self.assertEqual(self.bench.fotactl("check").returncode, 1)


class NextServer(PollTest):
    def setUp(self):
        super().setUp()
        self.servers = [ScriptedServer(), ScriptedServer()]
        for server in self.servers:
            self.addCleanup(server.close)
        self.bench.set_credential("first", "user:of-the-first")
        self.bench.set_credential("second", "token-of-the-second")
        self.bench.config = {**self.bench.config, "Credential second":
                             {"Servers": self.servers[1].uri.rpartition(":")[0]}}
        self.module = self.bench.module()

    def start(self, allowed):
        old, new = self.servers
        server = {"uri": new.uri + "/x/{imei}", "credential": "second"}
        old.answer(200, self.signed(poll={"server": server}), ETag='"old"')
        self.restart(allowed)
        self.module.wait(lambda p: p["LastCheck"] and p["State"] != "checking", 60, "checked")

    def restart(self, allowed, uri=None):
        self.bench.stop_fotad()
        self.bench.start_fotad(Manifest={"Uri": uri or self.servers[0].uri + "/{imei}",
                                         "Credential": "first", "AllowedServers": allowed})
        self.module.wait(lambda p: p["Modem"] != "/", 60, "seen")

    def asked(self):
        return [len(server.requests) for server in self.servers]

    def test_not_allowed(self):
        self.start("https://127.0.0.1 http://127.0.0.2")
        self.module.checked()
        self.assertEqual(self.asked(), [2, 0])
        self.assertIn("AllowedServers=", self.bench.log())

    def test_allowed(self):
        self.start(f"http://{HOST}")
        self.servers[1].answer(200, self.signed())
        self.module.checked()
        path, headers = self.servers[1].requests[0]
        self.assertEqual(path, f"/x/{self.bench.imei}")
        self.assertEqual(headers["Authorization"], "Bearer token-of-the-second")
        self.assertNotIn("If-None-Match", headers)
        # Its manifest names no other server: it is asked from now on, also by the next fotad ...
        self.restart(f"http://{HOST}")
        self.module.checked()
        self.assertEqual(self.asked(), [1, 2])
        # ... until the configuration says something else.
        self.restart(f"http://{HOST}", self.servers[0].uri + "/other/{imei}")
        self.module.checked()
        self.assertEqual(self.asked(), [2, 2])

    def test_lost(self):
        """It does not answer any more: the configured one is asked again, beside it."""
        self.start(f"http://{HOST}")
        self.servers[1].answer(503)
        self.servers[0].answer(304)
        for _ in range(8):
            self.module.checked()
        self.assertEqual(self.asked(), [1, 8])
        self.module.checked()
        self.assertEqual(self.asked(), [2, 8])


class NoAnswer(PollTest):
    options = {"clock": True}

    def test_time_comes(self):
        """The server is tried again within five minutes, and at once when the clock is set, since
        a wrong one breaks TLS."""
        self.bench.start_fotad(Manifest={"Uri": "http://127.0.0.1:9/{imei}"})
        module = self.bench.module()
        properties = module.wait(lambda p: p["LastError"][0] == "ManifestUnreachable", 90, "tried")
        self.assert_next(properties, 150, 300)
        first = properties["LastCheck"]
        self.bench.set_clock(2 * DAY)
        properties = module.wait(lambda p: p["LastCheck"] - first > DAY * 1e6
                                 and p["State"] != "checking", 30, "tried again")
        wait = properties["NextCheck"] - properties["LastCheck"]
        self.assertTrue(0 < wait <= 300e6, wait)


if __name__ == "__main__":
    unittest.main()
