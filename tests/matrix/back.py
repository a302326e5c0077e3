# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each update leaves the module without service, and the module is put back: it runs its old version
again, and each of the two orders was given once."""
import contextlib
import hashlib

from modules import BusError
from rig import NotAsStated, Rig, unquoted


class BackRig(Rig):
    """Each update leaves the module without service; its way back leads to where it began."""

    lasts = False  # whether it has none with its old version either
    to_enable = False  # ModemManager has started, which enables no modem by itself

    def meet_module(self):
        """With the service that is on record from then on."""
        self.bench.register()
        super().meet_module()

    def start_modemmanager(self):
        super().start_modemmanager()
        self.to_enable = True

    def answer(self, properties):
        """The connection manager as well, which enables a modem that it has not seen before."""
        super().answer(properties)
        if self.to_enable and properties["Modem"] != "/":
            with contextlib.suppress(BusError, TimeoutError):
                self.bench.mm.enable(self.bench.imei)
                self.to_enable = False

    def make_update(self, **members):
        update = {**self.bench.insured_update(), **members}
        back = (self.bench.www / "back.bin").read_bytes()
        self.way_back = hashlib.sha256(back).hexdigest()
        return update

    def publish_next(self, **members):
        # The case before may have left it without service.
        self.bench.sim.command("set", self.bench.imei, "registered=1")
        self.bench.register()
        super().publish_next(**members)

    def clear_faults(self):
        """The loss is armed until the new firmware has taken it."""
        super().clear_faults()
        if self.lasts or self.firmware() == self.bench.old:
            self.bench.fault("no-service" + (",always" if self.lasts else ""))

    def is_done(self, properties):
        """The end of an insured update is a failure."""
        return super().is_done(properties) and properties["State"] == "failed"

    def wait_updated(self):
        return self.wait_done()

    def is_proving(self, properties):
        return properties.get("State") == "verifying" and properties["Modem"] != "/" \
            and properties["Revision"] == self.bench.new

    def result(self):
        return self.module.history(1)[0]["result"]

    def verify_updated(self, properties, updates=2):
        """It was updated, and put back."""
        if (properties["State"], properties["LastError"][0]) != ("failed", "NoService"):
            raise NotAsStated(f"{properties['State']}, {properties['LastError']}")
        self.expect(self.firmware(), self.bench.old, "version in the module")
        done = [line.text for line in self.transcript()
                if line.mark == "!" and line.text.startswith("version ")]
        self.expect(len(done), updates, f"updates in the module ({done})")
        self.expect(self.result(), "restored", "history")
        self.verify_in_service()

    def verify_stranded(self, properties, names):
        """It could not be put back, and it is said why."""
        if (properties["State"], properties["LastError"][0]) != ("failed", "NoService"):
            raise NotAsStated(f"{properties['State']}, {properties['LastError']}")
        if not any(f"({name})" in properties["LastError"][1] for name in names):
            raise NotAsStated(f"it does not name one of {names}: {properties['LastError']}")
        self.expect(self.firmware(), self.bench.new, "version in the module")
        self.expect(self.result(), "no-service", "history")
        self.verify_in_service()

    def verify_end(self, properties, errors):
        ends = {"failed": self.verify_failed, "no-service": self.verify_stranded}
        result = self.result()
        if result in ends:
            ends[result](properties, errors)
        else:
            self.verify_updated(properties)

    def orders(self):
        wanted = (self.kind.order, self.kind.back_order)
        return [unquoted(line.text) in wanted for line in self.transcript()
                if line.mark == ">"].count(True)

    def verify_after_kill(self, _in_doubt, _ordered):
        self.verify_updated(self.wait_updated())
        self.expect(self.orders(), 2, "orders to install")


def never_served(rig, function, *arguments):
    """The same for a module that has no service with its old version either."""
    rig.lasts = True
    try:
        function(rig, *arguments)
    finally:
        rig.lasts = False


def choose(met, kind):
    """(the points of the proof and of the way back, those that are always gone through): the last of
    the deltas that must lie there before the first order, the first and the last record after it, the
    second order."""
    told = [point.what for point in met]
    first = told.index(f"at {kind.order}")
    second = told.index(f"at {kind.back_order}", first + 2)  # it is met before and after
    fetched = max(i for i in range(first) if "deltas" in told[i])
    record = max(i for i in range(first, second) if told[i].endswith(".json.prev"))
    records = [point for point in met[first:record] if point.what.startswith("rename")
               and point.what.endswith(".json")]
    # The blocks of a load are gone through where the module is updated.
    later = [point for point in met[first + 2:] if point.what != "at data"]
    return [met[fetched], *later], [met[fetched], records[0], met[record], *met[second:second + 2]]
