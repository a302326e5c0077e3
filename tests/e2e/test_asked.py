# SPDX-License-Identifier: LGPL-2.1-or-later
"""The module asks by itself whether it may update, and the application decides."""
import unittest

from e2e import BenchTest
from bench import FTP_PASSWORD, FTP_USER

QUESTION = "#OTAEV: Do you want to upgrade the firmware?"


class Asked(BenchTest):
    options = {"modules": ("me910c1-asks",), "channel": "reserved",
               "config": {"Manifest": {"Uri": None}}, "clock": True}

    def listen(self, **groups):
        """fotad runs, and the module has been told to ask."""
        self.bench.start_fotad(**groups)
        self.wait_told()
        self.assertEqual(self.bench.module()["Listening"], "yes")
        return self.bench.module()

    def wait_told(self, times=1):
        """fotad has told the module to ask, so many times, and listens again."""
        self.bench.view.until(lambda: self.bench.log().count("listening to what") >= times, 60,
                              "the module is listened to")

    def wait_sim(self, condition, what):
        self.bench.view.until(lambda: condition(self.bench.sim_state()), 60, what)

    def ask(self, *options):
        """The module's server wants an update."""
        self.bench.ask_module(*options)

    def offered(self, **groups):
        module = self.listen(**groups)
        since = module.mark()
        self.ask()
        return self.wait_offered(module, since)

    def wait_offered(self, module, since):
        properties = module.wait_state("awaiting-approval")
        update = properties["Update"]
        self.assertEqual((update["source"], update["answer-by"], update["may-reject"],
                          update["one-gate"], update["from"]),
                         ("module", 0, True, True, self.bench.old))
        self.assertIn("Do you want to upgrade", update["title"])
        asked = self.bench.view.until(lambda: module.heard("ApprovalRequested", since), 10,
                                      "the application is asked")
        self.assertEqual([(token, gate) for token, gate, _ in asked],
                         [(update["token"], "download")])
        return module

    def outcome(self):
        return self.bench.sim_state()["ask-outcome"]

    def answers(self):
        """What fotad has told the module."""
        return [line.text for line in self.bench.transcript()
                if line.text.startswith("AT#OTASUAN=") and "," not in line.text
                and "?" not in line.text]

    def test_approve(self):
        """The application is asked once, and says yes; fotad orders nothing, follows, and reports."""
        module = self.offered()
        since = module.mark()
        self.ask()  # once more: it is the same question
        module.approve()
        name, result, details = module.wait_finished(since)
        self.assertEqual((result, details["from"], details["revision"]),
                         ("success", self.bench.old, self.bench.new), details)
        self.assertTrue(name.startswith("module-"), name)
        self.assertEqual(self.answers(), ["AT#OTASUAN=1"])
        self.assertEqual(len(module.heard("ApprovalRequested", since)), 0)
        states = [state for state in ("installing", "verifying")
                  if module.position("State", state, since) is not None]
        self.assertEqual(states, ["installing", "verifying"])
        entry = module.history()[0]
        self.assertEqual((entry["id"], entry["result"]), (name, "success"))
        self.bench.mm.wait_for(self.bench.imei, revision=self.bench.new)
        # After the restarts it is told to ask again, and what it reports is shown.
        self.wait_told(2)
        self.bench.view.until(lambda: "Module Upgraded To New F" in self.bench.log(), 30,
                              "the module's own report is in the log")

    def test_reject(self):
        module = self.offered()
        since = module.mark()
        module.reject(reason="not this week")
        _, result, details = module.wait_finished(since)
        self.assertEqual((result, details["reason"]), ("rejected", "not this week"))
        self.wait_sim(lambda state: state["ask-outcome"] == "rejected", "the module knows")
        self.assertEqual(self.answers(), ["AT#OTASUAN=0"])
        module.wait_state("idle")
        self.assertEqual(self.bench.sim_state()["version"], self.bench.old)

    def test_defer(self):
        """The module asks again, the application is left alone until its time, and may then say yes
        or no."""
        module = self.offered()
        token, since = module.token(), module.mark()
        module.defer(3600)
        self.wait_sim(lambda state: state["ask"] == "delayed", "the module waits")
        self.wait_sim(lambda state: state["questions"] >= 2, "it asks again")
        self.assertEqual(module.heard("ApprovalRequested", since), [])
        self.bench.set_clock(3600 - 3)  # its time comes by itself
        asked = self.bench.view.until(lambda: module.heard("ApprovalRequested", since), 60,
                                      "the application is asked again")
        self.assertEqual(asked[0][0], token)
        module.reject()
        self.wait_sim(lambda state: state["ask-outcome"] == "rejected", "the module knows")

    def test_expired(self):
        """Nobody answers within the server's time; a restart of fotad does not lose the question."""
        module = self.listen()
        since = module.mark()
        self.ask()
        self.wait_offered(module, since)
        token = module.token()
        self.bench.kill_fotad()
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait(lambda p: p["Update"].get("token") == token, 60, "it is offered again")
        self.bench.sim.command("set", self.bench.imei, "answer-limit=0")
        _, result, details = module.wait_finished(since)
        self.assertEqual(result, "expired", details)
        self.assert_refused("NothingOffered", module.approve, token)
        self.assertEqual(module.history()[0]["result"], "expired")
        self.assertEqual(self.answers(), [])

    def test_unanswered(self):
        """Nobody answers within fotad's own time: that is told, and the next question is another."""
        module = self.listen(Approval={"Timeout": "3s"})
        for _ in range(2):
            since = module.mark()
            self.ask()
            _, result, details = module.wait_finished(since)
            self.assertEqual((result, len(module.heard("ApprovalRequested", since))),
                             ("expired", 1), details)
            module.wait_state("idle")

    def test_automatic(self):
        """What the module does without asking is followed and reported all the same."""
        module = self.listen()
        since = module.mark()
        self.ask("automatic=1")
        _, result, details = module.wait_finished(since, 60)
        self.assertEqual((result, details["from"], details["revision"]),
                         ("success", self.bench.old, self.bench.new))
        self.assertIsNotNone(module.position("State", "installing", since))
        self.assertIn(False, [update.get("may-reject") for update in
                              module.changes("Update", since)])
        self.assertEqual(self.answers(), [])

    def test_started_by_check(self):
        """Check() has the module ask its server, which then has the update without a question."""
        module = self.listen()
        self.assert_refused("BadConfiguration", module.check)
        self.bench.stop_fotad()
        module = self.listen(ModuleAsks={"Start": "yes"})
        place = self.bench.ftp.uri.replace("://", f"://{FTP_USER}:{FTP_PASSWORD}@")
        self.bench.sim.command("set", self.bench.imei, f"offer={place}/{self.bench.delta_name}")
        since = module.mark()
        module.check()
        _, result, details = module.wait_finished(since, 60)
        self.assertEqual((result, details["revision"]), ("success", self.bench.new), details)
        self.assertEqual([line.text for line in self.bench.transcript()].count("AT#OTAIPUPD"), 1)

    def test_refused_by_configuration(self):
        module = self.listen(ModuleAsks={"Answer": "refuse"})
        since = module.mark()
        self.ask()
        _, result, _ = module.wait_finished(since)
        self.assertEqual(result, "rejected")
        self.wait_sim(lambda state: state["ask-outcome"] == "rejected", "the module knows")
        self.assertEqual(module.heard("ApprovalRequested", since), [])


class Carrier(Asked):
    """The carrier wants an update over LwM2M: the module asks before it downloads, and before it
    installs, and takes no for an answer from nobody."""

    options = {**Asked.options, "modules": ("me310g1-asks",)}

    def answers(self):
        return [line.text for line in self.bench.transcript()
                if line.text.startswith("AT#LWM2MFOTA") and "STATE" not in line.text]

    def wait_offered(self, module, since, gate="download"):
        states = {"download": "awaiting-approval", "install": "awaiting-install-approval"}
        update = module.wait_state(states[gate])["Update"]
        self.assertEqual((update["source"], update["gate"], update["one-gate"],
                          update["may-reject"], update["from"]),
                         ("carrier", gate, False, False, self.bench.old))
        self.assertGreater(update["answer-by"], 0)
        self.assertIn("the carrier wants to", update["title"])
        asked = self.bench.view.until(
            lambda: [call for call in module.heard("ApprovalRequested", since)
                     if call[1] == gate], 60, f"the application is asked to {gate}")
        self.assertEqual([token for token, *_ in asked], [update["token"]])
        return update

    def test_approve(self):
        """Two gates of one update; each ring comes twice, and is one question."""
        module = self.listen()
        since = module.mark()
        self.ask("twice=1")
        first = self.wait_offered(module, since)
        self.assert_refused("NotSupported", module.reject)
        module.approve()
        second = self.wait_offered(module, since, "install")
        self.assertEqual(second["id"], first["id"])
        self.assert_refused("StaleToken", module.approve, first["token"])
        self.assertIsNotNone(module.position("State", "downloading", since))
        self.assertNotIn("installing", module.changes("State", since))
        self.assertEqual(self.answers(), ["AT#LWM2MFOTAACK=0,1"])
        self.bench.kill_fotad()  # what was approved and asked is in the record
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait(lambda p: p["Update"].get("token") == second["token"], 60, "it is offered again")
        since = module.mark()
        module.approve()
        name, result, details = module.wait_finished(since)
        self.assertEqual((name, result, details["revision"]),
                         (first["id"], "success", self.bench.new), details)
        self.assertEqual(self.answers(), ["AT#LWM2MFOTAACK=0,1"] * 2)
        self.assertIsNotNone(module.position("State", "installing", since))

    def test_expired(self):
        """The module drops what nobody answers in time, at either gate."""
        module = self.listen()
        for gate in ("download", "install"):
            since = module.mark()
            self.ask()
            update = self.wait_offered(module, since)
            if gate == "install":
                module.approve()
                update = self.wait_offered(module, since, gate)
            self.bench.sim.command("set", self.bench.imei, "answer-limit=0")
            name, result, details = module.wait_finished(since)
            self.assertEqual((name, result, details["reason"]),
                             (update["id"], "expired", "FOTA REQUEST DROPPED"))
            self.assert_refused("NothingOffered", module.approve, update["token"])
        self.assertEqual(self.outcome(), "timeout")

    def test_automatic(self):
        """A module that does not ask again is followed all the same."""
        module = self.listen()
        since = module.mark()
        self.ask("once=1")
        self.wait_offered(module, since)
        module.approve()
        _, result, details = module.wait_finished(since, 90)
        self.assertEqual((result, details["from"], details["revision"]),
                         ("success", self.bench.old, self.bench.new), details)
        self.assertIsNotNone(module.position("State", "installing", since))
        self.assertEqual(self.answers(), ["AT#LWM2MFOTAACK=0,1"])

    # What the vendor's own server alone has.
    test_reject = test_defer = test_unanswered = test_refused_by_configuration = None
    test_started_by_check = None


class Package(Asked):
    """The carrier's OMA-DM client has an update: one question, which is told how large it is."""

    options = {**Asked.options, "modules": ("le910-v2-asks",)}

    def test_answers(self):
        """No, then yes; the client is not switched on for that."""
        module = self.listen()
        self.bench.sim.command("set", self.bench.imei, "oma-dm=1")
        for answer in (module.reject, module.approve):
            since = module.mark()
            # Until it is heard: a ring is lost while the port passes from a job to the listener.
            self.bench.view.until(lambda: self.ask("oma-dm=4096")
                                  or module["State"] == "awaiting-approval", 60, "it is asked")
            update = module["Update"]
            self.assertEqual((update["source"], update["size"], update["may-reject"],
                              update["one-gate"], update["title"]),
                             ("carrier", 4096, True, True,
                              "Minor Bug Fixes and Added Functionality"))
            answer()
            _, result, details = module.wait_finished(since)
            self.assertEqual(result, "success" if answer == module.approve else "rejected", details)
            self.wait_sim(lambda state: state["ask-outcome"] in ("rejected", "upgraded"),
                          "the module knows")
        self.assertEqual([line.text for line in self.bench.transcript()
                          if line.text.startswith("AT#SWM")], ["AT#SWMGETDP=0", "AT#SWMGETDP=1"])

    test_approve = test_reject = test_defer = test_expired = test_unanswered = None
    test_automatic = test_refused_by_configuration = test_started_by_check = None


class Unheard(BenchTest):
    options = {"modules": ("me910c1-asks",), "channel": "port",
               "config": {"Manifest": {"Uri": None}}}

    def test_status(self):
        """Nothing but a port is missing, and that is said."""
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait(lambda p: p["Listening"] == "no-port", 60, "it could be listened to")
        self.assertRegex(self.bench.fotactl("status").stdout,
                         r"Listened to +no: it has no port reserved")


if __name__ == "__main__":
    unittest.main()
