# SPDX-License-Identifier: LGPL-2.1-or-later
"""FTP servers that others wrote, each with a login and, where it is wanted, without SIZE.

Each is a context manager, listens on a free port of 127.0.0.1, and is gone when the block is left.
proftpd's package conflicts with vsftpd's: it is unpacked, not installed.
"""
import contextlib
import os
import pathlib
import pwd
import socket
import subprocess
import sys
import time

HOST = "127.0.0.1"
USER, PASSWORD = "fotauser", "Secr3t-of-the-fleet"
PROFTPD = ("proftpd-core", "libhashkit2", "libhiredis0.14", "libmemcached11", "libmemcachedutil2")


def free_port():
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return sock.getsockname()[1]


@contextlib.contextmanager
def running(args, port, **options):
    """A server program that ends with its parent, however that ends."""
    process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *map(str, args)], **options)
    try:
        deadline = time.monotonic() + 20
        while True:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{args[0]} does not listen; status {process.poll()}")
            with contextlib.suppress(ConnectionRefusedError):
                socket.create_connection((HOST, port), 5).close()
                break
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def unpack(directory, packages):
    """The files of Debian packages that must not be installed beside others."""
    root = pathlib.Path(directory) / "root"
    if not root.exists():
        archives = pathlib.Path(directory) / "archives"
        archives.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "-qq", "download", *packages], cwd=archives, check=True,
                       stderr=subprocess.DEVNULL)
        new = root.with_suffix(".new")
        for archive in archives.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", archive, new], check=True)
        new.rename(root)
    return root


PYFTPDLIB = """
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
port, root, user, password, size = sys.argv[1:]
if size == "no":
    FTPHandler.proto_cmds = {k: v for k, v in FTPHandler.proto_cmds.items() if k != "SIZE"}
FTPHandler.authorizer = DummyAuthorizer()
FTPHandler.authorizer.add_user(user, password, root, perm="elr")
FTPServer(("127.0.0.1", int(port)), FTPHandler).serve_forever()
"""


def pyftpdlib(work, root, size=True):
    port = free_port()
    return running([sys.executable, "-c", PYFTPDLIB, port, root, USER, PASSWORD,
                    "yes" if size else "no"], port, stderr=subprocess.DEVNULL)


def vsftpd(work, root, size=True):
    """Anonymous: its own logins are those of the system. Whoever logs in is called `anonymous`."""
    port = free_port()
    work = pathlib.Path(work)
    me = pwd.getpwuid(os.geteuid()).pw_name
    (work / "empty").mkdir(exist_ok=True)
    configuration = work / f"vsftpd-{port}.conf"
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
secure_chroot_dir={work}/empty
seccomp_sandbox=NO
ascii_download_enable=YES
vsftpd_log_file={work}/vsftpd.log
{"" if size else "cmds_denied=SIZE"}
""")
    return running(["/usr/sbin/vsftpd", configuration], port)


def proftpd(work, root, size=True):
    port = free_port()
    work = pathlib.Path(work)
    files = unpack(work / "proftpd", PROFTPD)
    me = pwd.getpwuid(os.geteuid())
    crypted = subprocess.run(["openssl", "passwd", "-6", PASSWORD], check=True, text=True,
                             stdout=subprocess.PIPE).stdout.strip()
    users = work / f"proftpd-{port}.users"
    users.write_text(f"{USER}:{crypted}:{me.pw_uid}:{me.pw_gid}::{root}:/bin/sh\n")
    users.chmod(0o600)
    configuration = work / f"proftpd-{port}.conf"
    deny = "" if size else "<Limit SIZE>\n  DenyAll\n</Limit>"
    configuration.write_text(f"""ServerType standalone
DefaultAddress {HOST}
SocketBindTight on
Port {port}
User {me.pw_name}
Group {me.pw_name}
PidFile {work}/proftpd-{port}.pid
ScoreboardFile {work}/proftpd-{port}.board
DelayTable none
UseReverseDNS off
WtmpLog off
TransferLog none
SystemLog {work}/proftpd-{port}.log
RequireValidShell off
RootLogin on
AuthOrder mod_auth_file.c
AuthUserFile {users}
{deny}
""")
    libraries = next(files.glob("usr/lib/*/libmemcached.so.11")).parent
    return running([files / "usr/sbin/proftpd", "-n", "-q", "-c", configuration], port,
                   env={**os.environ, "LD_LIBRARY_PATH": str(libraries)},
                   stderr=subprocess.DEVNULL)


def login(server):
    """The user and the password that a server takes."""
    return ("anonymous", PASSWORD) if server is vsftpd else (USER, PASSWORD)


SERVERS = (vsftpd, proftpd, pyftpdlib)
