# SPDX-License-Identifier: LGPL-2.1-or-later
"""What fotad depends on breaks down, in every state of an update, and comes back."""
import contextlib

from rig import NotAsStated, seconds

STATES = ("checking", "awaiting-approval", "scheduled", "downloading",
          "awaiting-install-approval", "installing", "verifying")
# Where a state is held: the command whose answer is late, in the module's seconds.
LATE = {("telit", "downloading"): "#FTPGETOTA", ("huawei", "downloading"): "^FOTADLQ",
        ("telit", "installing"): "#OTAUP", ("huawei", "installing"): "^FWUP",
        ("telit", "verifying"): "+GMR", ("huawei", "verifying"): "+GMR"}
LATE_SECONDS = 150

# With what an update may end that is disturbed: what it needs is away while it needs it.
STATED = ["ModuleGone", "ModuleSilent", "ModuleRefused", "NoAtPort", "TransferFailed",
          "DeltaServerUnreachable", "ManifestUnreachable", "BadAnswer"]
# ModemManager may die with the order to install in its hands: whether the module has it nobody knows,
# and it is not given again.
IN_DOUBT = ["OldVersion"]


# The failures. Each is over when it returns: what broke down is back.

def modemmanager_killed(rig):
    rig.bench.kill_modemmanager()
    rig.bench.start_modemmanager()


def modemmanager_restarted(rig):
    rig.bench.stop_modemmanager()
    rig.bench.start_modemmanager()


def bus_restarted(rig):
    """ModemManager does not survive this, on a real system neither; systemd starts it again."""
    rig.bench.kill_modemmanager()
    rig.bench.bus.stop_bus()
    rig.bench.bus.start_bus()
    rig.bench.view.reconnect()
    rig.bench.start_modemmanager()
    rig.bench.bus.wait_for_name("org.fotad.Fota1", 60)


def manifest_server_killed(rig):
    rig.bench.web.kill()
    rig.bench.web.start()


def delta_server_killed(rig):
    server = rig.bench.ftp if rig.kind.vendor == "telit" else rig.bench.web
    server.kill()
    rig.bench.view.drain()
    server.start()


OF_SERVERS = (manifest_server_killed, delta_server_killed)
FAILURES = (modemmanager_killed, modemmanager_restarted, bus_restarted, *OF_SERVERS)


class Held:
    """The update stays in this state inside the `with` block, once it has come there."""

    def __init__(self, rig, state):
        self.rig, self.state = rig, state
        self.late = LATE.get((rig.kind.vendor, state))
        self.stack = contextlib.ExitStack()
        self.inhibited = False

    def __enter__(self):
        # What waits for an inhibition must have been approved, and offered without one.
        self.rig.unanswered = "awaiting-approval" if self.state == "scheduled" else self.state
        if self.state == "checking":
            self.stack.enter_context(self.rig.bench.web.frozen())
        elif self.late and self.state != "verifying":
            self.rig.bench.fault(f"slow-answer={LATE_SECONDS},on={self.late}")
        return self

    def __exit__(self, *_):
        self.rig.unanswered = None
        self.stack.close()

    def reached(self, properties):
        """Whether the update is there; on the way, what holds it there is prepared."""
        now = properties.get("State")
        if self.state == "verifying" and now == "installing":
            self.rig.bench.fault(f"slow-answer={LATE_SECONDS},on={self.late},always")
        if self.state == "scheduled" and now == "awaiting-approval" and not self.inhibited:
            self.stack.enter_context(self.rig.bench.inhibition())
            self.inhibited = True
            self.rig.unanswered = None
        return now == self.state


def disturbed(rig, state, failure):
    rig.publish_next()
    rig.start_fotad()
    rig.module.wait(lambda p: p["Modem"] != "/", 60, "the module is there")
    with Held(rig, state) as held:
        rig.check()
        rig.wait_until(held.reached, state)
        rig.fault_time = seconds()
        failure(rig)
        rig.bench.fault("clear")
    properties = rig.wait_done()
    if properties["State"] == "failed":
        in_doubt = state == "installing" and rig.orders() == 0
        rig.verify_failed(properties, STATED + IN_DOUBT if in_doubt else STATED)
        if failure is manifest_server_killed and state != "checking" and \
                rig.kind.vendor == "telit":
            raise NotAsStated("the manifest was there already")
    else:
        rig.verify_updated(properties)
    rig.end_time = seconds()
    rig.stop_fotad()
