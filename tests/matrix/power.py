# SPDX-License-Identifier: LGPL-2.1-or-later
"""Power is lost: by the module at each step that it has, by the gateway at each point of fotad's
that writes or orders, and by both at once. It comes back, and with it whatever the vendor says the
module does then; what fotad had not synchronised is gone."""
import kill
import points
from rig import NotAsStated, seconds

DARK_SECONDS = 20  # of the module's time
BEFORE_ORDER = {"telit": ("delta asked for", "part", "delta stored"),
                "huawei": ("state 11", "state 12", "state 30", "part"), "quectel": ()}
# Lost between the order and the first restart, an update has not begun: Telit's document tells of
# interrupted ones only.
NOT_BEGUN = "delta validated"
# Where the order includes the download, a loss in it is the end of the attempt.
FORGOTTEN = {"quectel": ("told to fetch", "FTPSTART", "part", "FTPEND")}
AWAY = ["ModuleGone", "ModuleSilent", "TransferFailed"]


def steps(rig):
    """The steps of the module in an undisturbed update, as (name, how often it came before)."""
    met, found = {}, []
    for line in rig.transcript():
        if line.mark == "!" and line.text.startswith("step "):
            name = line.text.removeprefix("step ")
            found.append((name, met.get(name, 0)))
            met[name] = met.get(name, 0) + 1
    return found


def is_at_order(name):
    return name in (NOT_BEGUN, "armed", "delta stored", "told to install", "state 40", "state 50",
                    "flashing", "away 1", "told to fetch and install", "in the update mode")


def is_forgotten(rig, name):
    return name == NOT_BEGUN or name.startswith(FORGOTTEN.get(rig.kind.vendor, ("no step",)))


def is_before_order(rig, name):
    return name.startswith(BEFORE_ORDER[rig.kind.vendor])


def offer_with_loss(rig, name, skip, dark):
    rig.publish_next()
    rig.bench.fault(f"power-lost={dark},on={name},skip={skip}")
    rig.start_fotad()
    rig.check()


def dark(rig):
    return not rig.bench.sim_state()["powered"] or "power cut" in [
        line.text for line in rig.transcript() if line.mark == "!"]


def by_the_module(rig, name, skip):
    """fotad goes on and sees its module leave."""
    offer_with_loss(rig, name, skip, DARK_SECONDS)
    rig.wait_until(lambda p: dark(rig), f"power is lost at {name}")
    rig.fault_time = seconds()
    properties = rig.wait_done()
    if properties["State"] == "failed" and is_before_order(rig, name):
        rig.verify_failed(properties, AWAY)
    elif is_forgotten(rig, name):
        rig.verify_failed(properties, ["OldVersion"])
    else:
        rig.verify_updated(properties)
    rig.end_time = seconds()
    rig.stop_fotad()


def by_both(rig, name, skip):
    """The gateway goes down in the same moment, ModemManager with it."""
    offer_with_loss(rig, name, skip, 0)
    rig.bench.sim.command("set", rig.bench.imei, f"gateway={rig.bench.fotad.pid}")
    if not rig.wait_killed():
        raise NotAsStated(f"the module never came to {name}")
    rig.bench.kill_modemmanager()
    rig.drop_unsynced()
    rig.fault_time = seconds()
    rig.bench.sim.command("power-on", rig.bench.imei)
    rig.bench.start_modemmanager()
    rig.start_fotad()
    properties = rig.wait_done()
    if is_forgotten(rig, name):
        rig.verify_failed(properties, ["OldVersion"])
    else:
        rig.verify_updated(properties)
    rig.end_time = seconds()
    rig.stop_fotad()


def points_of_gateway(met, order):
    """Where the gateway loses its power: each durable point, and around the order to install."""
    special = points.irreversible(met, order)
    return [point for point in met if point.durable or point in special]


def by_the_gateway(rig, point):
    """The module keeps its power, as in a vehicle."""
    for _ in range(kill.TRIES):
        if kill.killed_once(rig, point, drop_unsynced=True):
            return
    raise NotAsStated(f"no run came to {point}")
