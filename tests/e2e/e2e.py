# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the end-to-end tests share: a bench that is as new for each test, or one for a whole class."""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from bench import Bench  # noqa: E402
from modules import BusError  # noqa: E402


def part(cases, number, of):
    """One of so many parts of a table that is too long for one bench."""
    return dict(list(cases.items())[number - 1::of])


def ways():
    """The interfaces of this machine that lead to a network: as fotad sees them, in both families."""
    found = set()
    for family in ("-4", "-6"):
        listed = subprocess.run(["ip", "-json", family, "route"], check=True, text=True,
                                stdout=subprocess.PIPE).stdout
        for route in json.loads(listed or "[]"):
            if route["dst"] == "default" or {"gateway", "via", "nexthops"} & set(route):
                found |= {hop["dev"] for hop in route.get("nexthops", [route]) if "dev" in hop}
    return found


class BenchTest(unittest.TestCase):
    """self.bench is as new for each test: the one of the test before, put back, or another one after
    a test that has failed, or that leaves a module which cannot be put back. options: what Bench()
    takes."""

    options = {}
    _bench = None

    @classmethod
    def setUpClass(cls):
        cls._bench = None
        cls.addClassCleanup(cls._close)

    @classmethod
    def _close(cls):
        bench, cls._bench = cls._bench, None
        if bench:
            bench.__exit__()

    @classmethod
    def _take_bench(cls):
        """The class has none until the test has ended well."""
        bench, cls._bench = cls._bench, None
        if bench:
            with contextlib.ExitStack() as closing:
                closing.push(bench)
                if bench.reset():
                    closing.pop_all()
                    return bench
        return Bench(**cls.options).__enter__()

    def run(self, result=None):
        result = result or self.defaultTestResult()
        try:
            with contextlib.ExitStack() as closing:
                self.bench = self._take_bench()
                closing.push(self.bench)
                if self._run_and_report(result):
                    self.bench.stop_fotad()
                    type(self)._bench = self.bench
                    closing.pop_all()
        except Exception:  # the bench, or a program in it that did not end well
            result.addError(self, sys.exc_info())
        return result

    def _run_and_report(self, result):
        """Whether it has passed."""
        bad = len(result.errors) + len(result.failures)
        super().run(result)
        passed = len(result.errors) + len(result.failures) == bad
        if not passed:
            print(f"--- {self.id()}\n{self.bench.report()}", file=sys.stderr)
        return passed

    # What most tests do

    def give_module(self, interface):
        """In sysfs it is the module's; returns what says so."""
        self.bench.write_sys(f"class/net/{interface}/type", 1)
        link = self.bench.sys / f"class/net/{interface}/device"
        vendor, = (self.bench.sys / "devices").glob("**/idVendor")
        link.symlink_to(os.path.relpath(vendor.parent, link.parent))
        return link

    def offer(self, **members):
        """Publishes the update, starts fotad, and waits until it is offered."""
        self.bench.publish(self.bench.update(**members))
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        return module

    def assert_refused(self, name, function, *arguments, **more):
        """The call is answered with org.fotad.Fota1.Error.<name>."""
        with self.assertRaises(BusError) as caught:
            function(*arguments, **more)
        self.assertEqual(caught.exception.name, name, caught.exception.text)
        self.assertTrue(caught.exception.text)

    def assert_fails(self, module, name, since, seconds=120):
        """The update ends with this error: in the signal, LastError, the log, fotactl, and the
        history; the module has its old firmware and is back under ModemManager."""
        _, result, details = module.wait_finished(since, seconds)
        self.assertEqual((result, details["error"]), ("failed", name), details)
        properties = module.wait(lambda p: p["LastError"][0] == name, 10, f"LastError {name}")
        text = properties["LastError"][1]
        self.assertTrue(text)
        self.assertIn(f"({name}): {text}", self.bench.log())
        self.assertIn(name, self.bench.fotactl("status").stdout)
        self.assertEqual(module.history()[0]["error"], name)
        self.assertEqual(self.bench.sim_state()["version"], self.bench.old)
        self.bench.mm.wait_for(self.bench.imei, revision=self.bench.shown(self.bench.old))

    def assert_ends(self, module, since, error, text, seconds):
        """The update ends with this error and a text that holds this, or well (None, None)."""
        _, result, details = module.wait_finished(since, seconds)
        self.assertEqual((result, details.get("error")),
                         ("failed", error) if error else ("success", None), details)
        if error:
            self.assertIn(text, details["text"])

    def wait_not_returned(self, module):
        """The module stays away for longer than it may: that is told, and no end. Returns the text."""
        properties = module.wait(lambda p: p["State"] == "installing"
                                 and p["LastError"][0] == "ModuleNotReturned", 120, "it is told")
        text = properties["LastError"][1]
        self.assertIn(f"(ModuleNotReturned): {text}", self.bench.log())
        self.assertEqual(module.history(), [])
        return text

    def assert_updates(self, module, since=None):
        """The update that is offered now is approved and succeeds."""
        since = module.mark() if since is None else since
        module.wait_state("awaiting-approval")
        module.approve()
        _, result, details = module.wait_finished(since)
        self.assertEqual(result, "success", details)
        self.assertEqual(module["Revision"], self.bench.new)
        self.assertEqual(self.bench.sim_state()["version"], self.bench.new)
        self.bench.mm.wait_for(self.bench.imei, revision=self.bench.shown(self.bench.new))


class SharedBenchTest(BenchTest):
    """self.bench is one for all tests of the class, as they leave it, fotad running: they come in any
    order."""

    @classmethod
    def setUpClass(cls):
        cls.bench = cls.enterClassContext(Bench(**cls.options))

    def run(self, result=None):
        result = result or self.defaultTestResult()
        self._run_and_report(result)
        return result


class TableTest(BenchTest):
    """Each of `cases` has a module of its own; the gateway updates one after the other."""

    model, channel, cases = "me910c1-na", None, {}

    @classmethod
    def setUpClass(cls):
        cls.options = {"modules": (cls.model,) * len(cls.cases), "channel": cls.channel}
        super().setUpClass()
