# SPDX-License-Identifier: LGPL-2.1-or-later
"""FTP servers that others wrote, each with a login and, where it is wanted, without SIZE.

Each is a context manager, listens on a free port of 127.0.0.1, and is gone when the block is left.
proftpd's package conflicts with vsftpd's: it is unpacked, not installed.
"""
import contextlib
import os
import pathlib
import pwd
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "component/fetch"))

from fetchservers import HOST, configure_vsftpd, keep_port, running  # noqa: E402

USER, PASSWORD = "fotauser", "Secr3t-of-the-fleet"
PROFTPD = ("proftpd-core", "libhashkit2", "libhiredis0.14", "libmemcached11", "libmemcachedutil2")


@contextlib.contextmanager
def listening(args, port, **options):
    with running(args, port, **options):
        yield port


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
    port = keep_port()
    return listening([sys.executable, "-c", PYFTPDLIB, port, root, USER, PASSWORD,
                      "yes" if size else "no"], port, stderr=subprocess.DEVNULL)


def vsftpd(work, root, size=True):
    """Anonymous: its own logins are those of the system. Whoever logs in is called `anonymous`."""
    port = keep_port()
    more = "ascii_download_enable=YES\n" + ("" if size else "cmds_denied=SIZE\n")
    return listening(["/usr/sbin/vsftpd", configure_vsftpd(work, root, port, more)], port)


def proftpd(work, root, size=True):
    port = keep_port()
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
    return listening([files / "usr/sbin/proftpd", "-n", "-q", "-c", configuration], port,
                     env={**os.environ, "LD_LIBRARY_PATH": str(libraries)},
                     stderr=subprocess.DEVNULL)


def login(server):
    """The user and the password that a server takes."""
    return ("anonymous", PASSWORD) if server is vsftpd else (USER, PASSWORD)


SERVERS = (vsftpd, proftpd, pyftpdlib)
