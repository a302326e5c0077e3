# SPDX-License-Identifier: LGPL-2.1-or-later
"""A text message to the module has the manifest read now, and does nothing else."""
import time
import unittest

from e2e import BenchTest
from manifest import to_bytes
from modules import MM_NAME
from test_poll import ScriptedServer

SENDER, OTHER = "+15551234567", "+15557654321"
MESSAGING = "org.freedesktop.ModemManager1.Modem.Messaging"
SMS = "org.freedesktop.ModemManager1.Sms"


class Push(BenchTest):
    def messages(self):
        """Texts of the messages that ModemManager shows; one may go while they are read."""
        path = self.bench.mm.find(self.bench.imei)[0]
        paths = self.bench.view.get_all(MM_NAME, path, MESSAGING)["Messages"]
        shown = [self.bench.view.look_at(MM_NAME, path, SMS) for path in paths]
        return sorted(message["Text"] for message in shown if message)

    def deleted(self):
        return sum(line.text.startswith("AT+CMGD=") for line in self.bench.transcript())

    def send(self, sender, text):
        self.bench.sim.command("sms", self.bench.imei, sender, text)

    def leave(self, sender, text):
        """One at a time: ModemManager misses a message that comes while it reads another one."""
        before = self.messages()
        self.send(sender, text)
        self.until(lambda: self.messages() == sorted([*before, text]), "the message has come")

    def asked(self):
        """For how many messages a check was planned."""
        return self.bench.log().count("a text message asks for a check")

    def take(self, sender, text):
        before = self.deleted()
        self.send(sender, text)
        self.until(lambda: self.deleted() > before, "the message is deleted")

    def take_parts(self, sender, *texts):
        """A message that is shown before it is whole, and taken when it is."""
        before = self.deleted()
        for i, text in enumerate(texts):
            shown = len(self.messages())
            self.bench.sim.command("sms-part", self.bench.imei, sender, str(i + 1),
                                   str(len(texts)), text)
            if i == 0:
                self.until(lambda n=shown: len(self.messages()) > n, "its first part has come")
        self.until(lambda: self.deleted() == before + len(texts), "all parts are deleted")

    def until(self, condition, what):
        self.bench.view.until(condition, 60, what)

    def test_push(self):
        server = ScriptedServer()
        self.addCleanup(server.close)
        payload = to_bytes(self.bench.manifest(self.bench.update()))
        server.answer(200, self.bench.key.sign(payload) + payload)
        self.bench.mm.enable(self.bench.imei)
        self.leave(OTHER, "look")
        self.bench.start_fotad(Manifest={"Uri": server.uri + "/m.signed"},
                               Push={"SmsSenders": SENDER, "SmsKeyword": "look"})
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        token, requests = module.token(), len(server.requests)

        # What is not for fotad, or carries more than the keyword, is nobody's business.
        self.leave(SENDER, f"look approve {token}")
        self.leave(OTHER, "whisper")
        strange = self.messages()

        self.take_parts(SENDER, "lo", "ok")
        self.until(lambda: len(server.requests) > requests, "the manifest is read")
        # Messages are read in the order of their coming: those before it have asked for nothing.
        self.assertEqual(self.asked(), 1)

        # A flood costs one more check, later.
        for _ in range(6):
            self.take(SENDER, "look")
        self.until(lambda: self.messages() == strange, "the others are as they were")
        self.until(lambda: module["State"] == "awaiting-approval", "the check is over")
        self.assertEqual(len(server.requests), requests + 1)
        wait = module["NextCheck"] / 1e6 - time.time()
        self.assertTrue(400 < wait <= 600, wait)
        self.assertEqual(module.token(), token)

        log = self.bench.log()
        self.assertEqual(self.asked(), 2, log)
        for secret in ("5551234567", "5557654321", "whisper", token):
            self.assertNotIn(secret, log)


if __name__ == "__main__":
    unittest.main()
