# SPDX-License-Identifier: LGPL-2.1-or-later
"""The packages on a Debian without a module: installed by apt, run by systemd, upgraded, purged."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from debian import NEXT_PACKAGES, PACKAGES, ROOT, install
from gateway import IMEI, Bus, BusView, FotaModule
from machine import Machine

MANAGER = ["org.fotad.Fota1", "/org/fotad/Fota1", "org.fotad.Fota1.Manager"]
NOT_CONFIGURED = "10e03e33efaf461db22ec15d287488a8"


class Fresh(unittest.TestCase):
    """From the installation to the purge, with nothing configured and no module."""

    @classmethod
    def setUpClass(cls):
        work = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="fotad-check."))
        cls.machine = cls.enterClassContext(Machine(ROOT, work))

    def show(self, name):
        return self.machine.run("systemctl", "show", "--value", f"--property={name}",
                                "fotad").strip()

    def files(self):
        """What is there of us, beyond what dpkg and logs remember."""
        found = self.machine.run("find", "/etc", "/usr", "/lib/systemd", "/var/lib/fotad", "/run",
                                 "-xdev", "-name", "*fota*", "-not", "-path", "/usr/share/doc/*",
                                 check=False)
        return [line for line in found.splitlines() if not line.startswith("find:")]

    def test_life(self):
        self.install()
        self.documentation()
        self.hardening()
        self.devices()
        self.activation()
        self.watchdog()
        self.foreign_plugin()
        self.rehearsal()
        self.bad_configuration()
        self.upgrade_keeps_configuration()
        self.remove_and_purge()

    def install(self):
        install(self.machine, PACKAGES, "fotad")
        self.assertEqual(self.show("ActiveState"), "active")
        self.assertEqual(self.show("UnitFileState"), "enabled")
        said = self.machine.run("journalctl", "-q", "-x", "-u", "fotad",
                                f"MESSAGE_ID={NOT_CONFIGURED}")
        self.assertIn("Uri= is set in [Manifest] of /etc/fotad/fotad.conf", said)
        self.assertIn("systemctl reload fotad", said)  # the catalog's remedy
        self.assertEqual(json.loads(self.machine.run("fotactl", "--json", "list")), [])
        directory = self.machine.root / "etc/fotad/credentials"
        self.assertEqual((directory.stat().st_mode & 0o7777, directory.stat().st_uid), (0o700, 0))
        self.assertEqual(self.machine.run("systemctl", "--failed", "--quiet"), "")
        self.assertEqual(self.machine.run("systemd-analyze", "--man=no", "verify",
                                          "fotad.service"), "")

    def documentation(self):
        """Each link leads to what is installed as well."""
        directory = self.machine.root / "usr/share/doc/fotad"
        for page in directory.glob("*.md"):
            for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
                with self.subTest(page=page.name, link=link):
                    self.assertTrue((directory / link).exists())
        self.assertTrue((directory / "README.md").exists())

    def hardening(self):
        status = self.machine.run("cat", f"/proc/{self.show('MainPID')}/status")
        for line in ("CapEff:\t0000000000000000", "CapBnd:\t0000000000000000", "NoNewPrivs:\t1",
                     "Seccomp:\t2"):
            self.assertIn(line, status)
        user = self.machine.run("id", "--user", "fotad").strip()
        self.assertRegex(status, rf"Uid:\t{user}\t")
        self.assertNotEqual(user, "0")

    def devices(self):
        """In fotad's own cgroup, as its user: a tty may be opened, another device may not, though
        its mode would let everybody."""
        self.machine.run("sh", "-c", "mknod -m 660 /dev/ttyS7 c 4 71; chgrp dialout /dev/ttyS7; "
                         "mknod -m 666 /dev/loop7 b 7 7")
        look = ["sh", "-c", "echo $$ >/sys/fs/cgroup/system.slice/fotad.service/cgroup.procs && "
                "exec setpriv --reuid=fotad --regid=dialout --clear-groups "
                "dd if=$0 iflag=nonblock count=0"]
        self.assertNotIn("not permitted", self.machine.run(*look, "/dev/ttyS7", check=False))
        self.assertIn("Operation not permitted", self.machine.refuses(*look, "/dev/loop7"))

    def activation(self):
        self.machine.run("systemctl", "stop", "fotad")
        version = self.machine.run("busctl", "get-property", *MANAGER, "Version", user="nobody")
        self.assertRegex(version, r'^s "\d')
        self.assertEqual(self.show("ActiveState"), "active")
        self.machine.run("systemctl", "disable", "--now", "fotad")
        self.machine.refuses("busctl", "get-property", *MANAGER, "Version", user="nobody")
        self.machine.refuses("fotactl", "list")
        self.assertEqual(self.show("ActiveState"), "inactive")
        self.machine.run("systemctl", "enable", "--now", "fotad")

    def watchdog(self):
        """A daemon that no longer turns its loop is replaced; sooner here than by the unit."""
        drop_in = self.machine.write("/etc/systemd/system/fotad.service.d/watchdog.conf",
                                     "[Service]\nWatchdogSec=2\nRestartSec=0\n")
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "restart", "fotad")
        self.machine.run("systemctl", "kill", "--signal=STOP", "fotad")
        self.machine.wait_for(lambda: int(self.show("NRestarts")) >= 1
                              and self.show("ActiveState") == "active", "the watchdog bites")
        shutil.rmtree(drop_in.parent)
        self.machine.run("systemctl", "daemon-reload")
        self.machine.run("systemctl", "restart", "fotad")

    def foreign_plugin(self):
        """One that is built with fotad-dev, as docs/plugin.md says, is loaded."""
        with tempfile.TemporaryDirectory() as directory:
            package, = PACKAGES.glob("fotad-dev_*.deb")
            subprocess.run(["dpkg-deb", "-x", package, directory], check=True)
            examples = pathlib.Path(directory, "usr/share/doc/fotad-dev/examples")
            pc, = pathlib.Path(directory).glob("usr/lib/*/pkgconfig")

            def pkg_config(*words):
                return subprocess.run(["pkg-config", *words, "fotad"], check=True, text=True,
                                      env={**os.environ, "PKG_CONFIG_PATH": str(pc)},
                                      stdout=subprocess.PIPE).stdout.split()

            flags = [flag.replace("-I/usr/include/fotad", f"-I{directory}/usr/include/fotad")
                     for flag in pkg_config("--cflags", "--libs")]
            into = self.machine.root / pkg_config("--variable=plugindir")[0].lstrip("/")
            subprocess.run(["cc", "-shared", "-fPIC", examples / "skeleton/skeleton.c",
                            f"-Wl,--version-script={examples}/plugin.map", *flags,
                            "-o", into / "skeleton.so"], check=True)
            shutil.copy(examples / "skeleton/skeleton.models", into)
        self.machine.run("systemctl", "restart", "fotad")
        self.assertIn("skeleton.so", self.machine.run("cat", f"/proc/{self.show('MainPID')}/maps"))
        (into / "skeleton.so").unlink()
        (into / "skeleton.models").unlink()
        self.machine.run("systemctl", "restart", "fotad")

    def rehearsal(self):
        """An update without hardware, and nothing of it left."""
        install(self.machine, PACKAGES, "fota-manifest", "fotad-simulator")
        before = self.files()
        self.machine.run("fota-rehearsal", "start", "--scale=40")
        self.machine.refuses("fota-rehearsal", "start")
        view = BusView(Bus(self.machine))
        FotaModule(view, IMEI).wait_state("awaiting-approval")
        view.close()
        approved = self.machine.run("fotactl", "approve", "--yes", "--wait", seconds=200)
        self.assertIn("success", approved)
        busy = "/run/busy"
        certified = self.machine.run(
            "fota-sim", "certify", f"--busy-file={busy}", "--", "sh",
            "/usr/share/doc/fotad/examples/approve.sh", IMEI, busy, seconds=600)
        self.assertIn("Certified: every reaction was seen.", certified)
        self.machine.run("fota-rehearsal", "stop")
        self.assertEqual(self.files(), before)
        self.assertEqual(json.loads(self.machine.run("fotactl", "--json", "list")), [])
        self.machine.run("apt-get", "-q", "-y", "purge", "fotad-simulator", "fota-manifest")

    def bad_configuration(self):
        """It is not tried again and again; the reload says what is wrong, the start too."""
        name = "/etc/fotad/fotad.conf.d/10-bad.conf"
        file = self.machine.write(name, "[Manifest]\nIntervall=1d\n")
        self.machine.refuses("systemctl", "reload", "fotad")
        self.assertEqual(self.show("ActiveState"), "active")
        self.machine.refuses("systemctl", "restart", "fotad")
        self.assertEqual((self.show("ExecMainStatus"), self.show("ActiveState")),
                         ("78", "failed"))
        self.assertIn(f"{name}:2:", self.machine.run("journalctl", "-q", "-u", "fotad"))
        file.unlink()
        self.machine.run("systemctl", "restart", "fotad")

    def upgrade_keeps_configuration(self):
        conf = self.machine.root / "etc/fotad/fotad.conf"
        mine = conf.read_text() + "\n[Log]\nLevel=notice\n"
        conf.write_text(mine)
        process = self.show("MainPID")
        install(self.machine, NEXT_PACKAGES, "fotad")
        self.assertEqual(conf.read_text(), mine)
        self.assertIn("# Of the next version", conf.with_suffix(".conf.dpkg-dist").read_text())
        self.assertEqual(self.show("ActiveState"), "active")
        self.assertNotEqual(self.show("MainPID"), process)

    def remove_and_purge(self):
        self.assertIn("/usr/sbin/fotad", self.files())
        self.machine.write("/etc/fotad/credentials/fw", "user:password\n", 0o600)
        self.machine.run("apt-get", "-q", "-y", "remove", "fotad")
        self.assertEqual(self.show("ActiveState"), "inactive")
        self.assertTrue((self.machine.root / "etc/fotad/fotad.conf").exists())
        self.machine.run("apt-get", "-q", "-y", "purge", "fotad")
        self.assertEqual(self.files(), [])
        self.machine.refuses("busctl", "introspect", "org.fotad.Fota1", "/org/fotad/Fota1")
