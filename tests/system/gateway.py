# SPDX-License-Identifier: LGPL-2.1-or-later
"""A gateway: a machine with our packages installed and configured as README.md says, with a
simulated module behind its ModemManager, and the servers of a fleet in its network."""
import json
import os
import pathlib
import shutil
import sys
import tempfile

from gi.repository import Gio

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from huaweiserver import HuaweiServer  # noqa: E402
from machine import Machine  # noqa: E402
from manifest import SigningKey, delta, manifest, to_bytes  # noqa: E402
from modules import BusView, FotaModule, ModemManagerView  # noqa: E402
from processes import Place  # noqa: E402
from servers import FtpServer, WebServer  # noqa: E402

IMEI = "353081090012345"
MODEL, VERSION = "ME910C1-NA", "30.00.001-B026"
HUAWEI_IMEI, HUAWEI_MODEL = "353081090012355", "MU509"
HUAWEI_VERSION, HUAWEI_NEW = "12.815.01.03.00", "12.815.01.04.00"
FTP_USER, FTP_PASSWORD = "fotauser", "Secr3t-of-the-fleet"
WEB_TOKEN = "T0ken-of-the-fleet"
SCALE = 20

SIM_DROP_IN = f"""\
[Service]
Environment="FOTA_SIM_OPTIONS=--scale={SCALE} --module=me910c1-na,version={{version}} \\
--module=mu509,version={HUAWEI_VERSION},server={{server}}"
"""
# Only what an emulated tty needs; all else of the shipped unit stays in force. umockdev binds a
# socket in its directory for each program that listens to uevents.
FOTAD_DROP_IN = """\
[Service]
Environment=LD_PRELOAD=libumockdev-preload.so.0 UMOCKDEV_DIR={directory}
ReadWritePaths=-/run/fota-sim
"""
# umockdev tells programs apart by the number of their descriptors: ModemManager gets others.
MODEMMANAGER_DROP_IN = """\
[Unit]
ConditionVirtualization=
[Service]
Environment=LD_PRELOAD=libumockdev-preload.so.0 UMOCKDEV_DIR={directory}
ExecStart=
ExecStart=/bin/bash -c 'for n in {{3..199}}; do eval "exec $$n<&0"; done; exec /usr/sbin/ModemManager'
"""
SIM_CONTROL = """\
import socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect("/run/fota-sim/control")
s.sendall((" ".join(sys.argv[1:]) + "\\n").encode())
print(s.makefile().readline())
"""
CONFIG = """\
[Manifest]
Uri={uri}/{{imei}}.signed
Credential=web
CertificateAuthority=/etc/fotad/ca.pem
[Credential fw]
Servers={ftp}
[Network]
Apn=internet
[Log]
Level=debug
"""


class Bus:
    """The machine's system bus as bench/modules.py wants it."""

    def __init__(self, machine):
        self._machine = machine

    def connect(self):
        connection = Gio.DBusConnection.new_for_address_sync(
            self._machine.bus_address(), Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
            | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION, None, None)
        connection.set_exit_on_close(False)
        return connection


class Gateway(Machine):
    """install: called with the gateway when it has booted."""

    def __init__(self, root, work, install):
        super().__init__(root, work)
        self._install = install
        self._sequence = 0
        self._stops = []

    def __enter__(self):
        super().__enter__()
        try:
            self._install(self)
            self._start_servers()
            self._configure()
            self.start_modules(VERSION)
            self._stops.append(lambda: self.view.close())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for stop in reversed(self._stops):
            stop()
        self._stops = []
        super().__exit__()

    def _start_servers(self):
        self.enter_network()
        self.place = Place()
        self._stops.append(self.place.remove)
        self.www = self.place.directory / "www"
        self.www.mkdir()
        self.ftp = FtpServer(self.place, self.www, {FTP_USER: FTP_PASSWORD})
        self._stops.append(self.ftp.stop)
        self.web = WebServer(self.place, self.www)
        self._stops.append(self.web.stop)
        self.vendor = HuaweiServer(self.www / "huawei", f"{self.web.uris['http']}/huawei")
        self.vendor.publish(HUAWEI_MODEL, HUAWEI_VERSION, HUAWEI_NEW)

    def _configure(self):
        keys = pathlib.Path(tempfile.mkdtemp(dir=self.place.directory))
        self.key = SigningKey(keys)
        shutil.copy(self.key.public, self.root / "etc/fotad/keys.d")
        shutil.copy(self.web.authority.certificate, self.root / "etc/fotad/ca.pem")
        self.write("/etc/fotad/credentials/fw", f"{FTP_USER}:{FTP_PASSWORD}\n", 0o600)
        self.write("/etc/fotad/credentials/web", f"{WEB_TOKEN}\n", 0o600)
        self.write("/etc/fotad/fotad.conf.d/10-fleet.conf",
                   CONFIG.format(uri=self.web.uris["https"],
                                 ftp=self.ftp.uri.rpartition(":")[0]))

    def start_modules(self, version):
        """The simulated modules are plugged in, and those who look for them start."""
        self.start_simulator(SIM_DROP_IN.format(version=version, server=self.vendor.uri))
        self.run("systemctl", "restart", "ModemManager", "fotad")
        self.view = BusView(Bus(self))
        self.mm = ModemManagerView(self.view)
        self.module = FotaModule(self.view, IMEI)
        self.huawei = FotaModule(self.view, HUAWEI_IMEI)

    def start_simulator(self, drop_in):
        """Whoever looks for modules finds the simulated ones at the next start."""
        self.write("/etc/systemd/system/fota-sim.service.d/options.conf", drop_in)
        self.run("systemctl", "daemon-reload")
        self.run("systemctl", "start", "fota-sim")
        directory = self.run("cat", "/run/fota-sim/root").strip()
        for unit, text in (("fotad", FOTAD_DROP_IN), ("ModemManager", MODEMMANAGER_DROP_IN)):
            self.write(f"/etc/systemd/system/{unit}.service.d/modules.conf",
                       text.format(directory=directory))
        self.run("systemctl", "daemon-reload")

    def simulator(self, *order):
        """One order to it, see sim/README.md; returns what it tells."""
        state, _, told = self.run("python3", "-c", SIM_CONTROL, *order).strip().partition(" ")
        if state != "ok":
            raise AssertionError(f"{order}: {told}")
        return told

    def sim_state(self):
        return json.loads(self.simulator("state", IMEI))

    def orders(self):
        """How often the module has been told to install, by its own transcript."""
        return self.run("cat", f"/run/fota-sim/{IMEI}.log").count(" > AT#OTAUP=0\n")

    def restart(self, version):
        """Power off and on again. version: what the module runs then, since it ends as well."""
        self.view.close()
        self.power_off()
        self.boot()
        self.start_modules(version)

    def offer(self, **members):
        """Publishes an update from the firmware of now to the next, and waits for the offer."""
        self.module.wait_state("idle", "failed", "awaiting-approval")
        old, new = self.module["Revision"], f"30.00.001-B026_FOTA{self._sequence + 1}"
        name = f"delta-{self._sequence + 1}.bin"
        (self.www / name).write_bytes(delta(MODEL, old, new))
        step = {"fromVersion": old, "toVersion": new,
                "delta": {"uri": f"{self.ftp.uri}/{name}", "credential": "fw",
                          "size": (self.www / name).stat().st_size}}
        self._publish(self.module, {"steps": [step], **members})
        self.module.wait(lambda p: p["State"] == "awaiting-approval"
                         and p["Update"]["to"] == new, 120, "the offer")
        return new

    def offer_huawei(self):
        """The same for the other module, whose vendor has the delta."""
        self._publish(self.huawei, {"toVersion": HUAWEI_NEW})
        self.huawei.wait_state("awaiting-approval")

    def _publish(self, module, update):
        """Signs a manifest with this update, and has it read."""
        self._sequence += 1
        update = {"id": f"update-{self._sequence}", "title": "Carrier certification", **update}
        payload = to_bytes(manifest(module.imei, self._sequence, update))
        file = self.www / f"{module.imei}.signed"
        file.write_bytes(self.key.sign(payload) + payload)
        os.utime(file, (1_700_000_000 + self._sequence,) * 2)  # nginx makes its ETag of it
        module.wait_state("idle", "failed", "awaiting-approval")
        module.check()

    def journal(self, *words):
        return self.run("journalctl", "--no-pager", "--quiet", *words)
