#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""fota-sim --replay: every log of a real module is played to a host that sends the log's commands.

Runs under umockdev's preload library and takes fota-sim's path as its first argument.
"""
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
import time
import unittest

SIM = sys.argv.pop(1)
LOGS = sorted((pathlib.Path(__file__).parent / "logs").glob("*.txt"))
LIMIT = 60  # seconds any wait may last; none is expected to
SCALE = 1000


def log(name):
    return pathlib.Path(__file__).parent / "logs" / f"{name}.txt"


def unescape(text):
    return re.sub(rb"\\(r|n|\\|\d{1,3})", lambda m: {b"r": b"\r", b"n": b"\n", b"\\": b"\\"}.get(
        m[1]) or bytes([int(m[1])]), text.encode())


def entries(path):
    """(line, mark, text) of all that happens in a log: ">", "<" or "event"."""
    found = []
    for number, line in enumerate(path.read_text().split("\n"), 1):
        match = re.fullmatch(r"(?:\?|-?[\d.]+) (?:([<>]) ?(.*)|(\(.*\)))", line)
        if match:
            found.append((number, match[1] or "event", match[2] if match[1] else match[3]))
        elif line and not line.startswith("#"):
            raise AssertionError(f"{path}:{number}: {line}")
    return found


class Tty:
    """A host's end of one AT tty."""

    def __init__(self, name):
        self.fd = os.open(f"/dev/{name}", os.O_RDWR | os.O_NOCTTY)
        mode = termios.tcgetattr(self.fd)
        mode[0] = mode[1] = mode[3] = 0
        termios.tcsetattr(self.fd, termios.TCSANOW, mode)
        self.buffer = b""

    def close(self):
        os.close(self.fd)

    def send(self, data):
        while data:
            data = data[os.write(self.fd, data):]

    def read(self):
        """FALSE once the module has hung up."""
        if not select.select([self.fd], [], [], LIMIT)[0]:
            raise AssertionError(f"nothing comes after {self.buffer!r}")
        try:
            data = os.read(self.fd, 65536)
        except OSError:
            return False
        self.buffer += data
        return bool(data)

    def expect(self, data):
        """It comes next, with nothing but line ends in front."""
        while data not in self.buffer:
            if not self.read():
                raise AssertionError(f"hung up before {data!r}: {self.buffer!r}")
        before, self.buffer = self.buffer.split(data, 1) if data else (b"", self.buffer)
        if before.strip(b"\r\n"):
            raise AssertionError(f"{before!r} before {data!r}")

    def expect_hang_up(self):
        while self.read():
            pass
        if self.buffer.strip(b"\r\n"):
            raise AssertionError(f"{self.buffer!r} before the departure")


class Host:
    """fota-sim with some logs, and the host of their modules."""

    def __init__(self, logs, scale=SCALE):
        self.dir = tempfile.TemporaryDirectory()
        os.environ.pop("UMOCKDEV_DIR", None)
        self.errors = open(f"{self.dir.name}/errors", "w+")
        self.sim = subprocess.Popen(
            [SIM, f"--root-file={self.dir.name}/root", f"--control={self.dir.name}/control",
             f"--log={self.dir.name}", f"--scale={scale}", *(f"--replay={log}" for log in logs)],
            stdout=subprocess.PIPE, stderr=self.errors)
        if self.sim.stdout.readline() != b"ready\n":
            raise AssertionError(self.stderr())
        os.environ["UMOCKDEV_DIR"] = pathlib.Path(self.dir.name, "root").read_text()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(f"{self.dir.name}/control")
        self.control = self.socket.makefile("rw")
        self.imeis = [module["imei"] for module in self.ask("state")]
        self.ttys = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close_ttys()
        os.environ.pop("UMOCKDEV_DIR")
        self.control.close()
        self.socket.close()
        self.sim.terminate()
        status = self.sim.wait(LIMIT)
        self.sim.stdout.close()
        self.errors.close()
        self.dir.cleanup()
        assert status == 0, status

    def ask(self, line):
        self.control.write(line + "\n")
        self.control.flush()
        answer = self.control.readline().strip()
        assert answer.startswith("ok"), answer
        return json.loads(answer[3:] or "null")

    def stderr(self):
        return pathlib.Path(self.errors.name).read_text()

    def wait_state(self, imei, wanted):
        end = time.monotonic() + LIMIT
        while not wanted(state := self.ask(f"state {imei}")):
            assert time.monotonic() < end, state
            time.sleep(0.01)
        return state

    def tty(self, imei, index=0):
        if (imei, index) not in self.ttys:
            state = self.wait_state(imei, lambda state: state["ttys"])
            self.ttys[imei, index] = Tty(state["ttys"][index])
        return self.ttys[imei, index]

    def close_ttys(self):
        for tty in self.ttys.values():
            tty.close()
        self.ttys = {}


class Logs(unittest.TestCase):
    def test_every_log_has_its_source(self):
        self.assertGreaterEqual(len(LOGS), 48)
        for path in LOGS:
            with self.subTest(path.stem):
                text = path.read_text()
                for header in ("# source: ", "# what: ", "# kind: "):
                    self.assertIn(header, text)
                entries(path)

    def play(self, host, imei, path):
        names = []
        for number, mark, text in entries(path):
            which = re.search(r" +\((tty\w+)\)$", text) if mark == ">" else None
            if which:
                text = text[:which.start()]
                names.extend([which[1]] if which[1] not in names else [])
                index = names.index(which[1])
            elif mark == ">" or not names:
                index = 0
            with self.subTest(path.stem, line=number):
                if mark == ">":
                    host.tty(imei, index).send(self.command(text))
                elif mark == "<":
                    host.tty(imei, index).expect(unescape(text))
                elif re.search("restart|port leaves|port hangs up", text) and "stays" not in text \
                        and host.ttys:  # else it has left by itself, before the host came
                    host.tty(imei, index).expect_hang_up()
                    host.close_ttys()
        state = host.wait_state(imei, lambda state: state["replay-line"] == 0)
        self.assertEqual(state["replay-unknown"], 0)
        host.close_ttys()

    @staticmethod
    def command(text):
        data = re.fullmatch(r"\((\d+) bytes\)", text)
        if data:
            return bytes(int(data[1]))
        if re.fullmatch("([0-9a-f]{2} )+[0-9a-f]{2}", text):
            return bytes.fromhex(text)
        return text.encode() + (b"" if text == "+++" else b"\r")

    def test_every_log_plays(self):
        with Host(LOGS) as host:
            for imei, path in zip(host.imeis, LOGS):
                self.play(host, imei, path)
            self.assertEqual(host.stderr(), "")


class Player(unittest.TestCase):
    def host(self, name, scale=SCALE):
        host = self.enterContext(Host([log(name)], scale))
        return host, host.imeis[0]

    def test_what_the_log_does_not_hold(self):
        host, imei = self.host("telit-me910c1-ftp-otaup-ok")
        tty = host.tty(imei)
        tty.send(b"AT+GMM\r")
        tty.expect(b"ME910C1-NA\r\n\r\nOK\r\n")
        tty.send(b"AT+CLAC\r")
        tty.expect(b"ERROR\r\n")
        line = next(n for n, mark, text in entries(log("telit-me910c1-ftp-otaup-ok"))
                    if (mark, text) == (">", "AT+GMR"))
        self.assertIn(f"telit-me910c1-ftp-otaup-ok.txt:{line}: the log does not hold 'AT+CLAC'",
                      host.stderr())
        self.assertEqual(host.ask(f"state {imei}")["replay-unknown"], 1)
        tty.send(b"AT+GMR\r")
        tty.expect(b"30.00.001-B026\r\n\r\nOK\r\n")

    def test_a_question_once_more(self):
        host, imei = self.host("telit-me910c1-ftp-otaup-ok")
        tty = host.tty(imei)
        for _ in range(3):
            tty.send(b"AT+GMM\r")
            tty.expect(b"ME910C1-NA\r\n\r\nOK\r\n")
        self.assertEqual(host.stderr(), "")

    def test_commands_left_out(self):
        host, imei = self.host("telit-me910c1-ftp-otaup-ok")
        tty = host.tty(imei)
        tty.send(b"AT#OTAUP=0\r")
        tty.expect(b"OK\r\n")
        tty.expect_hang_up()
        host.close_ttys()
        tty = host.tty(imei)
        tty.send(b"AT+GMR\r")
        tty.expect(b"30.00.001-B026_FOTA\r\n")

    def test_a_reserved_port(self):
        """Of a log with one tty, the answer comes where the command came from."""
        host = self.enterContext(Host([f"{log('telit-me910c1-ftp-otaup-ok')},reserved-port=1"]))
        for index in (1, 0):
            tty = host.tty(host.imeis[0], index)
            tty.send(b"AT+GMM\r")
            tty.expect(b"ME910C1-NA\r\n\r\nOK\r\n")

    def test_nothing_of_before_the_departure(self):
        """What the module says after it has returned is the new firmware's, or not known."""
        host, imei = self.host("quectel-eg18-https-ok")
        for mark, text in [(m, t) for _, m, t in entries(log("quectel-eg18-https-ok"))][:-3]:
            if mark == ">":
                host.tty(imei).send(text.encode() + b"\r")
            elif mark == "<":
                host.tty(imei).expect(unescape(text))
            elif "leaves" in text:
                host.tty(imei).expect_hang_up()
                host.close_ttys()
        host.tty(imei).send(b"ATI\r")
        host.tty(imei).expect(b"ERROR\r\n")

    def test_commands_before_the_answer(self):
        host, imei = self.host("simcom-late-ok-double", scale=100)
        for command in (b"AT+CNSMOD=1\r", b"AT+AUTOCSQ=1,1\r", b"AT+CREG=2\r", b"AT+CREG=1\r"):
            host.tty(imei).send(command)
        host.tty(imei).expect(b"OK\r\n\r\nOK\r\n")
        host.tty(imei).expect(b"OK\r\n\r\nOK\r\n")

    def test_an_answer_takes_its_time(self):
        host, imei = self.host("telit-le922-cpin-slow", scale=10)
        begin = time.monotonic()
        host.tty(imei).send(b"AT+CPIN?\r")
        host.tty(imei).expect(b"\r\n+CPIN: READY")
        self.assertGreater(time.monotonic() - begin, 0.32)

    def test_power(self):
        """A module whose power has been cut begins its log again."""
        host, imei = self.host("telit-me910c1-ftp-otaup-ok")
        host.tty(imei).send(b"AT+CSQ\r")
        host.tty(imei).expect(b"+CSQ: 25,3\r\n\r\nOK\r\n")
        host.ask(f"power-cut {imei}")
        host.tty(imei).expect_hang_up()
        host.close_ttys()
        host.ask(f"power-on {imei}")
        state = host.wait_state(imei, lambda state: state["ttys"])
        first = entries(log("telit-me910c1-ftp-otaup-ok"))[0][0]
        self.assertEqual(state["replay-line"], first)


class Garbage(unittest.TestCase):
    CASES = [
        ("", 1, "at least one line"),
        ("# source: nobody\n", 2, "at least one line"),
        ("hello\n", 1, "'#', '?' or seconds, not 'hello'"),
        ("? > AT\n? OK\n", 2, "'> command', '< answer' or '(event)'"),
        ("? > AT\n?\n", 2, "'> command', '< answer' or '(event)'"),
        ("? > AT\n? <OK\n", 2, "'> command', '< answer' or '(event)'"),
        ("? >\n", 1, "what the host sent"),
        ("5 > AT\n4.9 < OK\n", 2, "a time of at least 5"),
        ("nan > AT\n", 1, "seconds, not 'nan'"),
        ("1e99 > AT\n", 1, "seconds, not '1e99'"),
        ("? > AT\n? < \\x41\n", 2, "where a backslash stands"),
        ("? > AT\n? < \\256\n", 2, "where a backslash stands"),
        ("? > AT\n? < \\\n", 2, "where a backslash stands"),
        ("? > AT\r\n", 1, "no control character such as \\13"),
        ("? (port leaves\n", 1, "')' at the end"),
        ("? (port returns)\n", 1, "has left before it returns"),
        ("? (port leaves)\n? < OK\n", 2, "'(port returns)' first"),
        ("? (port leaves)\n? (port leaves)\n", 2, "'(port returns)' first"),
        ("# usb: 1bc7\n? > AT\n", 1, "two ids"),
        ("".join(f"? > AT (ttyUSB{n})\n" for n in range(5)), 5, "at most 4 ttys"),
        (b"? > AT\n? < \xff\n", 1, "UTF-8"),
        (b"? > AT\0\n", 1, "UTF-8"),
    ]

    def refused(self, *options, status=1):
        done = subprocess.run([SIM, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, timeout=LIMIT, check=False)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stderr

    def test_garbage(self):
        with tempfile.TemporaryDirectory() as directory:
            path = pathlib.Path(directory, "garbage.txt")
            for text, line, expected in self.CASES:
                with self.subTest(text):
                    path.write_bytes(text if isinstance(text, bytes) else text.encode())
                    error = self.refused(f"--replay={path}")
                    self.assertIn(f"{path}:{line}: expected ", error)
                    self.assertIn(expected, error)

    def test_no_file(self):
        self.assertIn("/nonexistent", self.refused("--replay=/nonexistent"))
        self.assertIn("no key nonsense", self.refused(f"--replay={LOGS[0]},nonsense=1", status=2))


if __name__ == "__main__":
    unittest.main()
