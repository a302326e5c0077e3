# SPDX-License-Identifier: LGPL-2.1-or-later
"""The network beyond a gateway's uplinks, with the servers that stand there: nothing on the way to them
is on loopback. What happens to that way is told to fotad by the kernel, or by nobody."""
import contextlib
import ctypes
import http.server
import os
import socket
import ssl
import subprocess
import threading
import time

from machine import CLONE_NEWNET

HOST = "fota.example"
SERVER, NAMES = "198.51.100.7", "198.51.100.53"
SERVER6, NAMES6 = "2001:db8:1::7", "2001:db8:1::53"
OURS, THEIRS = "192.0.2.2", "192.0.2.1"
OURS6, THEIRS6 = "2001:db8:2::2", "2001:db8:2::1"
OTHERS = "192.0.3"  # the second uplink
CALL = "192.0.4"    # a module's data call


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
        self.pages = {}  # what has an answer of its own, by its path
        self.asked = []  # (path, client's address)
        self.start()

    def start(self):
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                owner.asked.append((self.path, self.client_address[0].removeprefix("::ffff:")))
                status, body, headers = owner.pages.get(self.path, owner.answer)
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

    def publish(self, directory, path):
        """All files of a directory, below this path."""
        for file in directory.rglob("*"):
            if file.is_file():
                self.pages[f"{path}/{file.relative_to(directory)}"] = (200, file.read_bytes(), {})

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
