#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The simulated modules update themselves, from a real FTP server."""
import hashlib
import logging
import os
import re
import unittest

from simcase import CSV, DELTA, IMEI, NEW, OLD, SCALE, Server, SimTest, delta


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
        self.connect(tty)
        self.assertEqual(tty.ask("AT#OTAUP=0"), ["+CME ERROR: 3"])  # FTP and context are open
        tty.ask("AT#FTPCLOSE")
        self.assertEqual(tty.ask("AT#OTAUP=0"), ["+CME ERROR: 3"])
        tty.ask("AT#SGACT=3,0")
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
        self.put(DELTA, delta())
        self.connect(tty)
        self.ok(f"fault {IMEI} ftp-stall")
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


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    unittest.main()
