# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every failure that Huawei's documents and the software for its modules name. Each ends as stated,
with the module in service and nothing of a delta left in it."""
import contextlib
import unittest

from e2e import BenchTest, TableTest, part
from huaweiserver import SIZE, HuaweiServer
from manifest import delta
from modules import BusError

LOADING, LOADED = 30, 40
# ^FOTASTATE? shows an end until the next command.
ENDS = (10, 13, 14, 20, 70, 80, 90, 100, 110)
# One module is updated after the other: the last of many waits long.
LIMIT = 600
TWO_APPROVALS = {"download": "required", "install": "required"}


class HuaweiTest(BenchTest):
    """What the tests share. Each module has a server of its own."""

    def start_modules(self):
        """Each module is there, and nothing is wrong with it."""
        self.servers = {imei: self.server(imei) for imei in self.bench.imeis}
        self.bench.start_fotad()
        for imei in self.bench.imeis:
            self.bench.module(imei).wait(lambda p: p["Modem"] != "/", LIMIT, "fotad has seen it")

    def server(self, imei):
        server = HuaweiServer(self.bench.www / imei, f"{self.bench.web.uris['http']}/{imei}")
        server.publish(self.bench.model, self.bench.old, self.bench.new)
        self.bench.sim.command("set", imei, f"server={server.uri}", f"version={self.bench.old}")
        return server

    def ask(self, imei, **members):
        """A manifest that leads to a question to the vendor's server."""
        module = self.bench.module(imei)
        since = module.mark()
        members = {"retry": {"maxAttempts": 1}, **members}
        self.bench.publish(self.bench.update(**members), imei)
        self.bench.view.until(lambda: self.checks(module), LIMIT, "Check() is taken")
        return module, since

    @staticmethod
    def checks(module):
        """FALSE while something is under way, such as throwing a delta away."""
        try:
            module.check()
        except BusError as error:
            if error.name != "Busy":
                raise
            return False
        return True

    def state(self, imei):
        return self.bench.sim.state(imei)

    def wait_fota_state(self, imei, *states):
        self.bench.view.until(lambda: self.state(imei)["fota-state"] in states, LIMIT,
                              f"^FOTASTATE: {states}")

    def restart(self, imei):
        for command in ("power-cut", "power-on"):
            self.bench.sim.command(command, imei)

    def assert_in_service(self, imei, version):
        """ModemManager has it, nothing of a delta is left, and nobody works on it."""
        self.bench.mm.wait_for(imei, LIMIT, revision=version)
        self.bench.module(imei).wait(lambda p: p["Modem"] != "/" and p["Revision"] == version
                                     and p["State"] in ("idle", "failed"), LIMIT, "in service")
        self.wait_fota_state(imei, *ENDS)
        self.assertEqual(self.state(imei)["version"], version)

    def installs(self, imei):
        return [line.text for line in self.bench.transcript(imei)
                if line.mark == ">"].count("AT^FWUP")


class Table(HuaweiTest, TableTest):
    model = "mu509"

    def arm(self, imei, what):
        """What goes wrong: at the server, by a setting of the module, or by its faults."""
        bench, server = self.bench, self.servers[imei]
        directory = server.directory(bench.model, bench.old)
        if what == "withdraw":
            server.withdraw(bench.model, bench.old)
        elif what == "corrupt":
            (directory / "XNV").write_bytes(b"x" * (directory / "XNV").stat().st_size)
        elif what == "incomplete":
            (directory / "XNV").unlink()
        elif what == "other-base":
            server.publish(bench.model, bench.old, bench.new,
                           data=delta(bench.model, "12.815.00.00.00", bench.new, SIZE))
        else:
            for word in what.split():
                if word.partition("=")[0] in ("server", "success", "failure", "state-fields"):
                    bench.sim.command("set", imei, word)
                else:
                    bench.fault(word, imei)


# What goes wrong, with which error the question ends, what its text says.
QUESTIONS = {
    "no list": ("withdraw", "DeltaMissing", "13,51"),
    "no server": ("server=http://127.0.0.1:9/", "DeltaServerUnreachable", "13,13"),
    "silent end": ("ask-silent", "DeltaServerUnreachable", "without saying why"),
    "busy": ("ask-fails=54", "ModuleRefused", "13,54"),
    "unknown number": ("ask-fails=99", "DeltaServerUnreachable", "not published"),
}


class Questions:
    cases = QUESTIONS

    def test(self):
        self.start_modules()
        for (what, _, _), imei in zip(self.cases.values(), self.bench.imeis):
            self.arm(imei, what)
            self.ask(imei)
        for (case, (_, error, text)), imei in zip(self.cases.items(), self.bench.imeis):
            with self.subTest(case):
                module = self.bench.module(imei)
                module.wait(lambda p, name=error: p["LastError"][0] == name, LIMIT, error)
                self.assertIn(text, module["LastError"][1])
                self.assert_in_service(imei, self.bench.old)
        self.ask_again(self.bench.imeis[0])

    def ask_again(self, imei):
        """The manifest is what it was, and what was wrong is mended."""
        module = self.bench.module(imei)
        self.servers[imei].publish(self.bench.model, self.bench.old, self.bench.new)
        self.bench.view.until(lambda: self.checks(module), LIMIT, "Check() is taken")
        module.wait_state("awaiting-approval", seconds=LIMIT)


# What goes wrong, with which error the update ends (None: it succeeds), what its text says.
UPDATES = {
    "wrong sum": ("corrupt", "TransferFailed", "20,52"),
    "file missing": ("incomplete", "DeltaServerUnreachable", "20,21"),
    "link lost": ("load-cut=50", None, None),
    "module restarts while loading": ("load-reset=50", None, None),
    "40 lost": ("state-lost,on=40", None, None),
    "90 lost": ("state-lost,on=90", None, None),
    "12 doubled": ("state-doubled,on=12", None, None),
    "12 without its version": ("state-fields=0", None, None),
    "90 doubled": ("state-doubled,on=90", None, None),
    "100 instead of 90": ("success=100", None, None),
    "wrong base": ("other-base", "WrongBase", "80,110"),
    "flash fails": ("update-fails=155", "InstallRefused", "80,155"),
    "flash fails, delta kept": ("failure=70 update-fails=155", "InstallRefused", "70,155"),
    "bad signature": ("failure=110 update-fails=1", "InstallRefused", "110"),
    "old version without a word": ("old-version", "OldVersion", "still runs"),
    "install refused": ("fwup-error", "InstallRefused", "does not install"),
    "install accepted without an OK": ("lost-ok,on=^FWUP", None, None),
    "away for long": ("absent=500", None, None),
    "other tty names": ("return-ttyacm", None, None),
    "settings lost": ("settings-lost", None, None),
}


# What the module reports is read from the same lines on both ways: the tables of test-huawei.c and the
# port have all of it. Through ModemManager: what it does with the module, and one of each kind of line.
OF_MODEMMANAGER = ("link lost", "module restarts while loading", "90 lost", "90 doubled", "flash fails",
                   "old version without a word", "install accepted without an OK", "away for long",
                   "other tty names", "settings lost")
THROUGH_MODEMMANAGER = {name: UPDATES[name] for name in OF_MODEMMANAGER}


class Updates:
    def test(self):
        self.start_modules()
        asked = [self.ask(imei) for imei in self.bench.imeis]
        for ((what, _, _), (module, _)) in zip(self.cases.values(), asked):
            module.wait_state("awaiting-approval", seconds=LIMIT)
            self.arm(module.imei, what)
            module.approve()
        for (case, (_, error, text)), (module, since) in zip(self.cases.items(), asked):
            with self.subTest(case):
                self.check(module, since, error, text)

    def check(self, module, since, error, text):
        self.assert_ends(module, since, error, text, LIMIT)
        self.assert_in_service(module.imei, self.bench.old if error else self.bench.new)
        self.assertLessEqual(self.installs(module.imei), 1)
        # Whatever the new firmware has lost: nothing escapes approval later on.
        self.assertTrue(self.state(module.imei)["fota-mode"].startswith("0,0,0,1"))


class QuestionsThroughThePort(Questions, Table):
    channel = "port"


class QuestionsThroughModemManager(Questions, Table):
    channel = "modemmanager"


class UpdatesThroughThePort1(Updates, Table):
    channel, cases = "port", part(UPDATES, 1, 4)


class UpdatesThroughThePort2(Updates, Table):
    channel, cases = "port", part(UPDATES, 2, 4)


class UpdatesThroughThePort3(Updates, Table):
    channel, cases = "port", part(UPDATES, 3, 4)


class UpdatesThroughThePort4(Updates, Table):
    channel, cases = "port", part(UPDATES, 4, 4)


class UpdatesThroughModemManager1(Updates, Table):
    channel, cases = "modemmanager", part(THROUGH_MODEMMANAGER, 1, 3)


class UpdatesThroughModemManager2(Updates, Table):
    channel, cases = "modemmanager", part(THROUGH_MODEMMANAGER, 2, 3)


class UpdatesThroughModemManager3(Updates, Table):
    channel, cases = "modemmanager", part(THROUGH_MODEMMANAGER, 3, 3)


class Loaded:
    """A delta is in the module, or on its way."""

    def offered(self, **members):
        self.start_modules()
        module, since = self.ask(self.bench.imei, **members)
        module.wait_state("awaiting-approval", seconds=LIMIT)
        return module, since

    def downloaded(self):
        module, since = self.offered(approval=TWO_APPROVALS)
        module.approve()
        module.wait_state("awaiting-install-approval", seconds=LIMIT)
        return module, since

    @contextlib.contextmanager
    def loading(self):
        """It comes slowly inside the `with` block, so that it can be interrupted."""
        module, since = self.offered()
        with self.bench.web.slow():
            module.approve()
            self.wait_fota_state(module.imei, LOADING)
            module.wait_state("downloading")
            yield module, since

    def assert_discarded(self, module):
        self.wait_fota_state(module.imei, *ENDS)
        self.restart(module.imei)
        self.assert_in_service(module.imei, self.bench.old)


class LeftBehind(Loaded):
    """A delta that nobody wants any more does not install itself at the module's next start; one that
    has done so nevertheless is seen."""

    def test_cancelled_while_loading(self):
        with self.loading() as (module, since):
            module.cancel()
            self.assertEqual(module.wait_finished(since)[1], "cancelled")
        self.assert_discarded(module)

    def test_installed_while_approval_was_awaited(self):
        """Its power was cut: a complete delta installs itself at the next start."""
        module, since = self.downloaded()
        self.restart(module.imei)
        self.assertEqual(module.wait_finished(since)[1], "success")
        self.assertEqual(module.history()[0]["to"], self.bench.new)
        self.assert_in_service(module.imei, self.bench.new)
        self.assertEqual(self.installs(module.imei), 0)


class LeftBehindThroughModemManager(LeftBehind, HuaweiTest):
    options = {"modules": ("mu509",), "channel": "modemmanager"}


class LeftBehindThroughThePort(LeftBehind, HuaweiTest):
    options = {"modules": ("mu509",), "channel": "port"}


class UnwantedThroughThePort(Loaded, HuaweiTest):
    options = {"modules": ("mu509",), "channel": "port"}

    def test_killed_while_loading_and_withdrawn(self):
        """The fleet's owner takes the update back while nobody looks."""
        with self.loading() as (module, _):
            self.bench.kill_fotad()
        self.bench.publish({})
        self.bench.start_fotad(Window={"Blackout": "2020-01-01..2099-12-31"})
        module.wait(lambda p: p["Modem"] != "/" and "window" in p["Blockers"], 60, "it waits")
        module.check()
        self.assert_discarded(module)

    def test_another_update_than_the_one_in_the_module(self):
        """Approval to install is asked for what is in the module, not for what was there before."""
        module, _ = self.downloaded()
        later = "12.815.01.05.00"
        self.servers[module.imei].publish(self.bench.model, self.bench.old, later)
        _, since = self.ask(module.imei, approval=TWO_APPROVALS, toVersion=later)
        for state in ("awaiting-approval", "awaiting-install-approval"):
            module.wait(lambda p, wanted=(state, later): p["State"] == wanted[0]
                        and p["Update"]["to"] == wanted[1], LIMIT, f"{state} of the later one")
            module.approve()
        self.assertEqual(module.wait_finished(since)[1], "success")
        self.assertEqual(self.state(module.imei)["version"], later)

    def test_delta_stays(self):
        """^FOTADL=0 is refused. It is said; and when the delta installs itself, that is said too."""
        module, since = self.downloaded()
        self.bench.fault("delta-stays,always")
        module.reject(reason="not today")
        self.bench.view.until(lambda: "cannot be discarded" in self.bench.log(), LIMIT, "said")
        self.assertEqual(self.state(module.imei)["fota-state"], LOADED)
        self.restart(module.imei)
        self.bench.view.until(lambda: module.heard("UpdateFinished", since)[-1][1] == "success",
                              LIMIT, "its installation is seen")
        self.assert_in_service(module.imei, self.bench.new)


class PowerLost(HuaweiTest):
    options = {"modules": ("mu509",) * 3, "channel": "port"}

    def test(self):
        """While loading, while flashing, and after it stayed away: it goes on where it stood."""
        self.bench.set_return_limit(45)
        self.start_modules()
        asked = [self.ask(imei) for imei in self.bench.imeis]
        loading, flashing, away = self.bench.imeis
        self.bench.fault("power-lost=20,on=part 2", loading)
        self.bench.fault("power-lost=20,on=flashing", flashing)
        self.bench.fault("never-returns", away)
        with self.bench.web.slow():
            for module, _ in asked:
                module.wait_state("awaiting-approval", seconds=LIMIT)
                module.approve()
            self.wait_power_cut(loading)
        self.wait_power_cut(flashing)
        self.wait_not_returned(asked[2][0])
        self.restart(away)
        for module, since in asked:
            self.bench.view.until(lambda m=module, s=since: m.heard("UpdateFinished", s)[-1:]
                                  and m.heard("UpdateFinished", s)[-1][1] == "success", LIMIT,
                                  "it has ended well")
            self.assert_in_service(module.imei, self.bench.new)

    def wait_power_cut(self, imei):
        self.bench.view.until(lambda: any(line.text == "power cut" and line.mark == "!"
                                          for line in self.bench.transcript(imei)),
                              LIMIT, "its power is lost")


if __name__ == "__main__":
    unittest.main()
