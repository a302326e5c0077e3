# SPDX-License-Identifier: LGPL-2.1-or-later
"""A session with fotad-fetch, as fotad leads it: base/fota-frame.h."""
import contextlib
import socket
import subprocess

SETTINGS = ("secret", "authority", "certificate", "key", "proxy", "interface")
SECONDS = 90


class Answer:
    """lines: of its first frame, with those of the last one; body: of the frames between."""

    def __init__(self):
        self.lines, self.body = {}, b""

    @property
    def status(self):
        return int(self.lines.get("status", 0))

    @property
    def failure(self):
        return self.lines.get("error"), self.lines.get("text")


class Session:
    """Starts the program with a socket for standard input and output, as systemd does."""

    def __init__(self, program, environment=None):
        self._socket, other = socket.socketpair()
        self._socket.settimeout(SECONDS)
        self._received = b""
        with other:
            self.process = subprocess.Popen([program], stdin=other, stdout=other,
                                            stderr=subprocess.PIPE, env=environment)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Closes it; self.complaint is what was on standard error, self.code the exit status."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        self.complaint = self.process.communicate(timeout=SECONDS)[1].decode()
        self.code = self.process.returncode
        self._socket.close()

    def hang_up(self):
        self._socket.close()

    def set(self, name, value):
        self.send({"set": name}, value if isinstance(value, bytes) else str(value).encode())

    def send(self, lines, payload=None):
        if payload is not None:
            lines = {**lines, "length": len(payload)}
        self.send_raw("".join(f"{name}: {value}\n" for name, value in lines.items()).encode()
                      + b"\n" + (payload or b""))

    def send_raw(self, data):
        with contextlib.suppress(BrokenPipeError):
            self._socket.sendall(data)

    def read_frame(self):
        """(lines, payload), None at the end."""
        while b"\n\n" not in self._received:
            if not self._read_more():
                return None
        head, _, self._received = self._received.partition(b"\n\n")
        lines = dict(line.split(": ", 1) for line in head.decode().split("\n"))
        length = int(lines.pop("length", 0))
        while len(self._received) < length:
            if not self._read_more():
                return None
        payload, self._received = self._received[:length], self._received[length:]
        return lines, payload

    def _read_more(self):
        data = self._socket.recv(65536)
        self._received += data
        return data

    def read_answer(self):
        answer = Answer()
        while not {"end", "error"} & set(answer.lines):
            frame = self.read_frame()
            if frame is None:
                return answer
            answer.lines.update(frame[0])
            answer.body += frame[1]
        return answer

    def request(self, uri, method="GET", body=None, **lines):
        """min_rate=1 is the line `min-rate: 1`."""
        self.send({"method": method, "uri": uri,
                   **{name.replace("_", "-"): value for name, value in lines.items()}}, body)
        return self.read_answer()


def fetch(program, uri, environment=None, **options):
    """One session with one request; returns the answer and the session. Settings go first."""
    with Session(program, environment) as session:
        for name in SETTINGS:
            if name in options:
                session.set(name, options.pop(name))
        answer = session.request(uri, **options)
    return answer, session
