# SPDX-License-Identifier: LGPL-2.1-or-later
"""What one method leaves behind, the next one of its class does not find."""
import io
import shutil
import unittest
from unittest import mock

from e2e import BenchTest

BLACKOUT = {"Blackout": "2020-01-01..2099-12-31"}


class Untidy(BenchTest):
    """Loaded by the tests below; the methods run in the order of their names."""

    options = {"channel": "port"}
    seen = []  # the bench of each method

    def test_1_updates(self):
        self.seen.append(self.bench)
        self.assert_updates(self.offer())
        # All that a method may do to its bench, without an end to it.
        bench = self.bench
        bench.write_sys("class/power_supply/AC/online", 0)
        bench.fault("old-version,always")
        bench.set_return_limit(1)
        bench.set_credential("other", "secret")
        (bench.directory / "credentials/fw").write_text("nobody:nothing")
        shutil.rmtree(bench.config_file.parent / "keys.d")
        bench.config["Window"] = BLACKOUT
        bench.fotad_variables["NOBODY"] = "knows"
        for file in bench.www.iterdir():
            file.unlink()

    def test_2_finds_nothing_of_it(self):
        """But the firmware: the next update is to the next version."""
        self.seen.append(self.bench)
        bench = self.bench
        self.assertEqual(bench.sim_state()["version"], bench.old)
        self.assertEqual((bench.transcript(), bench.view.signals, bench.ftp.log()), ([], [], ""))
        self.assertEqual(bench.sim_state()["starts"], 1)
        module = self.offer()
        self.assertEqual((module.history(), module["LastError"]), ([], ("", "")))
        self.assert_updates(module)
        self.assertEqual(len(module.heard("UpdateFinished")), 1)
        bench.sim.command("set", bench.imei, "signal=3")

    def test_3_left_a_module_that_is_not_as_it_was(self):
        self.seen.append(self.bench)
        self.assertEqual(self.bench.sim_state()["signal"], 25)
        self.assert_updates(self.offer())
        self.fail("on purpose")

    def test_4_comes_after_one_that_failed(self):
        self.seen.append(self.bench)
        self.assertTrue(self.offer())


class Benches(unittest.TestCase):
    def test_every_method_is_alone(self):
        result = unittest.TestResult()
        with mock.patch("sys.stderr", io.StringIO()):  # the report of the one that fails
            unittest.defaultTestLoader.loadTestsFromTestCase(Untidy)(result)
        self.assertEqual(result.errors, [])
        self.assertEqual([test.id().rpartition(".")[2] for test, _ in result.failures],
                         ["test_3_left_a_module_that_is_not_as_it_was"])
        first, second, third, fourth = Untidy.seen
        self.assertIs(first, second, "used again")
        self.assertEqual(len({id(first), id(third), id(fourth)}), 3, "a new one each")


def load_tests(loader, _tests, _pattern):
    return loader.loadTestsFromTestCase(Benches)


if __name__ == "__main__":
    unittest.main()
