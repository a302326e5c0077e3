# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs of docs/examples do what docs/application.md says."""
import subprocess
import unittest

from e2e import SharedBenchTest

from manifest import delta
from modules import FOTA_MANAGER, FOTA_NAME, FOTA_PATH
from privatebus import REPOSITORY
from processes import Program

EXAMPLES = REPOSITORY / "docs/examples"
PIN = "1234"  # of the simulated SIM


class Examples(SharedBenchTest):
    """One module, which each program in turn updates by one version."""

    options = {"channel": "port"}

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.built = cls.bench.build / "tests/e2e"
        cls.version, cls.updates = cls.bench.old, 0
        cls.busy = cls.bench.directory / "busy"
        cls.bench.publish({})
        cls.bench.start_fotad()
        cls.module = cls.bench.module()
        cls.module.wait(lambda p: p["State"] == "idle" and p["LastCheck"], 60, "checked")

    def publish_next(self, check=True, **members):
        """An update from the version of now to another one."""
        type(self).updates += 1
        new, name = f"{self.bench.new}{self.updates}", f"delta-{self.updates}"
        (self.bench.www / name).write_bytes(delta(self.bench.model, self.version, new))
        self.bench.publish(self.bench.update(steps=[
            {"fromVersion": self.version, "toVersion": new, "delta": self.bench.delta_member(name)}],
            **members))
        if check:
            self.module.check()
        return new

    def decide(self, *argv):
        """The program finds an offer, puts it off, then approves another one and sees its end."""
        self.busy.write_text("")
        self.publish_next()
        self.module.wait_state("awaiting-approval")
        program = self.start(*argv)
        self.module.wait(lambda p: "deferred" in p["Blockers"], 60, "put off")
        self.busy.unlink()
        since = self.module.mark()
        new = self.publish_next()
        _, result, details = self.module.wait_finished(since)
        self.assertEqual(result, "success", details)
        self.assertEqual(self.module["Revision"], new)
        type(self).version = new
        self.bench.view.until(lambda: "success" in program.log(), 30, "the program says so")
        self.bench.mm.wait_for(self.bench.imei, revision=new)
        self.module.wait(lambda p: p["State"] == "idle" and p["Modem"] != "/", 60, "idle")
        return program

    def start(self, *argv):
        program = Program(self.bench.place, argv[0].name, argv,
                          {**self.bench.environment(),
                           "PATH": f"{self.bench.build}/ctl:/usr/sbin:/usr/bin:/sbin:/bin"})
        self.addCleanup(program.stop)
        return program

    def test_before_fotad(self):
        """As at the gateway's start: fotad is not there yet, and does not know the module at first."""
        self.busy.write_text("")
        for argv in ((self.built / "approve", self.bench.imei, self.busy),
                     (EXAMPLES / "approve.py", self.busy)):
            with self.subTest(program=argv[0].name):
                self.bench.stop_fotad()
                self.publish_next(check=False)
                program = self.start(*argv)
                self.bench.start_fotad()
                self.module = self.bench.module()
                self.module.wait(lambda p: p["Modem"] != "/", 60, "there")
                self.module.check()
                self.module.wait(lambda p: "deferred" in p["Blockers"], 60, "put off")
                program.stop()
        self.bench.stop_fotad()
        program = self.start(EXAMPLES / "approve.sh", self.bench.imei, self.busy)
        self.bench.view.until(lambda: program.poll() is not None, 60, "a service begins it again")
        self.assertEqual(program.poll(), 1)
        self.bench.start_fotad()
        self.module = self.bench.module()
        self.module.wait(lambda p: p["Modem"] != "/", 60, "there")

    def test_answer_that_is_refused(self):
        """It cannot be put off beyond what the manifest allows. The answer is given again, and is
        another one when the application has time."""
        for name, *argv in (("approve.sh", self.bench.imei, self.busy), ("approve.py", self.busy)):
            with self.subTest(program=name):
                program = self.bench.directory / name
                program.write_text((EXAMPLES / name).read_text().replace("=60", "=1")
                                   .replace("= 60", "= 1"))
                program.chmod(0o755)
                self.busy.write_text("")
                new = self.publish_next(maximumDeferPeriod=60)
                self.module.wait_state("awaiting-approval")
                running = self.start(program, *argv)
                self.bench.view.until(lambda: "can be deferred until" in running.log(), 60, "refused")
                since = self.module.mark()
                self.busy.unlink()
                _, result, details = self.module.wait_finished(since)
                self.assertEqual(result, "success", details)
                type(self).version = new
                self.module.wait(lambda p: p["State"] == "idle" and p["Modem"] != "/", 60, "idle")
                running.stop()

    def test_shell(self):
        self.decide(EXAMPLES / "approve.sh", self.bench.imei, self.busy)

    def test_c(self):
        self.decide(self.built / "approve", self.bench.imei, self.busy)

    def test_python(self):
        """Which also enters the PIN that the SIM wants afterwards."""
        self.bench.fault("pin-after")
        since = self.module.mark()
        program = self.decide(EXAMPLES / "approve.py", self.busy, PIN)
        self.bench.view.until(lambda: "unlocked" in program.log(), 60, "the PIN is entered")
        self.assertTrue(self.module.heard("PinRequired", since))
        self.bench.view.until(lambda: not self.bench.sim_state()["pin-missing"], 60, "unlocked")

    def test_c_says_that_the_pin_is_wanted(self):
        self.bench.fault("pin-after")
        program = self.decide(self.built / "approve", self.bench.imei, self.busy)
        self.bench.view.until(lambda: "the SIM wants its PIN, 3 attempts" in program.log(), 60,
                              "the PIN is wanted")
        self.bench.mm.send_pin(self.bench.imei, PIN)
        self.bench.view.until(lambda: not self.bench.sim_state()["pin-missing"], 60, "unlocked")

    def inhibited(self):
        return self.bench.view.get_all(FOTA_NAME, FOTA_PATH, FOTA_MANAGER)["Inhibited"]

    def test_inhibit(self):
        for program in (EXAMPLES / "inhibit.py", self.built / "inhibit"):
            with self.subTest(program=program.name):
                process = subprocess.Popen([program, "a measurement"], text=True,
                                           env=self.bench.environment(), stdin=subprocess.PIPE,
                                           stdout=subprocess.PIPE)
                self.assertEqual(process.stdout.readline(), "inhibited\n")
                self.assertTrue(self.inhibited())
                self.assertIn("a measurement", self.bench.log())
                self.bench.stop_fotad()
                self.bench.start_fotad()
                self.bench.view.until(self.inhibited, 30, "the inhibition is taken again")
                process.communicate()
                self.assertEqual(process.returncode, 0)
                self.bench.view.until(lambda: not self.inhibited(), 30, "the inhibition ends")


if __name__ == "__main__":
    unittest.main()
