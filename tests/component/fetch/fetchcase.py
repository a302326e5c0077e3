# SPDX-License-Identifier: LGPL-2.1-or-later
"""A fotad-fetch, given on the command line, and what each of its tests begins with."""
import os
import pathlib
import sys
import tempfile
import unittest

from session import fetch

PROGRAM = os.path.abspath(sys.argv.pop(1))
SECRET = "s3cr3t-w0rd"
BODY = b'untrusted comment: x\n{"a": "\xc3\xa9\\u0000"}\r\n\n'
LIMIT = 65536


class FetchCase(unittest.TestCase):
    def setUp(self):
        self._directory = tempfile.TemporaryDirectory(prefix="fotad-fetch-")
        self.addCleanup(self._directory.cleanup)
        self.directory = pathlib.Path(self._directory.name)
        self.root = self.directory / "root"
        (self.root / "deep" / "er").mkdir(parents=True)
        (self.root / "m.signed").write_bytes(BODY)
        (self.root / "deep" / "er" / "a b").write_bytes(BODY)
        (self.root / "full").write_bytes(b"x" * LIMIT)
        (self.root / "over").write_bytes(b"x" * (LIMIT + 1))
        (self.root / "empty").write_bytes(b"")
        self.settings = {}  # of every request

    def fetch(self, uri, **options):
        answer, session = fetch(PROGRAM, uri, **{**self.settings, **options})
        self.assertEqual((session.code, session.complaint), (0, ""))
        self.assertNotIn(SECRET, str(answer.lines))
        return answer

    def assert_answer(self, status, uri, **options):
        answer = self.fetch(uri, **options)
        self.assertEqual(answer.failure, (None, None))
        self.assertEqual(answer.status, status)
        self.assertEqual(answer.lines["end"], str(len(answer.body)))
        if "size" in answer.lines:
            self.assertEqual(answer.lines["size"], answer.lines["end"])
        return answer

    def assert_fails(self, name, uri, **options):
        """Returns the sentence."""
        answer = self.fetch(uri, **options)
        self.assertEqual(answer.failure[0], name, answer.failure)
        self.assertNotIn("end", answer.lines)
        self.assertGreater(len(answer.failure[1]), 5)
        return answer.failure[1]
