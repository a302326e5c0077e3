# SPDX-License-Identifier: LGPL-2.1-or-later
"""A configuration that does not parse stops the start, and says where and what was expected."""
import os
import subprocess
import unittest

from e2e import SharedBenchTest


class BadConfiguration(SharedBenchTest):
    options = {"modemmanager": False}

    def refuse(self, text, file=None):
        """Runs fotad with this configuration; returns what it says."""
        self.bench.write_config()
        file = file or self.bench.config_file
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        ended = subprocess.run(self.bench.fotad_command(), env=self.bench.fotad_environment(),
                               stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                               check=False)
        self.assertEqual(ended.returncode, os.EX_CONFIG, ended.stderr)
        self.assertNotIn("Sanitizer", ended.stderr)
        self.assertIn(file.name, ended.stderr)
        return ended.stderr

    def test_unknown_key(self):
        said = self.refuse("[Manifest]\nUri=https://fota.example/{imei}\nIntervall=1d\n")
        self.assertIn(":3:", said)
        self.assertIn("Intervall", said)
        self.assertIn("Interval=", said)

    def test_unknown_group(self):
        said = self.refuse("[Manifets]\nInterval=1d\n")
        self.assertIn(":1:", said)
        self.assertIn("Manifets", said)
        self.assertIn("Manifest", said)

    def test_bad_value(self):
        said = self.refuse("[Manifest]\n\n# once a day\nInterval=daily\n")
        self.assertIn(":4:", said)
        self.assertIn("daily", said)
        self.assertIn("duration", said)

    def test_drop_in(self):
        file = self.bench.config_file.parent / "fotad.conf.d" / "10-site.conf"
        self.addCleanup(file.unlink)
        said = self.refuse("[Access]\nAt=serial\n", file)
        self.assertIn(":2:", said)
        self.assertIn("modemmanager", said)

    def test_no_group(self):
        said = self.refuse("Interval=1d\n")
        self.assertIn("group", said)

    def test_bad_key(self):
        file = self.bench.config_file.parent / "keys.d" / "site.pub"
        self.addCleanup(file.unlink)
        self.assertIn("public key", self.refuse("not one\n", file))

    def test_bad_plugin(self):
        file = self.bench.directory / "plugins" / "site.so"
        self.addCleanup(file.unlink)
        self.refuse("not one\n", file)


class GoodConfiguration(SharedBenchTest):
    options = {"modemmanager": False}

    def test_reload_keeps_the_old_one(self):
        """A bad file at Reload() is an error for the caller; fotad goes on."""
        self.bench.start_fotad()
        self.bench.config_file.write_text("[Manifest]\nIntervall=1d\n")
        with self.assertRaises(Exception) as caught:
            self.bench.view.call("org.fotad.Fota1", "/org/fotad/Fota1", "org.fotad.Fota1.Manager",
                                 "Reload")
        self.assertEqual(caught.exception.name, "BadConfiguration")
        self.assertIn("Intervall", caught.exception.text)
        self.assertEqual(self.bench.fotactl("list").returncode, 0)


if __name__ == "__main__":
    unittest.main()
