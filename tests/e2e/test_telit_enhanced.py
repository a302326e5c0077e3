# SPDX-License-Identifier: LGPL-2.1-or-later
"""Telit modules that fetch the delta with one command and are restarted by the host: each failure of
that ends as stated, with the module in service. What fotad makes of each line is in the tables of
test-telit-enhanced.c."""
import unittest

from e2e import BenchTest, TableTest
from test_telit_faults import Faults

GET = "#FTPGETOTAENH"

# What goes wrong, with which error the update ends (None: it succeeds), what its text says.
CASES = {
    "nothing": ("clear", None, None),
    "wrong base": ("check-fails=21", "WrongBase", "does not fit"),
    "end of the session not told": ("otaev-lost,on=#DREL", None, None),
    "wrong base, noticed late": (f"ota-wrong-base=late,on={GET}", "InstallRefused", "delta from"),
    "restart refused": ("refused,on=#ENHRST", "ModuleRefused", "AT#ENHRST"),
}


class ThroughThePort(Faults, TableTest):
    model, channel, cases = "le910c4", "port", CASES
    order = "AT#OTAUP=2"


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
