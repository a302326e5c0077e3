# SPDX-License-Identifier: LGPL-2.1-or-later
"""org.fotad.Fota1(5) says what there is on D-Bus, no more and no less."""
import json
import re
import unittest

from gi.repository import Gio

from bustest import IMEI, MODULE, NAME, REPOSITORY, ROOT, BusTest, module_path
from errors import error_names

PAGE = (REPOSITORY / "docs/org.fotad.Fota1.5").read_text()
LOG_CONTROL = "/org/freedesktop/LogControl1"
ANNOUNCED = {"true": "", "const": ", constant", "false": ", not announced"}


def parts(text, heading):
    """{heading: what follows it, up to the next one}"""
    found = re.split(rf"^\.{heading} (.*)$", text, flags=re.MULTILINE)[1:]
    return dict(zip(found[::2], found[1::2]))


SECTIONS = parts(PAGE, "Sh")


def errors_in(text):
    """The names of errors behind Errors:."""
    said = text.partition("\nErrors:\n")[2]
    return set(re.findall(r"\w+", said)) & set(error_names())


def items(text):
    """The items of the outer list."""
    depth, found = 0, []
    for line in text.splitlines():
        if line.startswith(".Bl"):
            depth += 1
        elif line.startswith(".El"):
            depth -= 1
        elif line.startswith(".It Li ") and depth == 1:
            found.append(line.removeprefix(".It Li ").strip('"'))
    return found


def page_interfaces():
    """{interface: its members as they are written}"""
    return {heading.removeprefix("INTERFACE "):
            sorted(item for part in parts(text, "Ss").values() for item in items(part))
            for heading, text in SECTIONS.items() if heading.startswith("INTERFACE ")}


def arguments(list_):
    return "(" + ", ".join(f"{a.signature} {a.name}" for a in list_) + ")"


def members(interface):
    """An interface as the page is to write it."""
    found = []
    for method in interface.methods:
        answer = f" -> {arguments(method.out_args)}" if method.out_args else ""
        found.append(f"{method.name}{arguments(method.in_args)}{answer}")
    for signal in interface.signals:
        found.append(f"{signal.name}{arguments(signal.args)}")
    for prop in interface.properties:
        emits = Gio.DBusAnnotationInfo.lookup(
            prop.annotations, "org.freedesktop.DBus.Property.EmitsChangedSignal") or "true"
        writable = ", writable" if prop.flags & Gio.DBusPropertyInfoFlags.WRITABLE else ""
        found.append(f"{prop.name} {prop.signature}{writable}{ANNOUNCED[emits]}")
    return sorted(found)


class Written(unittest.TestCase):
    def test_interface_files(self):
        for file in (REPOSITORY / "dbus").glob("*.xml"):
            interface, = Gio.DBusNodeInfo.new_for_xml(file.read_text()).interfaces
            self.assertEqual(page_interfaces()[interface.name], members(interface), file)

    def test_errors(self):
        named = [item for part in parts(SECTIONS["ERROR NAMES"], "Ss").values() for item in items(part)]
        self.assertEqual(sorted(named), error_names())
        for line in re.findall(r"^Errors:\n(\.Li .*)$", PAGE, re.MULTILINE):
            called = set(line.split()[1:]) - {",", "."}
            self.assertLessEqual(called, set(named))

    def test_actions(self):
        policy = (REPOSITORY / "dbus/org.fotad.Fota1.policy").read_text()
        actions = re.findall(r'<action id="([^"]+)"', policy)
        self.assertEqual(sorted(items(SECTIONS["ACTIONS"])), sorted(actions))

    def test_action_of_each_method(self):
        """As the tables of dbus/ have them."""
        code = "".join(file.read_text() for file in (REPOSITORY / "dbus").glob("*.c"))
        checked = dict(re.findall(r'\{"(\w+)", "(org\.fotad\.Fota1\.\w+)", run_', code))
        self.assertGreater(len(checked), 8)
        checked.pop("Set")  # of LogControl1's properties
        for text in (t for h, t in SECTIONS.items() if h.startswith("INTERFACE org.fotad")):
            methods = re.split(r'^\.It Li "', parts(text, "Ss")["Methods"], flags=re.MULTILINE)[1:]
            for method in methods:
                name = method.partition("(")[0]
                said = re.search(r"^Action\n\.Li (\S+)", method, re.MULTILINE)
                self.assertEqual(said and said[1], checked.pop(name, None), name)
        self.assertEqual(checked, {})

    def methods(self, interface):
        """{method: what the page says of it}"""
        text = parts(SECTIONS[f"INTERFACE {interface}"], "Ss")["Methods"]
        return {method.partition("(")[0]: method
                for method in re.split(r'^\.It Li "', text, flags=re.MULTILINE)[1:]}

    def test_refusals_of_each_request(self):
        """As the table of policy/ has them; a method has further errors of its own."""
        names = dict(re.findall(r"^    (FOTA_REFUSAL_\w+), +/\*\*< (\w+)",
                                (REPOSITORY / "policy/fota-refusal.h").read_text(), re.MULTILINE))
        table = (REPOSITORY / "policy/fota-refusal.c").read_text()
        every = re.search(r"#define ANSWERS \((.*)\)", table)[1]
        rows = re.findall(r"^    \{(.*ON\(.*?|ANSWERS.*?), +\w+, +(\w+)\}", table, re.MULTILINE)
        self.assertGreater(len(rows), 12)
        for requests, refusal in rows:
            for request in re.findall(r"ON\((\w+)\)", requests.replace("ANSWERS", every)):
                method = request.title().replace("_", "")
                self.assertIn(names[refusal], errors_in(self.methods(MODULE)[method]), method)

    def test_methods_of_each_action(self):
        code = "".join(file.read_text() for file in (REPOSITORY / "dbus").glob("*.c"))
        checked = [(action, method) for method, action in
                   re.findall(r'\{"(\w+)", "(org\.fotad\.Fota1\.\w+)", run_', code) if method != "Set"]
        said = [(part.splitlines()[0], method)
                for part in SECTIONS["ACTIONS"].split("\n.It Li ")[1:]
                for method in re.findall(r"^\.Fn (\w+)", part, re.MULTILINE)]
        self.assertEqual(sorted(said), sorted(checked))

    def test_results(self):
        schema = json.loads((REPOSITORY / "docs/report.schema.json").read_text())
        results = sorted(schema["properties"]["result"]["enum"])
        page = re.search(r"^\.Ar result\nis\n(.*?)\.$", PAGE, re.MULTILINE | re.DOTALL)[1]
        self.assertEqual(sorted(set(re.findall(r"\b[a-z-]+\b", page)) - {"or"}), results)

    def words(self, item):
        """What the list below an item names."""
        text = parts(SECTIONS[f"INTERFACE {MODULE}"], "Ss")["Properties"]
        list_ = re.search(rf'^\.It Li "{re.escape(item)}"$.*?^\.Bl.*?$(.*?)^\.El$', text,
                          re.MULTILINE | re.DOTALL)[1]
        heads = re.findall(r"^\.It Li (.*?)(?: No \(\w+\))?$", list_, re.MULTILINE)
        return sorted(word for head in heads for word in head.split(" , "))

    def test_states(self):
        states = re.findall(r'^        \[FOTA_STATE_\w+\] = "([a-z-]+)"',
                            (REPOSITORY / "policy/fota-state.c").read_text(), re.MULTILINE)
        self.assertEqual(self.words("State s"), sorted(states))

    def test_blockers(self):
        plan = (REPOSITORY / "policy/fota-plan.h").read_text()
        listed = re.search(r"Blockers are names for machines: (.*?)\. Approval", plan, re.DOTALL)[1]
        self.assertEqual(self.words("Blockers as"), sorted(re.findall(r"`([a-z-]+)`", listed)))

    def test_update(self):
        view = (REPOSITORY / "daemon/module/fota-view.c").read_text()
        function = re.search(r"^describe_update\(.*?^}", view,
                             re.MULTILINE | re.DOTALL)[0]
        keys = re.findall(r'\(&dict, "([a-z-]+)"', function)
        self.assertEqual(self.words("Update a{sv}"), sorted(keys))


class Shown(BusTest):
    """As the running service introspects."""

    def test_interfaces(self):
        shown = {}
        for path in (ROOT, module_path(IMEI), LOG_CONTROL):
            xml, = self.call(path, "org.freedesktop.DBus.Introspectable", "Introspect")
            for interface in Gio.DBusNodeInfo.new_for_xml(xml).interfaces:
                if not interface.name.startswith("org.freedesktop.DBus."):
                    shown[interface.name] = members(interface)
        self.assertEqual(len([name for name in shown if name.startswith(NAME)]), 2)
        self.assertEqual(page_interfaces(), shown)


if __name__ == "__main__":
    unittest.main()
