# SPDX-License-Identifier: LGPL-2.1-or-later
"""Results of updates are posted: kept while nobody takes them, in order, once each."""
import json
import pathlib
import unittest

import jsonschema

from e2e import BenchTest  # first: it says where the bench is
from ports import HOST, keep_port
from receiver import Receiver

SCHEMA = json.loads((pathlib.Path(__file__).resolve().parents[2] /
                     "docs/report.schema.json").read_text())


class Reports(BenchTest):
    def setUp(self):
        self.port = keep_port()
        self.bench.config["Report"] = {"Uri": f"http://{HOST}:{self.port}/report/{{imei}}"}

    def receiver(self):
        receiver = Receiver(self.port)
        self.addCleanup(receiver.close)
        return receiver

    def waiting(self):
        return sorted(pathlib.Path(self.bench.directory, "state/outbox").glob("*"))

    def wait_waiting(self, number):
        self.bench.view.until(lambda: len(self.waiting()) == number, 30, f"{number} files")

    def update_and_reject(self):
        """One update that succeeds and one that is rejected, with nobody to take the results."""
        module = self.offer()
        self.assert_updates(module)
        self.bench.publish({**self.bench.update(), "id": "next", "steps": [
            {"fromVersion": self.bench.new, "toVersion": "30.00.999",
             "delta": self.bench.delta_member()}]})
        module.check()
        module.wait_state("awaiting-approval")
        module.reject(reason="not today")
        self.wait_waiting(2)

    def test_server_down_and_fotad_killed(self):
        self.update_and_reject()
        self.bench.view.until(lambda: "a report waits" in self.bench.log(), 60, "the log says so")
        self.bench.kill_fotad()
        receiver = self.receiver()
        receiver.silent.set()
        self.bench.start_fotad()
        receiver.wait(1)  # taken, which fotad does not learn any more
        self.bench.kill_fotad()
        self.assertEqual(len(self.waiting()), 2)
        receiver.silent.clear()
        self.bench.start_fotad()
        receiver.wait(3)
        self.wait_waiting(0)
        reports = [json.loads(body) for _, _, body in receiver.posts]
        keys = [headers["Idempotency-Key"] for _, headers, _ in receiver.posts]
        self.assertEqual([report["result"] for report in reports],
                         ["success", "success", "rejected"])
        self.assertEqual(receiver.posts[0][2], receiver.posts[1][2])
        self.assertEqual(keys, [report["key"] for report in reports])
        self.assertEqual((keys[0] == keys[1], keys[1] == keys[2]), (True, False))
        for path, headers, _ in receiver.posts:
            self.assertEqual((path, headers["Content-Type"]),
                             (f"/report/{self.bench.imei}", "application/json"))
        for report in reports:
            jsonschema.validate(report, SCHEMA)
        self.check_success(reports[1])
        self.assertEqual((reports[2]["code"], reports[2]["text"]),
                         ({"lwm2m": 10, "fumo": 401}, "not today"))
        self.check_known_here([reports[2], reports[1]])

    def check_known_here(self, reports):
        """fotactl report shows what was posted, after restarts too."""
        shown = json.loads(self.bench.fotactl("report", "--json", self.bench.imei).stdout)
        self.assertEqual((shown["imei"], shown["version"], shown["reports"]),
                         (self.bench.imei, self.bench.new, reports))
        general = self.bench.fotactl("report", "--csv").stdout.splitlines()
        self.assertEqual(general[1].split(","), [
            self.bench.imei, shown["model"], self.bench.new, reports[1]["finished"], "rejected",
            reports[0]["finished"]])

    def check_success(self, report):
        self.assertEqual((report["imei"], report["update"], report["from"], report["to"],
                          report["version"], report["code"], report["error"]),
                         (self.bench.imei, "b026-fota", self.bench.old, self.bench.new,
                          self.bench.new, {"lwm2m": 1, "fumo": 200}, ""))
        self.assertEqual(report["bytes"], (self.bench.www / self.bench.delta_name).stat().st_size)
        self.assertEqual([(step["step"], step["result"]) for step in report["steps"]],
                         [("offered", "done"), ("approved", "done"), ("download", "done"),
                          ("downloaded", "done"), ("install", "done"), ("verify", "done"),
                          ("end", "success")])
        times = [step["time"] for step in report["steps"]]
        self.assertEqual(times, sorted(times))

    def test_killed_before_the_record(self):
        """The result is written, and the record does not say yet that the update has ended."""
        receiver = self.receiver()
        points = self.bench.build / "tests/matrix/libfault-points.so"
        self.bench.publish(self.bench.update())
        self.bench.fotad_preload.append(points)
        self.bench.fotad_variables = {"FAULT_STATE": f"{self.bench.directory}/state/outbox",
                                      "FAULT_JOURNAL": f"{self.bench.directory}/points",
                                      "FAULT_KILL": "after:1:sync ."}
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        program, self.bench.fotad = self.bench.fotad, None  # its end is what is wanted
        module.approve()
        self.bench.view.until(lambda: program.poll() is not None, 120, "fotad is killed")
        program.wait()
        self.assertEqual((len(self.waiting()), receiver.posts), (1, []))
        self.bench.fotad_preload.remove(points)
        self.bench.fotad_variables = {}
        self.bench.start_fotad()
        module.wait(lambda p: p["Revision"] == self.bench.new and p["State"] == "idle", 60, "idle")
        self.wait_waiting(0)
        self.assertEqual([entry["result"] for entry in module.history()], ["success"])
        self.assertEqual(len({headers["Idempotency-Key"] for _, headers, _ in receiver.posts}), 1)

    def test_refused(self):
        receiver = self.receiver()
        receiver.answer = 400
        self.assert_updates(self.offer())
        receiver.wait(1)
        self.bench.view.until(lambda: "a report is dropped: its server answered 400"
                              in self.bench.log(), 30, "the log says so")
        self.wait_waiting(0)


class Manifests(BenchTest):
    """The manifest names the server of the reports."""

    def test_named_by_the_manifest(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        self.bench.config["Manifest"] = {"AllowedServers": f"http://{HOST}", "Salt": "ours"}
        self.bench.publish(self.bench.update(),
                           report={"uri": f"http://{HOST}:{receiver.port}/{{imei-hmac}}"})
        self.bench.start_fotad()
        self.assert_updates(self.bench.module())
        receiver.wait(1)
        report = json.loads(receiver.posts[0][2])
        jsonschema.validate(report, SCHEMA)
        self.assertEqual(receiver.posts[0][0], f"/{report['imei']}")
        self.assertNotIn(self.bench.imei, str(receiver.posts))

    def test_credential_not_bound(self):
        receiver = Receiver()
        self.addCleanup(receiver.close)
        self.bench.set_credential("other", "user:secret")
        self.bench.config["Manifest"] = {"AllowedServers": f"http://{HOST}"}
        self.bench.publish(self.bench.update(), report={
            "uri": f"http://{HOST}:{receiver.port}/", "credential": "other"})
        self.bench.start_fotad()
        self.assert_updates(self.bench.module())
        self.assertIn("the result is not reported (CredentialNotBound)", self.bench.log())
        self.assertEqual(receiver.posts, [])


if __name__ == "__main__":
    unittest.main()
