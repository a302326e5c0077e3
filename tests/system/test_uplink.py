# SPDX-License-Identifier: LGPL-2.1-or-later
"""A gateway with a way out: a network of its own, from which a veth leads to where the web server
and the name server stand. Nothing on the way to a manifest is on loopback; what happens to that
way is told to fotad by the kernel, or by nobody.

Run by tests/system/run, like test_system.py.
"""
import contextlib
import ctypes
import http.server
import os
import pathlib
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from gateway import (FTP_PASSWORD, FTP_USER, IMEI, MODEL, Bus, BusView, FotaModule, FtpServer,
                     Gateway, ModemManagerView, Place, SigningKey, delta, manifest, to_bytes)
from machine import CLONE_NEWNET
from servers import Authority
from test_guides import PACKAGES, ROOT

SHIM = pathlib.Path(__file__).resolve().parents[1] / "lib/clock-shim.c"
HOST = "fota.example"
SERVER, NAMES = "198.51.100.7", "198.51.100.53"
SERVER6, NAMES6 = "2001:db8:1::7", "2001:db8:1::53"
OURS, THEIRS = "192.0.2.2", "192.0.2.1"
OURS6, THEIRS6 = "2001:db8:2::2", "2001:db8:2::1"
OTHERS = "192.0.3"  # the second uplink
SIM_DROP_IN = """\
[Service]
Environment="FOTA_SIM_OPTIONS=--scale=20 --module=me910c1-na"
"""
# A container cannot set its clock: both units have one that can be set.
CLOCK_DROP_IN = """\
[Service]
Environment=LD_PRELOAD={preload} FOTA_CLOCK=/srv/clock
"""
YEAR_1980 = 315532800
CONFIG = f"""\
[Manifest]
Uri=http://{HOST}/{{imei}}.signed
[Credential fw]
Servers=ftp://{SERVER}
[Network]
Apn=internet
[Log]
Level=debug
"""
SECURE = f"""\
[Manifest]
Uri=https://{HOST}/{{imei}}.signed
CertificateAuthority=/etc/fotad/ca.pem
"""
PROXY = f"[Manifest]\nProxy=http://{THEIRS}:3128\n"


class World:
    """The network where the servers stand; uplinks of a gateway lead there."""

    def __init__(self, leader):
        self._gateway = f"/proc/{leader}/ns/net"
        self._holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"])
        self._namespace = f"/proc/{self._holder.pid}/ns/net"
        ours = os.readlink("/proc/self/ns/net")
        while os.readlink(self._namespace) == ours:
            time.sleep(0.01)
        self.ip("link set lo up")
        for address in (f"{SERVER}/32", f"{NAMES}/32", f"{SERVER6}/128", f"{NAMES6}/128"):
            self.ip(f"addr add {address} dev lo")

    def close(self):
        self._holder.kill()
        self._holder.wait()

    def ip(self, words):
        self._run(self._namespace, words)

    def gateway_ip(self, words):
        """ip(8) in the gateway's network."""
        self._run(self._gateway, words)

    @staticmethod
    def _run(namespace, words):
        subprocess.run(["nsenter", f"--net={namespace}", "ip", *words.split()], check=True)

    def add_uplink(self, name, ours, theirs):
        """A veth, with addresses at both ends."""
        self.ip(f"link add name {name} type veth peer name {name}-gw")
        self.ip(f"link set {name}-gw netns {self._gateway_pid()}")
        self.gateway_ip(f"link set {name}-gw name {name}")
        for side, addresses in ((self.ip, theirs), (self.gateway_ip, ours)):
            side(f"link set {name} up")
            for address in addresses:
                side(f"addr add {address} dev {name}" + (" nodad" if ":" in address else ""))

    def _gateway_pid(self):
        return self._gateway.split("/")[2]

    def start(self, *words):
        return subprocess.Popen(["nsenter", f"--net={self._namespace}", *words],
                                stderr=subprocess.DEVNULL)

    @contextlib.contextmanager
    def inside(self):
        """A socket that this thread makes meanwhile is there."""
        libc = ctypes.CDLL(None, use_errno=True)
        with open("/proc/self/ns/net", "rb") as here, open(self._namespace, "rb") as there:
            if libc.setns(there.fileno(), CLONE_NEWNET) != 0:
                raise OSError(ctypes.get_errno(), "setns")
            try:
                yield
            finally:
                libc.setns(here.fileno(), CLONE_NEWNET)


class WebServer:
    """The manifests' server, or whoever answers in its place: http and https."""

    def __init__(self, world, certificate, key):
        self._world = world
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate, key)
        self.answer = (200, b"", {})
        self.requests = 0
        self.start()

    def start(self):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                owner.requests += 1
                status, body, headers = owner.answer
                self.send_response(status)
                for name, value in {**headers, "Content-Length": str(len(body))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            address_family = socket.AF_INET6
            daemon_threads = True

        with self._world.inside():
            self._servers = [Server(("::", port), Handler) for port in (80, 443)]
        # The handshake is the handler's thread's.
        self._servers[1].socket = self._context.wrap_socket(
            self._servers[1].socket, server_side=True, do_handshake_on_connect=False)
        for server in self._servers:
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop(self):
        """Connections are refused from now on."""
        for server in self._servers:
            server.shutdown()
            server.server_close()


class Proxy:
    """It knows CONNECT, and where the server is."""

    def __init__(self, world):
        self.requests = requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_CONNECT(self):
                requests.append(self.path)
                with world.inside():
                    there = socket.create_connection((SERVER, self.path.rpartition(":")[2]))
                self.send_response(200)
                self.end_headers()
                back = threading.Thread(target=self._pump, args=[there, self.connection])
                back.start()
                self._pump(self.connection, there)
                back.join()
                there.close()

            @staticmethod
            def _pump(source, sink):
                with contextlib.suppress(OSError):
                    while data := source.recv(65536):
                        sink.sendall(data)
                    sink.shutdown(socket.SHUT_WR)

            def log_message(self, *_):
                pass

        with world.inside():
            self._server = http.server.ThreadingHTTPServer((THEIRS, 3128), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class NameServer:
    """dnsmasq."""

    def __init__(self, world):
        self._world = world
        self.start()

    def start(self):
        self._program = self._world.start(
            "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts",
            "--no-daemon", f"--address=/{HOST}/{SERVER}", f"--address=/{HOST}/{SERVER6}",
            f"--listen-address={NAMES},{NAMES6}", "--bind-interfaces", "--pid-file=",
            "--user=root", "--log-facility=/dev/null")

    def stop(self):
        self._program.terminate()
        self._program.wait()


def install(gateway):
    directory = gateway.root / "srv"
    files = []
    for name in ("fotad", "fota-manifest", "fotad-simulator"):
        package, = PACKAGES.glob(f"{name}_*.deb")
        shutil.copy(package, directory)
        files.append(f"/srv/{package.name}")
    gateway.run("apt-get", "-q", "-y", "--no-install-recommends", "install", *files)


class UplinkGateway(Gateway):
    def _start_servers(self):
        self.place = Place()
        self._stops.append(self.place.remove)
        self.world = World(self._leader)
        self._stops.append(self.world.close)
        self.world.add_uplink("eth0", (f"{OURS}/24", f"{OURS6}/64"),
                              (f"{THEIRS}/24", f"{THEIRS6}/64"))
        self.world.gateway_ip(f"route add default via {THEIRS}")
        directory = self.place.directory
        self.authority = Authority(directory / "ca")
        self.authority.issue(directory / "server.pem", directory / "server.key", f"DNS:{HOST}")
        self.web = WebServer(self.world, directory / "server.pem", directory / "server.key")
        self._stops.append(lambda: self.web.stop())
        self.files = directory / "files"
        self.files.mkdir()
        with self.world.inside():
            self.ftp = FtpServer(self.place, self.files, {FTP_USER: FTP_PASSWORD}, SERVER)
        self._stops.append(self.ftp.stop)
        self.names = NameServer(self.world)
        self._stops.append(lambda: self.names.stop())

    def _configure(self):
        self.key = SigningKey(pathlib.Path(tempfile.mkdtemp(dir=self.place.directory)))
        shutil.copy(self.key.public, self.root / "etc/fotad/keys.d")
        shutil.copy(self.authority.certificate, self.root / "etc/fotad/ca.pem")
        self.write("/etc/fotad/fotad.conf.d/10-fleet.conf", CONFIG)
        self.write("/etc/fotad/credentials/fw", f"{FTP_USER}:{FTP_PASSWORD}\n", 0o600)
        self.resolve(NAMES)
        self._sequence = 0
        self.publish({})
        self._give_clock()

    def _give_clock(self):
        shim = "/usr/local/lib/clock-shim.so"
        subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-D_GNU_SOURCE", "-o",
                        self.root / shim.lstrip("/"), SHIM], check=True)
        self._clock = self.write("/srv/clock", "\0" * 8)
        # After modules.conf, which preloads umockdev.
        for unit, preload in (("fotad", f"{shim}:libumockdev-preload.so.0"),
                              ("fotad-fetch@", shim)):
            self.write(f"/etc/systemd/system/{unit}.service.d/zz-clock.conf",
                       CLOCK_DROP_IN.format(preload=preload))

    def set_clock(self, seconds):
        """To so many seconds from now."""
        with open(self._clock, "r+b") as clock:
            clock.write(int(seconds).to_bytes(8, sys.byteorder, signed=True))

    def resolve(self, server):
        self.run("sh", "-c", f"echo nameserver {server} >/etc/resolv.conf; "
                 "echo options timeout:1 attempts:1 >>/etc/resolv.conf")

    def publish(self, update):
        self._sequence += 1
        payload = to_bytes(manifest(IMEI, self._sequence, update))
        self.good = (200, self.key.sign(payload) + payload, {})
        self.web.answer = self.good

    def start_modules(self, version):
        self.start_simulator(SIM_DROP_IN)
        self.run("systemctl", "restart", "ModemManager", "fotad")
        self.view = BusView(Bus(self))
        self.mm = ModemManagerView(self.view)
        self.module = FotaModule(self.view, IMEI)


class Uplink(unittest.TestCase):
    """One gateway; each test leaves its uplink as it was."""

    @classmethod
    def setUpClass(cls):
        work = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="fotad-check."))
        cls.gateway = cls.enterClassContext(UplinkGateway(ROOT, work, install))
        cls.world, cls.web = cls.gateway.world, cls.gateway.web
        cls.gateway.module.wait(lambda p: p["LastCheck"] and p["State"] != "checking", 90,
                                "the first check")

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
        old, new = module["Revision"], "30.00.001-B026_FOTA1"
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


if __name__ == "__main__":
    unittest.main()
