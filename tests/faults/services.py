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


FAILURES = (modemmanager_killed, modemmanager_restarted, bus_restarted, manifest_server_killed,
            delta_server_killed)


@contextlib.contextmanager
def held(rig, state):
    """The update stays in this state inside the `with` block."""
    late = LATE.get((rig.kind.vendor, state))
    with contextlib.ExitStack() as stack:
        if state == "checking":
            stack.enter_context(rig.bench.web.frozen())
        elif state == "scheduled":
            stack.enter_context(rig.bench.inhibition())
        elif late and state != "verifying":
            rig.bench.fault(f"slow-answer={LATE_SECONDS},on={late}")
        rig.unanswered = state
        try:
            yield
        finally:
            rig.unanswered = None


def reached(rig, state, properties):
    """Whether the update is there; on the way, what holds it there is prepared."""
    if state == "verifying" and properties.get("State") == "installing":
        rig.bench.fault(f"slow-answer={LATE_SECONDS},on={LATE[rig.kind.vendor, state]},always")
    return properties.get("State") == state


def disturbed(rig, state, failure):
    rig.publish_next()
    rig.bench.fault("clear")
    rig.start_fotad()
    if state != "checking":
        rig.module.wait(lambda p: p["Modem"] != "/", 60, "the module is there")
    with held(rig, state):
        rig.check()
        rig.wait_until(lambda p: reached(rig, state, p), state)
        rig.fault_time = seconds()
        failure(rig)
        rig.bench.fault("clear")
    properties = rig.wait_done()
    if properties["State"] == "failed":
        rig.verify_failed(properties, STATED)
        if failure is manifest_server_killed and state != "checking" and \
                rig.kind.vendor == "telit":
            raise NotAsStated("the manifest was there already")
    else:
        rig.verify_updated(properties)
    rig.end_time = seconds()
    rig.stop_fotad()
