# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every failure that Telit's documents name, and every way in which an AT line goes wrong. Each ends
as stated, with the module in service."""
import unittest

from e2e import TableTest, part

# One module is updated after the other: the last of many waits long.
LIMIT = 600
# The command in which an answer goes wrong: ModemManager asks others. SHORT is one that may not take
# long, so that its silence is soon over.
GET, APPLY, SHORT = "#FTPGETOTA", "#OTAUP", "#SCFG="

# What goes wrong, with which error the update ends (None: it succeeds), what its text says.
CASES = {
    "server closes the connection": ("ftp-421", "DeltaServerUnreachable", "421 Service"),
    "login refused": ("ftp-login", "DeltaLoginRefused", "530"),
    "no such file": ("ftp-550,always", "DeltaMissing", "550"),
    "server falls silent": ("ftp-stall", "TransferFailed", ""),
    "half a file": ("ftp-cut=50", "TransferFailed", ""),
    "OTA area full": ("ota-full", "TransferFailed", "memory full"),
    "unknown error number": (f"cme-unknown=999,on={GET}", "TransferFailed", "999"),
    "wrong base, noticed at once": ("ota-wrong-base=early", "TransferFailed", ""),
    "wrong base, noticed late": ("ota-wrong-base=late", "InstallRefused", ""),
    "install refused": ("otaup-error", "InstallRefused", ""),
    "installs without an OK": ("otaup-no-ok", None, None),
    "installs, but the OK is lost": (f"lost-ok,on={APPLY}", None, None),
    "old version": ("old-version", "OldVersion", "still runs"),
    "away for minutes": ("absent=150", None, None),
    "other tty names": ("return-ttyacm", None, None),
    "no report after the update": ("otaev-lost", None, None),
    "result line lost": (f"lost-ok,on={SHORT}", "ModuleSilent", "AT#SCFG"),
    "result line doubled": (f"doubled-ok,on={GET}", None, None),
    "unsolicited lines in between": (f"urc-storm,on={GET}", None, None),
    "echo on again": (f"echo-on,on={GET}", None, None),
    "split lines": (f"split-lines,on={GET}", None, None),
    "glued lines": (f"glued-lines,on={GET}", None, None),
    "no answer at all": (f"mute,on={SHORT}", "ModuleSilent", "AT#SCFG"),
}

# How a line goes wrong is the port's matter. Of these, unsolicited lines and silence are tried through
# ModemManager as well, which reads the lines itself there. A failure that the plugin reads from a number
# is in the table of test-telit-download.c, and here once.
OF_THE_PORT = ("result line lost", "result line doubled", "echo on again", "split lines",
               "glued lines", "login refused", "no such file", "half a file",
               "wrong base, noticed at once", "wrong base, noticed late")
COMMAND_CASES = {name: case for name, case in CASES.items() if name not in OF_THE_PORT}


class Faults:
    order = "AT#OTAUP=0"  # what installs

    def test(self):
        bench = self.bench
        for imei in bench.imeis:
            bench.publish(bench.update(retry={"maxAttempts": 1}), imei)
        bench.start_fotad()
        modules = [bench.module(imei) for imei in bench.imeis]
        since = modules[0].mark()
        for (what, _, _), module in zip(self.cases.values(), modules):
            module.wait_state("awaiting-approval", seconds=LIMIT)
            bench.fault(what, module.imei)
            module.approve()
        for (case, (_, error, text)), module in zip(self.cases.items(), modules):
            with self.subTest(case):
                self.check(module, since, error, text)

    def check(self, module, since, error, text):
        self.assert_ends(module, since, error, text, LIMIT)
        version = self.bench.old if error else self.bench.new
        self.bench.mm.wait_for(module.imei, LIMIT, revision=version)
        module.wait(lambda p: p["Modem"] != "/" and p["Revision"] == version
                    and p["State"] == ("failed" if error else "idle"), LIMIT, "in service")
        state = self.bench.sim.state(module.imei)
        self.assertEqual(state["version"], version)
        sent = [line.text for line in self.bench.transcript(module.imei) if line.mark == ">"]
        self.assertLessEqual(sent.count(self.order), 1)
        others = {"AT#OTAUP=0", "AT#OTAUP=2"} - {self.order}
        self.assertFalse(others.intersection(sent))
        # What was opened is closed again.
        self.assertFalse([cid for cid in state["contexts"] if cid.get("active")])


class ThroughThePort1(Faults, TableTest):
    channel, cases = "port", part(CASES, 1, 3)


class ThroughThePort2(Faults, TableTest):
    channel, cases = "port", part(CASES, 2, 3)


class ThroughThePort3(Faults, TableTest):
    channel, cases = "port", part(CASES, 3, 3)


class ThroughModemManager1(Faults, TableTest):
    channel, cases = "modemmanager", part(COMMAND_CASES, 1, 3)


class ThroughModemManager2(Faults, TableTest):
    channel, cases = "modemmanager", part(COMMAND_CASES, 2, 3)


class ThroughModemManager3(Faults, TableTest):
    channel, cases = "modemmanager", part(COMMAND_CASES, 3, 3)


if __name__ == "__main__":
    unittest.main()
