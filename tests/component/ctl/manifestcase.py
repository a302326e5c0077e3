# SPDX-License-Identifier: LGPL-2.1-or-later
"""fota-manifest, and what each of its tests begins with."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from manifest import SigningKey, to_bytes

PROGRAM = pathlib.Path(os.environ["FOTA_MANIFEST"])
SOURCE = pathlib.Path(os.environ["FOTA_SOURCE"])

GOOD, BAD, USAGE, UNREADABLE = range(4)
IMEI = "353081090012345"
OLD, NEW = "30.00.001-B026", "30.00.001-B026_FOTA"
# The line of MultiTech's session log.
SEED = f"{NEW},{NEW}.bin,2017-01-31,,USERNAME,PASSWORD\n"
UPDATE = {"id": "u", "steps": [{"fromVersion": OLD, "toVersion": NEW,
                                "delta": {"uri": "ftp://fw.example/d.bin", "size": 1000}}]}
GATEWAY = [f"--imei={IMEI}", f"--version={OLD}"]


class ManifestCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="fota-manifest-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)
        self.environment = {**os.environ, "LC_ALL": "C.UTF-8", "TZ": "UTC",
                            "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}

    def run_tool(self, *arguments, status=GOOD, data=None):
        """Its standard output; what it complains of is in self.stderr."""
        done = subprocess.run([PROGRAM, *map(str, arguments)], cwd=self.directory, input=data,
                              env=self.environment, capture_output=True, timeout=60, check=False)
        self.stderr = done.stderr.decode()
        self.assertNotIn("Sanitizer", self.stderr)
        self.assertEqual(done.returncode, status, done.stdout.decode() + self.stderr)
        return done.stdout.decode()

    def json(self, *arguments, **options):
        return json.loads(self.run_tool(*arguments, "--json", **options))

    def write(self, name, content):
        (self.directory / name).write_bytes(to_bytes(content))
        return name

    def write_signed(self, name, content, *keys):
        payload = to_bytes(content)
        return self.write(name, b"".join(key.sign(payload) for key in keys) + payload)

    def key(self, name="fleet"):
        return SigningKey(self.directory, name)
