#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""inhibit.py REASON

Inhibits new updates until its standard input ends. Needs the polkit action
org.fotad.Fota1.configure. The inhibition ends with fotad, too; when fotad has been restarted, it is
taken again. Debian: python3-gi.
"""
import select
import sys

from gi.repository import Gio, GLib

AGAIN_MS = 1000  # while fotad is away


def inhibit(bus, reason, flags):
    """A descriptor whose last copy ends the inhibition."""
    reply, descriptors = bus.call_with_unix_fd_list_sync(
        "org.fotad.Fota1", "/org/fotad/Fota1", "org.fotad.Fota1.Manager", "Inhibit",
        GLib.Variant("(ss)", ("inhibit.py", reason)), None, flags, -1, None)
    return open(descriptors.get(reply.unpack()[0]), "wb", buffering=0)  # a copy


def hold(bus, reason, lock):
    """Returns when standard input ends."""
    while True:
        poll = select.poll()
        poll.register(sys.stdin, select.POLLIN)
        if lock:
            poll.register(lock, 0)  # an error: fotad is gone
        for descriptor, _ in poll.poll(None if lock else AGAIN_MS):
            if descriptor != sys.stdin.fileno():
                lock.close()
                lock = None
            elif not sys.stdin.buffer.raw.read(256):
                return  # which ends the inhibition
        if not lock:
            try:
                lock = inhibit(bus, reason, Gio.DBusCallFlags.NO_AUTO_START)
            except GLib.Error as error:
                print(f"inhibit.py: {error.message}", file=sys.stderr)


system_bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
first = inhibit(system_bus, sys.argv[1], Gio.DBusCallFlags.NONE)
print("inhibited", flush=True)
hold(system_bus, sys.argv[1], first)
