# SPDX-License-Identifier: LGPL-2.1-or-later
"""A new version is a success only when the module serves as before."""
import unittest

from e2e import BenchTest


class ServiceTest(BenchTest):
    def setUp(self):
        super().setUp()
        self.bench.register()


class TelitThroughThePort(ServiceTest):
    options = {"channel": "port", "config": {"Service": {"Time": "10s"}}}

    def update(self, module):
        since = module.mark()
        module.approve()
        return module.wait_finished(since)

    def test_serves(self):
        self.bench.config["Service"] = {"Time": "2min"}  # it ends as soon as it is proven
        module = self.offer()
        self.assertTrue(module["Service"]["registered"])
        self.assertEqual(module["Service"]["probe"], "untried")
        _, result, details = self.update(module)
        self.assertEqual(result, "success", details)
        for when in ("service-before", "service-after"):
            self.assertTrue(details[when]["registered"], when)
            self.assertEqual(details[when]["operator"], "311480")
        self.assertEqual(module["Progress"], 100)

    def test_no_service(self):
        """The new firmware finds no network: that ends as what it is, and is not offered again."""
        module = self.offer()
        self.bench.fault("no-service")
        since = module.mark()
        module.approve()
        module.wait(lambda p: p["State"] == "verifying" and p["Revision"] == self.bench.new, 120,
                    "the service is being proven")
        self.assert_refused("NotCancellable", module.cancel)
        # The proof is on disk: another start goes on with it.
        self.bench.kill_fotad()
        self.bench.start_fotad()
        module = self.bench.module()
        _, result, details = module.wait_finished(0, 120)
        self.assertEqual((result, details["error"]), ("no-service", "NoService"), details)
        self.assertIn("not registered", details["text"])
        self.assertTrue(details["service-before"]["registered"])
        self.assertFalse(details["service-after"]["registered"])
        self.assertEqual(self.bench.sim_state()["version"], self.bench.new)
        entry = module.history()[0]
        self.assertEqual(entry["result"], "no-service")
        for when in ("service-before", "service-after"):
            self.assertEqual(entry[when], details[when])
        self.assertEqual(module["LastError"][0], "NoService")
        self.assertEqual(module["State"], "failed")
        last = module["LastCheck"]
        module.check()
        module.wait(lambda p: p["LastCheck"] > last and p["State"] == "idle", 30, "it was checked")
        self.assertEqual(module["Update"], {})


class Insured(ServiceTest):
    options = {"modules": ("me310g1",), "channel": "port",
               "config": {"Service": {"Time": "10s"}, "Delivery": {"By": "host"}}, "clock": True}

    def offer_with_back(self, **service):
        retry = {"maxAttempts": 2, "backoff": 60}
        self.bench.publish(self.bench.insured_update(**service) | {"retry": retry})
        self.bench.start_fotad()
        module = self.bench.module()
        module.wait_state("awaiting-approval")
        return module

    def test_put_back(self):
        """A module without service is put back to its old version, and stays there."""
        module = self.offer_with_back(back="required")
        self.assertTrue(module["Update"]["way-back"])
        self.bench.fault("no-service")
        since = module.mark()
        module.approve()
        _, result, details = module.wait_finished(since, 180)
        self.assertEqual((result, details["error"]), ("restored", "NoService"), details)
        self.assertIn("put back to " + self.bench.old, details["text"])
        self.assertEqual((details["from"], details["to"]), (self.bench.old, self.bench.new))
        self.assertEqual(self.bench.sim_state()["version"], self.bench.old)
        self.assertEqual(module["State"], "failed")
        last = module["LastCheck"]
        module.check()
        module.wait(lambda p: p["LastCheck"] > last and p["State"] == "failed", 30, "it is held")
        self.assertEqual(module["Update"], {})

    def test_way_back_of_another_model(self):
        """Only the module can tell: it refuses it each time, and stays as it is."""
        module = self.offer_with_back(back="required", back_model="ME910C1-NA")
        self.bench.fault("no-service")
        since = module.mark()
        module.approve()
        for _ in range(2):
            properties = module.wait(lambda p: p["Blockers"] == ["backoff"], 120, "a try has failed")
            self.assertIn("not made for " + self.bench.new, properties["LastError"][1])
            module.check()  # it does not wait for minutes
        _, result, details = module.wait_finished(since)
        self.assertEqual((result, details["error"]), ("no-service", "NoService"), details)
        self.assertIn(f"could not be put back to {self.bench.old} (TransferFailed)",
                      details["text"])
        state = self.bench.sim_state()
        self.assertEqual((state["version"], state["apply-step"]), (self.bench.new, 0))

    def test_last_attempt_goes_without(self):
        """A way back that is used where it can be had, and is not on its server."""
        module = self.offer_with_back(back="use")
        (self.bench.www / "back.bin").unlink()
        since = module.mark()
        module.approve()
        _, result, details = module.wait_finished(since)
        self.assertEqual((result, details["error"]), ("failed", "DeltaMissing"), details)
        self.assertEqual(self.bench.sim_state()["version"], self.bench.old)
        since = module.mark()
        self.bench.set_clock(120)
        _, result, details = module.wait_finished(since)
        self.assertEqual(result, "success", details)


if __name__ == "__main__":
    unittest.main()
