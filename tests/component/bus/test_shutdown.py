# SPDX-License-Identifier: LGPL-2.1-or-later
"""A shutdown waits for an installation: logind's side is played by the test."""
import pathlib
import unittest

from gi.repository import Gio

from bustest import IMEI, BusTest, iterate_until

LOGIND = "org.freedesktop.login1"


class Shutdown(BusTest):
    policies = [pathlib.Path(__file__).parent / "polkit-double.conf"]
    XML = """
        <node><interface name="org.freedesktop.login1.Manager">
          <method name="Inhibit">
            <arg type="s" direction="in"/><arg type="s" direction="in"/>
            <arg type="s" direction="in"/><arg type="s" direction="in"/>
            <arg type="h" direction="out"/>
          </method>
        </interface></node>"""

    def setUp(self):
        super().setUp()
        self.questions = []
        interface = Gio.DBusNodeInfo.new_for_xml(self.XML).interfaces[0]
        self.connection.register_object("/org/freedesktop/login1", interface, self.on_call, None, None)
        self.start_logind()

    def on_call(self, _connection, _sender, _path, _interface, _method, arguments, invocation):
        self.questions.append((arguments.unpack(), invocation))

    def start_logind(self):
        self.ask_bus("RequestName", "(su)", LOGIND, 0)

    def stop_logind(self):
        self.ask_bus("ReleaseName", "(s)", LOGIND)

    def question(self):
        iterate_until(lambda: self.questions, "the question to logind")
        return self.questions.pop()

    def test_logind_restarts_before_it_answers(self):
        self.fake.tell(f"set {IMEI} state 'installing'")
        arguments, invocation = self.question()
        self.assertEqual((arguments[0], arguments[1], arguments[3]), ("shutdown", "fotad", "block"))
        self.stop_logind()
        invocation.return_dbus_error("org.freedesktop.DBus.Error.NoReply", "it has gone")
        self.start_logind()
        self.question()


if __name__ == "__main__":
    unittest.main()
