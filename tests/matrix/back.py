# SPDX-License-Identifier: LGPL-2.1-or-later
"""fotad is killed while it proves the service of a module that has none, and puts it back: the
module runs its old version again, and each of the two orders was given once."""
from rig import Kind, Rig

INSURED = Kind("me310g1", "port", insured=True)


class BackRig(Rig):
    """Each update leaves the module without service; its way back leads to where it began."""

    def make_update(self, **members):
        return {**self.bench.insured_update(), **members}

    def publish_next(self, **members):
        self.bench.register()
        super().publish_next(**members)
        self.bench.fault("no-service")

    def is_done(self, properties):
        return super().is_done(properties) and properties["LastError"][0] == "NoService"

    def wait_updated(self):
        return self.wait_done()

    def verify_updated(self, properties, updates=2):
        self.expect(properties["State"], "failed", f"state, with {properties['LastError']}")
        self.expect(self.bench.sim_state()["version"], self.bench.old, "version in the module")
        done = [line.text for line in self.transcript()
                if line.mark == "!" and line.text.startswith("version ")]
        self.expect(len(done), updates, f"updates in the module ({done})")
        self.expect([entry["result"] for entry in self.module.history(1)], ["restored"], "history")
        self.verify_in_service()

    def verify_after_kill(self, _in_doubt, _ordered):
        self.verify_updated(self.wait_updated())
        self.expect(self.orders(), 2, "orders to install")


def choose(met, order):
    """(the points of the proof and of the way back, those that are always gone through): the last of
    the deltas that must lie there before the first order, each record after it, the second order."""
    told = [point.what for point in met]
    first = told.index(f"at {order}")
    second = told.index(f"at {order}", first + 2)  # it is met before and after
    fetched = max(i for i in range(first) if "deltas" in told[i])
    record = max(i for i in range(first, second) if told[i].endswith(".json.prev"))
    records = [point for point in met[first:record] if point.what.startswith("rename")
               and point.what.endswith(".json")]
    # The blocks of a load are gone through where the module is updated.
    later = [point for point in met[first + 2:] if point.what != "at data"]
    return [met[fetched], *later], [met[fetched], *records, met[record], *met[second:second + 2]]
