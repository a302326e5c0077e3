# SPDX-License-Identifier: LGPL-2.1-or-later
"""Quectel modules: download and installation are one order, and so is their approval."""
import unittest

from e2e import BenchTest


class QuectelTest(BenchTest):
    def orders(self):
        return [line.text for line in self.bench.transcript()
                if line.mark == ">" and line.text.startswith("AT+QFOTADL=")]


BY_MODULE = {"Delivery": {"By": "module"}}


class ByAddress(QuectelTest):
    options = {"modules": ("ec25",), "channel": "port", "config": BY_MODULE}

    def test_update(self):
        """One approval; settings and mark before the one order; progress only forwards."""
        module = self.offer(approval={"download": "required", "install": "required"})
        self.assertTrue(module["Update"]["one-gate"])
        since = module.mark()
        module.approve()
        self.assertEqual(module.wait_finished(since)[1], "success")
        self.assertEqual(self.bench.sim_state()["version"], self.bench.new)
        self.bench.mm.wait_for(self.bench.imei, revision=self.bench.shown(self.bench.new))
        self.assertEqual(self.orders(), [
            f'AT+QFOTADL="{self.bench.ftp.uri.replace("//", f"//{self.bench.login()}@")}/'
            f'{self.bench.delta_name}"'])
        states = module.changes("State", since)
        self.assertNotIn("awaiting-install-approval", states)
        self.assertNotIn("downloading", states[states.index("installing"):])
        progress = module.changes("Progress", since)
        self.assertEqual(progress, sorted(progress))


class InTwoHalves(QuectelTest):
    """A BG96, by http; it loses its power in the second half."""

    options = {"modules": ("bg96",), "channel": "port", "config": BY_MODULE}

    def test_update(self):
        self.bench.fault("power-lost=20,on=RESTORE 50")
        update = self.bench.update()
        uri = f"{self.bench.web.uris['http']}/{self.bench.delta_name}"
        update["steps"][0]["delta"] = {"uri": uri}
        self.bench.publish(update)
        self.bench.start_fotad()
        self.assert_updates(self.bench.module())
        self.assertEqual(self.orders(), [f'AT+QFOTADL="{uri}"'])
        steps = [line.text for line in self.bench.transcript() if line.mark == "!"]
        self.assertIn("step Last upgrade was not finished,continue upgrade", steps)


class Fed(QuectelTest):
    """The host fetches the package, and writes it into the module's file store."""

    options = {"modules": ("ec25",), "channel": "port"}

    def test_update(self):
        module = self.offer(approval={"download": "required", "install": "required"})
        self.assertFalse(module["Update"]["one-gate"])
        module.approve()
        module.wait_state("awaiting-install-approval")
        self.assertEqual(self.bench.sim_state()["files"], 1)
        self.assertEqual(self.orders(), [])
        since = module.mark()
        module.approve()
        self.assertEqual(module.wait_finished(since)[1], "success")
        self.assertEqual(self.orders(), ['AT+QFOTADL="/data/ufs/fotad.zip"'])
        self.assertEqual(self.bench.sim_state()["version"], self.bench.new)
        self.assertEqual(self.bench.sim_state()["files"], 0)


if __name__ == "__main__":
    unittest.main()
