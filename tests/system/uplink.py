# SPDX-License-Identifier: LGPL-2.1-or-later
"""A gateway with a way out: a network of its own, from which a veth leads into the world."""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

from gateway import (FTP_PASSWORD, FTP_USER, IMEI, Bus, BusView, FotaModule, FtpServer, Gateway,
                     ModemManagerView, Place, SigningKey, manifest, to_bytes)
from servers import Authority
from world import HOST, NAMES, OURS, OURS6, SERVER, THEIRS, THEIRS6, NameServer, WebServer, World

SHIM = pathlib.Path(__file__).resolve().parents[1] / "lib/clock-shim.c"
SIM_DROP_IN = """\
[Service]
Environment="FOTA_SIM_OPTIONS=--scale=20 --module=me910c1-na"
"""
# A container cannot set its clock: both units have one that can be set.
CLOCK_DROP_IN = """\
[Service]
Environment=LD_PRELOAD={preload} FOTA_CLOCK=/srv/clock
"""
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
