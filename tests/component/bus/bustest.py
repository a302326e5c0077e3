# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the bus tests share: a private bus with the fake daemon on it, and ways to talk to both.

The build passes the programs' paths in FOTA_FAKE_DAEMON and FOTACTL.
"""
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))

from gi.repository import Gio, GLib  # noqa: E402
from privatebus import REPOSITORY, PrivateBus, die_with_parent, polkit_possible  # noqa: E402, F401
from processes import PATIENCE, STRICT  # noqa: E402

NAME = "org.fotad.Fota1"
ROOT = "/org/fotad/Fota1"
MANAGER = "org.fotad.Fota1.Manager"
MODULE = "org.fotad.Fota1.Module"
PROPERTIES = "org.freedesktop.DBus.Properties"
IMEI = "353081090012345"
OTHER_IMEI = "353081090067890"
TOKEN = "0123456789abcdef0123456789abcdef"
OFFER = (f"{{'id': <'b026-fota'>, 'token': <'{TOKEN}'>, 'from': <'30.00.001-B026'>, "
         "'to': <'30.00.001-B026_FOTA'>, 'source': <'manifest'>, 'gate': <'download'>, "
         "'rehearsal': <false>, 'steps': <uint32 1>, 'size': <uint64 123456>, "
         "'severity': <'mandatory'>, 'title': <'Carrier certification'>, "
         "'deadline': <uint64 4102444800000000>, 'expected-outage': <uint32 300>}")
CALL_LIMIT_MS = 20000 * PATIENCE
CALL_LIMIT_S = CALL_LIMIT_MS // 1000


def module_path(imei):
    return f"{ROOT}/Module/{imei}"


def make_offer(**members):
    """OFFER with other members, in GVariant's text format."""
    text = OFFER
    for name, value in members.items():
        text, n = re.subn(rf"'{name}': <[^>]*>", f"'{name}': <{value}>", text)
        assert n == 1, name
    return text


def iterate_until(condition, what):
    """Runs the main loop until it holds."""
    limit = []
    timer = GLib.timeout_add(CALL_LIMIT_MS, lambda: limit.append(True))
    while not condition():
        if limit:
            raise TimeoutError(f"waited in vain for {what}")
        GLib.MainContext.default().iteration(True)
    GLib.source_remove(timer)


class FakeDaemon:
    """The program tests/component/bus/fake-daemon; the commands are explained there."""

    def __init__(self, bus, *imeis, user=None):
        become = ["setpriv", "--reuid", user, "--regid", "nogroup", "--clear-groups"] if user else []
        self._process = subprocess.Popen(
            [*become, os.environ["FOTA_FAKE_DAEMON"], *imeis], env=bus.environment(**STRICT), text=True,
            bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE, preexec_fn=die_with_parent)
        self.heard = []
        try:
            self._wait_for("ready")
        except RuntimeError:
            self.stop()
            raise

    def pid(self):
        return self._process.pid

    def tell(self, command):
        """Gives a command and waits until it is done."""
        self._process.stdin.write(command + "\n")
        self._wait_for("ok")

    def wait_heard(self, prefix):
        """Waits until an application has asked for it; returns the whole line."""
        return self._wait_for(prefix)

    def asked(self):
        """What applications have asked for since the last time."""
        self.tell(f"set {IMEI} next-check 0")  # everything before it has been told then
        heard, self.heard = self.heard, []
        return heard

    def stop(self):
        """Returns the exit status; a sanitizer's finding is one other than 0."""
        self._process.stdin.close()
        self._process.stdout.close()
        return self._process.wait(CALL_LIMIT_S)

    def _wait_for(self, prefix):
        for line in iter(self._process.stdout.readline, ""):
            line = line.rstrip("\n")
            if line != "ok":
                self.heard.append(line)
            if line.startswith(prefix):
                return line
        raise RuntimeError(f"the fake daemon ended, status {self._process.wait()}")


class Watcher:
    """The signals that reach this process from the fake daemon, in their order."""

    def __init__(self, connection):
        self.signals = []
        connection.signal_subscribe(
            NAME, None, None, None, None, Gio.DBusSignalFlags.NONE,
            lambda _c, _sender, path, interface, member, arguments:
            self.signals.append((path, interface, member, arguments.unpack())))
        connection.call_sync("org.freedesktop.DBus", "/org/freedesktop/DBus",
                             "org.freedesktop.DBus", "GetId", None, None, Gio.DBusCallFlags.NONE,
                             CALL_LIMIT_MS, None)  # the subscription is in force now

    def wait(self, member, count=1, path=None):
        """Waits until `count` signals of that name have come (from that path); returns them all."""
        def found():
            return [s for s in self.signals if s[2] == member and path in (None, s[0])]

        iterate_until(lambda: len(found()) >= count, f"{count} {member}")
        return found()


class BusTest(unittest.TestCase):
    """A bus a class and a fake daemon with one module a test."""
    polkit = False
    rules = ""
    daemon_user = None
    policies = ()

    @classmethod
    def setUpClass(cls):
        if os.geteuid() != 0:
            raise unittest.SkipTest("needs root: the bus gives fotad's name to nobody else")
        cls.bus = PrivateBus(polkit=cls.polkit, rules=cls.rules, policies=cls.policies)
        cls.addClassCleanup(cls.bus.stop)
        cls.bus.start()

    def setUp(self):
        self.connection = self.bus.connect()
        self.addCleanup(self.close)
        self.fake = FakeDaemon(self.bus, user=self.daemon_user)
        self.addCleanup(self.stop_fake)
        self.fake.tell(f"add {IMEI}")

    def close(self):
        if not self.connection.is_closed():
            self.connection.close_sync(None)

    def stop_fake(self):
        if self.fake is not None:
            self.assertEqual(self.fake.stop(), 0)
            self.fake = None

    def ask_bus(self, method, signature="()", *arguments):
        """Calls a method of the bus itself; its one value, None when it has none."""
        return (self.connection.call_sync(
            "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", method,
            GLib.Variant(signature, arguments), None, Gio.DBusCallFlags.NONE, CALL_LIMIT_MS,
            None).unpack() or [None])[0]

    def call(self, path, interface, member, signature="()", *arguments):
        """Calls a method; what it returns, unpacked."""
        answer = self.connection.call_sync(
            NAME, path, interface, member, GLib.Variant(signature, arguments), None,
            Gio.DBusCallFlags.NONE, CALL_LIMIT_MS, None)
        return answer.unpack()

    def call_module(self, member, signature="()", *arguments, imei=IMEI):
        return self.call(module_path(imei), MODULE, member, signature, *arguments)

    def get(self, path, interface, name):
        answer = self.connection.call_sync(
            NAME, path, PROPERTIES, "Get", GLib.Variant("(ss)", (interface, name)), None,
            Gio.DBusCallFlags.NONE, CALL_LIMIT_MS, None)
        return answer.get_child_value(0).get_variant()

    def assert_error(self, name, function, *arguments, **named):
        """The call fails with exactly this D-Bus error; returns its text."""
        with self.assertRaises(GLib.Error) as caught:
            function(*arguments, **named)
        self.assertEqual(Gio.DBusError.get_remote_error(caught.exception), name,
                         caught.exception.message)
        Gio.DBusError.strip_remote_error(caught.exception)
        return caught.exception.message
