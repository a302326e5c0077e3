# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server that takes what fotad posts: results of updates, and registrations."""
import http.server
import threading

from ports import HOST
from processes import PATIENCE


class Receiver:
    """posts: (path, headers, body) of every request; answer: the status; silent: it gives none."""

    def __init__(self, port=0):
        self.posts, self.answer, self.silent = [], 204, threading.Event()
        self.heard = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.heard:
                    receiver.posts.append((self.path, dict(self.headers), body))
                    receiver.heard.notify_all()
                if not receiver.silent.is_set():
                    self.send_response(receiver.answer)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer((HOST, port), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait(self, number):
        with self.heard:
            if not self.heard.wait_for(lambda: len(self.posts) >= number, 60 * PATIENCE):
                raise AssertionError(f"{len(self.posts)} of {number} reports have come")

    def close(self):
        self._server.shutdown()
        self._server.server_close()
