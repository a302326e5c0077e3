# SPDX-License-Identifier: LGPL-2.1-or-later
"""What fotad and ModemManager show on the bus, and waiting for it by their signals."""
import dataclasses
import json

from gi.repository import Gio, GLib

from processes import PATIENCE

FOTA_NAME = "org.fotad.Fota1"
FOTA_PATH = "/org/fotad/Fota1"
FOTA_MODULE = "org.fotad.Fota1.Module"
FOTA_MANAGER = "org.fotad.Fota1.Manager"
FOTA_ERROR = "org.fotad.Fota1.Error."
MM_NAME = "org.freedesktop.ModemManager1"
MM_PATH = "/org/freedesktop/ModemManager1"
MM_MODEM = "org.freedesktop.ModemManager1.Modem"
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECT_MANAGER = "org.freedesktop.DBus.ObjectManager"

MM_DISABLED, MM_REGISTERED, MM_CONNECTED = 3, 8, 11  # of MMModemState

CALL_SECONDS = 30
# Conditions that no signal announces (a log, the simulator's state) are looked at this often.
LOOK_AGAIN_MS = 200
# In the name of an error: there is no such program, or no such object.
GONE = ("ServiceUnknown", "NoReply", "NameHasNoOwner", "UnknownObject", "UnknownMethod")


class BusError(Exception):
    """A D-Bus error as the caller gets it. name: the last part of fotad's, else the whole."""

    def __init__(self, error):
        full = Gio.dbus_error_get_remote_error(error) or ""
        self.name = full.removeprefix(FOTA_ERROR)
        self.text = error.message.removeprefix(f"GDBus.Error:{full}: ")
        super().__init__(f"{self.name}: {self.text}")


@dataclasses.dataclass
class Signal:
    path: str
    interface: str
    name: str
    arguments: tuple


class BusView:
    """One connection to the bench's bus, the signals it has heard, and waiting for more.

    check: called while waiting; raises when waiting has become pointless."""

    def __init__(self, bus, check=lambda: None):
        self.signals = []
        self._check = check
        self._bus = bus
        self.reconnect()

    def reconnect(self):
        """After the bus was lost: a new connection, the signals heard so far kept."""
        self._connection = self._bus.connect()
        self._connection.signal_subscribe(None, None, None, None, None, Gio.DBusSignalFlags.NONE,
                                          self._heard)

    def _heard(self, _connection, _sender, path, interface, name, arguments):
        self.signals.append(Signal(path, interface, name, arguments.unpack()))

    def call(self, destination, path, interface, method, arguments=None, reply=None,
             seconds=CALL_SECONDS):
        """A method call; returns the reply's arguments."""
        return self.ask(destination, path, interface, method, arguments, reply, seconds).unpack()

    def ask(self, destination, path, interface, method, arguments=None, reply=None,
            seconds=CALL_SECONDS):
        """The same, the arguments as they came: to unpack much takes its time."""
        try:
            return self._connection.call_sync(
                destination, path, interface, method, arguments,
                GLib.VariantType(reply) if reply else None, Gio.DBusCallFlags.NO_AUTO_START,
                seconds * PATIENCE * 1000, None)
        except GLib.Error as error:
            raise BusError(error) from None

    def call_for_descriptors(self, destination, path, interface, method, arguments):
        """A method call; returns the reply's arguments, and the descriptors that came with it."""
        answer, fds = self._connection.call_with_unix_fd_list_sync(
            destination, path, interface, method, arguments, None,
            Gio.DBusCallFlags.NO_AUTO_START, CALL_SECONDS * PATIENCE * 1000, None, None)
        return answer.unpack(), fds.steal_fds()

    def get_all(self, destination, path, interface):
        return self.call(destination, path, PROPERTIES, "GetAll",
                         GLib.Variant("(s)", (interface,)))[0]

    def look_at(self, destination, path, interface):
        """The properties of one object; nothing while it, or its owner, is not there. With many
        modules this is much less than all objects."""
        return self._unless_gone(lambda: self.get_all(destination, path, interface))

    def objects(self, destination, path):
        """Everything below an ObjectManager; nothing while its owner is not there."""
        return self._unless_gone(
            lambda: self.call(destination, path, OBJECT_MANAGER, "GetManagedObjects")[0])

    def with_interface(self, destination, path, interface):
        """(path, properties as they came) of each object that has this interface."""
        answer = self._unless_gone(
            lambda: self.ask(destination, path, OBJECT_MANAGER, "GetManagedObjects"))
        objects = answer.get_child_value(0) if answer else None
        for i in range(objects.n_children() if objects else 0):
            entry = objects.get_child_value(i)
            properties = entry.get_child_value(1).lookup_value(interface, None)
            if properties:
                yield entry.get_child_value(0).get_string(), properties

    @staticmethod
    def _unless_gone(ask):
        try:
            return ask()
        except BusError as error:
            if any(word in error.name for word in GONE):
                return {}
            raise

    def until(self, condition, seconds, what):
        """Waits until condition() is true and returns its value; looks again at each signal.
        seconds: on a machine that has nothing else to do."""
        expired = []
        context = GLib.MainContext.default()
        limit = GLib.timeout_source_new(int(seconds * PATIENCE * 1000))
        limit.set_callback(lambda *_: expired.append(True))
        limit.attach(context)
        again = GLib.timeout_source_new(LOOK_AGAIN_MS)
        again.set_callback(lambda *_: True)
        again.attach(context)
        try:
            while True:
                value = condition()
                if value:
                    return value
                self._check()
                if expired:
                    raise TimeoutError(f"not within {seconds * PATIENCE} s: {what}")
                context.iteration(True)
        finally:
            limit.destroy()
            again.destroy()

    def drain(self):
        """Takes the signals that have arrived so far."""
        context = GLib.MainContext.default()
        while context.iteration(False):
            pass

    def close(self):
        self._connection.close_sync(None)


class FotaModule:
    """One module as fotad shows it: module["State"], module.approve(), module.wait_state() ..."""

    def __init__(self, view, imei):
        self.imei = imei
        self.path = f"{FOTA_PATH}/Module/{imei}"
        self._view = view

    def __getitem__(self, name):
        return self._view.get_all(FOTA_NAME, self.path, FOTA_MODULE)[name]

    def call(self, method, signature=None, *arguments):
        return self._view.call(FOTA_NAME, self.path, FOTA_MODULE, method,
                               GLib.Variant(signature, arguments) if signature else None)

    def check(self):
        self.call("Check")

    def checked(self, seconds=60):
        """Check(); returns the properties when it is done."""
        before = self["LastCheck"]
        self.check()
        return self.wait(lambda p: p["LastCheck"] != before and p["State"] != "checking", seconds,
                         "checked")

    def approve(self, token=None):
        self.call("Approve", "(s)", self.token() if token is None else token)

    def reject(self, token=None, reason=""):
        self.call("Reject", "(ss)", self.token() if token is None else token, reason)

    def defer(self, seconds, token=None):
        self.call("Defer", "(st)", self.token() if token is None else token, seconds)

    def cancel(self, token=None):
        self.call("Cancel", "(s)", self.token() if token is None else token)

    def plan(self):
        return json.loads(self.call("Plan")[0])

    def history(self, maximum=0):
        return self.call("GetHistory", "(u)", maximum)[0]

    def token(self):
        return self["Update"]["token"]

    def error(self):
        """LastError: its name, "" when there is none."""
        return self["LastError"][0]

    def changes(self, name, since=0):
        """The values that PropertiesChanged has given for one property, repetitions left out."""
        self._view.drain()
        values = []
        for signal in self._view.signals[since:]:
            if signal.path == self.path and signal.name == "PropertiesChanged":
                value = signal.arguments[1].get(name)
                if value is not None and values[-1:] != [value]:
                    values.append(value)
        return values

    def position(self, name, value, since=0):
        """Where among all signals a property was first said to have this value."""
        self._view.drain()
        return next(i for i, signal in enumerate(self._view.signals)
                    if i >= since and signal.path == self.path
                    and signal.name == "PropertiesChanged"
                    and signal.arguments[1].get(name) == value)

    def heard(self, name, since=0):
        """The arguments of its own signals of this name."""
        self._view.drain()
        return [signal.arguments for signal in self._view.signals[since:]
                if signal.path == self.path and signal.interface == FOTA_MODULE
                and signal.name == name]

    def mark(self):
        """A position for `since`."""
        self._view.drain()
        return len(self._view.signals)

    def wait(self, condition, seconds, what):
        """Waits until condition(properties) is true; returns the properties."""
        def look():
            properties = self._view.look_at(FOTA_NAME, self.path, FOTA_MODULE)
            return properties if properties and condition(properties) else None

        return self._until(look, seconds, what)

    def _until(self, condition, seconds, what):
        try:
            return self._view.until(condition, seconds, what)
        except TimeoutError as error:
            properties = self._view.objects(FOTA_NAME, FOTA_PATH).get(self.path, {})
            raise TimeoutError(f"{error}; fotad shows {properties}") from None

    def wait_state(self, *states, seconds=60):
        return self.wait(lambda p: p["State"] in states, seconds, f"State {' or '.join(states)}")

    def wait_finished(self, since=0, seconds=120):
        """Waits for UpdateFinished; returns (id, result, details)."""
        return self._until(lambda: (self.heard("UpdateFinished", since) or [None])[-1],
                           seconds, "UpdateFinished")


class ModemManagerView:
    """ModemManager's modems."""

    def __init__(self, view):
        self._view = view

    def modems(self):
        """{object path: properties}"""
        return {path: properties.unpack() for path, properties
                in self._view.with_interface(MM_NAME, MM_PATH, MM_MODEM)}

    def find(self, imei):
        """(path, properties) of the module, None while ModemManager does not export it."""
        for path, properties in self._view.with_interface(MM_NAME, MM_PATH, MM_MODEM):
            told = properties.lookup_value("EquipmentIdentifier", None)
            if told and told.get_string() == imei:
                return path, properties.unpack()
        return None

    def wait_for(self, imei, seconds=60, revision=None):
        """Waits until ModemManager exports the module (with this firmware)."""
        def look():
            found = self.find(imei)
            if found and (revision is None or found[1].get("Revision") == revision):
                return found
            return None

        return self._view.until(look, seconds, f"ModemManager exports {imei} {revision or ''}")

    def enable(self, imei):
        """From then on ModemManager looks at the module's radio."""
        path, _ = self.wait_for(imei)
        self._view.call(MM_NAME, path, MM_MODEM, "Enable", GLib.Variant("(b)", (True,)),
                        seconds=90)

    def connect(self, imei, apn):
        """Puts the host's data call up, as a connection manager does."""
        path, _ = self.wait_for(imei)
        self._view.call(MM_NAME, path, f"{MM_MODEM}.Simple", "Connect",
                        GLib.Variant("(a{sv})", ({"apn": GLib.Variant("s", apn)},)), seconds=90)

    def send_pin(self, imei, pin):
        """Enters the SIM's PIN, as an application does."""
        _, modem = self.wait_for(imei)
        self._view.call(MM_NAME, modem["Sim"], "org.freedesktop.ModemManager1.Sim", "SendPin",
                        GLib.Variant("(s)", (pin,)))

    def wait_connected(self, imei, seconds=90):
        def look():
            found = self.find(imei)
            return found and found[1]["State"] == MM_CONNECTED

        return self._view.until(look, seconds, f"the data call of {imei} is up")

    def gone(self, since=0):
        """How often a modem object has left the bus."""
        self._view.drain()
        return [signal.arguments[0] for signal in self._view.signals[since:]
                if signal.name == "InterfacesRemoved" and MM_MODEM in signal.arguments[1]]
