# SPDX-License-Identifier: LGPL-2.1-or-later
"""A signed manifest sets the module's own data connection for its update."""
import unittest

from e2e import BenchTest

APN = "private.example"


class Provision(BenchTest):
    options = {"modules": ["me910c1-na,apn=own.example"]}

    def apn(self):
        return {c["cid"]: c["apn"] for c in self.bench.sim_state()["contexts"]}[3]

    def active(self):
        return [c["cid"] for c in self.bench.sim_state()["contexts"] if c["active"]]

    def kill(self, **manifest):
        """In the download."""
        self.bench.publish(self.bench.update(approval={"download": "auto", "install": "auto"}),
                           **manifest)
        self.bench.start_fotad(Approval={"Download": "auto"})
        with self.bench.ftp.fault("slow"):
            self.bench.view.until(lambda: self.bench.sim_state()["ftp-received"] > 0, 60,
                                  "it downloads")
            self.bench.kill_fotad()
        self.assertEqual(self.active(), [3])

    def withdraw(self):
        self.bench.publish({})
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        module.check()
        return module

    def test_withdrawn(self):
        """fotad is killed in the download, and the update is withdrawn: the next start sets back
        what was set."""
        self.kill(provision={"apn": APN})
        self.assertEqual(self.apn(), APN)
        module = self.withdraw()
        self.bench.view.until(lambda: self.apn() == "own.example", 60, "it is as it was")
        module.wait_state("idle")

    def test_withdrawn_without(self):
        """Also the connection that was its own, through which the module would go on."""
        self.kill()
        module = self.withdraw()
        self.bench.view.until(lambda: not self.active(), 60, "it is closed")
        module.wait_state("idle")

    def test_provision(self):
        """Before the download, as a whole instead of [Network], with a login that stays secret;
        afterwards the module has what its owner had programmed."""
        self.bench.set_credential("apn", "sim-user:sim-secret")
        self.bench.publish(self.bench.update(approval={"download": "auto", "install": "auto"}),
                           provision={"apn": APN, "credential": "apn", "authentication": "pap"})
        self.bench.start_fotad(Approval={"Download": "auto"},
                               Network={"Apn": "configured.example", "Authentication": "chap"},
                               **{"Credential apn": {"Servers": f"apn://{APN}"}})
        module = self.bench.module()
        self.assertEqual(module.wait_finished()[1], "success")
        sent = [line.text for line in self.bench.transcript() if line.mark == ">"]
        set_apn, login, download = (
            next(i for i, text in enumerate(sent) if text.startswith(command))
            for command in (f'AT+CGDCONT=3,"IPV4V6","{APN}"', "AT#PDPAUTH=3,1,", "AT#FTPGETOTA"))
        self.assertLess(set_apn, login)
        self.assertLess(login, download)
        self.assertLess(download, sent.index('AT+CGDCONT=3,"IPV4V6","own.example"'))
        self.assertEqual(self.apn(), "own.example")
        self.assertFalse(any("configured.example" in text for text in sent))
        self.assertNotIn("sim-secret", self.bench.log())


if __name__ == "__main__":
    unittest.main()
