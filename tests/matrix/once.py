# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exactly once: between two orders to install the version has been read."""
from rig import unquoted


def violations(kind, transcript):
    """(number of orders, what is wrong). Between two orders the module must have been asked for its
    version and have told it: fotad asks with a command that ModemManager does not use, or with
    #SWPKGV after a +GMM, which ModemManager does not use either."""
    orders, wrong, read, asking, named = 0, [], True, set(), set()
    for line in transcript:
        if line.mark == ">" and line.text == "AT+GMM":
            named.add(line.tty)
        elif line.mark == ">" and (line.text == kind.asks_version or
                                   (line.text == "AT#SWPKGV" and line.tty in named)):
            asking.add(line.tty)
        elif line.mark == "<" and line.tty in asking and line.text[:1].isalnum() \
                and line.text not in ("OK", "ERROR"):
            asking.discard(line.tty)
            read = True
        elif line.mark == ">" and unquoted(line.text) == kind.order:
            orders += 1
            if not read:
                wrong.append(f"{kind.order} at {line.seconds} s, with no look at the version since "
                             "the one before")
            read = False
            named.clear()
    return orders, wrong


def check(rig, result):
    """Of all that this rig's module has heard; what is wrong becomes the result's problem."""
    orders, wrong = violations(rig.kind, rig.bench.sim.transcript(rig.bench.imei))
    if wrong:
        result.problem = "\n".join([*wrong, result.problem])
    return orders
