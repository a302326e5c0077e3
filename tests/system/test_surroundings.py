# SPDX-License-Identifier: LGPL-2.1-or-later
"""What fotad depends on in a gateway's system: udev, NetworkManager, a medium, a network interface. The
real ones, and fotad under its units as shipped."""
import hashlib
import json
import re

from gateway import FTP_PASSWORD, FTP_USER, FotaModule, delta
from guide import blocks
from huaweiserver import HuaweiServer
from uplink import ASKING_IMEI, CALL_IMEI, FED_IMEI
from world import CALL, NAMES, OURS, OURS6, SERVER, THEIRS

FED_MODEL, CALL_MODEL = "ME310G1-WW", "ME909u-523"
FED_SIZE = 3000  # a module is fed with 1 KiB at a time, and a pause after each
MEDIUM = "/media/fota"
MM_PORT_AT, MM_PORT_IGNORED = 3, 9  # of MMModemPortType
PROBE = f"http://{SERVER}/alive"
# Names and modems are others' here.
NETWORK_MANAGER = """\
[main]
dns=none
no-auto-default=*
[keyfile]
unmanaged-devices=type:gsm
"""


class Surroundings:
    """Tests of the class that has the gateway."""

    def other(self, imei):
        return FotaModule(self.gateway.view, imei)

    @staticmethod
    def versions(module):
        """What it runs now, whichever tests came before, and what comes next."""
        old = module.wait(lambda p: p["Revision"] and p["Modem"] != "/", 90, "it is there")["Revision"]
        return old, re.sub(r"\d+$", lambda last: str(int(last[0]) + 1).zfill(len(last[0])), old)

    def offer(self, module, update):
        """When the test ends there is nothing for the module again."""
        self.addCleanup(self.gateway.publish_for, module, {}, "idle")
        self.gateway.publish_for(module, update, "awaiting-approval")

    def approve(self, module):
        """Returns since when to wait for what follows."""
        since = module.mark()
        self.gateway.run("fotactl", "approve", module.token())
        return since

    def assert_success(self, module, since):
        _, result, details = module.wait_finished(since)
        self.assertEqual(result, "success", details)
        return details

    # udev

    def test_reserved_port(self):
        """udev reserves the secondary port that ModemManager's own rules have found: that leaves it
        alone, and fotad hears there what the module asks."""
        gateway = self.gateway
        primary, secondary = gateway.ports
        reserved = {"ID_MM_PORT_IGNORE=1", "ID_FOTAD_PORT=1"}
        self.assertEqual(reserved & set(gateway.properties(primary)), set())
        self.assertEqual(reserved - set(gateway.properties(secondary)), set())
        _, modem = gateway.mm.wait_for(ASKING_IMEI)
        self.assertEqual(dict(modem["Ports"]), {primary: MM_PORT_AT, secondary: MM_PORT_IGNORED})
        delta_uri = gateway.ftp.uri.replace("://", f"://{FTP_USER}:{FTP_PASSWORD}@") + "/delta"
        module = self.other(ASKING_IMEI)
        module.wait(lambda p: p["Listening"] == "yes", 60, "there is a port to listen at")
        gateway.wait_for(lambda: "listening to what" in gateway.journal("FOTA_MODULE=35308109…75"),
                         "it is listened to")
        gateway.simulator("ask", ASKING_IMEI, delta_uri)
        module.wait(lambda p: p["Update"].get("source") == "module", 60, "the question is heard")
        gateway.run("fotactl", "reject", module.token())
        gateway.wait_for(lambda: json.loads(gateway.simulator("state", ASKING_IMEI))["ask"] == "idle",
                         "the module has the answer")

    # NetworkManager

    def nmcli(self, *words):
        return self.gateway.run("nmcli", *words)

    def take_uplink(self):
        """NetworkManager has it until the test ends."""
        self.gateway.write("/etc/NetworkManager/conf.d/test.conf", NETWORK_MANAGER)
        self.gateway.run("systemctl", "start", "NetworkManager")
        self.addCleanup(self.gateway.resolve, NAMES)
        self.addCleanup(self.gateway.set_addresses)
        self.addCleanup(self.gateway.run, "systemctl", "stop", "NetworkManager")
        self.addCleanup(self.nmcli, "connection", "delete", "uplink")
        self.nmcli("connection", "add", "type", "ethernet", "con-name", "uplink", "ifname", "eth0",
                   "ipv4.method", "manual", "ipv4.addresses", f"{OURS}/24", "ipv4.gateway", THEIRS,
                   "ipv6.method", "manual", "ipv6.addresses", f"{OURS6}/64",
                   "connection.metered", "yes")
        self.nmcli("connection", "up", "uplink")

    def test_metered(self):
        """The host fetches nothing while NetworkManager calls the connection metered, and goes on
        when that changes."""
        self.take_uplink()
        module = self.other(FED_IMEI)
        old, new = self.versions(module)
        with self.configured("[Delivery]\nBy=host\nMetered=defer\n"):
            self.gateway.web.pages["/metered.bin"] = (404, b"", {})
            step = {"fromVersion": old, "toVersion": new,
                    "delta": {"uri": f"http://{SERVER}/metered.bin", "size": 1000}}
            self.offer(module, {"id": "metered", "steps": [step], "retry": {"maxAttempts": 1}})
            since = self.approve(module)
            module.wait(lambda p: (p["State"], p["Blockers"]) == ("scheduled", ["metered"]), 30,
                        "the fetch waits")
            self.assertEqual(self.requests("/metered.bin"), [])
            self.nmcli("connection", "modify", "uplink", "connection.metered", "no")
            self.nmcli("device", "reapply", "eth0")
            _, result, details = module.wait_finished(since)
            self.assertEqual((result, details["error"]), ("failed", "DeltaMissing"), details)
            self.assertEqual(self.requests("/metered.bin"), [OURS])

    def requests(self, path):
        """Addresses from which it was asked for."""
        return [address for asked, address in self.gateway.web.asked if asked == path]

    # A medium

    def test_medium(self):
        """It comes after fotad has started, and goes when the delta is fetched: docs/fleet.md."""
        gateway, module = self.gateway, self.other(FED_IMEI)
        configuration, = (block.text for block in blocks("docs/fleet.md") if MEDIUM in block.text
                          and block.language == "ini")
        old, new = self.versions(module)
        content = delta(FED_MODEL, old, new, FED_SIZE)
        step = {"fromVersion": old, "toVersion": new,
                "delta": {"uri": f"file://{MEDIUM}/delta.bin", "size": len(content),
                          "sha256": hashlib.sha256(content).hexdigest()}}
        (gateway.root / "srv/delta.bin").write_bytes(content)
        (gateway.root / f"srv/{FED_IMEI}.signed").write_bytes(
            gateway.sign(FED_IMEI, {"id": "medium", "steps": [step]}))
        gateway.run("mkdir", "-p", MEDIUM)
        with self.configured(configuration.replace("[Manifest]", f"[Module {FED_IMEI}]")
                             .replace("[Delivery]\n", "")):
            before = module["LastCheck"]
            module.check()
            module.wait(lambda p: p["LastCheck"] != before and p["State"] in ("idle", "failed"), 30,
                        "there is no medium yet")
            self.assertEqual(module["Update"], {})
            gateway.run("mount", "-t", "tmpfs", "-o", "mode=755", "medium", MEDIUM)
            gateway.run("cp", "/srv/delta.bin", f"/srv/{FED_IMEI}.signed", MEDIUM)
            module.check()
            module.wait_state("awaiting-approval")
            since = self.approve(module)
            module.wait(lambda p: p["State"] not in ("scheduled", "fetching"), 60, "it is fetched")
            gateway.run("umount", MEDIUM)
            self.assert_success(module, since)

    # A network interface

    def test_probe(self):
        """Through the interface of the data call, whatever the routes are. A portal's page is no
        answer, and a call that somebody puts up anew is probed anew."""
        gateway, module = self.gateway, self.other(CALL_IMEI)
        self.world.add_uplink("wwan0", (f"{CALL}.2/24",), (f"{CALL}.1/24",))
        self.addCleanup(self.world.ip, "link del wwan0")
        self.world.gateway_ip(f"route add default via {CALL}.1 dev wwan0 metric 5000")
        files = gateway.files / "huawei"
        old, new = self.versions(module)
        HuaweiServer(files, "").publish(CALL_MODEL, old, new)
        self.web.publish(files, "/huawei")
        self.web.pages["/alive"] = (204, b"", {})
        gateway.mm.connect(CALL_IMEI, "internet")
        with self.configured(f"[Service]\nProbe={PROBE}\nTime=1min\n"):
            self.offer(module, {"id": "probed", "toVersion": new})
            since = self.approve(module)
            module.wait_state("installing")
            self.assertEqual(self.requests("/alive"), [f"{CALL}.2"])
            self.web.pages["/alive"] = (200, b"<html>Log in, please</html>", {})
            module.wait(lambda p: p["State"] == "verifying" and p["Service"]["probe"] == "failed",
                        120, "the portal's page is refused")
            self.web.pages["/alive"] = (204, b"", {})
            gateway.run("mmcli", "-m", gateway.mm.find(CALL_IMEI)[0], "--simple-disconnect")
            gateway.mm.connect(CALL_IMEI, "internet")
            details = self.assert_success(module, since)
        for when in ("service-before", "service-after"):
            self.assertEqual(details[when]["probe"], "passed", when)
        self.assertEqual(set(self.requests("/alive")), {f"{CALL}.2"})
