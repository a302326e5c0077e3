# SPDX-License-Identifier: LGPL-2.1-or-later
"""What fotad depends on breaks down, in every state of an update, and comes back."""
import contextlib

from rig import NotAsStated, seconds

# With what an update may end that is disturbed: what it needs is away while it needs it.
STATED = ["ModuleGone", "ModuleSilent", "ModuleRefused", "NoAtPort", "TransferFailed",
          "DeltaServerUnreachable", "ManifestUnreachable", "BadAnswer"]
# ModemManager may die with the order to install in its hands: whether the module has it nobody
# knows, and it is not given again.
IN_DOUBT = ["OldVersion"]

# The states of an update, in their order, with the command that is not answered so that it is held
# there. Without one: it is held by the application, which gives no answer, or by a server. A Quectel
# module is verified until ModemManager, which looks at it again, shows it.
BEGIN = {"checking": None, "awaiting-approval": None, "scheduled": None}
FETCH = {"fetching": None}
GATE = {"awaiting-install-approval": None}
STATES = {
    "ftp": {**BEGIN, "downloading": "#FTPGETOTA", **GATE, "installing": "#OTAUP",
            "verifying": "+GMR"},
    "feed": {**BEGIN, **FETCH, "downloading": "#OTAUPW", **GATE, "installing": "#OTAUP=0",
             "verifying": "+GMM"},
    "server": {**BEGIN, "downloading": "^FOTADLQ", **GATE, "installing": "^FWUP",
               "verifying": "+GMR"},
    "url": {**BEGIN, "installing": "+QFOTADL", "verifying": "+CGMR"},
    "fed": {**BEGIN, **FETCH, "downloading": "+QFUPL", **GATE, "installing": "+QFOTADL",
            "verifying": "+CGMR"},
}
# Of an update that is undone: {as it is called here: the state that fotad shows}
BACK_STATES = {"proving": "verifying", "loading back": "downloading", "ordering back": "installing"}
LATE_SECONDS = 150


def states(kind):
    """{state: the command that holds it}"""
    if not kind.insured:
        return STATES[kind.method]
    back = STATES[kind.back_method]
    return {**FETCH, **STATES[kind.method], "proving": None, "loading back": back["downloading"],
            "ordering back": back["installing"]}


# The failures. Each is over when it returns: what broke down is back.

def modemmanager_killed(rig):
    rig.bench.kill_modemmanager()
    rig.start_modemmanager()


def modemmanager_restarted(rig):
    rig.bench.stop_modemmanager()
    rig.start_modemmanager()


def bus_restarted(rig):
    """ModemManager does not survive this, on a real system neither; systemd starts it again."""
    rig.bench.kill_modemmanager()
    rig.bench.bus.stop_bus()
    rig.bench.bus.start_bus()
    rig.bench.view.reconnect()
    rig.start_modemmanager()
    rig.bench.bus.wait_for_name("org.fotad.Fota1", 60)


def manifest_server_killed(rig):
    rig.bench.web.kill()
    rig.bench.web.start()


def delta_server_killed(rig):
    server = rig.bench.web if rig.kind.method == "server" else rig.bench.ftp
    server.kill()
    rig.bench.view.drain()
    server.start()


OF_SERVERS = (manifest_server_killed, delta_server_killed)
FAILURES = (modemmanager_killed, modemmanager_restarted, bus_restarted, *OF_SERVERS)


class Held:
    """The update stays in this state inside the `with` block, once it has come there."""

    def __init__(self, rig, state):
        self.rig, self.state = rig, state
        self.command = states(rig.kind)[state]
        self.stack = contextlib.ExitStack()
        self.armed = self.inhibited = False

    def __enter__(self):
        # What waits for an inhibition must have been approved, and offered without one.
        self.rig.unanswered = "awaiting-approval" if self.state == "scheduled" else self.state
        if self.state == "checking":
            self.stack.enter_context(self.rig.bench.web.frozen())
        elif self.state == "fetching":
            self.stack.enter_context(self.rig.bench.ftp.fault("slow"))
        elif self.command and self.state not in ("verifying", *BACK_STATES):
            self.hold()
        return self

    def __exit__(self, *_):
        self.rig.unanswered = None
        self.stack.close()

    def hold(self):
        """Until the faults are cleared. Only for a while where ModemManager asks for it too, before it
        shows the module."""
        shared = self.state == "verifying" and self.rig.kind.channel == "modemmanager"
        fault = f"slow-answer={LATE_SECONDS}" if shared else "held"
        self.rig.bench.fault(f"{fault},always,on={self.command}")
        self.armed = True

    def arm(self, now):
        """Some answers are held only from a later state on."""
        if self.armed or not self.command:
            return
        if self.state == "verifying" and now == "installing" \
                or self.state in BACK_STATES and self.rig.orders() == 1:
            self.hold()

    def reached(self, properties):
        """Whether the update is there; on the way, what holds it there is prepared."""
        now = properties.get("State")
        self.arm(now)
        if self.state == "scheduled" and now == "awaiting-approval" and not self.inhibited:
            self.stack.enter_context(self.rig.bench.inhibition())
            self.inhibited = True
            self.rig.unanswered = None
        if self.state in BACK_STATES:
            return now == BACK_STATES[self.state] and \
                properties["Revision"] == self.rig.bench.new
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
        rig.clear_faults()
    properties = rig.wait_done()
    rig.verify_end(properties, STATED + IN_DOUBT if may_be_lost(rig, state) else STATED)
    if properties["State"] == "failed" and failure is manifest_server_killed and \
            state != "checking" and rig.kind.vendor == "telit" and not rig.kind.insured:
        raise NotAsStated("the manifest was there already")
    rig.end_time = seconds()
    rig.stop_fotad()


def may_be_lost(rig, state):
    """Whether the order was under way, and has not come to the module."""
    orders = {"installing": 1, "ordering back": 2}
    return rig.orders() < orders.get(state, 0)
