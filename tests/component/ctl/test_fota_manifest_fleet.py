# SPDX-License-Identifier: LGPL-2.1-or-later
"""What fota-manifest writes and says for a fleet: plans, new manifests, results."""
import json
import re
import socket
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

from manifest import manifest, timestamp, to_bytes
from manifestcase import (BAD, GATEWAY, GOOD, IMEI, ManifestCase, NEW, OLD, SEED, SOURCE,
                          UNREADABLE, UPDATE, USAGE)
from ports import keep_port


class Plan(ManifestCase):
    def plan(self, update, *arguments, gateway="", **options):
        """@gateway: lines of its file, of which the first are facts."""
        self.write("m.json", manifest(IMEI, 1, update))
        self.write("g.conf", f"[Gateway]\n{gateway}\n".encode())
        return self.json("plan", "m.json", *GATEWAY, "--gateway=g.conf", *arguments, **options)

    def test_kinds(self):
        for version, kind in ((OLD, "update"), (NEW, "up-to-date"), ("X", "no-path")):
            plan = self.plan(UPDATE, f"--version={version}")
            self.assertEqual(plan["kind"], kind)
        self.assertEqual(self.plan({})["kind"], "nothing-for-you")
        self.assertEqual(self.plan({"id": "u"})["kind"], "ask-vendor")
        vendor = self.plan({"id": "u"}, gateway="VendorVersion=2")
        self.assertEqual((vendor["kind"], vendor["to"]), ("update", "2"))
        self.assertEqual(self.plan(UPDATE, gateway="Attempts=3")["kind"], "failed-for-good")
        self.assertEqual(self.plan(UPDATE, gateway="Attempts=1\n[Limits]\nAttempts=1")["kind"],
                         "failed-for-good")
        back = {**UPDATE, "downgrade": True}
        self.assertEqual(self.plan(back)["kind"], "downgrade-refused")
        self.assertEqual(self.plan(back, gateway="[Limits]\nAllowDowngrade=yes")["kind"], "update")

    def test_blockers(self):
        strict = {**UPDATE, "conditions": {"roaming": False, "minimumSignal": 20,
                                           "minimumBattery": 30, "minimumFreeSpace": 1000000,
                                           "otherRoute": True}}
        self.assertEqual(self.plan(strict)["blockers"], [])
        for fact, blocker in (("Roaming=yes", "roaming"), ("Signal=19", "signal"),
                              ("MainsPower=no\nBattery=29", "supply"), ("FreeSpace=900K", "free-space"),
                              ("OtherRoute=no", "route"), ("Registered=no", "registration"),
                              ("Inhibited=yes", "inhibited"), ("ClockSet=no", "clock")):
            self.assertEqual(self.plan(strict, gateway=fact)["blockers"], [blocker], fact)
        for fact in ("Signal=20", "MainsPower=no\nBattery=30", "FreeSpace=1M"):
            self.assertEqual(self.plan(strict, gateway=fact)["blockers"], [], fact)
        budget = "DataUsed=100\n[Limits]\nMonthlyData=1K"
        self.assertEqual(self.plan(UPDATE, gateway=budget)["blockers"], ["data-budget"])

    def test_configuration(self):
        sunday, monday = "--at=2026-11-22T02:30:00Z", "--at=2026-11-23T02:30:00Z"
        window = "[Window]\nAllow=Sun 02:00-04:00"
        self.assertEqual(self.plan(UPDATE, sunday, gateway=window)["blockers"], [])
        self.assertEqual(self.plan(UPDATE, monday, gateway=window)["blockers"], ["window"])
        for fact in ("Outage=2h", "TimeZone=Asia/Tokyo"):
            self.assertEqual(self.plan(UPDATE, sunday, gateway=f"{fact}\n{window}")["blockers"],
                             ["window"])
        blackout = "[Window]\nBlackout=2026-11-20..2026-11-22"
        self.assertEqual(self.plan(UPDATE, sunday, gateway=blackout)["blockers"], ["window"])
        self.assertEqual(self.plan(UPDATE)["approval"], {"download": "required",
                                                         "install": "auto"})
        gates = "[Approval]\nDownload=auto\nInstall=required"
        self.assertEqual(self.plan(UPDATE, gateway=gates)["approval"],
                         {"download": "auto", "install": "required"})
        own = f"{gates}\n[Module {IMEI}]\nInstall=auto"
        self.assertEqual(self.plan(UPDATE, gateway=own)["approval"]["install"], "auto")
        self.assertEqual(self.plan(UPDATE, "--approved")["approval"]["download"], "given")

    def test_bad_options(self):
        for option in ("--at=now", "--imei=1", "--version=;"):
            with self.subTest(option=option):
                self.plan(UPDATE, option, status=USAGE)
                self.assertIn(option, self.stderr)
        for fact in ("Signal=101", "Battery=-2", "Attempts=-1", "TimeZone=Nowhere/City",
                     "Outage=soon", "FreeSpace=much", "DataUsed=x", "Roaming=maybe",
                     "SequenceNumber=x", "VendorVersion=;", "Model=;", "Speed=1"):
            with self.subTest(fact=fact):
                self.plan(UPDATE, gateway=fact, status=USAGE)
                self.assertRegex(self.stderr, f"g.conf: .*{fact.split('=')[0]}=")
        for line in ("[Limits]\nAttempts=11", "[Window]\nAllow=sometimes", "[Windows]"):
            with self.subTest(line=line):
                self.plan(UPDATE, gateway=line, status=USAGE)
                self.assertIn("g.conf:", self.stderr)
        self.plan(UPDATE, "--gateway=none", status=UNREADABLE)

    def test_trust(self):
        key = self.key()
        self.key("other")
        self.write_signed("m.signed", manifest(IMEI, 5, UPDATE), key)
        self.run_tool("plan", "m.signed", *GATEWAY, "--key=fleet.pub")
        for number in (5, 6):
            self.write(f"{number}.conf", f"[Gateway]\nSequenceNumber={number}\n".encode())
        self.run_tool("plan", "m.signed", *GATEWAY, "--gateway=5.conf")
        self.assertIn("--key", self.run_tool("plan", "m.signed", *GATEWAY))
        for arguments, name in (([f"--version={OLD}", "--imei=353081090012346"], "WrongTarget"),
                                ([*GATEWAY, "--gateway=6.conf"], "Rollback"),
                                ([*GATEWAY, "--at=2106-01-01T00:00:00Z"], "ManifestExpired"),
                                ([*GATEWAY, "--key=other.pub"], "BadSignature")):
            answer = self.json("plan", "m.signed", *arguments, status=BAD)
            self.assertEqual(answer["error"]["name"], name)
        self.write("m.json", manifest(IMEI, 5, UPDATE))
        answer = self.json("plan", "m.json", *GATEWAY, "--key=fleet.pub", status=BAD)
        self.assertEqual(answer["error"]["name"], "ManifestUnsigned")

    def test_model(self):
        content = manifest(IMEI, 1, UPDATE, target={"model": ["ME910C1-NA", "LE910"]})
        self.write("m.json", content)
        self.run_tool("plan", "m.json", *GATEWAY)
        for model, status in (("LE910", GOOD), ("EC20", BAD)):
            self.write("g.conf", f"[Gateway]\nModel={model}\n".encode())
            self.run_tool("plan", "m.json", *GATEWAY, "--gateway=g.conf", status=status)

    def test_bucket(self):
        answer = self.json("bucket", "--rollout=r7", f"--imei={IMEI}", "--imei=353081090012346")
        self.assertEqual([entry["imei"] for entry in answer], [IMEI, "353081090012346"])
        bucket = answer[0]["bucket"]
        self.assertIn(f"{IMEI}: bucket {bucket} of 10000",
                      self.run_tool("bucket", "--rollout=r7", f"--imei={IMEI}"))
        for hundredths, blockers in ((bucket, ["rollout"]), (bucket + 1, [])):
            update = {**UPDATE, "rollout": {"id": "r7", "percentage": hundredths / 100}}
            self.assertEqual(self.plan(update)["blockers"], blockers)


class New(ManifestCase):
    def test_blank(self):
        self.write("m.json", self.run_tool("new").encode())
        places = re.findall(r"to be filled in: ([^:]*):", self.stderr)
        self.assertEqual(places, ["target.imei[0]", "update.id", "update.steps[0].fromVersion",
                                  "update.steps[0].toVersion", "update.steps[0].delta.uri"])
        faults = self.json("lint", "m.json", status=BAD)["faults"]
        self.assertEqual([fault.split(":")[0] for fault in faults], places)

    def test_filled(self):
        self.write("d.bin", b"x" * 1000)
        text = self.run_tool("new", f"--imei={IMEI}", "--id=u", f"--from={OLD}", f"--to={NEW}",
                             "--uri=ftp://h/d.bin", "--delta=d.bin", "--sequence=7",
                             "--use-before=2099-01-01T00:00:00Z", "--deadline=2098-01-01T00:00:00Z",
                             "--window=Mon..Wed 22:00-04:00 UTC", "--rollout=r", "--wave=a",
                             "--wave=12.5%@2098-01-01T00:00:00Z", "--title=Ä",
                             "--download=auto", "--install=required", "--credential=fw")
        self.assertEqual(self.stderr, "")
        self.run_tool("lint", "--strict", self.write("m.json", text.encode()))
        new = json.loads(text)
        update = new["update"]
        self.assertEqual((new["sequenceNumber"], new["target"]), (7, {"imei": [IMEI]}))
        self.assertEqual(update["window"], [{"days": ["mon", "tue", "wed"], "start": "22:00",
                                             "duration": 21600, "timezone": "UTC"}])
        self.assertEqual(update["rollout"]["waves"],
                         [{"group": ["a"]},
                          {"percentage": 12.5, "start": "2098-01-01T00:00:00Z"}])
        self.assertEqual(update["steps"][0]["delta"]["size"], 1000)

    def test_dummy(self):
        text = self.run_tool("new", f"--imei={IMEI}", "--id=u", f"--from={OLD}", "--dummy",
                             "--uri=ftp://h/d.bin")
        self.run_tool("lint", self.write("m.json", text.encode()))
        step = json.loads(text)["update"]["steps"][0]
        self.assertEqual((step["fromVersion"], step["toVersion"], step["dummy"]), (OLD, OLD, True))
        self.run_tool("new", f"--from={OLD}", f"--to={NEW}", "--dummy", status=USAGE)

    def test_refuses(self):
        for option in ("--imei=1", "--model=;", "--sequence=-1", "--id=a b", "--from=;",
                       "--severity=high", "--download=maybe", "--uri=x", "--window=x",
                       "--deadline=x", "--use-before=2020-01-01T00:00:00Z", "--wave=a",
                       "--rollout=a b"):
            with self.subTest(option=option):
                self.assertEqual(self.run_tool("new", option, status=USAGE), "")
        for wave in ("--wave=x%", "--wave=101%", "--wave=1.234%", "--wave=a@soon", "--wave=1x%"):
            with self.subTest(wave=wave):
                self.run_tool("new", "--rollout=r", wave, status=USAGE)


class Renew(ManifestCase):
    def setUp(self):
        super().setUp()
        self.update = {**UPDATE, "rollout": {"id": "r", "percentage": 12.5}, "later": [1, "x"]}
        self.old = manifest(IMEI, 7, self.update, issued="2020-01-01T00:00:00Z",
                            useBefore="2020-02-01T00:00:00Z")

    def renew(self, content, *arguments, **options):
        self.write("m", content)
        return json.loads(self.run_tool("renew", "m", *arguments, **options) or "null")

    def test_only_time_and_number_change(self):
        before = timestamp()
        new = self.renew(self.old)
        self.assertGreater(new["sequenceNumber"], 1_700_000_000)
        self.assertLessEqual(before, new["issued"])
        self.assertGreater(new["useBefore"], timestamp(29 * 86400))
        same = {name: new[name] for name in ("sequenceNumber", "issued", "useBefore")}
        self.assertEqual(new, {**self.old, **same})

    def test_signed_and_high(self):
        """A number that is ahead of the clock already goes up by one."""
        self.old["sequenceNumber"] = 2**53 - 2
        payload = to_bytes(self.old)
        new = self.renew(self.key().sign(payload) + payload, "--use-before=2099-01-01T00:00:00Z")
        self.assertEqual((new["sequenceNumber"], new["useBefore"]),
                         (2**53 - 1, "2099-01-01T00:00:00Z"))
        self.renew(new, status=USAGE)

    def test_pause_and_resume(self):
        paused = self.renew(self.old, "--pause")
        self.assertEqual(paused["update"]["rollout"],
                         {"id": "r", "percentage": 12.5, "paused": True})
        resumed = self.renew(paused, "--resume", f"--sequence={paused['sequenceNumber'] + 1}")
        self.assertIs(resumed["update"]["rollout"]["paused"], False)

    def test_refuses(self):
        self.renew(self.old, "--sequence=7", status=USAGE)
        self.renew(self.old, "--use-before=2020-02-01T00:00:00Z", status=USAGE)
        self.renew(self.old, "--pause", "--resume", status=USAGE)
        self.renew(manifest(IMEI, 1, UPDATE), "--pause", status=USAGE)
        self.renew(manifest(IMEI, 1, {}), "--pause", status=USAGE)
        self.renew(manifest(IMEI, 0, {}), status=BAD)


class FromCsv(ManifestCase):
    def test_seed(self):
        self.write("f.csv", SEED.encode())
        text = self.run_tool("from-csv", "f.csv", f"--imei={IMEI}", f"--from={OLD}",
                             "--uri=ftp://fw.example/f.csv", "--credential=fw")
        self.assertNotIn("PASSWORD", text)
        self.run_tool("lint", self.write("m.json", text.encode()))
        plan = self.json("plan", "m.json", *GATEWAY)
        self.assertEqual((plan["kind"], plan["to"]), ("update", NEW))
        delta = json.loads(text)["update"]["steps"][0]["delta"]
        self.assertEqual(delta, {"uri": f"ftp://fw.example/{NEW}.bin", "credential": "fw"})

    def test_refuses(self):
        self.write("f.csv", b"B,b.bin,tomorrow\n")
        arguments = ["from-csv", "f.csv", f"--imei={IMEI}", f"--from={OLD}", "--uri=ftp://h/f.csv"]
        self.run_tool(*arguments, status=BAD)
        self.assertIn("column 3", self.stderr)
        self.write("f.csv", b"B,b.bin,\n")
        self.run_tool(*arguments)
        self.run_tool(*arguments, "--imei=1", status=BAD)
        self.run_tool(*arguments, "--use-before=x", status=USAGE)


class Report(ManifestCase):
    """The results of a fleet, as receive.py has received them."""

    @staticmethod
    def report(key, imei=IMEI, result="success", finished="2026-11-27T22:00:00Z", **members):
        return {"reportVersion": 1, "key": key * 32, "imei": imei, "manufacturer": "Telit",
                "model": "ME910C1", "update": "u", "result": result,
                "code": {"lwm2m": 1, "fumo": 200}, "error": "", "text": "", "from": OLD, "to": NEW,
                "version": NEW, "started": "2026-11-27T21:00:00Z", "finished": finished,
                "outage": 60, "bytes": 1000, "differingSettings": [],
                "steps": [{"step": "install", "time": "2026-11-27T21:30:00Z", "result": "done"},
                          {"step": "end", "time": finished, "result": result}], **members}

    def put(self, *reports):
        for number, report in enumerate(reports):
            self.write(f"{number}.json", report)

    def test_general(self):
        other = "353081090099999"
        self.put(self.report("a"), self.report("b", other, "failed", error="NoSignal"),
                 self.report("a"),
                 self.report("c", finished="2026-11-28T00:00:00Z", result="rejected", text="no"))
        self.assertEqual(self.run_tool("report", "--csv", ".").splitlines(), [
            "imei,model,version,updated,last-result,last-end",
            f"{IMEI},ME910C1,{NEW},2026-11-27T22:00:00Z,rejected,2026-11-28T00:00:00Z",
            f"{other},ME910C1,{NEW},,failed,2026-11-27T22:00:00Z"])
        head, *rows = self.run_tool("report", ".").splitlines()
        self.assertEqual(head.split()[0], "IMEI")
        self.assertEqual([row.split()[0] for row in rows], [IMEI, other])
        modules = self.json("report", ".")
        self.assertEqual([[report["key"][0] for report in module["reports"]] for module in modules],
                         [["c", "a"], ["b"]])

    def test_module(self):
        self.put(self.report("a"), self.report("b", finished="2026-11-28T00:00:00Z",
                                               result="failed", error="NoSignal", text="5 %"))
        self.assertEqual(self.run_tool("report", "--csv", ".", IMEI).splitlines(), [
            "update,from,to,step,time,result,reason",
            f"u,{OLD},{NEW},install,2026-11-27T21:30:00Z,done,",
            f'u,{OLD},{NEW},end,2026-11-28T00:00:00Z,failed,"NoSignal: 5 %"',
            f"u,{OLD},{NEW},install,2026-11-27T21:30:00Z,done,",
            f"u,{OLD},{NEW},end,2026-11-27T22:00:00Z,success,"])
        self.assertIn("NoSignal: 5 %", self.run_tool("report", ".", IMEI))
        self.assertEqual(self.json("report", ".", IMEI)["version"], NEW)
        self.run_tool("report", ".", "353081090000000", status=BAD)
        self.run_tool("report", "nowhere", status=UNREADABLE)

    def test_hostile(self):
        """Whatever a gateway has sent: no formula, no escape sequence, no crash."""
        self.put(self.report("a", model='=HYPERLINK("x")', version="\x1b[2J,\n"),
                 {"imei": 5, "steps": 7}, {"imei": "x", "steps": [3, {"step": {}}], "key": []})
        self.write("4.json", b"[]")
        self.write("5.json", b'{"imei":' + b"[" * 100000)
        shown = self.run_tool("report", "--csv", ".")
        self.assertEqual(self.stderr.count("is left out"), 2)
        self.assertIn('"\'=HYPERLINK(""x"")"', shown)
        self.assertIn('" [2J, "', shown)
        self.assertNotIn("\x1b", shown + self.run_tool("report", ".") +
                         self.run_tool("report", ".", IMEI))
        self.run_tool("report", ".", "x")

    def test_receiver(self):
        port = keep_port()
        receiver = subprocess.Popen([sys.executable, SOURCE / "docs/examples/receive.py", str(port),
                                     self.directory], stderr=subprocess.DEVNULL)
        self.addCleanup(receiver.wait)
        self.addCleanup(receiver.kill)

        def post(body, key, **headers):
            request = urllib.request.Request(f"http://127.0.0.1:{port}/", body,
                                             {"Idempotency-Key": key, **headers})
            for left in reversed(range(100)):
                try:
                    return urllib.request.urlopen(request, timeout=10).status
                except urllib.error.HTTPError as error:
                    return error.code
                except urllib.error.URLError:
                    if not left:
                        raise
                    time.sleep(0.1)  # it has not begun to listen

        good = self.report("a")
        self.assertEqual(post(json.dumps(good).encode(), good["key"]), 204)
        # A gateway that falls silent in the middle keeps no other from reporting.
        with socket.create_connection(("127.0.0.1", port)) as silent:
            silent.sendall(b"POST / HTTP/1.1\r\n")
            self.assertEqual(post(json.dumps(good).encode(), good["key"]), 204)
        for body, key in ((json.dumps(good).encode(), "../../x"), (b"[]", "b" * 32),
                          (b"{", "b" * 32), (json.dumps(good).encode(), "b" * 32),
                          (b"{}", "")):
            self.assertEqual(post(body, key), 400)
        self.assertEqual(post(b"", "b" * 32, **{"Content-Length": "65537"}), 400)
        self.assertEqual([file.name for file in self.directory.iterdir()],
                         [f"{good['key']}.json"])
        self.assertEqual(self.json("report", ".", IMEI)["reports"], [good])


if __name__ == "__main__":
    unittest.main()
