# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers to fetch from: real ones from Debian, and one that keeps to no protocol.

Each is a context manager, listens on a free port of 127.0.0.1, and is gone when the block is left.
"""
import contextlib
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))

from ports import HOST, keep_port  # noqa: E402


def wait_for_port(port, process):
    """Returns once something listens there; the process must stay alive meanwhile."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args[0]} ended with {process.returncode}")
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection((HOST, port), 5).close()
            return
        time.sleep(0.02)
    raise RuntimeError(f"{process.args[0]} does not listen")


@contextlib.contextmanager
def running(args, port, **options):
    """A server program that ends with its parent, however that ends."""
    process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *map(str, args)], **options)
    try:
        wait_for_port(port, process)
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Authority:
    """A certificate authority, with as many server certificates as are asked for."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.pem, self.key = self.directory / "ca.pem", self.directory / "ca.key"
        self._openssl("req", "-x509", *self._new_key(self.key), "-days", "2", "-subj",
                      "/CN=Test authority", "-out", self.pem)

    def issue(self, name, alternative, *dates, purpose=None):
        """Returns a file with certificate and key for e.g. "IP:127.0.0.1"; None: for no name but
        its common name. purpose: e.g. "clientAuth"."""
        key, request = self.directory / f"{name}.key", self.directory / f"{name}.csr"
        extensions, out = self.directory / f"{name}.ext", self.directory / f"{name}.pem"
        self._openssl("req", *self._new_key(key), "-subj", f"/CN={name}", "-out", request)
        extensions.write_text("basicConstraints=critical,CA:FALSE\n"
                              + (f"subjectAltName={alternative}\n" if alternative else "")
                              + (f"extendedKeyUsage={purpose}\n" if purpose else ""))
        self._openssl("x509", "-req", "-in", request, "-CA", self.pem, "-CAkey", self.key,
                      "-CAcreateserial", "-extfile", extensions, *(dates or ("-days", "2")),
                      "-out", out)
        with out.open("a") as file:
            file.write(key.read_text())
        return out

    @staticmethod
    def _new_key(file):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-keyout", file)

    @staticmethod
    def _openssl(*args):
        subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


@contextlib.contextmanager
def nginx(directory, servers, started=lambda process: None):
    """servers: the text of the server blocks. The access log is DIRECTORY/access.log. started() is
    called with the process."""
    directory = pathlib.Path(directory)
    user = f"user {pwd.getpwuid(os.geteuid()).pw_name};" if os.geteuid() == 0 else ""
    configuration = directory / "nginx.conf"
    configuration.write_text(f"""
        daemon off; master_process off; pid {directory}/nginx.pid; error_log stderr crit; {user}
        events {{ worker_connections 64; }}
        http {{
          log_format secrets '$server_port $request_uri [$http_authorization]';
          access_log {directory}/access.log secrets;
          client_body_temp_path {directory}/t1; proxy_temp_path {directory}/t2;
          fastcgi_temp_path {directory}/t3; uwsgi_temp_path {directory}/t4;
          scgi_temp_path {directory}/t5;
          default_type application/json;
          {servers}
        }}""")
    port = int(servers.split("listen 127.0.0.1:")[1].split(";")[0].split()[0])
    with running(["/usr/sbin/nginx", "-p", directory, "-e", "stderr", "-c", configuration],
                 port) as process:
        started(process)
        yield directory / "access.log"


FTP_SERVER = """
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
port, root, user, password = sys.argv[1:]
FTPHandler.authorizer = DummyAuthorizer()
FTPHandler.authorizer.add_user(user, password, root, perm="elr")
FTPHandler.auth_failed_timeout = 0
FTPServer(("127.0.0.1", int(port)), FTPHandler).serve_forever()
"""


@contextlib.contextmanager
def pyftpdlib(root, user, password):
    port = keep_port()
    with running([sys.executable, "-c", FTP_SERVER, port, root, user, password], port,
                 stderr=subprocess.DEVNULL):
        yield f"ftp://{HOST}:{port}"


def configure_vsftpd(directory, root, port, more=""):
    """Anonymous. Returns the file, which ends with these lines."""
    directory = pathlib.Path(directory)
    me = pwd.getpwuid(os.geteuid()).pw_name
    (directory / "empty").mkdir(exist_ok=True)
    configuration = directory / f"vsftpd-{port}.conf"
    configuration.write_text(f"""listen=YES
listen_address={HOST}
listen_port={port}
background=NO
anonymous_enable=YES
local_enable=NO
no_anon_password=YES
anon_root={root}
ftp_username={me}
nopriv_user={me}
run_as_launching_user=YES
secure_chroot_dir={directory}/empty
seccomp_sandbox=NO
vsftpd_log_file={directory}/vsftpd.log
{more}""")
    return configuration


@contextlib.contextmanager
def vsftpd(directory, root, certificate=None):
    """With a certificate it speaks TLS from the first byte (ftps)."""
    port = keep_port()
    tls = f"""ssl_enable=YES
implicit_ssl=YES
allow_anon_ssl=YES
force_anon_data_ssl=YES
force_anon_logins_ssl=YES
rsa_cert_file={certificate}
""" if certificate else ""
    with running(["/usr/sbin/vsftpd", configure_vsftpd(directory, root, port, tls)], port):
        yield f"{'ftps' if certificate else 'ftp'}://{HOST}:{port}"


class Rude:
    """Answers each connection by calling answer(sock, request); request is what came first.

    `greeting` is sent before anything is read, as FTP servers do. tls: an ssl.SSLContext.
    """

    def __init__(self, answer, greeting=b"", tls=None):
        self._answer, self._greeting, self._tls = answer, greeting, tls
        self._ended = threading.Event()
        self.requests = []

    def __enter__(self):
        self._listener = socket.create_server((HOST, 0))
        self.port = self._listener.getsockname()[1]
        self.uri = f"http://{HOST}:{self.port}/"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *details):
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)

    def wait(self, seconds):
        """Pauses a dribbling answer; True once the test is over."""
        return self._ended.wait(seconds)

    def _serve(self):
        while not self._ended.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_one, args=[sock], daemon=True).start()

    def _serve_one(self, sock):
        # The client may be gone at any time: that is what is being tested.
        with sock, contextlib.suppress(OSError):
            if self._tls:
                sock = self._tls.wrap_socket(sock, server_side=True)
            with sock:
                sock.sendall(self._greeting)
                request = b"" if self._greeting else self.read_request(sock)
                self.requests.append(request)
                self._answer(sock, request)

    @staticmethod
    def read_request(sock):
        data = b""
        while b"\r\n\r\n" not in data:
            more = sock.recv(65536)
            if not more:
                return data
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                while len(body) < int(line.split(b":")[1]):
                    body += sock.recv(65536)
        return head + b"\r\n\r\n" + body
