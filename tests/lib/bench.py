# SPDX-License-Identifier: LGPL-2.1-or-later
"""The test bench: fotad among real parts, privately and on loopback.

    with Bench() as bench:
        bench.publish(bench.update())
        bench.start_fotad()
        module = bench.module()
        module.wait_state("awaiting-approval")
        module.approve()
        print(module.wait_finished())

A private system bus with the real polkitd, the real ModemManager, simulated modules behind it, a
real FTP server and a real nginx, a signing key, and fotad from the build directory. README.md says
more. Everything ends with the `with` block, and with this process, however that ends.
"""
import contextlib
import copy
import hashlib
import mmap
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

from gi.repository import GLib

from fetcher import Fetcher
from huaweiserver import HuaweiServer
from manifest import SigningKey, delta, manifest, to_bytes
from models import CHANGES, MODELS, next_version, scale_times
from modules import (FOTA_MANAGER, FOTA_NAME, FOTA_PATH, MM_DISABLED, MM_NAME, MM_REGISTERED, BusView,
                     FotaModule, ModemManagerView)
from privatebus import REPOSITORY, PrivateBus, polkit_possible
from processes import PATIENCE, STRICT, BenchError, Place, Program, remove
from servers import FtpServer, WebServer
from simulator import Simulator
from slots import quiet_salt

MODEMMANAGER = "/usr/sbin/ModemManager"
# umockdev names the socket for a program's udev events after the descriptor's number alone: of two
# programs with the same number the first one hears nothing any more. So ModemManager gets others.
HIGH_DESCRIPTORS = ("/bin/bash", "-c", 'for n in {3..199}; do eval "exec $n<&0"; done; exec "$@"',
                    "high-descriptors")
CHANNELS = ("modemmanager", "port", "reserved")
FTP_USER, FTP_PASSWORD = "fotauser", "Secr3t-of-the-fleet"
RETURN_SECONDS = 120
EXPORT_SECONDS = 10  # for ModemManager to show a module; a new bench takes as long


def default_build():
    return pathlib.Path(os.environ.get("FOTA_BUILD", REPOSITORY / "build/check")).resolve()


class Bench:
    """One test after the other may use it, with reset() between them.

    modules: what fota-sim simulates; `me910c1-na,apn=` gives it options.
    channel: the way that fotad finds open to AT: "modemmanager" (Command is allowed), "port" (it is
    not), or "reserved" (a port of its own).
    scale: divides the modules' times and the plugins'.
    config: {group: {key: value}} on top of the bench's own; None leaves a key out.
    clock: fotad has a wall clock of its own, for set_clock()."""

    delta_size = 200_000  # bytes

    def __init__(self, modules=("me910c1-na",), channel="modemmanager", scale=60, config=None,
                 build=None, modemmanager=True, clock=False):
        assert channel in CHANNELS, channel
        self.build = pathlib.Path(build or default_build()).resolve()
        self.channel = channel
        self.scale = scale
        self._given = config or {}
        self._published = int(time.time()) - 100_000
        self._modules = [f"{module},reserved-port=1" if channel == "reserved" else module
                         for module in modules]
        self._with_modemmanager = modemmanager
        self._stops = []  # how what runs is stopped, in the order of starting
        self.modemmanager = self.fotad = None
        self._clock = clock
        self._forget()

    def _forget(self):
        """What a test may set, as it is at first."""
        self.config = copy.deepcopy(self._given)
        self.sequence = 0
        self.fotad_preload = []     # libraries that fotad is started with, in front of all others
        self.fotad_variables = {}   # what more is in its environment
        self.fotad_wrapper = []     # and the command it is started behind, which must exec it
        if self._clock:
            self.fotad_preload.append(self.build / "tests/lib/clock-shim.so")

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        """Stops everything, the last one first, and only then says what went wrong with it."""
        faults = []
        for stop in [self.stop_fotad, self.stop_modemmanager, *reversed(self._stops)]:
            try:
                stop()
            except (BenchError, OSError) as error:
                faults.append(str(error))
        self._stops = []
        if faults:
            raise BenchError("\n".join(faults))

    def _start(self):
        if not polkit_possible():
            raise BenchError("The bench has to be root and allowed a mount namespace, for the sake "
                             "of polkitd; try: unshare -m true")
        self.place = Place()
        self._stops.append(self.place.remove)
        self.directory = self.place.directory
        self.www = self._make("www")
        self.config_file = self._make("etc") / "fotad.conf"
        self.key = SigningKey(self._make("keys"))
        self._make("plugins")
        for file in (self.build / "plugins").glob("*/*.so"):
            shutil.copy(file, self.directory / "plugins")

        self.bus = PrivateBus(self._make("bus"))
        self._stops.append(self.bus.stop)
        self.bus.start()
        self.sim = Simulator(self.place, self.build, self._modules, self.scale)
        self._stops.append(self.sim.stop)
        self.ftp = FtpServer(self.place, self.www, {FTP_USER: FTP_PASSWORD})
        self._stops.append(self.ftp.stop)
        self.web = WebServer(self.place, self.www)
        self._stops.append(self.web.stop)
        self.fetcher = Fetcher(self.place, self.build, self.clock_environment())
        self._stops.append(self.fetcher.stop)

        self.view = BusView(self.bus, self._check_programs)
        self._stops.append(self.view.close)
        self.mm = ModemManagerView(self.view)
        self.imeis = [module["imei"] for module in self.sim.state()]
        self.imei = self.imeis[0]
        self.salt = quiet_salt(self.imeis)  # nothing is checked by itself
        self.model, self.old, self.new, self.delta_name = MODELS[self._modules[0].split(",")[0]]
        self._updates = 0  # after which the bench was used again
        self._starts = 0   # of the module by then, beyond its first
        self._lines = {imei: 0 for imei in self.imeis}  # of its transcript
        self._own = {file.name for file in self.directory.iterdir()}
        self._fill()
        self._fresh = self._essence()
        if self._with_modemmanager:
            self.start_modemmanager()

    def _make(self, name):
        directory = self.directory / name
        directory.mkdir()
        return directory

    def ask_module(self, *options):
        """The server of a module that asks wants an update. options: as fota-sim's `ask` has them."""
        place = self.ftp.uri.replace("://", f"://{FTP_USER}:{FTP_PASSWORD}@")
        self.view.until(lambda: self.sim_state()["registered"] in (1, 5), 60, "it has its network")
        self.sim.command("ask", self.imei, f"{place}/{self.delta_name}", *options)

    def register(self):
        """ModemManager looks at the module's radio, so that there is a service to prove."""
        self.mm.enable(self.imei)
        self.view.until(lambda: (self.mm.find(self.imei) or [None, {"State": 0}])[1]["State"]
                        >= MM_REGISTERED, 60, "the modem is registered")

    def set_return_limit(self, seconds):
        """How long fotad waits for a module that restarts, from its next start on. The bench's own is
        long: whatever the scale, ModemManager takes its time to show a module, and on a busy machine
        more of it."""
        for file in (REPOSITORY / "plugins").glob("*/*.models"):
            text = re.sub("^ReturnLimit=.*$", f"ReturnLimit={seconds}",
                          scale_times(file.read_text(), self.scale), flags=re.MULTILINE)
            (self.directory / "plugins" / file.name).write_text(text)

    def _fill(self):
        """All files that tests and fotad write, as they are at first."""
        for name in ("net", "power_supply"):
            for entry in (self.sys / "class" / name).glob("*"):
                if not entry.is_symlink():  # those are the module's own
                    shutil.rmtree(entry)
        for file in self.directory.iterdir():
            if file.name not in self._own and not file.name.endswith(".log"):
                remove(file)
        for directory in (self.www, self.config_file.parent):
            for file in directory.iterdir():
                remove(file)
        self._make("etc/keys.d")
        shutil.copy(self.key.public, self.directory / "etc/keys.d")
        self.set_return_limit(RETURN_SECONDS)
        self._make("state")
        self._make("cache")
        self.set_clock(0)
        self._make("credentials").chmod(0o700)
        self.set_credential("fw", self.login())
        if self.delta_name:
            (self.www / self.delta_name).write_bytes(
                delta(self.model, self.old, self.new, self.delta_size))
        else:
            self._start_vendor_server()

    def _start_vendor_server(self):
        self.vendor = HuaweiServer(self.www / "huawei", self.web.uris["http"] + "/huawei")
        self.sim.command("set", self.imei, f"server={self.vendor.uri}", f"version={self.old}")
        self.vendor.publish(self.model, self.old, self.new)

    # Used again

    def reset(self):
        """Makes the bench, of one module, as good as new; fotad has ended. The module keeps the
        firmware that it has by now, from which `new` is the next one: so ModemManager need not look
        at it again. FALSE: a module that is not as it was at first, which a new bench is quicker
        than."""
        if len(self.imeis) > 1 or not self._with_modemmanager:
            return False
        self.fault("clear")
        if self._essence() != self._fresh or not self._is_exported():
            return False
        version = self.sim.state(self.imei)["version"]
        if version != self.old:
            self._updates += 1
            self.old, self.new = version, next_version(version, self._updates)
            self.delta_name = self.delta_name and f"{self.old}_to_{self.new}.bin"
        self._forget()
        self._fill()
        self._starts = self.sim.state(self.imei)["starts"] - 1
        self._lines = {imei: len(self.sim.transcript(imei)) for imei in self.imeis}
        for server in (self.ftp, self.web, self.modemmanager):
            server.forget_log()
        self.view.drain()
        self.view.signals.clear()
        return True

    def _essence(self):
        """What every test expects of a module."""
        return {name: value for name, value in self.sim.state(self.imei).items()
                if name not in CHANGES}

    def _is_exported(self):
        """Whether ModemManager shows what the module runs, and has nothing else to do with it."""
        def look():
            found = self.mm.find(self.imei)
            return found and found[1]["Revision"] == self.shown(
                self.sim.state(self.imei)["version"]) \
                and found[1]["State"] == MM_DISABLED

        try:
            return bool(self.modemmanager and self.view.until(look, EXPORT_SECONDS, "exported"))
        except TimeoutError:
            return False

    def set_clock(self, seconds):
        """Sets fotad's clock to so many seconds from now."""
        with open(self.directory / "clock", "r+b" if (self.directory / "clock").exists()
                  else "wb") as clock:
            clock.write(seconds.to_bytes(8, sys.byteorder, signed=True))

    def let_pass(self, seconds):
        """So much time has passed for fotad, which nothing tells: a clock that runs is not set."""
        with open(self.directory / "clock", "r+b") as clock, mmap.mmap(clock.fileno(), 8) as mapped:
            mapped[:] = seconds.to_bytes(8, sys.byteorder, signed=True)

    @staticmethod
    def login():
        """What the FTP server takes, as a credential file holds it."""
        return f"{FTP_USER}:{FTP_PASSWORD}"

    def set_credential(self, name, secret):
        file = self.directory / "credentials" / name
        file.write_text(secret)
        file.chmod(0o600)

    @property
    def sys(self):
        """What fotad takes for /sys."""
        return pathlib.Path(self.sim.root, "sys")

    def write_sys(self, name, text):
        """One of its files, such as class/power_supply/AC/online."""
        file = self.sys / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{text}\n")

    # Programs

    def environment(self, **more):
        """For fotactl, busctl, and whoever wants to talk to fotad on the bench's bus."""
        return self.bus.environment(**more)

    def start_modemmanager(self):
        """Returns when it is on the bus; it finds the modules some seconds later."""
        command = "--debug" if self.channel == "modemmanager" else "--log-level=INFO"
        self.modemmanager = Program(
            self.place, "modemmanager",
            # Without a file of its own it writes each line to the console too, which is slow.
            [*HIGH_DESCRIPTORS, MODEMMANAGER, "--test-no-suspend-resume", command,
             f"--log-file={self.place.directory / 'modemmanager.log'}"],
            self.environment(**self.sim.environment()))
        self.bus.wait_for_name(MM_NAME)

    def stop_modemmanager(self):
        if self.modemmanager:
            program, self.modemmanager = self.modemmanager, None
            program.stop()

    def kill_modemmanager(self):
        program, self.modemmanager = self.modemmanager, None
        program.kill()

    def write_config(self, **groups):
        """The bench's own configuration with self.config laid over it, and groups over that."""
        merged = {"Manifest": {"Uri": self.uri("https"), "Salt": self.salt,
                               "CertificateAuthority": self.web.authority.certificate},
                  "Credential fw": {"Servers": self.ftp.uri.rpartition(":")[0]},
                  "Service": {"Time": "1min"},
                  "Log": {"Level": "debug"}}
        if "-asks" not in self._modules[0]:  # tests know each command that their module gets
            merged["ModuleAsks"] = {"Answer": "leave"}
        if not self.delta_name or self.model.startswith("LE910C"):  # their context has no APN
            merged["Network"] = {"Apn": "1234"}
        for layer in (self.config, groups):
            for group, keys in layer.items():
                merged.setdefault(group, {}).update(keys)
        self.config_file.write_text("".join(
            f"[{group}]\n" + "".join(f"{key}={value}\n" for key, value in keys.items()
                                     if value is not None) + "\n"
            for group, keys in merged.items()))

    def clock_environment(self):
        """For a program that shares fotad's clock, and nothing else."""
        if not self._clock:
            return {}
        return {"LD_PRELOAD": str(self.build / "tests/lib/clock-shim.so"),
                "FOTA_CLOCK": f"{self.directory}/clock"}

    def fotad_environment(self):
        options = os.environ.get("UBSAN_OPTIONS", "halt_on_error=1:print_stacktrace=1")
        devices = self.sim.environment()
        # In front: umockdev's own read() leads past whatever is behind it.
        devices["LD_PRELOAD"] = ":".join(map(str, [*self.fotad_preload, devices["LD_PRELOAD"]]))
        return self.environment(
            **devices, **STRICT, STATE_DIRECTORY=f"{self.directory}/state",
            CACHE_DIRECTORY=f"{self.directory}/cache", G_SLICE="always-malloc",
            CREDENTIALS_DIRECTORY=f"{self.directory}/credentials", UBSAN_OPTIONS=options,
            FOTA_CLOCK=f"{self.directory}/clock", **self.fotad_variables)

    def fotad_command(self):
        return [*self.fotad_wrapper, self.build / "fotad", f"--config={self.config_file}",
                f"--plugins={self.directory}/plugins",
                f"--fetch={self.fetcher.socket}"]

    def start_fotad(self, **groups):
        """Writes the configuration and returns when fotad owns its name."""
        self.write_config(**groups)
        self.fotad = Program(self.place, "fotad", self.fotad_command(), self.fotad_environment())
        self.view.until(lambda: self._owns(FOTA_NAME), 30, "fotad owns its bus name")

    def stop_fotad(self):
        """SIGTERM; fails unless fotad ends well, without a leak or anything like it."""
        if self.fotad:
            program, self.fotad = self.fotad, None
            program.stop_well()

    def kill_fotad(self):
        """As a power cut would end it."""
        program, self.fotad = self.fotad, None
        program.kill()

    @contextlib.contextmanager
    def inhibition(self):
        """fotad starts nothing inside the `with` block."""
        reply, fds = self.view.call_for_descriptors(
            FOTA_NAME, FOTA_PATH, FOTA_MANAGER, "Inhibit", GLib.Variant("(ss)", ("bench", "test")))
        try:
            yield
        finally:
            os.close(fds[reply[0]])

    def fotactl(self, *words, seconds=60 * PATIENCE, **options):
        """Runs fotactl; returns subprocess.CompletedProcess with its output as text."""
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True,
                   "stdin": subprocess.DEVNULL, **options}
        return subprocess.run([self.build / "ctl/fotactl", *map(str, words)], timeout=seconds,
                              env=self.environment(**STRICT), check=False, **options)

    def log(self):
        """What this run of fotad has logged."""
        return self.fotad.log()

    def report(self):
        """The ends of the modules' transcripts and of fotad's log, for a test that has failed."""
        parts = []
        for imei in self.imeis:
            lines = self.transcript(imei)[-200:]
            parts += [f"module {imei}:", *(f"{l.seconds:9.3f} {l.tty} {l.mark} {l.text}"
                                           for l in lines)]
        if self.fotad:
            parts += ["fotad:", self.fotad.log()[-20000:]]
        return "\n".join(parts)

    def _owns(self, name):
        return self.view.call("org.freedesktop.DBus", "/org/freedesktop/DBus",
                              "org.freedesktop.DBus", "NameHasOwner",
                              GLib.Variant("(s)", (name,)))[0]

    def _check_programs(self):
        for program in (self.sim.program, self.fotad, self.modemmanager):
            if program and program.poll() is not None:
                raise BenchError(f"{program.name} has ended by itself with status "
                                 f"{program.poll()}:\n{program.log()[-6000:]}")

    # Manifests

    def uri(self, scheme):
        """The manifest's address, for [Manifest] Uri."""
        base = {"https": self.web.uris["https"], "http": self.web.uris["http"],
                "ftp": self.ftp.uri, "file": f"file://{self.www}"}[scheme]
        return f"{base}/{{imei}}.signed"

    def update(self, **members):
        """The `update` of a manifest: one step from the old version to the new one."""
        if not self.delta_name:
            return {"id": "vendor-update", "severity": "mandatory", "toVersion": self.new, **members}
        return {"id": "b026-fota", "title": "Carrier certification", "severity": "mandatory",
                "steps": [{"fromVersion": self.old, "toVersion": self.new,
                           "delta": self.delta_member()}],
                **members}

    def insured_update(self, back_model=None, **service):
        """The same, its step with the delta that leads back."""
        content = delta(back_model or self.model, self.new, self.old, self.delta_size)
        (self.www / "back.bin").write_bytes(content)
        update = self.update(service=service)
        update["steps"][0]["back"] = {**self.delta_member("back.bin"),
                                      "sha256": hashlib.sha256(content).hexdigest()}
        return update

    def delta_member(self, name=None, credential="fw"):
        name = name or self.delta_name
        size = {"size": (self.www / name).stat().st_size} if (self.www / name).exists() else {}
        return {"uri": f"{self.ftp.uri}/{name}", "credential": credential, **size}

    def manifest(self, update, imei=None, **members):
        """A manifest of the next sequence number."""
        self.sequence += 1
        return manifest(imei or self.imei, self.sequence, update, **members)

    def publish(self, update, imei=None, **members):
        """Signs a manifest with this update and puts it on the servers."""
        self.publish_signed(self.manifest(update, imei, **members), imei)

    def publish_signed(self, content, imei=None, key=None):
        payload = to_bytes(content)
        self.publish_raw((key or self.key).sign(payload) + payload, imei)

    def publish_raw(self, data, imei=None):
        """Exactly these bytes, as one change."""
        file = self.www / f"{imei or self.imei}.signed"
        new = file.with_suffix(".new")
        new.write_bytes(data)
        # nginx tells versions apart by the second: two within one second are two nevertheless.
        self._published += 1
        os.utime(new, (self._published, self._published))
        new.rename(file)

    # Modules

    def shown(self, version):
        """What ModemManager calls this firmware: of a Quectel module only the main version."""
        return version.partition("_")[0] if self.model in ("EC25", "BG96") else version

    def module(self, imei=None):
        """A module as fotad shows it."""
        return FotaModule(self.view, imei or self.imei)

    def sim_state(self):
        state = self.sim.state(self.imei)
        return {**state, "starts": state["starts"] - self._starts}

    def transcript(self, imei=None):
        """The module's, since the bench was new, or as good as new."""
        imei = imei or self.imei
        return self.sim.transcript(imei)[self._lines[imei]:]

    def fault(self, text, imei=None):
        """Arms a fault in the simulated module; `fota-sim --list-faults` names them."""
        self.sim.command("fault", imei or self.imei, text)
