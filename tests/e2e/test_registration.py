# SPDX-License-Identifier: LGPL-2.1-or-later
"""The identity of a module is posted once, and again when another SIM is in it."""
import json
import pathlib
import unittest

from e2e import BenchTest
from receiver import HOST, Receiver

SIMS = ("311480000000001", "311480000000077")


class Registration(BenchTest):
    def change_sim(self, imsi):
        """The module is unplugged for it: ModemManager asks a SIM for its number only once."""
        bench = self.bench
        bench.sim.command("unplug", bench.imei)
        bench.module().wait(lambda p: p["Modem"] == "/", 60, "the module has left")
        bench.sim.command("set", bench.imei, f"imsi={imsi}")
        bench.sim.command("plug", bench.imei)

    def wait_taken(self):
        waiting = pathlib.Path(self.bench.directory, "state/outbox")
        self.bench.view.until(lambda: not list(waiting.glob("*")), 30, "it is taken")

    def test_registration(self):
        bench = self.bench
        receiver = Receiver()
        self.addCleanup(receiver.close)
        bench.config["Registration"] = {"Uri": f"http://{HOST}:{receiver.port}/register/{{imei}}",
                                        "Distributor": "TTSC", "Apn": "private.example"}
        bench.start_fotad()
        receiver.wait(1)
        self.wait_taken()
        # Neither another start nor the same SIM is news.
        bench.stop_fotad()
        bench.start_fotad()
        bench.module().wait(lambda p: p["Modem"] != "/", 60, "the module is there")
        self.change_sim(SIMS[0])
        bench.module().wait(lambda p: p["Modem"] != "/", 60, "the same SIM")
        self.change_sim(SIMS[1])
        receiver.wait(2)
        self.wait_taken()
        self.assertEqual(len(receiver.posts), 2)
        keys = {headers["Idempotency-Key"] for _, headers, _ in receiver.posts}
        self.assertEqual(len(keys), 2)
        for path, headers, body in receiver.posts:
            self.assertEqual((path, headers["Content-Type"]),
                             (f"/register/{bench.imei}", "application/json"))
            told = json.loads(body)
            self.assertEqual((told["imei"], told["firmware"], told["distributor"], told["apn"]),
                             (bench.imei, bench.old, "TTSC", "private.example"))
            self.assertFalse({"user", "password"} & told.keys())
        for imsi in SIMS:
            self.assertNotIn(imsi, bench.log())


if __name__ == "__main__":
    unittest.main()
