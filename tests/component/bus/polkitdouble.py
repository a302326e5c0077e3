# SPDX-License-Identifier: LGPL-2.1-or-later
"""polkit's side, played by the test, to answer when the test wants it, or never."""
import pathlib

from gi.repository import Gio, GLib

from bustest import iterate_until


class PolkitDouble:
    """Beside BusTest: `questions` are those that are not answered yet."""
    policies = [pathlib.Path(__file__).parent / "polkit-double.conf"]
    XML = """
        <node><interface name="org.freedesktop.PolicyKit1.Authority">
          <method name="CheckAuthorization">
            <arg type="(sa{sv})" direction="in"/><arg type="s" direction="in"/>
            <arg type="a{ss}" direction="in"/><arg type="u" direction="in"/>
            <arg type="s" direction="in"/><arg type="(bba{ss})" direction="out"/>
          </method>
          <method name="CancelCheckAuthorization"><arg type="s" direction="in"/></method>
        </interface></node>"""

    def setUp(self):
        super().setUp()
        self.questions = []
        self.cancelled = []
        interface = Gio.DBusNodeInfo.new_for_xml(self.XML).interfaces[0]
        self.connection.register_object("/org/freedesktop/PolicyKit1/Authority", interface,
                                        self.on_call, None, None)
        self.ask_bus("RequestName", "(su)", "org.freedesktop.PolicyKit1", 0)

    def on_call(self, _connection, _sender, _path, _interface, method, arguments, invocation):
        if method == "CheckAuthorization":
            self.questions.append((*arguments.unpack(), invocation))
        else:
            self.cancelled.append(*arguments.unpack())
            invocation.return_value(None)

    def question(self):
        iterate_until(lambda: self.questions, "a question to polkit")
        return self.questions[0]

    def answer(self, allowed):
        self.questions.pop(0)[-1].return_value(GLib.Variant("((bba{ss}))",
                                                            ((allowed, False, {}),)))
