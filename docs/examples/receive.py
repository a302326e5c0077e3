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
import threading

MAX_BYTES = 65536


class Receiver(http.server.BaseHTTPRequestHandler):
    timeout = 60  # seconds of silence: a gateway may lose its network in the middle of a report

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
        self.store(f"{key}.json", body)
        self.send_response(204)
        self.end_headers()

    def store(self, name, body):
        """After the answer fotad forgets the report, so it is on disk before."""
        new = directory / f"{name}.{threading.get_ident()}.new"
        with open(new, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        os.replace(new, directory / name)  # a repetition has the same key, and is the same file
        descriptor = os.open(directory, os.O_RDONLY)
        os.fsync(descriptor)  # its name, too
        os.close(descriptor)


directory = pathlib.Path(sys.argv[2])
http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Receiver).serve_forever()
