# SPDX-License-Identifier: LGPL-2.1-or-later
"""The D-Bus API, as an application meets it."""
import os
import unittest

from gi.repository import Gio, GLib

from bustest import (IMEI, MANAGER, MODULE, NAME, OFFER, OTHER_IMEI, PROPERTIES, REPOSITORY, ROOT,
                     TOKEN, BusTest, FakeDaemon, Watcher, module_path)

ERROR = "org.fotad.Fota1.Error."


def describe(interface):
    """An interface as plain data: what a caller can rely on, without the order."""
    def arguments(list_):
        return tuple((a.name, a.signature) for a in list_)

    def emits(member):
        value = Gio.DBusAnnotationInfo.lookup(member.annotations,
                                              "org.freedesktop.DBus.Property.EmitsChangedSignal")
        return value or "true"

    return {
        "methods": {m.name: (arguments(m.in_args), arguments(m.out_args))
                    for m in interface.methods},
        "signals": {s.name: arguments(s.args) for s in interface.signals},
        "properties": {p.name: (p.signature, int(p.flags), emits(p))
                       for p in interface.properties},
    }


class Introspection(BusTest):
    def introspect(self, path):
        xml, = self.call(path, "org.freedesktop.DBus.Introspectable", "Introspect")
        return Gio.DBusNodeInfo.new_for_xml(xml)

    def assert_as_written(self, path, name):
        written = Gio.DBusNodeInfo.new_for_xml((REPOSITORY / "dbus" / f"{name}.xml").read_text())
        shown = self.introspect(path).lookup_interface(name)
        self.assertIsNotNone(shown)
        self.assertEqual(describe(shown), describe(written.lookup_interface(name)))

    def test_manager(self):
        self.assert_as_written(ROOT, MANAGER)

    def test_module(self):
        self.assert_as_written(module_path(IMEI), MODULE)

    def test_no_other_interface_of_ours(self):
        for path in (ROOT, module_path(IMEI)):
            ours = [i.name for i in self.introspect(path).interfaces if i.name.startswith(NAME)]
            self.assertEqual(len(ours), 1)

    def test_tree(self):
        nodes = {n.path for n in self.introspect(f"{ROOT}/Module").nodes}
        self.assertEqual(nodes, {IMEI})


class Properties(BusTest):
    CASES = [  # GObject's name, value, the same on D-Bus
        ("manufacturer", "'Telit'", "Manufacturer"),
        ("model", "'LE910C1'", "Model"),
        ("revision", "'25.30'", "Revision"),
        ("plugin", "'quectel'", "Plugin"),
        ("listening", "'yes'", "Listening"),
        ("modem", "objectpath '/org/freedesktop/ModemManager1/Modem/3'", "Modem"),
        ("state", "'awaiting-install-approval'", "State"),
        ("progress", "uint32 47", "Progress"),
        ("bytes-received", "uint64 5000000000", "BytesReceived"),
        ("bytes-total", "uint64 6000000000", "BytesTotal"),
        ("blockers", "['window', 'signal']", "Blockers"),
        ("last-error", "('NoSignal', 'The module has no signal')", "LastError"),
        ("last-check", "uint64 1795236802000000", "LastCheck"),
        ("next-check", "uint64 1795323202000000", "NextCheck"),
        ("update", OFFER, "Update"),
        ("service", "{'registered': <true>, 'operator': <'26201'>}", "Service"),
    ]

    def test_each_is_read_and_announced(self):
        watcher = Watcher(self.connection)
        for name, value, bus_name in self.CASES:
            with self.subTest(property=bus_name):
                expected = GLib.Variant.parse(None, value, None, None)
                watcher.signals.clear()
                self.fake.tell(f"set {IMEI} {name} {value}")
                signal, = watcher.wait("PropertiesChanged")
                self.assertEqual(signal[0], module_path(IMEI))
                self.assertEqual(signal[3], (MODULE, {bus_name: expected.unpack()}, []))
                self.assertTrue(self.get(module_path(IMEI), MODULE, bus_name).equal(expected))

    def test_cases_are_complete(self):
        everything = self.call(module_path(IMEI), PROPERTIES, "GetAll", "(s)", MODULE)[0]
        self.assertEqual(set(everything), {bus_name for _, _, bus_name in self.CASES} | {"Imei"})
        self.assertEqual(everything["Imei"], IMEI)

    def test_cannot_be_written(self):
        self.assert_error("org.freedesktop.DBus.Error.PropertyReadOnly", self.call,
                          module_path(IMEI), PROPERTIES, "Set", "(ssv)", MODULE, "State",
                          GLib.Variant("s", "idle"))

    def test_variants_of_every_type(self):
        update = ("{'b': <true>, 'y': <byte 0x2a>, 'n': <int16 -3>, 'q': <uint16 3>, 'i': <-4>, "
                  "'u': <uint32 4>, 'x': <int64 -5>, 't': <uint64 5>, 'd': <0.5>, 's': <'ü'>, "
                  "'o': <objectpath '/a'>, 'g': <signature 'a{sv}'>, 'v': <<'deep'>>, "
                  "'as': <['a', 'b']>, 'empty': <@as []>, 'st': <('a', uint32 1)>, "
                  "'dict': <{'k': <[1, 2]>}>, 'aa': <[{'id': <'1'>}, {}]>}")
        self.fake.tell(f"set {IMEI} update {update}")
        value = self.get(module_path(IMEI), MODULE, "Update")
        self.assertTrue(value.equal(GLib.Variant.parse(None, update, None, None)), value.print_(1))

    def test_manager(self):
        self.assertRegex(self.get(ROOT, MANAGER, "Version").unpack(), r"^\d+\.\d+")
        self.assertEqual(self.get(ROOT, MANAGER, "Modules").unpack(), [module_path(IMEI)])
        self.assertIs(self.get(ROOT, MANAGER, "Inhibited").unpack(), False)


class Signals(BusTest):
    def test_approval_requested(self):
        self.fake.tell(f"set {IMEI} update {OFFER}")
        watcher = Watcher(self.connection)
        self.fake.tell(f"offer {IMEI} download")
        path, interface, _, (token, gate, update) = watcher.wait("ApprovalRequested")[0]
        self.assertEqual((path, interface, token, gate),
                         (module_path(IMEI), MODULE, TOKEN, "download"))
        self.assertEqual(update["expected-outage"], 300)

    def test_pin_is_required(self):
        watcher = Watcher(self.connection)
        self.fake.tell(f"pin {IMEI} -1")
        path, interface, _, attempts = watcher.wait("PinRequired")[0]
        self.assertEqual((path, interface, attempts), (module_path(IMEI), MODULE, (-1,)))

    def test_state_is_announced_before_the_end(self):
        self.fake.tell(f"set {IMEI} update {OFFER}")
        watcher = Watcher(self.connection)
        self.call_module("Cancel", "(s)", TOKEN)  # sets State, then emits, in one turn of the loop
        id_, result, details = watcher.wait("UpdateFinished")[0][3]
        self.assertEqual((id_, result, details), ("b026-fota", "cancelled", {}))
        heard = [s[2] if s[2] == "UpdateFinished" else set(s[3][1]) for s in watcher.signals]
        self.assertIn({"State"}, heard[:heard.index("UpdateFinished")])

    def test_a_new_module(self):
        watcher = Watcher(self.connection)
        self.fake.tell(f"add {OTHER_IMEI}")
        path, _, _, (object_path, interfaces) = watcher.wait("InterfacesAdded")[0]
        self.assertEqual((path, object_path), (ROOT, module_path(OTHER_IMEI)))
        self.assertEqual(interfaces[MODULE]["Imei"], OTHER_IMEI)
        changed = watcher.wait("PropertiesChanged")[0][3]
        self.assertEqual(changed, (MANAGER, {"Modules": [module_path(IMEI),
                                                         module_path(OTHER_IMEI)]}, []))

    def test_managed_objects(self):
        self.fake.tell(f"add {OTHER_IMEI}")
        objects, = self.call(ROOT, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects")
        modules = {path: o[MODULE]["Imei"] for path, o in objects.items() if MODULE in o}
        self.assertEqual(modules, {module_path(i): i for i in (IMEI, OTHER_IMEI)})


class Methods(BusTest):
    """Called by root, that is without polkit."""

    ANSWERS = (("Approve", "(s)", []), ("Reject", "(ss)", [""]), ("Defer", "(st)", [60]),
               ("Cancel", "(s)", []))

    def setUp(self):
        super().setUp()
        self.fake.tell(f"set {IMEI} update {OFFER}")
        self.fake.tell(f"set {IMEI} state 'awaiting-approval'")
        self.fake.asked()

    def test_what_arrives(self):
        self.call_module("Check")
        self.assertEqual(self.call_module("AskVersion"), ("30.00.001-B026",))
        self.call_module("Defer", "(st)", TOKEN, 3600)
        self.call_module("Approve", "(s)", TOKEN)
        self.call_module("Rehearse")
        self.call_module("Cancel", "(s)", TOKEN)
        self.call_module("Reject", "(ss)", TOKEN, "not today")
        self.call(ROOT, MANAGER, "CheckAll")
        self.assertEqual(self.fake.asked(), [
            f"check {IMEI}", f"ask version {IMEI}", f"defer {IMEI} {TOKEN} 3600", f"approve {IMEI} {TOKEN}",
            f"rehearse {IMEI}", f"cancel {IMEI} {TOKEN}", f"reject {IMEI} {TOKEN} not today",
            "check all"])

    def test_stale_token(self):
        for member, signature, more in self.ANSWERS:
            with self.subTest(member=member):
                text = self.assert_error(ERROR + "StaleToken", self.call_module, member, signature,
                                         "f" * 32, *more)
                self.assertTrue(text)
        self.assertEqual(self.fake.asked(), [])

    def test_answer_that_could_not_be_written(self):
        self.fake.tell(f"set {IMEI} last-error ('RecordNotWritable', 'no space left')")
        for member, signature, more in self.ANSWERS:
            with self.subTest(member=member):
                self.fake.tell(f"set {IMEI} update {OFFER}")
                text = self.assert_error(ERROR + "RecordNotWritable", self.call_module, member,
                                         signature, TOKEN, *more)
                self.assertIn("no space left", text)

    def test_nothing_offered(self):
        self.fake.tell(f"set {IMEI} update {{}}")
        self.assert_error(ERROR + "NothingOffered", self.call_module, "Approve", "(s)", TOKEN)

    def test_defer_beyond_the_limit(self):
        self.assert_error(ERROR + "DeferTooLong", self.call_module, "Defer", "(st)", TOKEN, 604801)
        self.assertEqual(self.fake.asked(), [])

    def test_cancel_once_installing(self):
        self.fake.tell(f"set {IMEI} state 'installing'")
        text = self.assert_error(ERROR + "NotCancellable", self.call_module, "Cancel", "(s)", TOKEN)
        self.assertIn(IMEI, text)
        self.assertEqual(self.get(module_path(IMEI), MODULE, "State").unpack(), "installing")

    def test_absent_module(self):
        self.fake.tell(f"set {IMEI} state 'absent'")
        for member in ("Check", "AskVersion", "Rehearse", "Query"):
            self.assert_error(ERROR + "ModuleAbsent", self.call_module, member)

    def test_bad_configuration(self):
        text = self.assert_error(ERROR + "BadConfiguration", self.call, ROOT, MANAGER, "Reload")
        self.assertIn("fotad.conf:3", text)

    def test_wrong_arguments(self):
        self.assert_error("org.freedesktop.DBus.Error.InvalidArgs", self.call_module, "Approve",
                          "(u)", 1)
        self.assert_error("org.freedesktop.DBus.Error.UnknownObject", self.call_module, "Check",
                          imei="000000000000000")

    def test_text_without_end(self):
        for member, signature, arguments in (("Reject", "(ss)", [TOKEN, "x" * 1025]),
                                             ("Approve", "(s)", ["x" * 1025])):
            self.assert_error("org.freedesktop.DBus.Error.InvalidArgs", self.call_module, member,
                              signature, *arguments)
        self.assertEqual(self.fake.asked(), [])
        self.call_module("Reject", "(ss)", TOKEN, "x" * 1024)

    def test_query(self):
        identity, = self.call_module("Query")
        self.assertEqual(identity["own-numbers"], ["+15551234567"])

    def test_report(self):
        self.fake.tell(f"set {IMEI} report '{{\"imei\":\"{IMEI}\"}}'")
        self.assertEqual(self.call_module("GetReport"), (f'{{"imei":"{IMEI}"}}',))

    def test_registration(self):
        registration, = self.call_module("GetRegistration")
        self.assertEqual(registration["imei"], IMEI)

    def test_plan(self):
        self.assertIn(IMEI, self.call_module("Plan")[0])

    def test_history(self):
        self.fake.tell(f"set {IMEI} history [{{'id': <'b'>, 'result': <'success'>}}, "
                       "{'id': <'a'>, 'result': <'failed'>}]")
        self.assertEqual([e["id"] for e in self.call_module("GetHistory", "(u)", 0)[0]], ["b", "a"])
        self.assertEqual([e["id"] for e in self.call_module("GetHistory", "(u)", 1)[0]], ["b"])

    def test_inhibit_lasts_as_long_as_its_descriptor(self):
        watcher = Watcher(self.connection)
        _, fds = self.connection.call_with_unix_fd_list_sync(
            NAME, ROOT, MANAGER, "Inhibit", GLib.Variant("(ss)", ("test", "a reason")), None,
            Gio.DBusCallFlags.NONE, 20000, None, None)
        lock, = fds.steal_fds()
        self.fake.wait_heard("inhibit test: a reason")
        self.assertTrue(self.get(ROOT, MANAGER, "Inhibited").unpack())
        os.close(lock)
        self.fake.wait_heard("uninhibit")
        self.assertFalse(self.get(ROOT, MANAGER, "Inhibited").unpack())
        changes = [s[3][1]["Inhibited"] for s in watcher.wait("PropertiesChanged", 2, ROOT)]
        self.assertEqual(changes, [True, False])


class LogControl(BusTest):
    PATH = "/org/freedesktop/LogControl1"
    INTERFACE = "org.freedesktop.LogControl1"

    def set(self, name, value):
        self.call(self.PATH, PROPERTIES, "Set", "(ssv)", self.INTERFACE, name,
                  GLib.Variant("s", value))

    def read(self, name):
        return self.get(self.PATH, self.INTERFACE, name).unpack()

    def test_level(self):
        self.assertEqual(self.read("LogLevel"), "info")
        self.set("LogLevel", "debug")
        self.assertEqual(self.read("LogLevel"), "debug")
        self.assert_error("org.freedesktop.DBus.Error.InvalidArgs", self.set, "LogLevel", "loud")
        self.assertEqual(self.read("LogLevel"), "debug")

    def test_target(self):
        target = self.read("LogTarget")
        self.assertIn(target, ("console", "journal"))
        self.set("LogTarget", target)
        self.assert_error("org.freedesktop.DBus.Error.NotSupported", self.set, "LogTarget", "kmsg")

    def test_identifier(self):
        self.assertEqual(self.read("SyslogIdentifier"), "fotad")
        self.assert_error("org.freedesktop.DBus.Error.PropertyReadOnly", self.set,
                          "SyslogIdentifier", "other")


class Bus(BusTest):
    def test_comes_back_after_the_bus_was_gone(self):
        self.bus.stop_bus()
        self.fake.tell(f"set {IMEI} progress 12")  # must not fail without a bus
        self.bus.start_bus()
        self.bus.wait_for_name(NAME)
        self.connection = self.bus.connect()
        self.assertEqual(self.get(module_path(IMEI), MODULE, "Progress").unpack(), 12)
        watcher = Watcher(self.connection)
        self.fake.tell(f"set {IMEI} progress 13")
        self.assertEqual(watcher.wait("PropertiesChanged")[0][3][1], {"Progress": 13})

    def test_second_daemon_is_refused(self):
        with self.assertRaises(RuntimeError):
            FakeDaemon(self.bus)
        self.assertEqual(self.get(module_path(IMEI), MODULE, "Imei").unpack(), IMEI)


if __name__ == "__main__":
    unittest.main()
