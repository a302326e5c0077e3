# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two steps in a row under one approval, and the rehearsal of an update."""
import unittest

from e2e import BenchTest
from manifest import delta

LAST = "30.00.001-B027"


class Chain(BenchTest):
    options = {"channel": "port"}

    def test_two_steps(self):
        """A to B to C: each verified, approved once, and followed to the end of the second."""
        bench = self.bench
        second = "B026-FOTA_to_B027.bin"
        (bench.www / second).write_bytes(delta(bench.model, bench.new, LAST))
        steps = [{"fromVersion": bench.old, "toVersion": bench.new, "delta": bench.delta_member()},
                 {"fromVersion": bench.new, "toVersion": LAST, "delta": bench.delta_member(second)}]
        module = self.offer(steps=steps)
        self.assertEqual((module["Update"]["steps"], module["Update"]["to"]), (2, LAST))
        since = module.mark()
        followed = bench.fotactl("approve", "--yes", "--wait", seconds=400)
        self.assertEqual(followed.returncode, 0, followed.stdout + followed.stderr)
        module.wait(lambda p: p["Revision"] == LAST and p["State"] == "idle", 180, "both steps")
        finished = module.heard("UpdateFinished", since)
        self.assertEqual([(result, details["to"]) for _, result, details in finished],
                         [("success", bench.new), ("success", LAST)])
        self.assertEqual(len(module.heard("ApprovalRequested", since)), 0)
        self.assertEqual([entry["to"] for entry in module.history()], [LAST, bench.new])

    def test_rehearsal(self):
        """Everything, approval included, with the real delta, which waits in the module for an order
        that is not given."""
        module = self.offer()
        real = module.token()
        module.call("Rehearse")
        module.wait(lambda p: p["Update"].get("rehearsal"), 10, "the offer of a rehearsal")
        self.assertNotEqual(module.token(), real)
        since = module.mark()
        module.approve()
        finished = module.wait_finished(since)
        self.assertEqual(finished[1], "rehearsed")
        self.assertIn("loaded the delta", finished[2]["text"])
        state = self.bench.sim_state()
        self.assertEqual((state["version"], state["starts"], state["ota"]),
                         (self.bench.old, 1, "stored"))
        # The update itself has not been approved by that.
        module.wait(lambda p: p["State"] == "awaiting-approval" and p["Modem"] != "/", 60, "offer")
        self.assertEqual(module.token(), real)


if __name__ == "__main__":
    unittest.main()
