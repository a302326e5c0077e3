# SPDX-License-Identifier: LGPL-2.1-or-later
"""Power is lost: by the module at each step that it has, by the gateway at each point of fotad's
that writes or orders, and by both at once. It comes back, and with it whatever the vendor says the
module does then; what fotad had not synchronised is gone."""
import dataclasses

import kill
from rig import NotAsStated, seconds, unquoted

DARK_SECONDS = 20  # of the module's time
# Steps right after the order that the module forgets. Telit's document tells of interrupted updates
# only, and one that is lost before the first restart has not begun. Where the order brings the delta
# in as well, a loss in that is the end of the attempt.
FORGOTTEN = {"ftp": ("delta validated",), "feed": ("delta validated",), "ftp-enhanced": (),
             "premium": ("accepted", "delta asked for", "part", "delta stored"), "server": (),
             "url": ("told to fetch", "FTPSTART", "HTTPSTART", "part", "FTPEND", "HTTPEND"),
             "fed": ("told to install",)}
# Steps before the order at which the module has all that it needs, and installs at its next start.
BY_ITSELF = {"server": "state 40"}
AWAY = ["ModuleGone", "ModuleSilent", "TransferFailed"]
# A module that asks by itself forgets the question as well.
OVER = ["OldVersion", "QuestionExpired"]


@dataclasses.dataclass(frozen=True)
class Step:
    name: str
    skip: int  # how often it came before
    orders: int = 0  # that were given before it
    forgotten: bool = False

    def __str__(self):
        return f"{self.name} ({self.skip + 1})"


def steps(rig):
    """The steps of the module in an undisturbed update."""
    kind = rig.kind
    met, found, orders, forgotten = {}, [], 0, False
    names = ()
    for line in rig.transcript():
        if line.mark == ">" and unquoted(line.text) in (kind.order, kind.back_order):
            orders, forgotten = orders + 1, True
            method = kind.method if orders == 1 else kind.back_method
            names = FORGOTTEN.get(method, ())
        if line.mark == "!" and line.text.startswith("step "):
            name = line.text.removeprefix("step ")
            forgotten = forgotten and name.startswith(names)
            found.append(Step(name, met.get(name, 0), orders, forgotten))
            met[name] = met.get(name, 0) + 1
    return found


def is_at_order(step):
    return step.name in ("delta validated", "armed", "delta stored", "told to install", "state 40",
                         "state 50", "flashing", "away 1", "told to fetch and install",
                         "in the update mode")


def around_order(found, number=1):
    """The steps between which the order is given, and the next."""
    first = next(i for i, step in enumerate(found) if step.orders == number)
    return found[max(first - 1, 0):first + 2]


def offer_with_loss(rig, step, dark, both=False):
    rig.publish_next()
    rig.bench.fault(f"power-lost={dark},on={step.name},skip={step.skip}")
    rig.start_fotad()
    if both:
        rig.bench.sim.command("set", rig.bench.imei, f"gateway={rig.bench.fotad.pid}")
    rig.check()


def is_dark(rig):
    return not rig.bench.sim_state()["powered"] or "power cut" in [
        line.text for line in rig.transcript() if line.mark == "!"]


def verify(rig, step, properties, again):
    """again: what failed before the order is begun again."""
    asked = rig.kind.method == "premium"
    before = step.orders == 0 and not step.name.startswith(BY_ITSELF.get(rig.kind.method, "no step"))
    if step.forgotten and step.orders == 1:
        rig.verify_failed(properties, OVER if asked else OVER[:1])
    elif before and (asked or not again):
        rig.verify_end(properties, AWAY + OVER[1:] if asked else AWAY)
    else:
        rig.verify_updated(properties)


def by_the_module(rig, step):
    """fotad goes on and sees its module leave."""
    offer_with_loss(rig, step, DARK_SECONDS)
    rig.wait_until(lambda p: is_dark(rig), f"power is lost at {step}")
    rig.fault_time = seconds()
    verify(rig, step, rig.wait_done(), False)
    rig.end_time = seconds()
    rig.stop_fotad()


def restart_all(rig):
    """The gateway comes up again, and the module with it."""
    rig.bench.kill_modemmanager()
    rig.drop_unsynced()
    rig.fault_time = seconds()
    rig.bench.sim.command("power-on", rig.bench.imei)
    rig.bench.start_modemmanager()
    rig.start_fotad()


def by_both(rig, step):
    """The gateway goes down in the same moment, ModemManager with it."""
    offer_with_loss(rig, step, 0, both=True)
    if not rig.wait_killed():
        raise NotAsStated(f"the module never came to {step}")
    restart_all(rig)
    verify(rig, step, rig.wait_done(), True)
    rig.end_time = seconds()
    rig.stop_fotad()


def in_the_proof(rig, both):
    """The new version is there, without service; nobody gives an order then."""
    rig.publish_next()
    rig.start_fotad()
    rig.check()
    rig.wait_until(rig.is_proving, "the service is proven")
    rig.bench.sim.command("power-cut", rig.bench.imei)
    if both:
        rig.bench.kill_fotad()
        restart_all(rig)
    else:
        rig.fault_time = seconds()
        rig.wait_until(lambda p: p and p["Modem"] == "/", "it has gone")
        rig.bench.sim.command("power-on", rig.bench.imei)
    rig.verify_updated(rig.wait_done())
    rig.end_time = seconds()
    rig.stop_fotad()


def by_the_gateway(rig, point):
    """The module keeps its power, as in a vehicle."""
    for _ in range(kill.TRIES):
        if kill.killed_once(rig, point, drop_unsynced=True):
            return
    raise NotAsStated(f"no run came to {point}")
