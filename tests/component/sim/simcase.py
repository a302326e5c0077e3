# SPDX-License-Identifier: LGPL-2.1-or-later
"""A fota-sim, whose path is the first argument, and what each of its tests begins with.

Runs under umockdev's preload library (meson.build sees to that).
"""
import contextlib
import json
import os
import pathlib
import re
import select
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest

from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))

from ftpserver import DataHandler  # noqa: E402

SIM = sys.argv.pop(1)
SCALE = 20
LIMIT = 60  # seconds any wait may last; none is expected to
OLD = "30.00.001-B026"
NEW = "30.00.001-B026_FOTA"
DELTA = "30.00.001-B026_to_B026-FOTA.bin"
CSV = f"{NEW},{NEW}.bin,2017-01-31,,USERNAME,PASSWORD".encode()
IMEI = "353081090012345"


def delta(model="ME910C1-NA", base=OLD, to=NEW, size=60000):
    return f"FOTA-DELTA model={model} from={base} to={to}\n".encode() + os.urandom(size)


class Server:
    """A real FTP server with a login."""

    def __init__(self, directory):
        self.faults = tempfile.TemporaryDirectory()
        authorizer = DummyAuthorizer()
        authorizer.add_user("USERNAME", "PASSWORD", directory, perm="elr")
        self.commands = commands = []

        class Data(DataHandler):
            faults = pathlib.Path(self.faults.name)

        class Handler(FTPHandler):
            use_sendfile = False  # as DataHandler wants it
            dtp_handler = Data

            def pre_process_command(self, line, cmd, arg):
                commands.append(cmd)
                super().pre_process_command(line, cmd, arg)

        handler = Handler
        handler.authorizer = authorizer
        self.server = FTPServer(("127.0.0.1", 0), handler)
        self.port = self.server.address[1]
        self.stopping = threading.Event()
        self.hanging_up = threading.Event()
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        while not self.stopping.is_set():
            self.server.serve_forever(timeout=0.05, blocking=False)
            if self.hanging_up.is_set():
                for channel in list(self.server.ioloop.socket_map.values()):
                    if isinstance(channel, FTPHandler):
                        channel.close()
                self.hanging_up.clear()
        self.server.close_all()

    def hang_up(self):
        self.hanging_up.set()
        while self.hanging_up.is_set():
            time.sleep(0.01)

    @contextlib.contextmanager
    def held(self):
        """Inside the `with` block half of a file is sent, and the rest after it."""
        stall = pathlib.Path(self.faults.name, "stall")
        stall.touch()
        try:
            yield
        finally:
            stall.unlink()

    def stop(self):
        self.stopping.set()
        self.thread.join()
        self.faults.cleanup()


class Tty:
    """A host's end of one AT tty."""

    ignored = None  # the pattern of lines that the module says at any time

    def __init__(self, name):
        self.fd = os.open(f"/dev/{name}", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        mode = termios.tcgetattr(self.fd)
        mode[0] = mode[1] = mode[3] = 0
        termios.tcsetattr(self.fd, termios.TCSANOW, mode)
        self.buffer = b""

    def close(self):
        os.close(self.fd)

    def write(self, data):
        os.write(self.fd, data)

    def fill(self, seconds):
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False  # hung up
        self.buffer += data
        if self.ignored:
            self.buffer = re.sub(self.ignored, b"", self.buffer)
        return bool(data)

    def expect(self, pattern, limit=LIMIT):
        """Everything up to and including the first match."""
        end = time.monotonic() + limit
        while not (match := re.search(pattern, self.buffer, re.S)):
            if time.monotonic() > end or not self.fill(end - time.monotonic()):
                raise AssertionError(f"no {pattern!r} in {self.buffer!r}")
        taken, self.buffer = self.buffer[: match.end()], self.buffer[match.end() :]
        return taken

    def answer(self, text=None):
        """All that comes before the answer to a further command."""
        mark = b"AT#CFVR\r"
        self.write((text.encode() + b"\r" if text else b"") + mark)
        got = self.expect(rb"(AT#CFVR\r)?\r\n#CFVR: \d+\r\n\r\nOK\r\n")
        return re.sub(rb"(AT#CFVR\r)?\r\n#CFVR: \d+\r\n\r\nOK\r\n$", b"", got)

    def rest(self):
        """All that comes before the module leaves."""
        while self.fill(LIMIT):
            pass
        return self.buffer

    def command(self, text):
        """The answer's lines; the last one is the result code."""
        self.write(text.encode() + b"\r")
        answer = self.expect(rb"\r\n(OK|ERROR|NO CARRIER|\+CME ERROR: [^\r]*)\r\n")
        return [line for line in answer.decode(errors="replace").replace("\r", "\n").split("\n") if line]

    def ask(self, text):
        """Without the echo."""
        lines = self.command(text)
        return lines[1:] if lines[0] == text else lines


class SimTest(unittest.TestCase):
    modules = ["me910c1-na"]
    options = []

    def setUp(self):
        self.dir = tempfile.TemporaryDirectory()
        os.mkdir(self.path("ftp"))
        os.mkdir(self.path("log"))
        self.put("firmwarecheck.csv", CSV)
        self.server = Server(self.path("ftp"))
        os.environ.pop("UMOCKDEV_DIR", None)
        self.sim = subprocess.Popen(
            [SIM, f"--root-file={self.path('root')}", f"--control={self.path('control')}"]
            + [f"--log={self.path('log')}", f"--scale={SCALE}"]
            + [f"--module={module}" for module in self.modules]
            + self.options,
            stdout=subprocess.PIPE,
        )
        self.assertEqual(self.sim.stdout.readline(), b"ready\n")
        with open(self.path("root")) as file:
            os.environ["UMOCKDEV_DIR"] = file.read()
        self.control_socket = socket.socket(socket.AF_UNIX)
        self.control_socket.connect(self.path("control"))
        self.control_file = self.control_socket.makefile("rw")
        self.open_ttys = []

    def tearDown(self):
        for tty in self.open_ttys:
            tty.close()
        root = os.environ.pop("UMOCKDEV_DIR")
        self.control_file.close()
        self.control_socket.close()
        self.sim.terminate()
        self.assertEqual(self.sim.wait(LIMIT), 0)
        self.sim.stdout.close()
        self.assertFalse(os.path.exists(root))
        self.server.stop()
        result = self._outcome.result
        if any(test is self for test, _ in result.failures + result.errors):
            print(self.log())
        self.dir.cleanup()

    def path(self, name):
        return os.path.join(self.dir.name, name)

    def put(self, name, data):
        with open(os.path.join(self.path("ftp"), name), "wb") as file:
            file.write(data)

    def control(self, line):
        self.control_file.write(line + "\n")
        self.control_file.flush()
        return self.control_file.readline().strip()

    def ok(self, line):
        answer = self.control(line)
        self.assertTrue(answer.startswith("ok"), answer)

    def state(self, imei=IMEI):
        return json.loads(self.control(f"state {imei}").removeprefix("ok "))

    def wait_state(self, imei=IMEI, **wanted):
        end = time.monotonic() + LIMIT
        wanted = {key.replace("_", "-"): value for key, value in wanted.items()}
        while True:
            state = self.state(imei)
            if all(state[key] == value for key, value in wanted.items()):
                return state
            self.assertLess(time.monotonic(), end, f"never {wanted}: {state}")
            time.sleep(0.01)

    def log(self, imei=IMEI):
        with open(self.path(f"log/{imei}.log")) as file:
            return file.read()

    def wait_log(self, text, times=1, imei=IMEI):
        end = time.monotonic() + LIMIT
        while self.log(imei).count(text) < times:
            self.assertLess(time.monotonic(), end, f"never {text!r}")
            time.sleep(0.01)

    def tty(self, index=0, imei=IMEI):
        tty = Tty(self.state(imei)["ttys"][index])
        self.open_ttys.append(tty)
        return tty

    def reopen(self):
        """The first tty, after a restart."""
        while self.open_ttys:
            self.open_ttys.pop().close()
        return self.tty()

    def connect(self, tty, cmee=1):
        for line in ["ATE0", f"AT+CMEE={cmee}", "AT#SCFG=1,3,300,90,600,50", "AT#SGACT=3,1"]:
            self.assertEqual(tty.ask(line)[-1], "OK", line)
        self.assertEqual(self.open_ftp(tty), ["OK"])
        self.assertEqual(tty.ask("AT#FTPTYPE=0"), ["OK"])

    def open_ftp(self, tty, user="USERNAME", password="PASSWORD", mode=1, cid=3):
        server = f"127.0.0.1:{self.server.port}"
        return tty.ask(f'AT#FTPOPEN="{server}","{user}","{password}",{mode},{cid}')

    def load(self, tty, data=None):
        self.put(DELTA, delta() if data is None else data)
        self.connect(tty)
        self.assertEqual(tty.ask(f'AT#FTPGETOTA="{DELTA}",0'), ["OK"])
        self.assertEqual(tty.ask("AT#FTPCLOSE"), ["OK"])
        self.assertEqual(tty.ask("AT#SGACT=3,0"), ["OK"])
