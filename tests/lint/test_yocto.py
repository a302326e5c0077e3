# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Yocto recipe, which is not built here, beside what it is to build."""
import hashlib
import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
RECIPE, = (ROOT / "packaging/yocto").rglob("*.bb")

# A name in pkg-config: the recipe that it comes from.
PROVIDERS = {
    "gio-2.0": "glib-2.0",
    "gio-unix-2.0": "glib-2.0",
    "glib-2.0": "glib-2.0",
    "gnutls": "gnutls",
    "gmodule-no-export-2.0": "glib-2.0",
    "json-glib-1.0": "json-glib",
    "libcurl": "curl",
    "libsodium": "libsodium",
    "libsoup-3.0": "libsoup",
    "libsystemd": "systemd",
    "mm-glib": "modemmanager",
    "umockdev-1.0": "umockdev",
}


def read(name):
    return (ROOT / name).read_text()


def variable(name):
    """Its value, with the lines that it goes on in."""
    match = re.search(rf'^{re.escape(name)} [?+:]*= "((?:[^"\\]|\\\n)*)"',
                      RECIPE.read_text(), re.MULTILINE)
    return match[1].replace("\\\n", " ")


def dependencies(directory):
    return {name for file in (ROOT / directory).rglob("meson.build")
            for name in re.findall(r"dependency\('([^']+)'", file.read_text())}


class Recipe(unittest.TestCase):
    def test_version(self):
        version = re.search(r"^  version: '([^']+)'", read("meson.build"), re.MULTILINE)[1]
        self.assertEqual(RECIPE.name, f"fotad_{version}.bb")

    def test_licence(self):
        digest = hashlib.md5(read("COPYING").encode()).hexdigest()
        self.assertEqual(variable("LIC_FILES_CHKSUM"), f"file://COPYING;md5={digest}")

    def test_every_option(self):
        options = set(re.findall(r"^option\('([^']+)'", read("meson_options.txt"), re.MULTILINE))
        self.assertEqual(options, set(re.findall(r"-D(\w+)=", RECIPE.read_text())))

    def test_every_dependency(self):
        rooms = ["base", "policy", "fetch", "plugins", "daemon", "dbus", "ctl", "units"]
        names = set(re.findall(r"dependency\('([^']+)'", read("meson.build")))
        names = names.union(*(dependencies(room) for room in rooms))
        self.assertEqual({PROVIDERS[name] for name in names}, set(variable("DEPENDS").split()))

    def test_simulator_dependency(self):
        simulator = {PROVIDERS[name] for name in dependencies("sim")}
        _on, _off, needs = variable("PACKAGECONFIG[simulator]").split(",")
        self.assertEqual(simulator, set(needs.split()))

    def test_users(self):
        users = re.findall(r"^u (\S+)", read("units/fotad.sysusers"), re.MULTILINE)
        groups = re.findall(r"^g (\S+)", read("units/fotad.sysusers"), re.MULTILINE)
        self.assertEqual(users, [variable("USERADD_PARAM:${PN}").split()[-1]])
        self.assertEqual(groups, [variable("GROUPADD_PARAM:${PN}").split()[-1]])

    def test_directory_of_credentials(self):
        """On a root that cannot be written tmpfiles makes none, and without it fotad does not start."""
        credentials = "prefix / sysconfdir / 'fotad' / 'credentials'"
        self.assertIn(f"install_emptydir({credentials}, install_mode: 'rwx------')",
                      read("units/meson.build"))
        self.assertRegex(read("units/fotad.tmpfiles.in"), r"/fotad/credentials 0700 root root")

    def test_directory_of_polkit(self):
        """As the recipe of polkit in meta-oe installs it: rpm refuses two that differ."""
        self.assertIn("datadir / 'polkit-1' / 'rules.d'", read("units/meson.build"))
        appended = re.search(r"^do_install:append\(\) \{\n(.*?)^\}", RECIPE.read_text(),
                             re.MULTILINE | re.DOTALL)[1]
        for command in ("chmod 0700", "chown polkitd:root"):
            self.assertIn(f"{command} ${{D}}${{datadir}}/polkit-1/rules.d\n", appended)
        self.assertIn("polkitd'", variable("USERADD_PARAM:${PN}:append"))

    def test_https(self):
        """libsoup and curl only recommend what they need for it, and gateways are built without."""
        self.assertIn("glib-networking", variable("RDEPENDS:${PN}").split())
        self.assertIn("ca-certificates", variable("RRECOMMENDS:${PN}").split())

    def test_service(self):
        unit = variable("SYSTEMD_SERVICE:${PN}")
        self.assertTrue((ROOT / "units" / f"{unit}.in").exists())
        # What it is started by and starts comes along.
        others = set(re.findall(r"\$\{systemd_system_unitdir\}/(\S+)", variable("FILES:${PN}")))
        units = {file.name.removesuffix(".in") for file in (ROOT / "units").glob("fotad*.s*")
                 if re.search(r"\.(service|socket)(\.in)?$", file.name)}
        self.assertEqual(others | {unit}, units)


if __name__ == "__main__":
    unittest.main()
