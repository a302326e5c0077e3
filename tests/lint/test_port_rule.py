# SPDX-License-Identifier: LGPL-2.1-or-later
"""The udev rule that reserves a port: what it makes of the ttys of a module."""
import pathlib
import re
import unittest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
RULE = REPOSITORY / "units/79-fotad-port.rules"
SECONDARY = {"ID_MM_PORT_TYPE_AT_SECONDARY": "1"}


def apply(properties):
    """As udev does, with what this rule uses of its language."""
    properties, target = dict(properties), None
    for line in RULE.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        keys = re.findall(r'([A-Z]+)(?:\{(\w+)\})?(==|!=|=)"([^"]*)"', line)
        assert ", ".join(f"{key}{'{' + name + '}' if name else ''}{sign}\"{value}\""
                         for key, name, sign, value in keys) == line, line
        if target:
            target = None if keys == [("LABEL", "", "=", target)] else target
            continue
        found = [(properties.get(name or key, ""), sign, value) for key, name, sign, value in keys
                 if sign != "="]
        if not all((have == value) == (sign == "==") for have, sign, value in found):
            continue
        for key, name, sign, value in keys:
            if key == "GOTO":
                target = value
            elif key == "ENV" and sign == "=":
                properties[name] = value
    return properties


class PortRule(unittest.TestCase):
    def reserves(self, **properties):
        done = apply(properties)
        ours = [done.get(name) for name in ("ID_MM_PORT_IGNORE", "ID_FOTAD_PORT")]
        self.assertIn(ours, (["1", "1"], [None, None]))
        return ours[0] == "1"

    def test_ports(self):
        for event in ("add", "change", "bind"):
            self.assertTrue(self.reserves(ACTION=event, SUBSYSTEM="tty", **SECONDARY))
        self.assertFalse(self.reserves(ACTION="add", SUBSYSTEM="tty"))
        self.assertFalse(self.reserves(ACTION="add", SUBSYSTEM="tty",
                                       ID_MM_PORT_TYPE_AT_PRIMARY="1"))
        self.assertFalse(self.reserves(ACTION="add", SUBSYSTEM="net", **SECONDARY))
        self.assertFalse(self.reserves(ACTION="remove", SUBSYSTEM="tty", **SECONDARY))

    def test_names(self):
        """It is read between ModemManager's rules; what it sets is what fotad looks for."""
        self.assertTrue("77-mm" < RULE.name < "80-mm")
        place = (REPOSITORY / "daemon/at/fota-at-place.c").read_text()
        self.assertIn('"ID_FOTAD_PORT"', place)
        self.assertIn('"ID_MM_PORT_TYPE_AT_SECONDARY"', place)

    def test_command(self):
        """The manual page and the rule name the same command, of what is installed."""
        command = f"ln -s /usr/share/fotad/{RULE.name} /etc/udev/rules.d/"
        for file in (RULE, REPOSITORY / "docs/fotad.conf.5"):
            self.assertIn(command, file.read_text())
        self.assertIn(f"install_data('{RULE.name}', install_dir: datadir / 'fotad')",
                      (REPOSITORY / "units/meson.build").read_text())
        self.assertIn("usr/share/fotad", (REPOSITORY / "debian/fotad.install").read_text())


if __name__ == "__main__":
    unittest.main()
