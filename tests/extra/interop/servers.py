# SPDX-License-Identifier: LGPL-2.1-or-later
"""Servers as gateways meet them, beyond those of tests/component/fetch/fetchservers.py.

As packages the FTP servers conflict: what is not installed is unpacked below the build directory.
Each is a context manager, listens on a free port of 127.0.0.1, and is gone when the block is left.
"""
import contextlib
import os
import pathlib
import pwd
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "component/fetch"))
from fetchservers import HOST, keep_port, running  # noqa: E402

UNPACKED = pathlib.Path(os.environ["FOTA_BUILD"]) / "interop" / "fetch"
PROFTPD = ("proftpd-core", "proftpd-mod-crypto", "libmemcached11", "libmemcachedutil2",
           "libhashkit2", "libhiredis0.14")
APACHE_MODULES = ("authz_core", "dir", "filter", "deflate", "mime", "mpm_prefork",
                  "ratelimit", "env", "socache_shmcb", "ssl")
ME = pwd.getpwuid(os.geteuid()).pw_name


def unpack(*packages):
    """Returns the directory in which these packages of Debian lie as below /."""
    root = UNPACKED / "root"
    for package in packages:
        done = UNPACKED / f"{package}.done"
        if done.exists():
            continue
        root.mkdir(parents=True, exist_ok=True)
        subprocess.run(["apt-get", "-q", "download", package], cwd=UNPACKED, check=True,
                       capture_output=True)
        file, = UNPACKED.glob(f"{package}_*.deb")
        subprocess.run(["dpkg-deb", "-x", file, root], check=True)
        done.touch()
    return root


@contextlib.contextmanager
def apache2(directory, root, virtual=""):
    """Yields (port of http, port of https, process). virtual: directives of the https host, with
    its certificate; every file of root may be had, below /slow/ at 16 KiB a second, below /zip/
    packed for whoever takes it so."""
    directory = pathlib.Path(directory)
    http, https = keep_port(), keep_port()
    configuration = directory / "apache2.conf"
    # It refuses to be root.
    user, group = ("nobody", "nogroup") if os.geteuid() == 0 else (ME, ME)
    modules = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
                      for name in APACHE_MODULES)
    configuration.write_text(f"""{modules}
ServerRoot {directory}
ServerName {HOST}
PidFile {directory}/apache2.pid
DefaultRuntimeDir {directory}
Mutex file:{directory}
ErrorLog {directory}/apache2.log
User {user}
Group {group}
TypesConfig /dev/null
DocumentRoot {root}
<Directory {root}>
  Require all granted
</Directory>
<Location /slow/>
  SetOutputFilter RATE_LIMIT
  SetEnv rate-limit 16
</Location>
<Location /zip/>
  SetOutputFilter DEFLATE
</Location>
Listen {HOST}:{http}
Listen {HOST}:{https}
<VirtualHost {HOST}:{https}>
  SSLEngine on
  {virtual}
</VirtualHost>
""")
    with running(["/usr/sbin/apache2", "-X", "-f", configuration], http,
                 stderr=subprocess.DEVNULL) as process:
        yield http, https, process


@contextlib.contextmanager
def proftpd(directory, root, user, password, certificate=None):
    """With a certificate it speaks TLS from the first byte (ftps)."""
    unpacked = unpack(*PROFTPD)
    directory = pathlib.Path(directory)
    port = keep_port()
    passwords = directory / "proftpd.passwd"
    digest = subprocess.run(["openssl", "passwd", "-6", password], check=True, text=True,
                            capture_output=True).stdout.strip()
    passwords.write_text(f"{user}:{digest}:{os.geteuid()}:{os.getegid()}::{root}:/bin/sh\n")
    passwords.chmod(0o600)
    configuration = directory / f"proftpd-{port}.conf"
    tls = f"""LoadModule mod_tls.c
TLSEngine on
TLSRequired on
TLSOptions UseImplicitSSL
TLSECCertificateFile {certificate}
TLSECCertificateKeyFile {certificate}
""" if certificate else ""
    configuration.write_text(f"""ServerName fota
ServerType standalone
DefaultServer on
DefaultAddress {HOST}
Port {port}
UseIPv6 off
User {ME}
Group {ME}
RootLogin on
RequireValidShell off
UseFtpUsers off
AllowRetrieveRestart on
ModulePath {unpacked}/usr/lib/proftpd
PidFile {directory}/proftpd.pid
ScoreboardFile {directory}/proftpd.scoreboard
DelayTable none
DelayEngine off
AuthUserFile {passwords}
AuthOrder mod_auth_file.c
WtmpLog off
TransferLog none
SystemLog {directory}/proftpd.log
DefaultRoot {root}
{tls}""")
    environment = {**os.environ, "LD_LIBRARY_PATH": f"{unpacked}/usr/lib/{machine()}"}
    with running([unpacked / "usr/sbin/proftpd", "-n", "-c", configuration], port,
                 env=environment, stderr=subprocess.DEVNULL):
        yield f"{'ftps' if certificate else 'ftp'}://{HOST}:{port}"


def machine():
    """The name of Debian's directory for libraries of this processor."""
    return subprocess.run(["dpkg-architecture", "-qDEB_HOST_MULTIARCH"], check=True, text=True,
                          capture_output=True).stdout.strip()
