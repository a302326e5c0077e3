# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dummy, whose delta leads to the version that it begins with, is really installed, once."""
import unittest

from e2e import BenchTest
from manifest import delta


class Dummy(BenchTest):
    def test_dummy(self):
        bench = self.bench
        (bench.www / "dummy.bin").write_bytes(delta("ME910C1-NA", bench.old, bench.old))
        update = bench.update(id="dummy-1", approval={"download": "auto", "install": "auto"})
        update["steps"] = [{"fromVersion": bench.old, "toVersion": bench.old, "dummy": True,
                            "delta": bench.delta_member("dummy.bin")}]
        bench.publish(update)
        settings = {"Approval": {"Download": "auto"}}
        bench.start_fotad(**settings)
        module = bench.module()
        finished = module.wait_finished()
        self.assertEqual(finished[1], "success")
        self.assertEqual((finished[2]["from"], finished[2]["to"], finished[2]["revision"]),
                         (bench.old, bench.old, bench.old))
        self.assertGreater(finished[2]["outage"], 0)
        self.assertEqual(bench.sim_state()["starts"], 4)
        sent = [line.text for line in bench.transcript() if line.mark == ">"]
        self.assertEqual(sent.count("AT#OTAUP=0"), 1)
        # The history has it: neither a check nor another start installs it again.
        for again in range(2):
            if again:
                bench.stop_fotad()
                bench.start_fotad(**settings)
            module.wait_state("idle")
            self.assertEqual(module.checked()["State"], "idle")
            self.assertIn("has been installed", bench.fotactl("plan").stdout)
        sent = [line.text for line in bench.transcript() if line.mark == ">"]
        self.assertEqual(sent.count("AT#OTAUP=0"), 1)


if __name__ == "__main__":
    unittest.main()
