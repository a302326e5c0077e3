# SPDX-License-Identifier: LGPL-2.1-or-later
"""The quick start as a new user walks through it, on a Debian with a simulated module, and then what
the other guides have a gateway do. tests/lib/guide.py says which blocks these are."""
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from debian import PACKAGES, ROOT
from gateway import IMEI, Bus, BusView, Gateway  # noqa: E402
from guide import blocks, scripts  # noqa: E402
from manifest import delta  # noqa: E402

OLD, NEW = "30.00.001-B026", "30.00.001-B026_FOTA"
# ModemManager has a name of its own for the old firmware, as on many Telit modules.
PACKAGE = "30.00.001-B026-P0F.010100"
SIM_DROP_IN = f"""\
[Service]
Environment="FOTA_SIM_OPTIONS=--scale=20 --module=me910c1-na,package={PACKAGE}"
"""
# Pages whose blocks for a gateway change nothing that the next one needs.
AFTERWARDS = ("README.md", "docs/runbook.md", "docs/application.md", "docs/security.md", "docs/fleet.md")
ELSEWHERE = "fota-rehearsal"  # a block with it: test_fresh.py


class Bare(Gateway):
    """Without fotad, and with nothing configured but what stands for a public certificate."""

    def _configure(self):
        self.write("/etc/fotad/ca.pem", self.web.authority.certificate.read_text())
        self.write("/etc/fotad/fotad.conf.d/00-test.conf",
                   "[Manifest]\nCertificateAuthority=/etc/fotad/ca.pem\n")

    def start_modules(self, version):
        self.start_simulator(SIM_DROP_IN)
        self.run("systemctl", "restart", "ModemManager")
        self.view = BusView(Bus(self))


def without_fotad(package, directory):
    """Writes the same package there, made to do without fotad, which comes with the quick start."""
    tree = pathlib.Path(directory, "tree")
    subprocess.run(["dpkg-deb", "-R", package, tree], check=True)
    control = tree / "DEBIAN/control"
    control.write_text(re.sub(r"fotad \([^)]*\),? ?", "", control.read_text()))
    subprocess.run(["dpkg-deb", "-b", tree, pathlib.Path(directory, package.name)], check=True,
                   stdout=subprocess.DEVNULL)
    shutil.rmtree(tree)


def install_simulator(machine):
    home = machine.root / "root"
    for name in ("fotad", "fota-manifest"):
        file, = PACKAGES.glob(f"{name}_*.deb")
        shutil.copy(file, home)
    file, = PACKAGES.glob("fotad-simulator_*.deb")
    without_fotad(file, home)
    machine.run("bash", "-euc", "cd /root; apt-get -q -y --no-install-recommends install "
                "./fota-manifest_*.deb ./fotad-simulator_*.deb")


class Guides(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        work = cls.enterClassContext(tempfile.TemporaryDirectory(prefix="fotad-check."))
        cls.gateway = cls.enterClassContext(Bare(ROOT, work, install_simulator))

    def shell(self, script):
        gateway = self.gateway
        for written, real in (("https://fota.example", gateway.web.uris["https"]),
                              ("Servers=ftp://fw.example",
                               f"Servers={gateway.ftp.uri.rpartition(':')[0]}"),
                              ("ftp://fw.example", gateway.ftp.uri)):
            script = script.replace(written, real)
        return gateway.run("bash", "-euo", "pipefail", "-c", f"cd /root\n{script}", seconds=300)

    def wait_state(self, wanted):
        """fotad reads the manifest by itself as soon as it sees the module."""
        def look():
            told = self.gateway.run("fotactl", "--json", "status", IMEI, check=False)
            return wanted in told and "checking" not in told
        self.gateway.wait_for(look, wanted)

    def publish(self):
        """What the reader is told to: put both files on the servers."""
        for name in (f"{IMEI}.signed", "delta.bin"):
            (self.gateway.www / name).write_bytes((self.gateway.root / "root" / name).read_bytes())

    def quick_start(self):
        """Each block, wherever it is to be typed; all of it is one machine here."""
        (self.gateway.root / "root/delta.bin").write_bytes(delta("ME910C1-NA", OLD, NEW))
        said = ""
        before = {"fotactl version": PACKAGE, "fotactl check": OLD,
                  "fotactl approve": "awaiting-approval"}
        for block in (b for b in blocks("docs/quick-start.md") if b.language == "sh"):
            if "fotactl check" in block.text:
                self.publish()
            for command, state in before.items():
                if command in block.text:
                    self.wait_state(state)
            said += self.shell(block.text)
        self.assertIn(f"\n{OLD}\n", said)
        self.assertIn("success", said)
        self.assertNotIn("failed", self.gateway.run("fotactl", "history"))
        self.assertIn(NEW, said)

    def test_walk(self):
        self.quick_start()
        self.gateway.wait_for(lambda: "/Modem/" in self.shell("mmcli -L"), "ModemManager has it again")
        for page in AFTERWARDS:
            for block in scripts(page, "gateway"):
                if ELSEWHERE not in block.text and "apt-get" not in block.text:
                    with self.subTest(page=page, block=block.text):
                        self.shell(block.text)
        self.assertIn("fotad-operator", self.shell("id app"))


if __name__ == "__main__":
    unittest.main()
