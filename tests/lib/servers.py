# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real servers on loopback: an FTP server with logins, and nginx for https and http.

Both serve the same directory. Both may be stopped and come back at the same port.
"""
import contextlib
import os
import pathlib
import select
import signal
import socket
import subprocess
import sys

from ports import HOST, keep_port
from processes import Program

# The sockets come from us, see WebServer.
NGINX_CONF = """\
daemon off;
{user}
worker_processes 1;
pid {work}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 64; }}
http {{
  access_log {work}/access.log;
  client_body_temp_path {work}/body; proxy_temp_path {work}/proxy; fastcgi_temp_path {work}/fcgi;
  uwsgi_temp_path {work}/uwsgi; scgi_temp_path {work}/scgi;
  default_type application/octet-stream;
  root {root};
  server {{
    listen 127.0.0.1:{http};
    if (-f {work}/slow) {{ set $limit_rate 10k; }}
  }}
  server {{
    listen 127.0.0.1:{https} ssl;
    ssl_certificate {work}/server.pem;
    ssl_certificate_key {work}/server.key;
  }}
}}
"""


class FtpServer:
    """logins: {user: password}."""

    FAULTS = ("refuse-login", "drop", "stall", "slow")

    def __init__(self, place, root, logins, address=HOST):
        self._place, self._root, self._logins = place, root, logins
        self._address = address
        self._faults = place.directory / "ftp-faults"
        self._faults.mkdir()
        self._program = None
        self.port = keep_port(address)
        self.start()

    @property
    def uri(self):
        return f"ftp://{self._address}:{self.port}"

    def start(self):
        self._program = Program(
            self._place, "ftp",
            [sys.executable, pathlib.Path(__file__).with_name("ftpserver.py"),
             f"--root={self._root}", f"--faults={self._faults}",
             f"--address={self._address}", f"--port={self.port}",
             *(f"--login={user}:{password}" for user, password in self._logins.items())],
            ready="ready ")

    def stop(self):
        self._program.stop()

    def kill(self):
        """It breaks down; connections break, and are refused from now on."""
        self._program.kill()

    def log(self):
        return self._program.log_file.read_text()

    def forget_log(self):
        self._program.forget_log()

    @contextlib.contextmanager
    def fault(self, name):
        """The server has this fault inside the `with` block; ftpserver.py says what each does."""
        assert name in self.FAULTS, name
        file = self._faults / name
        file.touch()
        try:
            yield
        finally:
            file.unlink()


class Authority:
    """A certificate authority of our own. certificate: what its clients must trust."""

    def __init__(self, directory, name="fotad bench authority"):
        directory.mkdir()
        self.certificate = directory / "ca.pem"
        self._key = directory / "ca.key"
        self._openssl("req", "-x509", *self._new_key(self._key), "-days", "2",
                      "-subj", f"/CN={name}", "-out", self.certificate)

    def issue(self, certificate, key, names="IP:127.0.0.1,DNS:localhost"):
        """Writes a server's certificate for names, and its key."""
        request = self._openssl("req", *self._new_key(key), "-subj", "/CN=localhost")
        extensions = certificate.with_suffix(".ext")
        extensions.write_text(f"subjectAltName={names}\nbasicConstraints=critical,CA:FALSE\n")
        self._openssl("x509", "-req", "-days", "2", "-CA", self.certificate, "-CAkey", self._key,
                      "-CAcreateserial", "-extfile", extensions, "-out", certificate, text=request)

    @staticmethod
    def _new_key(file):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", file]

    @staticmethod
    def _openssl(*words, text=None):
        return subprocess.run(["openssl", *words], input=text, check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout


class WebServer:
    """nginx. It takes its listening sockets from us (its own way of passing them to a successor):
    clients may connect at once."""

    def __init__(self, place, root):
        self.work = place.directory / "web"
        self.work.mkdir()
        self._place = place
        self._ports = http, https = keep_port(), keep_port()
        self._program = None
        self.uris = {"http": f"http://{HOST}:{http}", "https": f"https://{HOST}:{https}"}
        self.authority = Authority(self.work / "ca")
        self.authority.issue(self.work / "server.pem", self.work / "server.key")
        (self.work / "nginx.conf").write_text(
            NGINX_CONF.format(user="user root;" if os.geteuid() == 0 else "", work=self.work,
                              root=root, http=http, https=https))
        self._run()

    def start(self):
        """Comes back after stop(), at the same ports."""
        self._run()

    def stop(self):
        """Ends it; connections are refused from now on."""
        self._program.stop()

    def kill(self):
        """It breaks down, in the middle of whatever it does. Its worker, which the kernel ends in
        its own time, has the ports until then."""
        workers = [os.pidfd_open(pid) for pid in self._children(self._program.pid)]
        self._program.kill()
        for worker in workers:
            select.select([worker], [], [])
            os.close(worker)

    @contextlib.contextmanager
    def slow(self):
        """What is asked for by http inside the `with` block comes at 10 kB a second."""
        file = self.work / "slow"
        file.touch()
        try:
            yield
        finally:
            file.unlink()

    @contextlib.contextmanager
    def frozen(self):
        """It answers nothing inside the `with` block, and then what it was asked meanwhile."""
        program = self._program
        os.killpg(program.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGCONT)

    def log(self):
        """The requests it answered."""
        return (self.work / "access.log").read_text()

    def forget_log(self):
        os.truncate(self.work / "access.log", 0)

    @staticmethod
    def _children(pid):
        return map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())

    @staticmethod
    def _listen(port):
        sock = socket.create_server((HOST, port))
        sock.setblocking(False)
        return sock

    def _run(self):
        sockets = [self._listen(port) for port in self._ports]
        fds = [sock.fileno() for sock in sockets]
        self._program = Program(
            self._place, "nginx", ["nginx", "-p", self.work, "-c", self.work / "nginx.conf"],
            {**os.environ, "NGINX": "".join(f"{fd};" for fd in fds)}, pass_fds=fds)
        for sock in sockets:
            sock.close()
