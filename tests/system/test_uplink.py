# SPDX-License-Identifier: LGPL-2.1-or-later
"""A gateway whose servers stand behind an uplink, and what may happen to that."""
import contextlib
import tempfile
import time
import unittest

from debian import ROOT, prepare
from gateway import MODEL, delta
from test_surroundings import Surroundings
from uplink import UplinkGateway
from world import HOST, NAMES6, NAMES, OTHERS, OURS, THEIRS, THEIRS6, Proxy

YEAR_1980 = 315532800
SECURE = f"""\
[Manifest]
Uri=https://{HOST}/{{imei}}.signed
CertificateAuthority=/etc/fotad/ca.pem
"""
PROXY = f"[Manifest]\nProxy=http://{THEIRS}:3128\n"


class Uplink(Surroundings, unittest.TestCase):
    """One gateway. Each test leaves its uplink as it was, and no module with an offer."""

    @classmethod
    def setUpClass(cls):
        work = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="fotad-check."))
        cls.gateway = cls.enterClassContext(UplinkGateway(ROOT, work, prepare))
        cls.world, cls.web = cls.gateway.world, cls.gateway.web
        cls.gateway.module.wait(lambda p: p["LastCheck"] and p["State"] != "checking", 90,
                                "the first check")

    def setUp(self):
        self.web.asked.clear()

    def tearDown(self):
        self.check("")

    def wait_checked(self, before, what):
        return self.gateway.module.wait(
            lambda p: p["LastCheck"] != before and p["State"] != "checking", 60, what)

    def check(self, error):
        """Check() ends with this error; when it is asked next is true. Returns LastError's text."""
        before = self.gateway.module["LastCheck"]
        self.gateway.module.check()
        properties = self.wait_checked(before, "checked")
        self.assertEqual(properties["LastError"][0], error, properties["LastError"])
        wait = properties["NextCheck"] / 1e6 - time.time()
        self.assertGreater(wait, 0)
        if error:
            self.assertLessEqual(wait, 1800)
        return properties["LastError"][1]

    def assert_asks_by_itself(self, change):
        """After the change, of which the kernel tells, without Check()."""
        before = self.gateway.module["LastCheck"]
        change()
        properties = self.wait_checked(before, "asked at once")
        self.assertEqual(properties["LastError"], ("", ""))

    def test_server_down_and_up(self):
        self.web.stop()
        self.check("ManifestUnreachable")
        self.web.start()
        self.check("")
        self.assertEqual(self.gateway.module["LastError"], ("", ""))

    def test_default_route_away_and_back(self):
        self.world.gateway_ip("route del default")
        self.assertIn("no way to a network", self.check("ManifestUnreachable"))
        self.assert_asks_by_itself(
            lambda: self.world.gateway_ip(f"route add default via {THEIRS}"))

    def test_specific_route_without_a_default_one(self):
        self.web.stop()
        self.world.gateway_ip("route del default")
        self.check("ManifestUnreachable")
        self.web.start()
        self.assert_asks_by_itself(
            lambda: self.world.gateway_ip(f"route add 198.51.100.0/24 via {THEIRS}"))
        self.check("")
        self.world.gateway_ip(f"route del 198.51.100.0/24 via {THEIRS}")
        self.world.gateway_ip(f"route add default via {THEIRS}")

    def test_names(self):
        """Nobody tells that names are resolved again: it is tried again soon, and an address that
        comes meanwhile is told."""
        self.gateway.names.stop()
        self.check("ManifestUnreachable")
        self.gateway.names.start()
        self.assert_asks_by_itself(
            lambda: self.world.gateway_ip("addr add 192.0.2.77/24 dev eth0"))
        self.world.gateway_ip("addr del 192.0.2.77/24 dev eth0")

    def test_captive_portal(self):
        year = {"Cache-Control": "max-age=31536000", "Retry-After": "31536000"}
        for status in (200, 503, 511):
            self.web.answer = (status, b"<html>Log in, please</html>", year)
            self.check("ManifestUnavailable")
        self.web.answer = self.gateway.good

    def test_ipv6_alone(self):
        self.world.gateway_ip("route del default")
        self.world.gateway_ip(f"addr del {OURS}/24 dev eth0")
        self.gateway.resolve(NAMES6)
        self.check("ManifestUnreachable")
        self.assert_asks_by_itself(
            lambda: self.world.gateway_ip(f"route add default via {THEIRS6}"))
        self.world.gateway_ip(f"route del default via {THEIRS6}")
        self.world.gateway_ip(f"addr add {OURS}/24 dev eth0")
        self.world.gateway_ip(f"route add default via {THEIRS}")
        self.gateway.resolve(NAMES)

    @contextlib.contextmanager
    def configured(self, text):
        file = self.gateway.write("/etc/fotad/fotad.conf.d/20-test.conf", text)
        self.gateway.run("systemctl", "reload", "fotad")
        try:
            yield
        finally:
            file.unlink()
            self.gateway.run("systemctl", "reload", "fotad")

    def test_wrong_clock(self):
        """fotad starts in 1980, when no certificate was valid yet; it asks at once when the clock is
        right."""
        module = self.gateway.module
        with self.configured(SECURE):
            self.check("")
            self.gateway.set_clock(YEAR_1980 - time.time())
            self.addCleanup(self.gateway.set_clock, 0)
            self.gateway.run("systemctl", "restart", "fotad")
            module.wait(lambda p: p["State"] == "idle", 60, "fotad is there again")
            module.check()
            module.wait(lambda p: p["LastError"][0] == "ManifestUnreachable"
                        and p["State"] != "checking" and p["LastCheck"] / 1e6 < YEAR_1980 + 3600,
                        60, "a check in 1980")
            self.assert_asks_by_itself(lambda: self.gateway.set_clock(0))
            self.check("")

    def test_proxy(self):
        """It alone knows the server's name."""
        proxy = Proxy(self.world)
        self.addCleanup(proxy.stop)
        self.gateway.names.stop()
        with self.configured(SECURE + PROXY):
            self.check("")
            self.assertEqual(proxy.requests[-1], f"{HOST}:443")
            proxy.stop()
            self.check("ManifestUnreachable")
        self.gateway.names.start()

    def test_update(self):
        """The module loads the delta itself, from beyond the uplink."""
        module = self.gateway.module
        old, new = self.versions(module)
        file = self.gateway.files / "delta.bin"
        file.write_bytes(delta(MODEL, old, new))
        self.gateway.publish({"id": "uplink", "steps": [{
            "fromVersion": old, "toVersion": new,
            "delta": {"uri": f"{self.gateway.ftp.uri}/{file.name}", "credential": "fw",
                      "size": file.stat().st_size}}]})
        self.check("")
        module.wait_state("awaiting-approval")
        since = module.mark()
        self.gateway.run("fotactl", "approve", module.token())
        _, result, details = module.wait_finished(since)
        self.assertEqual(result, "success", details)
        module.wait(lambda p: p["Revision"] == new and p["State"] == "idle" and p["Modem"] != "/",
                    120, "the update")
        self.assertIn(OURS, self.gateway.ftp.log())
        self.gateway.publish({})

    def test_two_uplinks(self):
        """Each has a routing table of its own; the main one has no way out."""
        self.world.add_uplink("eth1", (f"{OTHERS}.2/24",), (f"{OTHERS}.1/24",))
        self.world.gateway_ip("route del default")
        self.world.gateway_ip(f"route add default via {THEIRS} table 100")
        self.world.gateway_ip(f"route add default via {OTHERS}.1 table 101")
        self.check("ManifestUnreachable")
        for table in (100, 101):
            self.assert_asks_by_itself(
                lambda table=table: self.world.gateway_ip(f"rule add lookup {table} pref 1000"))
            self.world.gateway_ip("rule del pref 1000")
            self.check("ManifestUnreachable")
        self.world.ip("link del eth1")
        self.world.gateway_ip(f"route add default via {THEIRS}")
