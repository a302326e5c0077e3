# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each kind of failure that Quectel's documents and the logs of its modules name, once, where it
crosses fotad, ModemManager and a server. Each ends as stated, with the module in service. What fotad
makes of each line and number is in the tables of test-quectel*.c."""
import unittest
from typing import NamedTuple

from e2e import BenchTest

from manifest import delta
from models import MODELS

# One module is updated after the other: the last of many waits long.
LIMIT = 600
ORDER = "AT+QFOTADL="
RUNS_ON = "power-lost=20,on=UPDATING 47"


class Case(NamedTuple):
    """faults: what goes wrong. error: with which the update ends, None: it succeeds. says: in its text,
    or else in the log. orders: how often it is told to install."""
    faults: tuple = ()
    error: str = None
    says: str = ""
    orders: int = 1
    model: str = "ec25"
    package: str = "whole"
    scheme: str = "ftp"


# The module fetches the package and installs it, in one.
BY_ADDRESS = {
    "no such file": Case(error="DeltaMissing", says="611", package="missing"),
    "package of another version": Case(error="WrongBase", says="510", package="other"),
    "network lost, silent for minutes": Case(("load-cut=50",), "DeltaServerUnreachable", "602"),
    "OK to the order lost": Case((f"lost-ok,on={ORDER[2:]}",)),
    "END lost with the old version": Case(("old-version", "qind-lost,on=END"), "OldVersion"),
    "END twice, half a version, one more restart": Case(("end-doubled", "version-half=120",
                                                         "restarts", "qind-lost,on=UPDATING")),
    "power lost in the update": Case((RUNS_ON,)),
    "back with its radio off": Case(("radio-off",)),
    "calibration lost": Case(("calibration-lost",), says="factory test mode"),
    "LTE Standard(A)": Case(model="ec200a", scheme="http"),
    "another version, told before it leaves": Case(error="WrongBase", says="507", model="ec200a",
                                                   package="other", scheme="http"),
    "server not reached": Case(("load-fails=716",), "DeltaServerUnreachable", "716", model="ec200a",
                               scheme="http"),
}

# The host hands it over.
FED = {
    "stored wrongly": Case(("store-damaged",), "TransferFailed", "checksum", orders=0),
    "no room": Case(("ota-full,on=+QFUPL",), "TransferFailed", "room", orders=0),
    "restarts in the load": Case(("feed-restart=20",), "ModuleGone", orders=0),
    "package found damaged": Case(("update-fails=505",), "TransferFailed", "damaged"),
    "power lost while the package is deleted": Case(("power-lost=20,on=deleting",)),
    "order refused in both places": Case((f"refused,always,on={ORDER[2:]}",), "InstallRefused",
                                         "delta from", orders=2),
}


class Faults:
    @classmethod
    def setUpClass(cls):
        cls.options = {"modules": tuple(case.model for case in cls.cases.values()),
                       "channel": "port", "config": {"Delivery": {"By": cls.by}}}
        super().setUpClass()

    def publish(self, number, case, imei):
        """Its own package, of which `other` is for a version that the module does not run."""
        bench, name = self.bench, f"{number}.zip"
        model, old, new, _ = MODELS[case.model]
        if case.package != "missing":
            (bench.www / name).write_bytes(
                delta(model, new if case.package == "other" else old, new))
        member = bench.delta_member(name)
        if case.scheme == "http":
            member = {**member, "uri": f"{bench.web.uris['http']}/{name}"}
            del member["credential"]
        bench.publish(bench.update(steps=[{"fromVersion": old, "toVersion": new, "delta": member}],
                                   retry={"maxAttempts": 1}), imei)

    def test(self):
        bench = self.bench
        for number, (case, imei) in enumerate(zip(self.cases.values(), bench.imeis)):
            self.publish(number, case, imei)
        bench.start_fotad()
        modules = [bench.module(imei) for imei in bench.imeis]
        since = modules[0].mark()
        for case, module in zip(self.cases.values(), modules):
            module.wait_state("awaiting-approval", seconds=LIMIT)
            for fault in case.faults:
                bench.fault(fault, module.imei)
            module.approve()
        for (name, case), module in zip(self.cases.items(), modules):
            with self.subTest(name):
                self.assert_ends(module, since, case.error, case.says, LIMIT)
                self.check(case, module)

    def check(self, case, module):
        """It is in service, was told to install as often as it may be, and nothing is left in it."""
        bench = self.bench
        _, old, new, _ = MODELS[case.model]
        version = old if case.error else new
        bench.view.until(lambda: not bench.sim.state(module.imei)["files"], LIMIT, "it is discarded")
        bench.mm.wait_for(module.imei, LIMIT, revision=version.partition("_")[0])
        state = bench.sim.state(module.imei)
        self.assertEqual((state["version"], state["phase"]), (version, "normal"))
        self.assertEqual(state["cfun"], 5 if "calibration-lost" in case.faults else 1)
        lines = bench.transcript(module.imei)
        orders = [line.text for line in lines if line.mark == ">" and line.text.startswith(ORDER)]
        self.assertEqual(len(orders), case.orders)
        if not case.error:
            self.assertIn(case.says, bench.log())
        if RUNS_ON in case.faults:
            self.assertEqual([line.text for line in lines].count("step START"), 2)
        if case.model == "ec200a" and case.error:
            self.assertNotIn("step away", [line.text for line in lines])
            self.assertEqual([context for context in state["contexts"] if context.get("active")], [])


class ByAddress(Faults, BenchTest):
    by, cases = "module", BY_ADDRESS


class Fed(Faults, BenchTest):
    by, cases = "host", FED


if __name__ == "__main__":
    unittest.main()
