# SPDX-License-Identifier: LGPL-2.1-or-later
"""What docs/architecture.md promises of the tree and of the programs that come out of it."""
import ast
import collections
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["FOTA_BUILD"])

# Room: what its sources must not include.
CLOSED = {
    "base": r"policy/|daemon/|dbus/|plugins/|ctl/|fetch/|sim/|libmm|libsoup|curl|systemd",
    "policy": r"base/fota-(?:wait|timer)|sim/|daemon/|dbus/|plugins/|ctl/|fetch/|libmm|libsoup|curl|systemd|gio/",
    "plugins": r"base/|daemon/|dbus/|policy/|ctl/|fetch/|libmm|libsoup|curl|systemd|gio/",
    "daemon": r"dbus/|ctl/|fetch/|libsoup|curl|sd-bus",
    "dbus": r"ctl/|fetch/|libmm|libsoup|curl",
    "fetch": r"daemon/|dbus/|plugins/|ctl/|libmm|systemd",
    "ctl": r"daemon/|plugins/|fetch/|libmm|libsoup|curl",
}


def sources(room):
    return [file for file in (ROOT / room).rglob("*.[ch]")]


def includes(file):
    return re.findall(r'^#include [<"]([^">]+)', file.read_text(), re.MULTILINE)


def output(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout


class Promises(unittest.TestCase):
    """docs/reliability.md and docs/security.md name a test for each promise."""

    @classmethod
    def setUpClass(cls):
        # A test in parts goes by the name of the whole.
        cls.tests = {re.sub(r"-\d$", "", test["name"]) for test in
                     json.loads(output("meson", "introspect", "--tests", str(BUILD)))}
        cls.unit = cls.read("tests/unit", "*.c") + cls.read("tests/component", "*.c")
        cls.faults = cls.read("tests/matrix", "*.py")
        cls.system = cls.read("tests/system", "*.py")
        cls.component = cls.read("tests/component", "*.py")

    @staticmethod
    def read(room, names):
        return "".join(file.read_text() for file in (ROOT / room).rglob(names))

    @staticmethod
    def rows(page):
        """The last column of each table that has a column of tests."""
        for table in re.findall(r"(?m)(?:^\|.*\n)+", page):
            head, _, *rows = table.splitlines()
            if head.split("|")[-2].strip().startswith("test"):
                yield from (row.split("|")[-2] for row in rows)

    def assert_exists(self, name):
        if name.startswith("/"):
            # Those of a table are made of its path and a name in it.
            known = f'"{name}"' in self.unit or all(
                f'"{part}"' in self.unit for part in (name[:name.index("/", 1) + 1],
                                                      name[name.index("/", 1) + 1:]))
            self.assertTrue(known, name)
        elif name.startswith("./check system "):
            self.assertIn(f"class {name.split()[-1]}(", self.system)
        elif name != "./check faults":
            self.assertTrue(name in self.tests or name in self.faults or
                            f"class {name}(" in self.component, name)

    def test_named_tests_exist(self):
        rows = [row for name in ("reliability", "security")
                for row in self.rows((ROOT / f"docs/{name}.md").read_text())]
        self.assertGreater(len(rows), 60)
        for row in rows:
            self.assertIn("`", row)
            for name in re.findall(r"`([^`]+)`", row):
                self.assert_exists(name)

    def test_each_paragraph_on_security_names_its_tests(self):
        page = re.sub(r"(?ms)^```.*?^```$|^    .*?$", "", (ROOT / "docs/security.md").read_text())
        paragraphs = [text for text in re.split(r"\n\s*\n", page)
                      if text.strip() and text.lstrip()[0] not in "#|"][1:]
        self.assertGreater(len(paragraphs), 15)
        for text in paragraphs:
            named = re.findall(r"\(((?:`[^`]+`(?:[,;]\s(?:the table: )?)?)+)\)", text)
            names = [name for group in named for name in re.findall(r"`([^`]+)`", group)
                     if re.match(r"/|\./check |[a-z-]+$", name)]
            self.assertTrue(names, text)
            for name in names:
                self.assert_exists(name)

    def test_security_names_what_the_files_say(self):
        """Rights that are granted, the drivers' groups, the exposure, and no key of ours."""
        page = (ROOT / "docs/security.md").read_text()
        policy = (ROOT / "units/org.fotad.Fota1.ModemManager.conf").read_text()
        row = next(line for line in page.splitlines() if line.startswith("| ModemManager |"))
        self.assertEqual({name.split(".")[-1] for name in re.findall(r"`([\w.]+)`",
                                                                     row.split("|")[2])},
                         set(re.findall(r'send_member="(\w+)"', policy)))
        row = next(line for line in page.splitlines() if line.startswith("| devices |"))
        unit = (ROOT / "units/fotad.service.in").read_text()
        self.assertEqual(set(re.findall(r"`(tty\w+)`", row)),
                         set(re.findall(r"^DeviceAllow=char-(\w+) rw$", unit, re.MULTILINE)))
        for action in re.findall(r'"(org\.freedesktop[\w.-]+)"',
                                 (ROOT / "units/fotad.rules").read_text()):
            self.assertIn(action.replace("org.freedesktop.ModemManager1", ""), page)
        for name, shown in re.findall(r"`systemd-analyze security (\S+)`\s+gives (\d\.\d)", page):
            name = name if name.endswith(".service") else f"{name}.service"
            told = output("systemd-analyze", "security", "--offline=yes", "--no-pager",
                          str(BUILD / "units" / name))
            self.assertRegex(told, rf"exposure level for \S+: {shown} ", name)
        self.assertEqual([file for room in ("units", "debian", "packaging")
                          for file in (ROOT / room).rglob("*.pub")], [])

    def test_bus_name_is_for_fotad_and_root(self):
        policy = (ROOT / "dbus/org.fotad.Fota1.conf").read_text()
        owners = re.findall(r'<policy (\S+)>\s*<allow own="org.fotad.Fota1"/>', policy)
        self.assertEqual(owners, ['user="fotad"', 'user="root"'])
        self.assertEqual(policy.count("own="), 2)


class EndToEnd(unittest.TestCase):
    """meson names the classes of a file that runs in parts."""

    @staticmethod
    def methods(suite):
        for test in suite:
            if isinstance(test, unittest.TestSuite):
                yield from EndToEnd.methods(test)
            else:
                yield test.id()

    def test_every_method_is_run(self):
        sys.path.insert(0, str(ROOT / "tests/e2e"))
        named = collections.defaultdict(list)
        for test in json.loads(output("meson", "introspect", "--tests", str(BUILD))):
            file = pathlib.Path(test["cmd"][1]) if len(test["cmd"]) > 1 else pathlib.Path()
            if file.parent.name == "e2e":
                named[file.stem].append(test["cmd"][3:])
        loader = unittest.TestLoader()
        self.assertEqual(set(named), {file.stem for file in (ROOT / "tests/e2e").glob("test_*.py")})
        for name, parts in named.items():
            module = importlib.import_module(name)
            run = [method for classes in parts for method in self.methods(
                loader.loadTestsFromNames(classes, module) if classes
                else loader.loadTestsFromModule(module))]
            self.assertCountEqual(run, self.methods(loader.loadTestsFromModule(module)), name)


class Rooms(unittest.TestCase):
    def test_doors_open_one_way(self):
        simulator = r"base/|policy/|daemon/|dbus/|plugins/|ctl/|fetch/|libmm|libsoup"
        for room, closed in {**CLOSED, "sim": simulator}.items():
            self.assertTrue(sources(room), room)
            for file in sources(room):
                bad = [name for name in includes(file) if re.match(closed, name)]
                self.assertEqual(bad, [], file)

    def test_no_circle_of_includes(self):
        """Files whose names begin with the name of another one are one with it."""
        names = {str(file.relative_to(ROOT))[:-2] for room in CLOSED for file in sources(room)}

        def unit(name):
            first = [other for other in names if name.startswith(f"{other}-")]
            return min(first, key=len, default=name)

        needs = {}
        for room in CLOSED:
            for file in sources(room):
                name = unit(str(file.relative_to(ROOT))[:-2])
                needs.setdefault(name, set()).update({unit(other[:-2]) for other in includes(file)})

        def visit(name, way):
            if name in way:
                self.fail(" -> ".join([*way[way.index(name):], name]))
            if name not in done:
                for other in sorted(needs.get(name, set()) - {name}):
                    visit(other, [*way, name])
                done.add(name)
        done = set()
        for name in sorted(needs):
            visit(name, [])

    def test_no_vendor_beside_its_plugin(self):
        """What a vendor's modules are called, say and are told stands in its plugin alone: elsewhere
        there are commands of 27.007 and V.250 (+C..., +G...) at most. Comments may cite."""
        def texts(file):
            return re.findall(r'"((?:[^"\\\n]|\\.)*)"',
                              re.sub(r"(?s)/\*.*?\*/|^#include [^\n]*", "", file.read_text(), flags=re.M))

        plugins = "".join(file.read_text() for file in sources("plugins"))
        words = set(re.findall(r'\.manufacturer = "(\w+)"', plugins))
        for table in re.findall(r"(?s)(?:announcements|refusals)\[\] = \{(.*?)NULL\};", plugins):
            words |= set(re.findall(r'"([^"]+)"', table))
        words |= set(re.findall(r'\{"([^"]+)", FOTA_LINE_', plugins))
        self.assertGreaterEqual(words, {"Telit", "Huawei", "Quectel", "RDY", "#DREL", "APP RDY",
                                        "COMMAND NOT SUPPORT"})
        vendor = re.compile(r"[#^$%*!@][A-Z]{3,}|\+(?![CG][A-Z])[A-Z]{2,}|\b(?:"
                            + "|".join(map(re.escape, sorted(words))) + r")", re.IGNORECASE)
        self.assertRegex("AT#OTAUP", vendor)
        for room in ("base", "policy", "daemon", "dbus"):
            for file in sources(room):
                self.assertEqual([text for text in texts(file) if vendor.search(text)], [], file)

    def test_parts_do_not_know_the_module(self):
        for file in sources("daemon/module"):
            if not file.name.startswith("fota-module"):
                self.assertNotIn("daemon/module/fota-module.h", includes(file), file)

    def test_one_writer_of_the_mark(self):
        """FotaKeeper; and the record itself, as it is read and forgotten."""
        writers = {file.name for file in sources("daemon")
                   if re.search(r"->mark = ", file.read_text())}
        self.assertEqual(writers, {"fota-keeper.c", "fota-record.c", "fota-store.c"})

    def test_only_mm_knows_libmm(self):
        knowing = {file.parent for file in sources("daemon")
                   if any("libmm" in name for name in includes(file))}
        self.assertEqual(knowing, {ROOT / "daemon/mm"})

    def test_every_file_is_licensed(self):
        for room in [*CLOSED, "tests"]:
            for file in sources(room):
                self.assertTrue(file.read_text().startswith(
                    "/* SPDX-License-Identifier: LGPL-2.1-or-later */"), file)


class Clock(unittest.TestCase):
    """GLib and its like may have a time_t of 32 bits where ours has 64 (docs/building.md)."""

    def test_no_time_crosses_to_another_library(self):
        closed = (r"\b(g_get_real_time|g_date_time_new_now\w*|g_get_current_time|GTimeVal|GStatBuf"
                  r"|g_l?stat|g_utime|g_date_set_time\w*|curl_getdate|sd_event_now)\b")
        for room in CLOSED:
            for file in sources(room):
                if file.name != "fota-clock.h":
                    self.assertEqual(re.findall(closed, file.read_text()), [], file)

    def test_policy_has_no_clock_of_its_own(self):
        for file in sources("policy"):
            if file.name != "fota-clock.c":
                self.assertNotIn("base/fota-clock.h", includes(file), file)


class Waits(unittest.TestCase):
    """A test waits for what it needs, not for a time in which a fast machine gets there."""

    @staticmethod
    def sleeps(node, looping=False):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep"):
            if not looping:
                yield node.lineno
        looping = looping or isinstance(node, (ast.While, ast.For))
        for child in ast.iter_child_nodes(node):
            yield from Waits.sleeps(child, looping)

    def test_sleep_only_between_two_looks(self):
        files = list((ROOT / "tests").rglob("*.py"))
        self.assertGreater(len(files), 60)
        for file in files:
            self.assertEqual(list(self.sleeps(ast.parse(file.read_text()))), [], file)


class Programs(unittest.TestCase):
    def test_daemon_does_not_meet_the_network(self):
        needed = output("readelf", "-d", BUILD / "fotad")
        self.assertIn("libmm-glib", needed)
        self.assertNotRegex(needed, r"NEEDED.*(soup|curl)")

    def test_plugins_export_one_symbol(self):
        plugins = list((BUILD / "plugins").glob("*/*.so"))
        self.assertGreaterEqual(len(plugins), 2)
        for plugin in plugins:
            symbols = [line.split()[2]
                       for line in output("nm", "-D", "--defined-only", plugin).splitlines()]
            self.assertEqual(symbols, ["fota_plugin"], plugin)

    def test_daemon_offers_plugins_what_the_list_says(self):
        listed = set(re.findall(r"^  (\w+);", (ROOT / "plugins/fota-plugin.list").read_text(),
                                re.MULTILINE))
        headers = "".join(file.read_text() for file in (ROOT / "plugins").glob("fota-plugin*.h"))
        self.assertEqual(listed, set(re.findall(r"\b(fota_\w+)\(", headers)))


class Configuration(unittest.TestCase):
    """Each key of the table stands in fotad.conf and in its manual page, with the same default."""

    def setUp(self):
        table = (ROOT / "policy/fota-config-keys.c").read_text()
        self.keys = set(re.findall(r'^    \{"(\w+)", "(\w+)", SET\(', table, re.MULTILINE))
        self.assertGreater(len(self.keys), 30)

    def read(self, file, section, entry):
        """{(group, key): default}"""
        found = {}
        for part in re.split(section, (ROOT / file).read_text(), flags=re.MULTILINE)[1:]:
            group = part.partition("]")[0].split()[0]
            for key, default in re.findall(entry, part, re.MULTILINE):
                found[group, key] = default
        return found

    def test_file_and_manual(self):
        file = self.read("units/fotad.conf", r"^\[", r"^#(\w+)=(.*)$")
        manual = self.read("docs/fotad.conf.5", r"^\.Sh \[", r"^\.It Li (\w+)=(.*)$")
        self.assertEqual(set(file), self.keys)
        self.assertEqual(set(manual), self.keys)
        file.pop(("Manifest", "Uri"))  # an example: there is no default
        for key, default in file.items():
            self.assertEqual(manual[key], default, key)

    def test_manual_says_what_each_key_takes(self):
        """Every choice, and both ends of every range, as the error of a wrong value has them."""
        table = (ROOT / "policy/fota-config-keys.c").read_text()
        keys = re.findall(r'\{"(\w+)", "(\w+)", SET\((\w+)\),[^"]*?"([^"]*)"[^{]*\}', table)
        self.assertEqual({(group, key) for group, key, _, _ in keys}, self.keys)
        for group, key, setter, expected in keys:
            part = (ROOT / "docs/fotad.conf.5").read_text().split(f"\n.Sh [{group}")[1]
            item = re.search(rf"^\.It Li {key}=.*\n((?:(?!\.It |\.El).*\n)*)", part, re.MULTILINE)[0]
            takes = re.findall(r"\w+", expected.replace(" or ", " ")) \
                if setter in ("choice", "chosen_text") \
                else re.search(r"( from (\w+) to (\w+)|$)", expected).groups("")[1:]
            for word in takes:
                self.assertRegex(item, rf"\b{word}\b", f"[{group}] {key}=")


class Unit(unittest.TestCase):
    # Times ten: what remains for a service that needs ttys and D-Bus, and for one that needs the
    # network.
    EXPOSURE = {"fotad.service": 13, "fotad-fetch@.service": 12}

    def test_exposure(self):
        for unit, most in self.EXPOSURE.items():
            subprocess.run(["systemd-analyze", "security", "--offline=yes", "--no-pager",
                            f"--threshold={most}", BUILD / "units" / unit], check=True,
                           stdout=subprocess.DEVNULL)

    def test_only_the_fetcher_has_the_network(self):
        def families(unit):
            text = (ROOT / "units" / unit).read_text()
            return set(re.search(r"^RestrictAddressFamilies=(.*)$", text, re.MULTILINE)[1].split())

        self.assertEqual(families("fotad.service.in"), {"AF_UNIX", "AF_NETLINK"})
        self.assertEqual(families("fotad-fetch@.service.in"),
                         {"AF_INET", "AF_INET6", "AF_NETLINK"})
        fetcher = (ROOT / "units/fotad-fetch@.service.in").read_text()
        self.assertNotRegex(fetcher, r"(?m)^(User|SupplementaryGroups|LoadCredential|\w*Directory)=")
        for line in ("DynamicUser=yes", "PrivateUsers=yes", "CapabilityBoundingSet="):
            self.assertIn(line, fetcher.splitlines())
        socket = (ROOT / "units/fotad-fetch.socket").read_text().splitlines()
        for line in ("SocketUser=fotad", "SocketGroup=fotad", "SocketMode=0600"):
            self.assertIn(line, socket)

    def test_no_restart_without_a_person(self):
        """A loop would end at the start limit, which then refuses the start after the repair."""
        service = (ROOT / "units/fotad.service.in").read_text()
        exits, = re.findall(r"^RestartPreventExitStatus=(.*)$", service, re.MULTILINE)
        self.assertEqual({int(status) for status in exits.split()}, {2, os.EX_CONFIG})

    def test_a_disabled_fotad_is_not_activated(self):
        """D-Bus starts an alias, which is there as long as the unit is enabled, and only then."""
        service = (ROOT / "dbus/org.fotad.Fota1.service").read_text()
        install = (ROOT / "units/fotad.service.in").read_text().partition("[Install]")[2]
        started, = re.findall(r"^SystemdService=(.*)$", service, re.MULTILINE)
        self.assertEqual(re.findall(r"^Alias=(.*)$", install, re.MULTILINE), [started])
        self.assertNotEqual(started, "fotad.service")

    def test_nothing_else_starts_fotad(self):
        """Not the fetcher's socket, which comes and goes with fotad; nor a unit beside it."""
        for file in (ROOT / "units").glob("*.s*"):
            text = file.read_text()
            if file.name.startswith("fotad-fetch"):
                self.assertNotIn("[Install]", text, file)
                self.assertNotRegex(text, r"(?m)^(Wants|Requires|BindsTo|Upholds)=.*fotad\.service")
            if file.name.endswith(".socket"):
                self.assertIn("PartOf=fotad.service", text.splitlines(), file)
        self.assertEqual(len(list((ROOT / "dbus").glob("*.service"))), 1)
        self.assertEqual([file for room in ("units", "debian", "packaging")
                          for file in (ROOT / room).rglob("*")
                          if file.suffix in (".path", ".timer", ".preset")], [])

    def test_what_a_start_needs_is_there(self):
        """systemd starts no unit whose credentials directory is missing; tmpfiles makes it."""
        unit = (ROOT / "units/fotad.service.in").read_text()
        made = re.findall(r"^d (\S+) 0700 root root$",
                          (ROOT / "units/fotad.tmpfiles.in").read_text(), re.MULTILINE)
        wanted = re.findall(r"^LoadCredential=\w+:(\S+)$", unit, re.MULTILINE)
        self.assertEqual(wanted, made)
        self.assertTrue(wanted)

    def test_bus_policy_takes_no_descriptor(self):
        """No method takes one, so whoever attaches some only wants fotad to run out of them."""
        policy = (ROOT / "dbus/org.fotad.Fota1.conf").read_text()
        allowed = re.findall(r"<allow send_destination=[^>]*>", policy)
        self.assertEqual([rule for rule in allowed if 'max_fds="0"' not in rule], [])
        self.assertEqual(len(allowed), 6)

    def test_no_connection_is_shared(self):
        """GIO ends the program with its shared connection, on which other parts of it rely."""
        shared = (r"\b(g_bus_get(?:_sync)?|g_bus_(?:own|watch)_name|\w+_new_for_bus(?:_sync)?"
                  r"|g_network_monitor_\w+)\(")
        for room in CLOSED:
            for file in sources(room):
                self.assertEqual(re.findall(shared, file.read_text()), [], file)

    def test_bus_lets_through_whom_fotad_hears(self):
        policy = (ROOT / "dbus/org.fotad.Fota1.conf").read_text()
        own = policy.split('<policy user="fotad">')[1].split("</policy>")[0]
        heard = re.findall(r'<allow receive_type="signal" receive_sender="([\w.]+)"/>', own)
        self.assertIn('<deny receive_type="signal"/>', own)
        named = set()
        for room in ("daemon", "dbus"):
            for file in sources(room):
                named |= set(re.findall(r'"(org\.freedesktop\.(?:DBus|login1|PolicyKit1'
                                        r'|NetworkManager|ModemManager1))"', file.read_text()))
        of_commands = {"org.freedesktop.systemd1"}
        self.assertEqual(set(heard), named | {"org.freedesktop.ModemManager1"} | of_commands)

    def test_drivers_come_first(self):
        """What the kernel does not know when a unit starts, DeviceAllow= does not allow."""
        unit = (ROOT / "units/fotad.service.in").read_text()
        groups = set(re.findall(r"^DeviceAllow=char-(\w+) rw$", unit, re.MULTILINE))
        self.assertEqual(groups, {"ttyUSB", "ttyACM", "ttyS", "ttyAMA", "ttymxc"})
        for driver in ("usbserial", "cdc_acm"):
            for key in ("Wants", "After"):
                self.assertRegex(unit, rf"(?m)^{key}=.*\bmodprobe@{driver}\.service")

    def test_bus_policy_names_what_is_called(self):
        """fotad's calls of ModemManager, as libmm-glib and D-Bus name them."""
        policy = (ROOT / "units/org.fotad.Fota1.ModemManager.conf").read_text()
        allowed = set(re.findall(r'send_member="(\w+)"', policy))
        calls = {"mm_modem_list_bearers": "ListBearers", "mm_modem_reset": "Reset",
                 "mm_sim_send_pin": "SendPin", "mm_modem_messaging_delete": "Delete"}
        sources_text = "".join(file.read_text() for file in sources("daemon/mm"))
        called = set(re.findall(r'"(Command|Connect|Disconnect|Enable|InhibitDevice)"', sources_text))
        called |= {member for function, member in calls.items()
                   if re.search(rf"\b{function}\(", sources_text)}
        self.assertEqual(called, allowed)
        others = set(re.findall(r"\b(mm_(?:modem|manager|sim|bearer)\w*)_finish\(", sources_text))
        self.assertEqual(others - set(calls) - {"mm_manager_new", "mm_modem_get_sim"}, set(),
                         "a call that the policy does not know")


class Errors(unittest.TestCase):
    """What the code calls an error is what users and scripts see of it."""

    def test_constants_are_named_as_on_d_bus(self):
        rows = [row for room in ("policy", "daemon") for file in sources(room)
                for row in re.findall(r'\[FOTA_(?:MODULE_|POLICY_)?ERROR_(\w+)\] = "(\w+)"',
                                      file.read_text())]
        self.assertGreater(len(rows), 50)
        for constant, name in rows:
            self.assertEqual(re.sub(r"(?<!^)(?=[A-Z])", "_", name).upper(), constant)


class Journal(unittest.TestCase):
    def test_levels_are_named(self):
        files = [file for room in ("daemon", "dbus") for file in sources(room)] + [ROOT / "fotad.c"]
        levels = [level for file in files
                  for level in re.findall(r"_log\(\s*(?:[\w>-]+,\s*)?(LOG_\w+|\d+),", file.read_text())]
        self.assertGreater(len(levels), 40)
        self.assertEqual([], [level for level in levels if level.isdigit()])

    def test_every_event_has_a_catalog_entry(self):
        logged = re.findall(r'= "([0-9a-f]{32})"', (ROOT / "daemon/fota-log.c").read_text())
        catalog = re.findall(r"^-- ([0-9a-f]{32})$", (ROOT / "units/fotad.catalog").read_text(),
                             re.MULTILINE)
        self.assertEqual(sorted(logged), sorted(catalog))
        self.assertEqual(len(logged), len(set(logged)))


if __name__ == "__main__":
    unittest.main()
