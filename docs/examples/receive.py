#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Receives the reports that fotad posts: receive.py PORT DIRECTORY. One report is one file, named
by its key, for `fota-manifest report DIRECTORY`. Put a server with TLS and a login in front of it."""
import http.server
import json
import os
import pathlib
import re
import sys

MAX_BYTES = 65536


class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        size = self.headers.get("Content-Length", "")
        key = self.headers.get("Idempotency-Key", "")
        if not size.isdecimal() or int(size) > MAX_BYTES or not re.fullmatch("[0-9a-f]{32}", key):
            self.send_error(400)
            return
        body = self.rfile.read(int(size))
        try:
            good = json.loads(body)["key"] == key
        except (ValueError, TypeError, KeyError):
            good = False
        if not good:
            self.send_error(400)
            return
        file = directory / f"{key}.json"
        with open(file.with_suffix(".new"), "wb") as new:
            new.write(body)
            new.flush()
            os.fsync(new.fileno())  # after the answer fotad forgets the report
        os.replace(new.name, file)  # a repetition has the same key, and is the same file
        self.send_response(204)
        self.end_headers()


directory = pathlib.Path(sys.argv[2])
http.server.HTTPServer(("", int(sys.argv[1])), Receiver).serve_forever()
