#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""approve.py BUSY-FILE [PIN]

Approves every update of every module, but defers it by an hour while BUSY-FILE exists. Enters the
PIN when a module requires it. Needs the group fotad-operator and, for the PIN, the right to control
ModemManager. Debian: python3-gi.
"""
import os
import sys

from gi.repository import Gio, GLib

NAME = "org.fotad.Fota1"
MODULE = "org.fotad.Fota1.Module"
MODEM_MANAGER = "org.freedesktop.ModemManager1"
PROPERTIES = "org.freedesktop.DBus.Properties"
AGAIN_SECONDS = 60  # after which an answer that fotad has not taken is given again


class Application:
    def __init__(self, busy_file, pin):
        self._busy_file = busy_file
        self._pin = pin
        self._bus = Gio.bus_get_sync(Gio.BusType.SYSTEM)
        self._bus.signal_subscribe(NAME, MODULE, None, None, None, Gio.DBusSignalFlags.NONE,
                                   self._on_signal)
        # fotad may have been restarted, or may have asked before this program ran.
        Gio.bus_watch_name_on_connection(self._bus, NAME, Gio.BusNameWatcherFlags.AUTO_START,
                                         self._on_fotad, None)

    def _call(self, name, path, interface, method, signature, *arguments):
        return self._bus.call_sync(name, path, interface, method,
                                   GLib.Variant(signature, arguments), None,
                                   Gio.DBusCallFlags.NO_AUTO_START, -1).unpack()

    def _on_fotad(self, *_):
        try:
            objects, = self._call(NAME, "/org/fotad/Fota1", "org.freedesktop.DBus.ObjectManager",
                                  "GetManagedObjects", "()")
        except GLib.Error:  # it has left again; this is called when it is back
            return
        for path, interfaces in objects.items():
            module = interfaces.get(MODULE, {})
            # An offer stands while the manifest is read again.
            if module.get("State") in ("awaiting-approval", "awaiting-install-approval",
                                       "checking") and module["Update"]:
                self._answer(path, module["Update"])

    def _on_signal(self, _bus, _sender, path, _interface, member, arguments):
        imei = path.rpartition("/")[2]
        if member == "ApprovalRequested":
            _token, _gate, update = arguments.unpack()
            self._answer(path, update)
        elif member == "UpdateFinished":
            _id, result, details = arguments.unpack()
            print(f"{imei}: {result} {details.get('text', '')}", flush=True)
        elif member == "PinRequired":
            attempts, = arguments.unpack()
            self._enter_pin(path, imei, attempts)

    def _answer(self, path, update):
        try:
            if os.path.exists(self._busy_file):
                self._call(NAME, path, MODULE, "Defer", "(st)", update["token"], 3600)
            else:
                self._call(NAME, path, MODULE, "Approve", "(s)", update["token"])
        except GLib.Error as error:
            # StaleToken: the offer is another one by then, or there is none.
            print(f"{path}: {error.message}", file=sys.stderr)
            GLib.timeout_add_seconds(AGAIN_SECONDS, self._on_fotad)

    def _enter_pin(self, path, imei, attempts):
        if self._pin is None or attempts in (0, 1):  # leave the last attempt to a person; -1 = unknown
            print(f"{imei}: the SIM wants its PIN", flush=True)
            return
        pin, self._pin = self._pin, None  # never try a wrong PIN twice
        try:
            modem, = self._call(NAME, path, PROPERTIES, "Get", "(ss)", MODULE, "Modem")
            sim, = self._call(MODEM_MANAGER, modem, PROPERTIES, "Get", "(ss)",
                              f"{MODEM_MANAGER}.Modem", "Sim")
            self._call(MODEM_MANAGER, sim, f"{MODEM_MANAGER}.Sim", "SendPin", "(s)", pin)
            self._pin = pin
            print(f"{imei}: unlocked", flush=True)
        except GLib.Error as error:
            print(f"{imei}: the PIN was not accepted: {error.message}", file=sys.stderr)


if __name__ == "__main__":
    application = Application(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None)
    GLib.MainLoop().run()
