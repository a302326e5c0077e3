#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The simulated modules, seen as a host sees them: through their ttys, against a real FTP server.

Runs under umockdev's preload library (meson.build sees to that) and takes
fota-sim's path as its first argument.
"""

import contextlib
import hashlib
import json
import logging
import os
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
        authorizer = DummyAuthorizer()
        authorizer.add_user("USERNAME", "PASSWORD", directory, perm="elr")
        self.commands = commands = []

        class Handler(FTPHandler):
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

    def stop(self):
        self.stopping.set()
        self.thread.join()


class Tty:
    """A host's end of one AT tty."""

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


class Line(SimTest):
    """The AT line itself."""

    def test_bytes(self):
        tty = self.tty()
        tty.write(b"AT+GMR\r")
        self.assertEqual(tty.expect(rb"OK\r\n"), b"AT+GMR\r\r\n" + OLD.encode() + b"\r\n\r\nOK\r\n")
        self.assertEqual(tty.command("ATE0"), ["ATE0", "OK"])
        tty.write(b"AT+GMR\r")
        self.assertEqual(tty.expect(rb"OK\r\n"), b"\r\n" + OLD.encode() + b"\r\n\r\nOK\r\n")
        tty.write(b"at+csq;+cereg?\r")
        self.assertEqual(
            tty.expect(rb"OK\r\n"), b"\r\n+CSQ: 25,3\r\n\r\n+CEREG: 0,1\r\n\r\nOK\r\n"
        )

    def test_line_limit(self):
        tty = self.tty()
        tty.command("ATE0")
        self.assertEqual(tty.ask('AT+CGDCONT=1,"IP","' + "a" * (400 - 20) + '"'), ["OK"])
        self.assertEqual(tty.ask('AT+CGDCONT=1,"IP","' + "a" * (401 - 20) + '"'), ["ERROR"])

    def test_error_forms(self):
        tty = self.tty()
        tty.command("ATE0")
        line = 'AT#FTPGET="x"'
        self.assertEqual(tty.ask(line), ["ERROR"])
        tty.ask("AT+CMEE=1")
        self.assertEqual(tty.ask(line), ["+CME ERROR: 430"])
        tty.ask("AT+CMEE=2")
        self.assertEqual(tty.ask(line), ["+CME ERROR: FTP: not connected"])
        self.assertEqual(tty.ask("AT+NOSUCH"), ["ERROR"])
        self.assertEqual(self.tty(1).ask(line), ["ERROR"])  # +CMEE belongs to one tty

    def test_manners(self):
        tty = self.tty()
        tty.command("ATE0")
        whole = b"\r\n" + OLD.encode() + b"\r\n\r\nOK\r\n"
        for fault, answer in [
            ("mute", b""),
            ("echo-on", b"AT+GMR\r" + whole),
            ("split-lines", whole),
            ("glued-lines", b"\r\n" + OLD.encode() + b"\r\nOK\r\n"),
            ("lost-ok", b"\r\n" + OLD.encode() + b"\r\n"),
            ("doubled-ok", whole + b"\r\nOK\r\n"),
        ]:
            self.ok(f"fault {IMEI} {fault},on=+GMR")
            self.assertEqual(tty.ask("AT+CSQ"), ["+CSQ: 25,3", "OK"])  # not meant
            self.assertEqual(tty.answer("AT+GMR"), answer, fault)
            tty.command("ATE0")
            self.assertEqual(tty.ask("AT+GMR"), [OLD, "OK"], fault)  # struck once
        self.ok(f"fault {IMEI} urc-storm")
        self.assertRegex(tty.answer("AT+GMR"), rb"(?s)OTAEV.*B026\r\n.*OTAEV.*\r\nOK\r\n.*OTAEV")
        self.ok(f"fault {IMEI} mute=always")
        tty.write(b"AT+CGMI\r")
        while "> AT+CGMI" not in self.log():
            time.sleep(0.01)
        self.ok(f"fault {IMEI} clear")
        self.assertEqual(tty.answer(), b"")

    def test_slow_answer(self):
        slow, other = self.tty(0), self.tty(1)
        self.ok(f"fault {IMEI} slow-answer=100,on=+GMR")
        slow.write(b"AT+GMR\r")
        while "> AT+GMR" not in self.log():
            time.sleep(0.01)
        self.assertEqual(other.command("AT")[-1], "OK")
        self.assertNotIn(f"< {OLD}", self.log())
        slow.expect(OLD.encode() + rb"\r\n\r\nOK\r\n")

    def test_messages(self):
        tty = self.tty()
        tty.command("AT+CNMI=2,1,0,0,0")
        self.ok(f"sms {IMEI} +15551234567 hellohello")
        tty.expect(rb'\r\n\+CMTI: "SM",1\r\n')
        number, time_stamp, text = "5155214365F7", r"\d{14}", "E8329BFD4697D9EC37"
        pdu = f"00040B91{number}0000{time_stamp}0A{text}"
        for status in "01":
            self.assertRegex(
                " ".join(tty.ask("AT+CMGR=1")), rf"^\+CMGR: {status},,\d+ {pdu} OK$"
            )
        self.assertEqual(tty.ask("AT+CMGD=1"), ["OK"])
        self.assertEqual(tty.ask("AT+CMGL=4"), ["OK"])
        self.ok(f"sms-part {IMEI} +15551234567 2 3 ll")
        # A header of 5 octets (part 2 of 3), one bit of filling, two letters.
        self.assertRegex(" ".join(tty.ask("AT+CMGR=1")),
                         rf"00440B91{number}0000{time_stamp}090500032A0302D86C OK$")

    def test_unsolicited(self):
        self.ok(f"urc {IMEI} #OTAEV: lost, nobody has it open")
        tty = self.tty()
        self.assertEqual(tty.ask("AT"), ["OK"])
        self.ok(f"urc {IMEI} #OTAEV: heard")
        tty.expect(rb"^\r\n#OTAEV: heard\r\n")
        tty.command("AT+CEREG=1")
        self.ok(f"set {IMEI} registered=0")
        tty.expect(rb"\r\n\+CEREG: 0\r\n")
        self.ok(f"set {IMEI} registered=5")
        tty.expect(rb"\r\n\+CEREG: 5\r\n")
        self.assertEqual(tty.ask("AT#SGACT=3,1")[-1], "OK")

    def test_pin(self):
        self.ok(f"set {IMEI} pin=1234")
        self.ok(f"power-cut {IMEI}")
        self.ok(f"power-on {IMEI}")
        self.wait_state(starts=2)
        tty = self.tty()
        tty.command("AT+CMEE=1")
        self.assertIn("+CPIN: SIM PIN", tty.ask("AT+CPIN?"))
        self.assertEqual(tty.ask("AT+CIMI"), ["+CME ERROR: 11"])
        self.assertEqual(tty.ask("AT#SGACT=3,1"), ["+CME ERROR: 11"])
        self.assertEqual(tty.ask('AT+CPIN="0000"'), ["+CME ERROR: 16"])
        self.assertEqual(tty.ask('AT+CPIN="1234"'), ["OK"])
        self.assertEqual(tty.ask("AT#SGACT=3,1")[-1], "OK")

    def test_contexts(self):
        tty = self.tty()
        tty.command("AT+CMEE=1")
        self.assertEqual(self.open_ftp(tty), ["+CME ERROR: 432"])
        self.assertEqual(tty.ask("AT#SGACT=2,1"), ["+CME ERROR: 405"])  # not defined
        self.assertEqual(tty.ask("AT#SGACT=3,1"), ["#SGACT: 10.1.0.3", "OK"])
        self.assertEqual(tty.ask("AT#SGACT=3,1"), ["+CME ERROR: 403"])
        self.assertEqual(tty.ask('AT+CGDCONT=3,"IP","other"'), ["+CME ERROR: 3"])
        self.ok(f"set {IMEI} registered=0")
        self.assertEqual(tty.ask("AT#SGACT=3,1"), ["+CME ERROR: 405"])


class Ftp(SimTest):
    """The module's own FTP client."""

    def test_get(self):
        tty = self.tty()
        self.connect(tty)
        for mode in (0, 1):  # active, passive
            tty.write(b'AT#FTPGET="firmwarecheck.csv"\r')
            got = tty.expect(rb"\r\nNO CARRIER\r\n")
            self.assertEqual(got, b"\r\nCONNECT\r\n" + CSV + b"\r\nNO CARRIER\r\n")
            self.assertEqual(tty.ask("AT#FTPCLOSE"), ["OK"])
            self.assertEqual(self.open_ftp(tty, mode=mode), ["OK"])
        self.assertRegex(tty.ask("AT#FTPMSG")[0], r"^#FTPMSG: 2\d\d ")

    def test_ascii(self):
        """Each session begins in ASCII, in which a file changes and its size is not told."""
        tty = self.tty()
        binary = bytes(range(256)) + b"1\n2\r\n3"
        self.put("delta", binary)
        tty.command("AT+CMEE=1")
        tty.command("AT#SGACT=3,1")
        self.assertEqual(tty.ask("AT#FTPTYPE=0"), ["+CME ERROR: 430"])
        for _ in range(2):
            self.assertEqual(self.open_ftp(tty), ["OK"])
            self.assertEqual(tty.ask("AT#FTPTYPE?")[0], "#FTPTYPE: 1")
            self.assertEqual(tty.ask('AT#FTPFSIZE="delta"'), ["+CME ERROR: 423"])
            self.assertRegex(tty.ask("AT#FTPMSG")[0], "^#FTPMSG: 550 .*ASCII")
            self.assertNotEqual(self.get_packet(tty, "delta"), binary)
            self.assertEqual(tty.ask("AT#FTPTYPE=0"), ["OK"])
            self.assertEqual(tty.ask("AT#FTPTYPE?")[0], "#FTPTYPE: 0")
            self.assertEqual(tty.ask('AT#FTPFSIZE="delta"')[0], f"#FTPFSIZE: {len(binary)}")
            self.assertEqual(self.get_packet(tty, "delta"), binary)
            self.assertEqual(tty.ask("AT#FTPTYPE=1"), ["OK"])
            self.assertEqual(tty.ask("AT#FTPCLOSE"), ["OK"])

    def test_told_commands_only(self):
        """The server hears no TYPE and no SIZE that the host has not asked for."""
        tty = self.tty()
        self.put(DELTA, delta())
        self.server.commands.clear()
        tty.command("AT#SGACT=3,1")
        self.assertEqual(self.open_ftp(tty), ["OK"])
        self.assertEqual(tty.ask(f'AT#FTPGETOTA="{DELTA}",0'), ["OK"])
        self.assertEqual(tty.ask("AT#FTPCLOSE"), ["OK"])
        self.assertEqual(self.server.commands, ["USER", "PASS", "PASV", "RETR", "QUIT"])

    def get_packet(self, tty, name):
        """The file as #FTPGETPKT brings it."""
        self.assertEqual(tty.ask(f'AT#FTPGETPKT="{name}",1'), ["OK"])
        return bytes.fromhex(tty.ask("AT#FTPRECV=3000")[1])

    def test_large_get(self):
        data = os.urandom(300000).replace(b"\r\nNO CARRIER", b"")
        self.put("large", data)
        tty = self.tty()
        self.connect(tty)
        tty.write(b'AT#FTPGET="large"\r')
        got = tty.expect(rb"\r\nNO CARRIER\r\n")
        self.assertEqual(got, b"\r\nCONNECT\r\n" + data + b"\r\nNO CARRIER\r\n")

    def test_escape(self):
        """The host leaves data mode; then a restart ends it."""
        self.put("large", os.urandom(300000))
        tty = self.tty()
        self.connect(tty)
        tty.write(b'AT#FTPGET="large"\r')
        tty.expect(rb"CONNECT\r\n")
        self.ok(f"urc {IMEI} #OTAEV: held back")
        tty.write(b"+++")
        tty.expect(rb"\r\nNO CARRIER\r\n\r\n#OTAEV: held back\r\n")
        self.assertEqual(tty.ask("AT+GMR"), [OLD, "OK"])
        tty.write(b'AT#FTPGET="large"\r')
        tty.expect(rb"CONNECT\r\n")
        self.ok(f"power-cut {IMEI}")
        tty.rest()

    def test_packets(self):
        tty = self.tty()
        self.connect(tty)
        self.assertEqual(
            tty.ask('AT#FTPFSIZE="firmwarecheck.csv"'), [f"#FTPFSIZE: {len(CSV)}", "OK"]
        )
        self.assertEqual(tty.ask('AT#FTPGETPKT="firmwarecheck.csv",0'), ["OK"])
        self.assertEqual(tty.ask("AT#FTPGETPKT?")[0], "#FTPGETPKT: firmwarecheck.csv,0,0")
        tty.write(b"AT#FTPRECV=30\r")
        self.assertEqual(
            tty.expect(rb"OK\r\n"), b"\r\n#FTPRECV: 30\r\n" + CSV[:30] + b"\r\n\r\nOK\r\n"
        )
        self.assertEqual(tty.ask("AT#FTPRECV=3000")[1].encode(), CSV[30:])
        self.assertEqual(tty.ask("AT#FTPGETPKT?")[0], "#FTPGETPKT: firmwarecheck.csv,0,1")
        self.assertEqual(tty.ask("AT#FTPRECV=1"), ["+CME ERROR: 423"])
        self.assertEqual(tty.ask("AT#FTPREST=10"), ["OK"])
        self.assertEqual(tty.ask('AT#FTPGETPKT="firmwarecheck.csv",1'), ["OK"])
        self.assertEqual(tty.ask("AT#FTPRECV=3000")[1], CSV[10:].hex().upper())

    def test_real_errors(self):
        tty = self.tty()
        tty.command("AT+CMEE=1")
        tty.command("AT#SGACT=3,1")
        self.assertEqual(self.open_ftp(tty, password="wrong"), ["+CME ERROR: 429"])
        self.assertRegex(tty.ask("AT#FTPMSG")[0], r"^#FTPMSG: 530 ")
        self.assertEqual(self.open_ftp(tty, cid=1), ["+CME ERROR: 432"])
        self.assertEqual(self.open_ftp(tty), ["OK"])
        self.assertEqual(self.open_ftp(tty), ["+CME ERROR: 431"])
        self.assertEqual(tty.ask('AT#FTPGET="missing"'), ["+CME ERROR: 423"])
        self.assertRegex(tty.ask("AT#FTPMSG")[0], r"^#FTPMSG: 550 ")
        self.assertEqual(tty.ask("AT#SGACT=3,0"), ["OK"])
        self.assertEqual(tty.ask('AT#FTPGET="firmwarecheck.csv"'), ["+CME ERROR: 430"])
        tty.command("AT#SGACT=3,1")
        self.assertEqual(self.open_ftp(tty), ["OK"])
        self.server.hang_up()
        self.assertEqual(tty.ask('AT#FTPGET="firmwarecheck.csv"'), ["+CME ERROR: 430"])
        self.assertEqual(self.open_ftp(tty), ["OK"])
        self.server.stop()
        self.assertEqual(tty.ask('AT#FTPGET="firmwarecheck.csv"'), ["+CME ERROR: 430"])
        self.assertEqual(self.open_ftp(tty), ["+CME ERROR: 428"])
        self.server = Server(self.path("ftp"))

    def test_faults(self):
        tty = self.tty()
        self.put(DELTA, delta())
        for fault, result in [
            ("ftp-421", "+CME ERROR: 421"),
            ("ftp-550", "+CME ERROR: 423"),
            ("ftp-stall", "+CME ERROR: 429"),
            ("ftp-cut=50", "+CME ERROR: 429"),
            ("ota-full", "+CME ERROR: 20"),
            ("ota-wrong-base=early", "+CME ERROR: 3"),
            ("cme-unknown=612", "+CME ERROR: 612"),
        ]:
            self.connect(tty)
            self.ok(f"fault {IMEI} {fault},on=#FTPGETOTA")
            self.assertEqual(tty.ask(f'AT#FTPGETOTA="{DELTA}",0'), [result], fault)
            state = self.state()
            self.assertEqual((state["ota"], state["faults"]), ("empty", []), fault)
            self.assertEqual(tty.ask("AT#OTAUP=0"), ["+CME ERROR: 3"])
            tty.ask("AT#FTPCLOSE")
            tty.ask("AT#SGACT=3,0")
        tty.ask("AT#SGACT=3,1")
        self.ok(f"fault {IMEI} ftp-login")
        self.assertEqual(self.open_ftp(tty), ["+CME ERROR: 429"])

    def test_broken_get(self):
        """After CONNECT a broken file ends like a whole one."""
        tty = self.tty()
        self.connect(tty)
        self.ok(f"fault {IMEI} ftp-cut=50")
        tty.write(b'AT#FTPGET="firmwarecheck.csv"\r')
        half = CSV[: len(CSV) // 2]
        self.assertEqual(
            tty.expect(rb"\r\nNO CARRIER\r\n"), b"\r\nCONNECT\r\n" + half + b"\r\nNO CARRIER\r\n"
        )
        self.assertEqual(self.open_ftp(tty), ["OK"])
        self.ok(f"fault {IMEI} nocarrier-in-data")
        tty.write(b'AT#FTPGET="firmwarecheck.csv"\r')
        end = b"\r\nNO CARRIER\r\n"
        got = tty.expect(re.escape(end) + rb".*" + re.escape(end))
        self.assertEqual(got, b"\r\nCONNECT\r\n" + half + end + CSV[len(CSV) // 2 :] + end)


class Update(SimTest):
    """#FTPGETOTA and #OTAUP."""

    def test_flow(self):
        data = delta(size=200000)
        tty = self.tty()
        self.load(tty, data)
        state = self.state()
        self.assertEqual((state["ota"], state["ota-size"]), ("stored", len(data)))
        self.assertEqual(state["ota-sha256"], hashlib.sha256(data).hexdigest())
        self.assertEqual(tty.ask("AT#OTAUP=1"), ["OK"])
        self.assertEqual(self.state()["ota"], "validated")
        self.assertEqual(tty.ask("AT#OTAUP=0"), ["OK"])
        for starts in (2, 3):
            self.wait_state(ttys=[])
            self.wait_state(starts=starts)
            self.assertEqual(self.reopen().ask("AT+GMR"), [OLD, "OK"])
        state = self.wait_state(starts=4)
        tty = self.reopen()
        self.assertEqual(tty.ask("AT+GMR")[-2:], [NEW, "OK"])
        self.assertEqual(tty.ask("AT#CFVR"), ["#CFVR: 5", "OK"])
        self.assertEqual((state["ota"], state["version"]), ("empty", NEW))
        ports = re.findall(r"! ports (tty.*)", self.log())
        self.assertEqual(len(ports), 4)
        self.assertEqual(len(set(" ".join(ports).split())), 8)  # no name twice

    def test_result_line(self):
        tty = self.tty()
        self.load(tty)
        tty.ask("AT#OTAUP=0")
        self.wait_state(starts=4)
        self.reopen().expect(rb"^\r\n[\x80-\xff]{8}\r\n\r\n#OTAEV: Module Upgraded To New Fw\r\n")

    def test_lost_settings(self):
        tty = self.tty()
        self.load(tty)
        for line in ["AT+CEREG=2", "AT#FTPTO=5000", "AT+CMEE=2", 'AT+CGDCONT=4,"IP","kept"']:
            tty.ask(line)
        tty.ask("AT#SGACT=3,1")
        tty.ask("AT#OTAUP=0")
        state = self.wait_state(starts=4)
        tty = self.reopen()
        self.assertIn("+CMEE: 0", tty.ask("AT+CMEE?"))
        self.assertIn("#FTPTO: 100", tty.ask("AT#FTPTO?"))
        self.assertIn("#SCFG: 1,3,300,90,600,50", tty.ask("AT#SCFG?"))
        self.assertEqual(state["cereg-mode"], 0)
        self.assertEqual(
            [(c["cid"], c["apn"], c["active"]) for c in state["contexts"]],
            [(1, "", False), (3, "VZWINTERNET", False), (4, "kept", False)],
        )

    def test_wrong_delta(self):
        tty = self.tty()
        for data in [
            delta(base="30.00.001-B025"),
            delta(model="LE910-NA1"),
            os.urandom(1000),
            b"",
        ]:
            self.load(tty, data)
            self.assertEqual(tty.ask("AT#OTAUP=0"), ["+CME ERROR: 3"])
        self.ok(f"fault {IMEI} ota-wrong-base=late")
        self.load(tty)
        self.assertEqual(tty.ask("AT#OTAUP=0"), ["+CME ERROR: 3"])
        self.assertEqual(tty.ask("AT#OTAUP=0"), ["+CME ERROR: 3"])
        self.assertEqual(self.state()["starts"], 1)

    def test_start_faults(self):
        tty = self.tty()
        self.load(tty)
        self.ok(f"fault {IMEI} otaup-error")
        self.assertEqual(tty.ask("AT#OTAUP=0"), ["ERROR"])
        self.assertEqual(self.state()["ota"], "stored")
        self.ok(f"fault {IMEI} otaup-no-ok")
        tty.write(b"AT#OTAUP=0\r")
        self.assertEqual(tty.rest(), b"")
        self.wait_state(starts=4, version=NEW)

    def test_return_faults(self):
        for fault in ["old-version", "return-ttyacm", "pin-after", "apn-lost", "absent=100"]:
            self.ok(f"fault {IMEI} {fault}")
        self.ok(f"fault {IMEI} otaev-lost")
        tty = self.tty()
        self.load(tty)
        tty.ask("AT#OTAUP=0")
        state = self.wait_state(starts=4)
        self.assertEqual(state["ttys"], ["ttyACM0", "ttyACM1"])
        self.assertEqual((state["version"], state["ota"]), (OLD, "empty"))
        self.assertEqual((state["contexts"], state["pin-missing"]), ([], 1))
        self.assertEqual(state["faults"], [])
        self.assertRegex(self.reopen().answer(), rb"^\r\n[\x80-\xff]{8}\r\n$")
        times = re.findall(r"([\d.]+) - ! (?:restart 3|version)", self.log())
        self.assertGreater(float(times[1]) - float(times[0]), 100 / SCALE - 0.1)

    def test_power_cut(self):
        tty = self.tty()
        self.load(tty)
        self.ok(f"fault {IMEI} never-returns")
        tty.ask("AT#OTAUP=0")
        self.wait_state(apply_step=2)
        self.ok(f"power-cut {IMEI}")
        self.ok(f"power-on {IMEI}")
        self.wait_state(apply_step=3, ttys=[])  # and stays there
        self.ok(f"power-cut {IMEI}")
        self.ok(f"power-on {IMEI}")
        self.wait_state(version=NEW, apply_step=0)

    def test_power_cut_while_loading(self):
        tty = self.tty()
        self.put(DELTA, delta(size=500000))
        self.connect(tty)
        tty.write(f'AT#FTPGETOTA="{DELTA}",0\r'.encode())
        self.wait_state(ota="partial")
        self.ok(f"power-cut {IMEI}")
        self.assertEqual(self.state()["ota"], "empty")
        self.ok(f"power-on {IMEI}")
        self.wait_state(starts=2)
        self.assertEqual(self.reopen().ask("AT#OTAUP=0"), ["AT#OTAUP=0", "ERROR"][1:])

    def test_armed(self):
        tty = self.tty()
        self.load(tty)
        self.assertEqual(tty.ask("AT#OTAUP=2"), ["OK"])
        self.assertEqual(self.state()["armed"], 1)
        self.assertEqual(tty.ask("AT#REBOOT"), ["OK"])
        self.wait_state(version=NEW)


class Several(SimTest):
    """Two modules, one with a port reserved for fotad."""

    modules = ["me910c1-na", "me910c1-na,imei=353081090054321,reserved-port=1,signal=9,apn=m2m"]
    options = ["--fault=353081090054321:cme-unknown=700,on=#FTPOPEN"]

    def test_apart(self):
        other = "353081090054321"
        state = self.state(other)
        self.assertEqual(state["ttys"], ["ttyUSB2", "ttyUSB3", "ttyUSB4"])
        self.assertEqual(state["contexts"][1]["apn"], "m2m")
        mine, reserved = self.tty(0), self.tty(2, other)
        self.assertIn("+CSQ: 25,3", mine.ask("AT+CSQ"))
        self.assertIn("+CSQ: 9,3", reserved.ask("AT+CSQ"))
        self.connect(mine)
        reserved.ask("AT#SGACT=3,1")
        self.assertEqual(self.open_ftp(reserved), ["ERROR"])
        self.assertEqual(self.open_ftp(reserved), ["OK"])
        self.ok(f"power-cut {other}")
        self.assertEqual(mine.ask('AT#FTPFSIZE="firmwarecheck.csv"')[-1], "OK")
        self.assertEqual(len(json.loads(self.control("state")[3:])), 2)

    def test_udev(self):
        def uevent(tty):
            with open(f"/sys/class/tty/{tty}/uevent") as file:
                return file.read()

        self.assertIn("ID_MM_PORT_TYPE_AT_PRIMARY=1", uevent("ttyUSB2"))
        self.assertIn("ID_MM_PORT_IGNORE=1\nID_FOTAD_PORT=1", uevent("ttyUSB4"))
        self.ok(f"unplug {IMEI}")
        self.assertFalse(os.path.exists("/sys/class/tty/ttyUSB0"))
        self.ok(f"plug {IMEI}")
        self.assertEqual(self.state()["ttys"], ["ttyUSB5", "ttyUSB6"])
        self.assertIn("ID_VENDOR_ID=1bc7", uevent("ttyUSB5"))

    def test_lists(self):
        for option, name in [("--list-faults", "ftp-cut=N"), ("--list-modules", "me910c1-na")]:
            text = subprocess.run([SIM, option], stdout=subprocess.PIPE, check=True).stdout
            self.assertIn(name, text.decode().split())
        for option in ["--module=nokia", "--module=me910c1-na,imei=1", "--scale=0"]:
            self.assertNotEqual(
                subprocess.run([SIM, option], stderr=subprocess.PIPE).returncode, 0, option
            )

    def test_control_errors(self):
        for line in [
            "nonsense",
            "state 1",
            f"fault {IMEI} nonsense",
            f"fault {IMEI} ftp-cut",
            f"fault {IMEI} ftp-550=1",
            f"set {IMEI} signal=a",
            f"set {IMEI} colour=red",
        ]:
            self.assertTrue(self.control(line).startswith("error "), line)
        self.ok(f"fault {IMEI} ftp-550")
        self.ok(f"fault {IMEI} clear")
        self.assertEqual(self.state()["faults"], [])


class Uevents(SimTest):
    def test_slow_program(self):
        """A program that has not read its last uevents gets the next ones when it has."""
        path = os.path.join(os.environ["UMOCKDEV_DIR"], "event1999")
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as program, \
                socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            program.bind(path)
            program.settimeout(LIMIT)
            self.fill(other, path)
            self.control_file.write(f"unplug {IMEI}\n")
            self.control_file.flush()
            while "unplugged" not in self.log():
                time.sleep(0.01)
            removed = 0
            while removed < 5:  # the device, two ttys and their interfaces
                removed += b"ACTION=remove" in program.recv(65536)
            self.assertEqual(self.control_file.readline().strip(), "ok")

    @staticmethod
    def fill(sender, path):
        sender.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            while True:
                sender.sendto(b"ACTION=none", path)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    unittest.main()
