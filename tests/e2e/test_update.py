# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole update, on each of the three ways to AT."""
import fnmatch
import itertools
import pathlib
import re
import unittest

from e2e import BenchTest  # first: it says where the bench is
from bench import FTP_PASSWORD

SEED = pathlib.Path(__file__).with_name("seed-order.txt")

# What fotad asks beyond the log, all of it harmless questions and settings of the line:
EXTRA = (
    "AT", "ATE0", "AT+CMEE=1", "AT+CGSN",  # is it listening, is it this module
    "AT+CGDCONT?",                         # is an APN programmed, did it survive
    "AT+CMEE[?]", "AT#SCFG[?]", "AT#FTPTO[?]", "AT#FTPCFG[?]", "AT#OTASUAN[?]",  # did the others,
    "AT#FOTAURC[?]", "AT#OTASETRI[?]",     # as far as the model has them
    "AT#FTPTO=*", "AT+CEREG=*",            # the simulated module forgets these two
    "AT#SGACT[?]", "AT#SCFG=1,1,*",        # context and socket are left as they were
    "AT#FTPTYPE=0",                        # a session begins in ASCII
    "AT#FTPFSIZE=*",                       # is the delta there, and whole
)


def seed_commands(with_apn):
    """The commands of the log. The manifest comes to fotad over the host, so none is fetched by the
    module; an APN is programmed only where there is none (the guide's step b)."""
    lines = [line for line in SEED.read_text().splitlines() if not line.startswith("#")]
    return [line for line in lines if not line.startswith("AT#FTPGET=")
            and (with_apn or not line.startswith("AT+CGDCONT="))]


def without_extras(commands):
    """Without EXTRA, with +GMR asked again and again (until two answers agree) once only, and with
    +CEREG? as it is in the log: what is asked later is the setting of its reports."""
    kept = [command for index, command in enumerate(commands)
            if not any(fnmatch.fnmatchcase(command, pattern) for pattern in EXTRA)
            and (command != "AT+CEREG?" or command not in commands[:index])]
    return [command for command, _ in itertools.groupby(kept)]


class WholeUpdate:
    """The tests; the subclasses choose the way to AT."""

    apn = False  # is it to be programmed

    def test_update(self):
        module = self.offer()
        self.check_offer(module)
        transcript = len(self.bench.transcript())
        since = module.mark()
        approved = self.bench.fotactl("approve", "--yes")
        self.assertEqual(approved.returncode, 0, approved.stderr)
        finished = module.wait_finished(since)
        self.check_inhibition()
        self.check_end(module, finished)
        self.check_commands(self.bench.transcript()[transcript:])
        self.check_signals(module, since)
        self.bench.mm.wait_for(self.bench.imei, revision=self.bench.new)
        module.wait(lambda p: p["State"] == "idle" and p["Modem"] != "/", 60, "idle with a modem")

    def check_offer(self, module):
        bench, update = self.bench, module["Update"]
        self.assertEqual((update["id"], update["from"], update["to"], update["steps"]),
                         ("b026-fota", bench.old, bench.new, 1))
        self.assertEqual(update["size"], (bench.www / bench.delta_name).stat().st_size)
        self.assertEqual((update["severity"], update["title"]),
                         ("mandatory", "Carrier certification"))
        token, gate, offered = module.heard("ApprovalRequested")[0]
        self.assertEqual((token, gate, offered), (update["token"], "download", update))
        self.assertEqual(module["Revision"], bench.old)
        self.assertEqual(module["Modem"], bench.mm.find(bench.imei)[0])
        self.assertEqual(bench.sim_state()["ota"], "empty")

    def check_end(self, module, finished):
        bench = self.bench
        identifier, result, details = finished
        self.assertEqual((identifier, result), ("b026-fota", "success"), details)
        self.assertEqual((details["from"], details["to"]), (bench.old, bench.new))
        self.assertEqual(module["Revision"], bench.new)
        self.assertEqual(module["LastError"], ("", ""))
        self.assertEqual(module["Update"], {})
        entry = module.history()[0]
        self.assertEqual((entry["id"], entry["result"], entry["from"], entry["to"]),
                         ("b026-fota", "success", bench.old, bench.new))
        self.assertLess(entry["started"], entry["finished"])
        state = bench.sim_state()
        self.assertEqual((state["version"], state["starts"], state["ota"]), (bench.new, 4, "empty"))
        self.assertNotIn(FTP_PASSWORD, bench.log())

    def check_signals(self, module, since):
        states = module.changes("State", since)
        self.assertEqual([s for s in states if s not in ("idle", "absent", "scheduled")],
                         ["downloading", "installing", "verifying"], states)
        self.assertIn(self.bench.new, module.changes("Revision", since))
        progress = module.changes("Progress", since)
        self.assertEqual(progress, sorted(progress))
        self.assertEqual(progress[-1], 100)
        size = (self.bench.www / self.bench.delta_name).stat().st_size
        self.assertEqual(module.changes("BytesReceived", since)[-1], size)
        # 100 % is not shown before the version is proven.
        self.assertLessEqual(module.position("Revision", self.bench.new, since),
                             module.position("Progress", 100, since))

    def check_commands(self, transcript):
        sent = self.sent_commands(transcript)
        for command, wanted in itertools.zip_longest(without_extras(sent), seed_commands(self.apn)):
            self.assertTrue(command and wanted and fnmatch.fnmatchcase(command, wanted),
                            f"{command} where the log has {wanted}:\n" + "\n".join(sent))

    def sent_commands(self, transcript):
        """What fotad says it has sent. ModemManager uses the same ttys, so what the module has
        received holds it in this order, among other things: all but what has no answer, which may
        have gone into a tty that was just leaving."""
        traced = re.findall(r"AT ([<>]) (.*)$", self.bench.log(), re.MULTILINE)
        received = [line.text for line in transcript if line.mark == ">"]
        for (mark, command), (following, text) in itertools.pairwise(traced + [("", "")]):
            if mark != ">" or not command.startswith("AT") or following != "<" \
                    or text.startswith("#OTAEV"):
                continue
            pattern = command.replace("***", "*").replace("…", "*")
            place = next((i for i, line in enumerate(received)
                          if fnmatch.fnmatchcase(line, pattern)), None)
            self.assertIsNotNone(place, f"the module has not received {command} in this order")
            del received[:place + 1]
        return [command for mark, command in traced if mark == ">" and command.startswith("AT")]

    def check_inhibition(self):
        """ModemManager had the module all the while."""
        self.assertEqual(self.inhibitions(), [])

    def inhibitions(self):
        return re.findall(r"device inhibition (setup|teardown)", self.bench.modemmanager.log())


class ThroughModemManager(WholeUpdate, BenchTest):
    options = {"channel": "modemmanager"}


class ThroughThePort(WholeUpdate, BenchTest):
    options = {"channel": "port"}

    def check_inhibition(self):
        """Held once, from the start to the end."""
        self.bench.view.until(lambda: "teardown" in self.inhibitions(), 10, "inhibition lifted")
        self.assertEqual(self.inhibitions(), ["setup", "teardown"])
        signals = self.bench.view.signals
        modems = [i for i, s in enumerate(signals) if s.name in ("InterfacesAdded",
                  "InterfacesRemoved") and s.path.startswith("/org/freedesktop/ModemManager1")]
        downloading = self.bench.module().position("State", "downloading")
        end = next(i for i, s in enumerate(signals) if s.name == "UpdateFinished")
        self.assertEqual([signals[i].name for i in modems if i < end],
                         ["InterfacesAdded", "InterfacesRemoved"])
        self.assertLess(max(i for i in modems if i < end), downloading)


class OnAReservedPort(BenchTest):
    """Whatever is on its tty comes from fotad."""

    options = {"channel": "reserved"}

    def sent_commands(self, transcript):
        ttys = {line.text.split()[-1] for line in self.bench.transcript()
                if line.mark == "!" and line.text.startswith("ports tty")}
        return [line.text for line in transcript if line.mark == ">" and line.tty in ttys]


class ThroughAReservedPort(OnAReservedPort, WholeUpdate):
    pass


class WithoutAnApn(OnAReservedPort, WholeUpdate):
    """Step b: the APN is programmed when there is none."""

    apn = True
    options = {"modules": ["me910c1-na,apn="], "channel": "reserved",
               "config": {"Network": {"Apn": "VZWINTERNET"}}}

    def check_end(self, module, finished):
        super().check_end(module, finished)
        contexts = {c["cid"]: c["apn"] for c in self.bench.sim_state()["contexts"]}
        self.assertEqual(contexts[3], "VZWINTERNET")


if __name__ == "__main__":
    unittest.main()
