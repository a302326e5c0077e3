# SPDX-License-Identifier: LGPL-2.1-or-later
"""A gateway with a way out: a network of its own, from which a veth leads into the world."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from gateway import (FTP_PASSWORD, FTP_USER, IMEI, Bus, BusView, FotaModule, FtpServer, Gateway,
                     ModemManagerView, Place, SigningKey, manifest, to_bytes)
from guide import REPOSITORY
from servers import Authority
from world import HOST, NAMES, OURS, OURS6, SERVER, THEIRS, THEIRS6, NameServer, WebServer, World

SHIM = pathlib.Path(__file__).resolve().parents[1] / "lib/clock-shim.c"
# The first is the one that most tests look at. The others: one that the host feeds, one whose data call
# has a network interface, and one that asks, as the kernel shows it. ModemManager looks again at a module
# that was taken from it, which takes long: those with a port for fotad are not.
FED_IMEI, CALL_IMEI, ASKING_IMEI = "353081090012355", "353081090012365", "353081090012375"
SIM_DROP_IN = """\
[Service]
Environment="FOTA_SIM_OPTIONS=--scale=20 --module=me910c1-na \
--module=me310g1,reserved-port=1 \
--module=me909u,reserved-port=1,net=wwan0,server=http://{server}/huawei/ \
--module=me910c1-asks,raw=1"
"""
# As ModemManager's drop-in: umockdev tells programs apart by the number of their descriptors.
UDEV = 'for n in {3..99}; do eval "exec $n<&0"; done; exec /lib/systemd/systemd-udevd'
ENABLE_RULE = re.search(r"^\.Dl (ln -s .*-fotad-port\.rules .*)$",
                        (REPOSITORY / "docs/fotad.conf.5").read_text(), re.MULTILINE)[1]
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
        self.world.add_uplink("eth0", (), (f"{THEIRS}/24", f"{THEIRS6}/64"))
        self.set_addresses()
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

    def set_addresses(self):
        """Of the uplink, and the way out over it."""
        self.world.gateway_ip("addr flush dev eth0")
        for address in (f"{OURS}/24", f"{OURS6}/64 nodad"):
            self.world.gateway_ip(f"addr add {address} dev eth0")
        self.world.gateway_ip(f"route replace default via {THEIRS}")

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

    def sign(self, imei, update):
        """A manifest of the next sequence number, as a server or a medium has it."""
        self._sequence += 1
        payload = to_bytes(manifest(imei, self._sequence, update))
        return self.key.sign(payload) + payload

    def publish(self, update):
        self.good = (200, self.sign(IMEI, update), {})
        self.web.answer = self.good

    def publish_for(self, module, update, state):
        """For one of the other modules, which reads it and then shows this state."""
        self.web.pages[f"/{module.imei}.signed"] = (200, self.sign(module.imei, update), {})
        module.wait_state("idle", "failed", "awaiting-approval")
        module.check()
        module.wait_state(state)

    def start_modules(self, version):
        self.start_simulator(SIM_DROP_IN.format(server=SERVER))
        self._run_udev()
        self.run("systemctl", "restart", "ModemManager", "fotad")
        self.view = BusView(Bus(self))
        self.mm = ModemManagerView(self.view)
        self.module = FotaModule(self.view, IMEI)

    def _run_udev(self):
        """The real one, with the rule that reserves a port, while the module is plugged in to which
        it is to apply. umockdev carries no event from udev to others: those look for themselves when
        they start, as at the next start of a gateway."""
        self.run("sh", "-c", ENABLE_RULE)
        self.simulator("unplug", ASKING_IMEI)
        self.run("systemd-run", "--quiet", "--unit=udevd", "--service-type=notify",
                 "--setenv=LD_PRELOAD=libumockdev-preload.so.0",
                 f"--setenv=UMOCKDEV_DIR={self.testbed()}", "bash", "-c", UDEV)
        self.simulator("plug", ASKING_IMEI)
        self.ports = json.loads(self.simulator("state", ASKING_IMEI))["ttys"]
        self.wait_for(lambda: all("ID_MM_CANDIDATE=1" in self.properties(port)
                                  for port in self.ports), "udev's rules have run")
        self.run("systemctl", "stop", "udevd")

    def testbed(self):
        return self.run("cat", "/run/fota-sim/root").strip()

    def properties(self, tty):
        """Of this tty, as udev keeps them."""
        return self.run("env", "LD_PRELOAD=libumockdev-preload.so.0",
                        f"UMOCKDEV_DIR={self.testbed()}", "udevadm", "info", "--query=property",
                        f"/sys/class/tty/{tty}").split()
