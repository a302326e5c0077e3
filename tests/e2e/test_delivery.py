# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who brings the delta to the module: the host, which feeds it, or the module by itself."""
import hashlib
import unittest

from e2e import BenchTest

POLLS = 30_000  # more than the manifest costs, however often it is read here


class DeliveryTest(BenchTest):

    def step(self, *uris, **members):
        """The `update`, its delta at these addresses."""
        file = self.bench.www / self.bench.delta_name
        update = self.bench.update(**members)
        delta = update["steps"][0]["delta"]
        delta.update(uri=list(uris), sha256=hashlib.sha256(file.read_bytes()).hexdigest())
        if not any(uri.startswith("ftp:") for uri in uris):
            del delta["credential"]
        return update

    def address(self, scheme):
        base = self.bench.ftp.uri if scheme == "ftp" else self.bench.web.uris[scheme]
        return f"{base}/{self.bench.delta_name}"

    def start(self, update):
        self.bench.publish(update)
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        return module

    def cached(self):
        """Names of the files in the cache."""
        return sorted(file.name for file in (self.bench.directory / "state").glob("deltas/*"))

    def heard(self, command):
        return [line for line in self.bench.transcript() if command in line.text]


class Host(DeliveryTest):
    """A module that has no network at all."""

    options = {"modules": ("me310g1,apn=,registered=0",), "channel": "port",
               "config": {"Delivery": {"By": "host"}}}

    def test_fed(self):
        module = self.start(self.step(f"{self.bench.web.uris['http']}/missing", self.address("http")))
        self.assertEqual(module["Update"]["delivery"], "host")
        size, before = module["Update"]["size"], module.plan()["dataUsed"]
        since = module.mark()
        self.assert_updates(module, since)
        states = [state for state in module.changes("State", since)]
        self.assertLess(states.index("fetching"), states.index("downloading"))
        self.assertIn(size, module.changes("BytesReceived", since))
        self.assertEqual(len(self.heard("AT#OTAUPW=")), 1)
        self.assertEqual(self.heard("AT#FTPOPEN") + self.heard("AT#SGACT="), [])
        module.wait_state("idle")
        self.assertEqual(self.cached(), [])
        used = module.plan()["dataUsed"] - before
        self.assertGreaterEqual(used, size)
        self.assertLess(used, size + POLLS)

    def test_killed_while_fetching(self):
        """What has come is kept, and counted once."""
        module = self.start(self.step(self.address("http")))
        size, before = module["Update"]["size"], module.plan()["dataUsed"]
        since = module.mark()
        with self.bench.web.slow():
            module.approve()
            module.wait(lambda p: p["State"] == "fetching" and p["BytesReceived"] > 0, 60, "bytes")
            self.bench.kill_fotad()
        self.assertEqual([name[-5:] for name in self.cached()], [".part"])
        self.bench.start_fotad()
        module = self.bench.module()
        self.assertEqual(module.wait_finished(since, 180)[1], "success")
        used = module.plan()["dataUsed"] - before
        self.assertGreaterEqual(used, size)
        self.assertLess(used, size + POLLS)


class Module(DeliveryTest):
    """A gateway whose only way to a network is the module's own client."""

    options = {"modules": ("me310g1",), "channel": "port",
               "config": {"Delivery": {"By": "module"}, "Manifest": {"Fetch": "module"}}}

    def test_pulled(self):
        self.bench.publish(self.step("file:///nowhere/delta", self.address("ftp")))
        self.bench.fetcher.stop()
        self.bench.start_fotad(Manifest={"Uri": self.bench.uri("ftp"), "Credential": "fw"})
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        self.assertEqual(module["Update"]["delivery"], "module")
        since = module.mark()
        self.assert_updates(module, since)
        self.assertNotIn("fetching", module.changes("State", since))
        self.assertEqual(self.heard("AT#OTAUPW"), [])


class Faults(DeliveryTest):
    """What goes wrong while the module is fed: it ends as stated, with the module in service."""

    CASES = {"feed-noise": (None, None), "feed-lost": ("TransferFailed", "damaged"),
             "feed-restart=20": ("ModuleGone", "handed over")}
    options = {"modules": ("me310g1",) * len(CASES), "channel": "port",
               "config": {"Delivery": {"By": "host"}}}

    def test(self):
        bench = self.bench
        for imei in bench.imeis:
            bench.publish(self.step(self.address("http"), retry={"maxAttempts": 1}), imei)
        bench.start_fotad()
        modules = [bench.module(imei) for imei in bench.imeis]
        since = modules[0].mark()
        for fault, module in zip(self.CASES, modules):
            module.wait_state("awaiting-approval", seconds=120)
            bench.fault(fault, module.imei)
            module.approve()
        for (fault, (error, text)), module in zip(self.CASES.items(), modules):
            with self.subTest(fault):
                self.assert_ends(module, since, error, text, 240)
                version = bench.old if error else bench.new
                bench.mm.wait_for(module.imei, 120, revision=version)
        module.wait(lambda p: p["State"] in ("failed", "idle"), 60, "the end")
        self.assertEqual(self.cached(), [])


class Auto(DeliveryTest):
    """After a failure the next attempt is the other's."""

    options = {"modules": ("le910-svl",), "channel": "port", "clock": True}

    def test_changes(self):
        module = self.start(self.step(self.address("ftp"), retry={"backoff": 60, "maxAttempts": 3}))
        self.assertEqual(module["Update"]["delivery"], "host")
        self.bench.fault("ota-full,on=#OTAUPW")
        since = module.mark()
        module.approve()
        _, result, details = module.wait_finished(since)
        self.assertEqual((result, details["error"]), ("failed", "ModuleRefused"), details)
        self.assertEqual(len(self.cached()), 1)  # the update has not ended
        self.assertEqual(module["Update"]["delivery"], "module")
        since = module.mark()
        self.bench.let_pass(61)
        self.assertEqual(module.wait_finished(since)[1], "success")
        self.assertEqual((len(self.heard("AT#OTAUPW")), len(self.heard("AT#FTPGETOTA"))), (1, 1))
        module.wait_state("idle")
        self.assertEqual(self.cached(), [])


if __name__ == "__main__":
    unittest.main()
