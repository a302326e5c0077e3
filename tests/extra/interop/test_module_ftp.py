# SPDX-License-Identifier: LGPL-2.1-or-later
"""The FTP client of the simulated Telit module, and the whole of the Telit flow, against the FTP
servers that gateways meet: as they are, and where they never tell a size."""
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "lib"))

from bench import Bench, default_build  # noqa: E402
from ftpservers import SERVERS, login, vsftpd  # noqa: E402
from processes import Place  # noqa: E402
from simulator import Simulator  # noqa: E402

ASK = pathlib.Path(__file__).with_name("ask_module.py")
# Each with SIZE and without.
KINDS = [(server, size) for server in SERVERS for size in (True, False)]
LIMIT = 600


def work_directory():
    """What is unpacked stays from run to run."""
    directory = default_build() / "interop"
    directory.mkdir(exist_ok=True)
    return directory


def name(server, size):
    return server.__name__ + ("" if size else "-without-size")


class Module:
    """One simulated module and a program that speaks with it."""

    def __enter__(self):
        self._stack = contextlib.ExitStack()
        place = Place()
        self._stack.callback(place.remove)
        sim = Simulator(place, default_build(), ["me910c1-na"], 60)
        self._stack.callback(sim.stop)
        tty = sim.state()[0]["ttys"][0]
        self._program = self._stack.enter_context(subprocess.Popen(
            ["/usr/bin/python3", ASK, f"/dev/{tty}"], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, env={**os.environ, **sim.environment()}))
        self._stack.callback(self._program.stdin.close)
        for command in ("ATE0", "AT+CMEE=1", "AT#SGACT=3,1"):
            self.ask(command)
        return self

    def __exit__(self, *details):
        self._stack.close()

    def ask(self, command):
        """The lines of the answer, the last one the result."""
        self._program.stdin.write(command + "\n")
        self._program.stdin.flush()
        return json.loads(self._program.stdout.readline())

    def read(self, file):
        """The file as it comes into the module."""
        assert self.ask(f'AT#FTPGETPKT="{file}",1') == ["OK"]
        return bytes.fromhex(self.ask("AT#FTPRECV=3000")[1])


class Client(unittest.TestCase):
    """The module's own FTP client, command by command."""

    FILE = bytes(range(256)) + b"one\ntwo\r\nthree"

    def setUp(self):
        self.work = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.work.chmod(0o755)
        self.www = self.work / "www"
        self.www.mkdir()
        (self.www / "delta.bin").write_bytes(self.FILE)

    def test(self):
        with Module() as module:
            for server, size in KINDS:
                with self.subTest(name(server, size)), \
                        server(work_directory(), self.www, size) as port:
                    for mode in (0, 1):  # active, passive
                        self.check(module, server, size, port, mode)

    def check(self, module, server, size, port, mode):
        user, password = login(server)
        told = [f"#FTPFSIZE: {len(self.FILE)}", "OK"]
        refused = ["+CME ERROR: 423"]
        self.assertEqual(module.ask(
            f'AT#FTPOPEN="127.0.0.1:{port}","{user}","{password}",{mode},3'), ["OK"])
        # In ASCII, in which it begins, only vsftpd tells a size; and the file is another one.
        self.assertEqual(module.ask('AT#FTPFSIZE="delta.bin"'),
                         told if size and server is vsftpd else refused)
        self.assertNotEqual(module.read("delta.bin"), self.FILE)
        self.assertEqual(module.ask("AT#FTPTYPE=0"), ["OK"])
        self.assertEqual(module.ask('AT#FTPFSIZE="delta.bin"'), told if size else refused)
        self.assertEqual(module.read("delta.bin"), self.FILE)
        self.assertEqual(module.ask("AT#FTPREST=256"), ["OK"])
        self.assertEqual(module.read("delta.bin"), self.FILE[256:])
        self.assertEqual(module.ask('AT#FTPGETPKT="missing.bin",1'), refused)
        self.assertRegex(module.ask("AT#FTPMSG")[0], "^#FTPMSG: 550 ")
        self.assertEqual(module.ask("AT#FTPCLOSE"), ["OK"])
        if server is not vsftpd:
            self.assertEqual(module.ask(
                f'AT#FTPOPEN="127.0.0.1:{port}","{user}","wrong",{mode},3'), ["+CME ERROR: 429"])
            self.assertRegex(module.ask("AT#FTPMSG")[0], "^#FTPMSG: 530 ")


class Flow(unittest.TestCase):
    """A whole update from each server, one module each."""

    def test(self):
        with contextlib.ExitStack() as stack:
            bench = stack.enter_context(Bench(modules=("me910c1-na",) * len(KINDS), scale=60))
            for (server, size), imei in zip(KINDS, bench.imeis):
                port = stack.enter_context(server(work_directory(), bench.www, size))
                bench.set_credential(name(server, size), ":".join(login(server)))
                update = bench.update(retry={"maxAttempts": 1})
                update["steps"][0]["delta"].update(
                    uri=f"ftp://127.0.0.1:{port}/{bench.delta_name}", credential=name(server, size))
                bench.publish(update, imei)
            bench.start_fotad()
            modules = [bench.module(imei) for imei in bench.imeis]
            since = modules[0].mark()
            for module in modules:
                module.wait_state("awaiting-approval", seconds=LIMIT)
                module.approve()
            for (server, size), module in zip(KINDS, modules):
                with self.subTest(name(server, size)):
                    _, result, details = module.wait_finished(since, LIMIT)
                    self.assertEqual(result, "success", details)
                    self.assertEqual(bench.sim.state(module.imei)["version"], bench.new)


if __name__ == "__main__":
    unittest.main()
