# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a download costs of the month's data when fotad does not live to see its end."""
import unittest

from e2e import BenchTest

POLLS = 30_000  # more than the manifest costs, however often it is read here


class Resumed(BenchTest):
    """The module keeps what it has of the delta, and goes on from there."""

    options = {"modules": ("mu509",), "channel": "port"}

    def test_killed_while_downloading(self):
        module = self.offer()
        size, before = module["Update"]["size"], module.plan()["dataUsed"]
        since = module.mark()
        with self.bench.web.slow():
            module.approve()
            module.wait(lambda p: p["State"] == "downloading" and p["BytesReceived"] > 0, 60,
                        "some bytes")
            self.bench.kill_fotad()
        self.bench.start_fotad()
        module = self.bench.module()
        self.assertEqual(module.wait_finished(since, 180)[1], "success")
        used = module.plan()["dataUsed"] - before
        self.assertGreaterEqual(used, size)
        self.assertLess(used, size + POLLS)


if __name__ == "__main__":
    unittest.main()
