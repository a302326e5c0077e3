# SPDX-License-Identifier: LGPL-2.1-or-later
"""What docs/architecture.md promises of the tree and of the programs that come out of it."""
import os
import pathlib
import re
import subprocess
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["FOTA_BUILD"])

# Room: what its sources must not include.
CLOSED = {
    "policy": r"daemon/|dbus/|plugins/|ctl/|fetch/|libmm|libsoup|curl|systemd|gio/",
    "plugins": r"daemon/|dbus/|policy/|ctl/|fetch/|libmm|libsoup|curl|systemd|gio/",
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


class Rooms(unittest.TestCase):
    def test_doors_open_one_way(self):
        for room, closed in CLOSED.items():
            self.assertTrue(sources(room), room)
            for file in sources(room):
                bad = [name for name in includes(file) if re.match(closed, name)]
                self.assertEqual(bad, [], file)

    def test_only_mm_knows_libmm(self):
        knowing = {file.parent for file in sources("daemon")
                   if any("libmm" in name for name in includes(file))}
        self.assertEqual(knowing, {ROOT / "daemon/mm"})

    def test_every_file_is_licensed(self):
        for room in [*CLOSED, "tests"]:
            for file in sources(room):
                self.assertTrue(file.read_text().startswith(
                    "/* SPDX-License-Identifier: LGPL-2.1-or-later */"), file)


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
        header = set(re.findall(r"\b(fota_\w+)\(", (ROOT / "plugins/fota-plugin.h").read_text()))
        self.assertEqual(listed, header)


class Journal(unittest.TestCase):
    def test_every_event_has_a_catalog_entry(self):
        logged = re.findall(r'= "([0-9a-f]{32})"', (ROOT / "daemon/fota-log.c").read_text())
        catalog = re.findall(r"^-- ([0-9a-f]{32})$", (ROOT / "units/fotad.catalog").read_text(),
                             re.MULTILINE)
        self.assertEqual(sorted(logged), sorted(catalog))
        self.assertEqual(len(logged), len(set(logged)))


if __name__ == "__main__":
    unittest.main()
