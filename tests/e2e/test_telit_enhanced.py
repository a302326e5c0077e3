# SPDX-License-Identifier: LGPL-2.1-or-later
"""Telit modules that fetch the delta with one command and are restarted by the host: each failure of
that ends as stated, with the module in service. What fotad makes of each line is in the tables of
test-telit-enhanced.c."""
import unittest

from e2e import BenchTest, TableTest

LIMIT = 600
GET = "#FTPGETOTAENH"

# What goes wrong, with which error the update ends (None: it succeeds), what its text says.
CASES = {
    "nothing": ("clear", None, None),
    "wrong base": ("check-fails=21", "WrongBase", "does not fit"),
    "end of the session not told": ("otaev-lost,on=#DREL", None, None),
    "wrong base, noticed late": (f"ota-wrong-base=late,on={GET}", "InstallRefused", "delta from"),
    "restart refused": ("refused,on=#ENHRST", "ModuleRefused", "AT#ENHRST"),
}


class ThroughThePort(TableTest):
    model, channel, cases = "le910c4", "port", CASES

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
        sent = [line.text for line in self.bench.transcript(module.imei) if line.mark == ">"]
        self.assertLessEqual(sent.count("AT#OTAUP=2"), 1)
        self.assertNotIn("AT#OTAUP=0", sent)
        state = self.bench.sim.state(module.imei)
        self.assertFalse([cid for cid in state["contexts"] if cid.get("active")])


class ThroughModemManager(BenchTest):
    """Where fotad may use nothing else, it hears no lines: the module is updated as an ME910C1 is."""

    options = {"modules": ("le910c4",), "channel": "modemmanager",
               "config": {"Access": {"At": "modemmanager"}}}

    def test_update(self):
        module = self.offer()
        self.assert_updates(module)
        sent = [line.text for line in self.bench.transcript() if line.mark == ">"]
        self.assertEqual((sent.count("AT#OTAUP=0"), sent.count("AT#OTAUP=2")), (1, 0))


if __name__ == "__main__":
    unittest.main()
