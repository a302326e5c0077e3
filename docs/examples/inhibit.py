#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""inhibit.py REASON

Inhibits new updates until its standard input ends. Needs the polkit action
org.fotad.Fota1.configure. Debian: python3-gi.
"""
import os
import sys

from gi.repository import Gio, GLib

bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
reply, descriptors = bus.call_with_unix_fd_list_sync(
    "org.fotad.Fota1", "/org/fotad/Fota1", "org.fotad.Fota1.Manager", "Inhibit",
    GLib.Variant("(ss)", ("inhibit.py", sys.argv[1])), None, Gio.DBusCallFlags.NONE, -1, None)
lock = descriptors.get(reply.unpack()[0])  # a copy
del descriptors  # closes the other copy
print("inhibited", flush=True)
sys.stdin.read()
os.close(lock)  # exiting would do the same
