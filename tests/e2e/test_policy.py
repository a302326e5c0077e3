# SPDX-License-Identifier: LGPL-2.1-or-later
"""What must be so before an update starts: the manifest's life, answers, and the gateway."""
import datetime
import shutil
import unittest

from e2e import BenchTest, ways
from manifest import SigningKey, timestamp
from modules import FOTA_MANAGER, FOTA_NAME, FOTA_PATH

HOUR = 3600
MOMENT = 3  # fotad's clock is set to so many seconds before a time, which then comes by itself


class PolicyTest(BenchTest):
    options = {"channel": "reserved"}

    def start_idle(self, **config):
        """fotad runs and has read a manifest without an update."""
        self.bench.publish({})
        self.bench.start_fotad(**config)
        module = self.bench.module()
        module.wait(lambda p: p["LastCheck"] and p["State"] == "idle", 60, "the first check")
        return module

    def offer_now(self, module, state, members=None, **update):
        """Publishes an update and has it read; members are the manifest's."""
        self.bench.publish(self.bench.update(**update), **(members or {}))
        module.check()
        return module.wait_state(state)

    def assert_left_alone(self, module):
        """Nothing was begun: no delta, no install."""
        self.assertFalse([line for line in self.bench.transcript()
                          if "OTA" in line.text or "FTP" in line.text])
        self.assertEqual(module.heard("UpdateFinished"), [])


class Expiry(PolicyTest):
    options = {**PolicyTest.options, "clock": True}

    def assert_expires(self, module):
        self.bench.set_clock(HOUR - MOMENT)
        properties = module.wait_state("failed", seconds=30)
        self.assertEqual(properties["LastError"][0], "ManifestExpired")
        self.assertEqual((properties["Update"], properties["Blockers"]), ({}, []))
        self.assertIn("useBefore", module.plan()["reasons"][0])
        self.assertIn("(ManifestExpired)", self.bench.log())
        self.assert_left_alone(module)

    def test_while_it_waits_for_an_answer(self):
        module = self.start_idle()
        self.offer_now(module, "awaiting-approval", {"useBefore": timestamp(HOUR)})
        token = module.token()
        self.assert_expires(module)
        self.assert_refused("NothingOffered", module.approve, token)
        # The same update, published anew, is offered.
        self.bench.publish(self.bench.update())
        module.check()
        module.wait_state("awaiting-approval")
        self.assertEqual(module.error(), "")

    def test_while_it_waits_for_its_window(self):
        module = self.start_idle(Approval={"Download": "auto"},
                                 Window={"Blackout": "2020-01-01..2099-12-31"})
        self.offer_now(module, "scheduled", {"useBefore": timestamp(HOUR)})
        self.assert_expires(module)

    def test_not_modified_does_not_keep_it_alive(self):
        """Somebody who answers "not modified" for ever cannot hold a module back unnoticed."""
        module = self.start_idle()
        self.bench.publish({}, useBefore=timestamp(HOUR))
        self.assertEqual(module.checked()["State"], "idle")
        self.bench.set_clock(HOUR - MOMENT)
        module.wait(lambda p: p["LastError"][0] == "ManifestExpired", 30, "expired")
        properties = module.checked()
        self.assertEqual((properties["State"], properties["LastError"][0]),
                         ("failed", "ManifestExpired"))


class Unanswered(PolicyTest):
    options = {**PolicyTest.options, "clock": True}

    def test_nobody_answers(self):
        module = self.start_idle(Approval={"Timeout": "1h"})
        self.offer_now(module, "awaiting-approval")
        self.assertIn("answerBy", module.plan())
        self.bench.set_clock(HOUR - MOMENT)
        properties = module.wait_state("failed", seconds=30)
        self.assertEqual(properties["LastError"][0], "Unanswered")
        self.assertEqual(properties["Update"], {})
        self.assert_left_alone(module)
        # Whoever asks for a check gets the offer again, and as much time as before.
        module.check()
        module.wait_state("awaiting-approval")
        self.assertIn("answerBy", module.plan())

    def test_time_runs_while_fotad_does_not(self):
        """A restart neither forgets when it asked, nor asks for more time."""
        module = self.start_idle(Approval={"Timeout": "1h"})
        by = self.offer_now(module, "awaiting-approval") and module.plan()["answerBy"]
        self.bench.stop_fotad()
        self.bench.start_fotad(Approval={"Timeout": "1h"})
        module.wait_state("awaiting-approval")
        self.assertEqual(module.plan()["answerBy"], by)
        self.bench.stop_fotad()
        self.bench.set_clock(HOUR)
        since = module.mark()
        self.bench.start_fotad(Approval={"Timeout": "1h"})
        properties = module.wait_state("failed")
        self.assertEqual(properties["LastError"][0], "Unanswered")
        self.assertEqual(module.heard("ApprovalRequested", since), [])

    def test_a_deferral_is_an_answer(self):
        module = self.start_idle(Approval={"Timeout": "1h"})
        self.offer_now(module, "awaiting-approval")
        since = module.mark()
        module.defer(2 * HOUR)
        self.assertNotIn("answerBy", module.plan())
        self.bench.set_clock(2 * HOUR - MOMENT)
        self.bench.view.until(lambda: module.heard("ApprovalRequested", since), 30, "asked again")
        self.bench.set_clock(3 * HOUR - MOMENT)
        self.assertEqual(module.wait_state("failed", seconds=30)["LastError"][0], "Unanswered")

    def test_second_gate_has_a_time_of_its_own(self):
        """The delta is taken out of the module again when nobody says that it may be installed."""
        module = self.start_idle(Approval={"Timeout": "1h", "Install": "required"})
        self.offer_now(module, "awaiting-approval")
        first = module.plan()["answerBy"]
        self.bench.set_clock(HOUR // 2)
        module.approve()
        module.wait_state("awaiting-install-approval")
        self.assertGreater(module.plan()["answerBy"], first)
        self.bench.set_clock(HOUR // 2 + HOUR - MOMENT)
        properties = module.wait(lambda p: p["LastError"][0] == "Unanswered", 60, "unanswered")
        self.assertEqual(properties["State"], "failed")
        state = self.bench.sim_state()
        self.assertEqual((state["version"], state["starts"]), (self.bench.old, 1))

    def test_a_deferral_outlives_fotad(self):
        """Neither is it forgotten, nor does it begin anew."""
        module = self.start_idle()
        self.offer_now(module, "awaiting-approval")
        module.defer(3600)
        until = module.wait(lambda p: "deferred" in p["Blockers"], 10, "deferred") and \
            module.plan()["notBefore"]
        self.bench.stop_fotad()
        since = module.mark()
        self.bench.start_fotad()
        module.wait(lambda p: "deferred" in p["Blockers"], 60, "still deferred")
        self.assertEqual(module.plan()["notBefore"], until)
        self.assertEqual(module.heard("ApprovalRequested", since), [])


class DeltaInTheModule(PolicyTest):
    """What is true when the delta has come decides whether it is installed."""

    NEVER = {"Blackout": "2020-01-01..2099-12-31"}

    def reload(self, **config):
        self.bench.write_config(**config)
        self.bench.view.call(FOTA_NAME, FOTA_PATH, FOTA_MANAGER, "Reload")

    def assert_not_installed(self):
        state = self.bench.sim_state()
        self.assertEqual((state["ota"], state["version"], state["starts"]),
                         ("stored", self.bench.old, 1))

    def test_window_has_closed_meanwhile(self):
        module = self.start_idle()
        self.offer_now(module, "awaiting-approval")
        with self.bench.ftp.fault("slow"):
            module.approve()
            self.bench.view.until(lambda: self.bench.sim_state()["ftp-received"] > 0, 60,
                                  "downloading")
            self.reload(Window=self.NEVER)
        module.wait(lambda p: p["State"] == "scheduled" and p["Blockers"] == ["window"], 120,
                    "it waits with the delta in the module")
        self.assert_not_installed()
        self.assertEqual(module.heard("UpdateFinished"), [])
        self.reload()
        self.assertEqual(module.wait_finished()[1], "success")
        orders = [line.text for line in self.bench.transcript()]
        self.assertEqual(len([text for text in orders if "#FTPGETOTA=" in text]), 1)

    def test_another_delta_is_wanted_meanwhile(self):
        """Approved is what the new manifest says, not what lies in the module."""
        module = self.start_idle()
        self.offer_now(module, "awaiting-approval", approval={"install": "required"})
        module.approve()
        module.wait_state("awaiting-install-approval")
        self.assert_not_installed()
        other = self.bench.update(approval={"install": "required"})
        other["steps"][0]["toVersion"] = "30.00.001-B027"
        self.bench.publish(other)
        module.check()
        update = module.wait_state("awaiting-approval")["Update"]
        self.assertEqual((update["to"], update["gate"]), ("30.00.001-B027", "download"))
        self.assert_not_installed()

    def test_same_delta_in_a_new_manifest(self):
        """What is published anew to live longer is not fetched again."""
        module = self.start_idle()
        self.offer_now(module, "awaiting-approval", approval={"install": "required"})
        module.approve()
        module.wait_state("awaiting-install-approval")
        since = module.mark()
        self.bench.publish(self.bench.update(title="Again", approval={"install": "required"}))
        module.check()
        module.wait(lambda p: p["Update"].get("title") == "Again", 60, "the new offer")
        self.assertEqual(module.wait_state("awaiting-install-approval")["Update"]["gate"],
                         "install")
        self.assert_not_installed()
        module.approve()
        self.assertEqual(module.wait_finished(since)[1], "success")


class Keys(PolicyTest):
    """Keys come and go as files; fotad looks at a reload."""

    def setUp(self):
        super().setUp()
        self.keys = self.bench.config_file.parent / "keys.d"
        self.new_key = SigningKey(self.bench.directory / "keys", "next")

    def reload(self):
        self.bench.view.call(FOTA_NAME, FOTA_PATH, FOTA_MANAGER, "Reload")

    def test_revoked_while_its_manifest_is_offered(self):
        """Its offer is gone at once; a thief's numbers and times bind nobody afterwards."""
        module = self.start_idle()
        self.offer_now(module, "awaiting-approval", {"sequenceNumber": 2**53 - 1,
                                                     "issued": "2105-01-01T00:00:00Z",
                                                     "useBefore": "2106-01-01T00:00:00Z"})
        token = module.token()
        shutil.copy(self.new_key.public, self.keys)
        (self.keys / self.bench.key.public.name).unlink()
        self.reload()
        module.wait(lambda p: not p["Update"], 30, "no offer")
        self.assert_refused("NothingOffered", module.approve, token)
        self.assertIn("none of which is a trusted key", self.bench.log())
        module.check()
        module.wait(lambda p: p["LastError"][0] == "BadSignature", 30, "refused")
        self.bench.publish_signed(self.bench.manifest(self.bench.update()), key=self.new_key)
        module.check()
        module.wait_state("awaiting-approval")

    def test_rotation(self):
        """With both keys in place the manifest is signed anew; then the old key goes."""
        module = self.start_idle()
        content = self.bench.manifest(self.bench.update())
        self.bench.publish_signed(content)
        module.check()
        module.wait_state("awaiting-approval")
        token = module.token()
        shutil.copy(self.new_key.public, self.keys)
        self.reload()
        self.bench.publish_signed(content, key=self.new_key)
        module.checked()
        (self.keys / self.bench.key.public.name).unlink()
        self.reload()
        self.bench.stop_fotad()
        self.bench.start_fotad()
        module.wait_state("awaiting-approval")
        self.assertEqual(module.token(), token)
        # The number still counts: that key is there.
        older = self.bench.manifest(self.bench.update(), sequenceNumber=1)
        self.bench.publish_signed(older, key=self.new_key)
        module.check()
        module.wait(lambda p: p["LastError"][0] == "Rollback", 30, "refused")


class Gateway(PolicyTest):
    """What the gateway is like: each blocks by name, and no longer when it changes."""

    def setUp(self):
        super().setUp()
        self.module = self.bench.module()

    def supply(self, name, **attributes):
        for key, value in attributes.items():
            self.bench.write_sys(f"class/power_supply/{name}/{key}", value)

    def configure(self, mains="no", space="1000000G", groups="europe"):
        self.bench.config = {"Approval": {"Download": "auto"}, "Manifest": {"Groups": groups},
                             "Conditions": {"MainsPower": mains, "MinimumFreeSpace": space,
                                            "OtherRoute": "yes" if ways() else "no"}}
        self.bench.write_config()

    def reload(self):
        """fotad looks again."""
        self.bench.view.call(FOTA_NAME, FOTA_PATH, FOTA_MANAGER, "Reload")

    def assert_waits_for(self, *blockers):
        self.module.wait(lambda p: p["State"] == "scheduled" and set(p["Blockers"]) == set(blockers),
                         60, f"it waits for {blockers}")
        self.assertEqual(set(self.module.plan()["blockers"]), set(blockers))
        text = self.bench.fotactl("plan").stdout
        for blocker in blockers:
            self.assertIn(f"{blocker}: it waits", text)
        self.assertIn("Next check", text)
        self.assert_left_alone(self.module)

    def test_one_after_the_other(self):
        """What each decides is the matter of unit tests; here it is seen, told, and seen to end."""
        self.supply("BAT", type="Battery", status="Discharging", capacity=29)
        links = [self.give_module(name) for name in ways()]
        routes = ["route"] if links else []
        self.bench.publish(self.bench.update(
            conditions={"minimumBattery": 30},
            rollout={"id": "r7", "waves": [{"name": "sample", "group": ["sample"]}]}))
        self.configure()
        self.bench.start_fotad()
        self.assert_waits_for("supply", "free-space", "rollout", *routes)
        self.supply("BAT", capacity=30)
        self.reload()
        self.assert_waits_for("free-space", "rollout", *routes)
        self.supply("AC", type="Mains", online=0)
        self.configure(mains="yes")
        self.reload()
        self.assert_waits_for("supply", "free-space", "rollout", *routes)
        self.supply("AC", online=1)
        self.configure(mains="yes", space="1K")
        self.reload()
        self.assert_waits_for("rollout", *routes)
        self.bench.stop_fotad()  # a group is not changed by a reload
        self.configure(mains="yes", space="1K", groups="europe sample")
        self.bench.start_fotad()
        if links:
            self.assert_waits_for("route")
        for link in links:
            link.unlink()
        self.reload()
        self.assertEqual(self.module.wait_finished()[1], "success")
        self.assertEqual(self.module.heard("ApprovalRequested"), [], "no approval is wanted")


class Radio(PolicyTest):
    """What ModemManager tells of an enabled module: each blocks by name, until it changes."""

    def start(self, **conditions):
        """fotad with an update that needs no approval; returns the module."""
        self.bench.mm.enable(self.bench.imei)
        self.bench.publish(self.bench.update())
        self.bench.start_fotad(Approval={"Download": "auto"}, Conditions=conditions)
        return self.bench.module()

    def set(self, value):
        self.bench.sim.command("set", self.bench.imei, value)

    def wait_blocked(self, module, blocker):
        module.wait(lambda p: p["Blockers"] == [blocker], 120, blocker)
        self.assertEqual(module.plan()["blockers"], [blocker])
        self.assert_left_alone(module)

    def test_roaming_and_registration(self):
        self.set("registered=5")
        module = self.start(Roaming="no")
        self.wait_blocked(module, "roaming")
        self.set("registered=0")
        self.wait_blocked(module, "registration")
        self.set("registered=1")
        self.assertEqual(module.wait_finished(seconds=180)[1], "success")

    def test_home_operator(self):
        """The manifest is for the SIM's home operator as ModemManager tells it: three digits of this
        IMSI are the network, so that a shorter code is another operator's."""
        def target(*codes):
            return {"target": {"imei": [self.bench.imei], "operator": codes}}

        self.bench.publish(self.bench.update(), **target("31148"))
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait(lambda p: p["LastCheck"] and p["State"] == "idle", 60, "it was read")
        plan = module.plan()
        self.assertEqual((plan["kind"], plan["reasons"]),
                         ("nothing-for-you",
                          ["target.operator names 31148; the SIM's home operator is 311480"]))
        self.assertIn(plan["reasons"][0], self.bench.fotactl("plan").stdout)
        self.offer_now(module, "awaiting-approval", target("26201", "311480"))

    def test_signal(self):
        self.set("signal=3")
        module = self.start(MinimumSignal="50")
        self.wait_blocked(module, "signal")
        self.assertRegex(str(module.plan()["reasons"]), "the signal is [0-9]+ %; 50 % is needed")
        self.set("signal=25")
        self.assertEqual(module.wait_finished(seconds=180)[1], "success")


class MonthlyData(PolicyTest):
    def test_too_large_for_what_is_left(self):
        """The delta of 200 kB waits; it is counted when it has come, also by the next fotad."""
        self.bench.publish(self.bench.update())
        self.bench.start_fotad(Approval={"Download": "auto"}, Limits={"MonthlyData": "200000"})
        module = self.bench.module()
        properties = module.wait_state("scheduled")
        self.assertEqual(properties["Blockers"], ["data-budget"])
        plan = module.plan()
        self.assertEqual(plan["monthlyData"], 200_000)
        checked = plan["dataUsed"]
        self.assertGreater(checked, 4096)
        self.assertLess(checked, 8192)
        self.assertIn("Data this month", self.bench.fotactl("status").stdout)
        self.assert_left_alone(module)
        self.bench.stop_fotad()
        self.bench.start_fotad(Approval={"Download": "auto"}, Limits={"MonthlyData": "210000"})
        self.assertEqual(module.wait_finished()[1], "success")
        self.assertEqual(module.plan()["dataUsed"], checked + 200_000)
        self.bench.stop_fotad()
        self.bench.start_fotad(Limits={"MonthlyData": "210000"})
        module.wait(lambda p: p["Modem"] != "/", 60, "seen again")
        self.assertEqual(module.plan()["dataUsed"], checked + 200_000)

    def test_what_did_not_come_is_given_back(self):
        self.bench.publish(self.bench.update(retry={"maxAttempts": 1}))
        self.bench.start_fotad(Approval={"Download": "auto"})
        module = self.bench.module()
        with self.bench.ftp.fault("refuse-login"):
            self.assertEqual(module.wait_finished()[1], "failed")
        self.assertLess(module.plan()["dataUsed"], 8192)

    def test_used_up(self):
        """The manifest is no longer read by itself, but whoever wants to may have it read."""
        module = self.start_idle(Limits={"MonthlyData": "1"})
        self.assertIn("this month's data is used up", self.bench.log())
        now = datetime.datetime.now(datetime.timezone.utc)
        first = (now.replace(day=1) + datetime.timedelta(days=32)).replace(
            day=1, hour=0, minute=0, second=0, microsecond=0)
        self.assertGreaterEqual(module["NextCheck"] / 1e6, min(first.timestamp(),
                                                               now.timestamp() + 29 * 86400))
        self.assertEqual(module.checked()["State"], "idle")


if __name__ == "__main__":
    unittest.main()
