# SPDX-License-Identifier: LGPL-2.1-or-later
"""fota-manifest on one file, with the real minisign; its man page, command by command."""
import json
import re
import subprocess
import unittest

from manifest import manifest, pad, timestamp, to_bytes
from manifestcase import (BAD, GATEWAY, IMEI, ManifestCase, NEW, OLD, PROGRAM, SEED, SOURCE,
                          UNREADABLE, UPDATE, USAGE)

VERBS = ["new", "renew", "lint", "pack", "verify", "plan", "bucket", "report", "from-csv"]
DELTA = "30.00.001-B026_to_B026-FOTA.bin"


def known_members():
    """The names that the program knows."""
    table = (SOURCE / "ctl" / "fota-manifest-check.c").read_text()
    table = table[table.index("known[] = {"):table.index("};", table.index("known[] = {"))]
    known = set()
    for _, members in re.findall(r'\{"([^"]*)",((?:\s*"[^"]*")+)\}', table):
        known |= set("".join(re.findall(r'"([^"]*)"', members)).split())
    return known


class General(ManifestCase):
    def test_help(self):
        summary = self.run_tool("--help")
        for verb in VERBS:
            self.assertIn(f"\n  {verb} ", summary)
            text = self.run_tool(verb, "--help")
            self.assertIn(f"fota-manifest {verb} [OPTION", text)
            self.assertIn("Exit status:", text)
        self.assertRegex(self.run_tool("--version"), r"^fota-manifest \d")

    def test_usage(self):
        for arguments in ([], ["nothing"], ["lint"], ["lint", "a", "b"], ["lint", "--nothing", "a"],
                          ["plan", "m.json"], ["verify", "m.json"], ["bucket"],
                          ["bucket", "--rollout=a"], ["bucket", "--rollout=a b", "--imei=" + IMEI],
                          ["bucket", "--rollout=a", "--imei=1"], ["pack", "m.json"],
                          ["from-csv", "f.csv"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.run_tool(*arguments, status=USAGE), "")
                self.assertTrue(self.stderr.startswith("fota-manifest: "), self.stderr)

    def test_usage_json(self):
        for arguments in (["--json", "--nothing", "a"], ["--nothing", "--json", "a"], ["--json"]):
            answer = json.loads(self.run_tool("lint", *arguments, status=USAGE))
            self.assertEqual(answer["error"]["name"], "Usage")
        self.assertEqual(self.run_tool("lint", "--nothing", "--", "--json", status=USAGE), "")

    def test_csv_or_json(self):
        answer = self.json("report", ".", "--csv", status=USAGE)
        self.assertEqual(answer["error"]["name"], "Usage")

    def test_unreadable(self):
        for arguments in (["lint", "none"], ["plan", "none", *GATEWAY], ["pack", "none", "none"],
                          ["verify", "--key=none", "none"], ["new", "--delta=none"],
                          ["from-csv", "none", f"--imei={IMEI}", f"--from={OLD}"]):
            with self.subTest(arguments=arguments):
                answer = self.json(*arguments, status=UNREADABLE)
                self.assertEqual(answer["error"]["name"], "Unreadable")

    def test_output_is_lost(self):
        """On a full disk; a manifest that is larger than a buffer is written in part at once."""
        payload = pad(manifest(IMEI, 1, UPDATE), 20000)
        self.write("m.json", payload)
        self.write("m.json.minisig", self.key().sign(payload))
        for arguments in (["--help"], ["new", "--sequence=1"], ["lint", "m.json"],
                          ["lint", "--json", "m.json"], ["pack", "m.json", "m.json.minisig"]):
            with self.subTest(arguments=arguments), open("/dev/full", "wb") as full:
                done = subprocess.run([PROGRAM, *arguments], cwd=self.directory, stdout=full,
                                      stderr=subprocess.PIPE, timeout=60, check=False)
                self.assertEqual(done.returncode, UNREADABLE)
                self.assertIn(b"could not be written", done.stderr)

    def test_completion(self):
        script = SOURCE / "ctl" / "fota-manifest.bash-completion"

        def complete(*words):
            typed = " ".join(f"'{word}'" for word in words)
            done = subprocess.run(
                ["bash", "-c", f". '{script}'; COMP_WORDS=({typed}); COMP_CWORD={len(words) - 1}; "
                               "_fota_manifest; printf '%s\\n' \"${COMPREPLY[@]}\""],
                env=self.environment, capture_output=True, text=True, timeout=60, check=True)
            return done.stdout.split()

        self.assertEqual(complete("fota-manifest", "")[:len(VERBS)], VERBS)
        self.assertEqual(complete("fota-manifest", "ver"), ["verify"])
        self.assertIn("--gateway=", complete("fota-manifest", "plan", "m.json", "--"))
        self.assertEqual(complete("fota-manifest", "lint", "--s"), ["--strict"])


class Lint(ManifestCase):
    def test_every_fault(self):
        bad = manifest(IMEI, 0, {"id": "a b", "deadline": "tomorrow", "steps": [
            {"fromVersion": OLD, "toVersion": "x;y", "delta": {"uri": "gopher://x/"}}]})
        text = self.run_tool("lint", self.write("bad.json", bad), status=BAD)
        for place in ("sequenceNumber", "update.id", "update.deadline", "update.steps[0].toVersion",
                      "update.steps[0].delta.uri"):
            self.assertIn(f"bad.json: {place}: ", text)
        self.assertEqual(len(self.json("lint", "bad.json", status=BAD)["faults"]), 5)

    def test_syntax_has_its_place(self):
        self.assertIn("no faults", self.run_tool("lint", self.write("g", manifest(IMEI, 1, {}))))
        text = self.run_tool("lint", self.write("b", b'{"manifestVersion": 01}'), status=BAD)
        self.assertRegex(text, r"\d")
        self.assertNotIn("no faults", text)

    def test_mistyped_members(self):
        update = {**UPDATE, "deadine": "2027-01-01T00:00:00Z", "rollout": {"id": "r", "precentage":
                                                                           1}}
        self.write("m.json", manifest(IMEI, 1, update, poll={"sleep": 86400, "interval": 3600}))
        answer = self.json("lint", "m.json")
        self.assertEqual(answer["faults"], [])
        self.assertEqual([warning.split(":")[0] for warning in answer["warnings"]],
                         ["update.deadine", "update.rollout.precentage", "poll.interval"])
        self.run_tool("lint", "--strict", "m.json", status=BAD)

    def test_knows_all_members(self):
        """The names that the program knows are those that policy/ reads, no more and no less."""
        read = set()
        for name in ("fota-manifest.c", "fota-manifest-update.c"):
            text = (SOURCE / "policy" / name).read_text()
            read |= set(re.findall(r'fota_json_get_\w+\(\s*&?\w+,\s*"(\w+)"', text))
        self.assertEqual(known_members(), read)

    def test_expired_and_sizeless(self):
        update = {"id": "u", "steps": [{"fromVersion": "A", "toVersion": "B",
                                        "delta": {"uri": "ftp://h/d"}}]}
        self.write("m", manifest(IMEI, 1, update, issued="2020-01-01T00:00:00Z",
                                 useBefore="2020-02-01T00:00:00Z"))
        warnings = self.json("lint", "m")["warnings"]
        self.assertEqual([warning.split(":")[0] for warning in warnings],
                         ["useBefore", "update.steps[0].delta"])

    def test_what_never_comes_about(self):
        windows = [{"start": "02:00", "duration": 3600, "timezone": zone}
                   for zone in ("Europe/Berlin", "Europe/Belin")]
        rollout = {"id": "r", "waves": [{"percentage": 100, "start": "2099-01-01T00:00:00Z"}]}
        self.write("m.json", manifest(IMEI, 1, {**UPDATE, "window": windows, "rollout": rollout}))
        answer = self.json("lint", "m.json")
        self.assertEqual(answer["faults"], [])
        self.assertEqual([warning.split(":")[0] for warning in answer["warnings"]],
                         ["update.window[1].timezone", "update.rollout"])
        self.assertIn("Europe/Belin ", answer["warnings"][0])
        self.run_tool("lint", "--strict", "m.json", status=BAD)

    def test_nobody_is_in_a_wave(self):
        start = {"start": timestamp(0)}
        waves = [{"percentage": 0, **start}, {"percentage": 0, "group": ["lab"], **start}]
        self.write("m.json", manifest(IMEI, 1, {**UPDATE, "rollout": {"id": "r", "waves": waves}}))
        warning, = self.json("lint", "m.json")["warnings"]
        self.assertIn("wave 1 has neither", warning)

    def test_expires_before_it_is_replaced(self):
        self.write("m.json", manifest(IMEI, 1, {}, poll={"notBefore": "2098-01-01T00:00:00Z"},
                                      useBefore="2097-01-01T00:00:00Z"))
        warning, = self.json("lint", "m.json")["warnings"]
        self.assertTrue(warning.startswith("poll.notBefore:"), warning)

    def test_reports_by_ftp(self):
        self.write("m.json", manifest(IMEI, 1, {}, report={"uri": "ftp://fota.example/report"}))
        warning, = self.json("lint", "m.json")["warnings"]
        self.assertTrue(warning.startswith("report.uri:"), warning)

    def test_exposed_logins(self):
        """Wherever a manifest names a login, with the address that it is sent to."""
        def login(scheme):
            return {"uri": f"{scheme}://fw.example/x", "credential": "fw"}

        file = {"size": 1000, "sha256": "a" * 64}
        for clear, web, exposed in (("ftp", "http", 4), ("ftps", "https", 0)):
            step = {"fromVersion": OLD, "toVersion": NEW, "delta": {**login(clear), **file},
                    "back": {**login(clear), **file}}
            self.write("m.json", manifest(IMEI, 1, {"id": "u", "steps": [step]},
                                          poll={"server": login(web)}, report=login(web)))
            answer = self.json("lint", "m.json")
            self.assertEqual(answer["faults"], [])
            self.assertEqual([warning.partition(": the login fw goes")[0]
                              for warning in answer["warnings"]],
                             ["update.steps[0].delta", "update.steps[0].back", "poll.server",
                              "report"][:exposed])
            self.run_tool("lint", "--strict", "m.json")

    def test_plan_names_an_unknown_zone(self):
        window = {"start": "02:00", "duration": 3600, "timezone": "Europe/Belin"}
        self.write("m.json", manifest(IMEI, 1, {**UPDATE, "window": [window]}))
        self.assertIn("Europe/Belin", self.run_tool("plan", "m.json", *GATEWAY))

    def test_issued_in_the_future(self):
        for ahead, warnings in ((60, []), (2 * 3600, ["issued"])):
            self.write("m", manifest(IMEI, 1, {}, issued=timestamp(ahead)))
            self.assertEqual([warning.split(":")[0] for warning in self.json("lint", "m")
                              ["warnings"]], warnings)

    def test_size(self):
        content = manifest(IMEI, 1, {})
        self.run_tool("lint", self.write("fits", pad(content, 65536)))
        self.run_tool("lint", self.write("over", pad(content, 65537)), status=BAD)
        self.write_signed("signed", pad(content, 65536), self.key())
        self.assertIn("with its signatures", self.run_tool("lint", "signed", status=BAD))

    def test_standard_input(self):
        self.assertIn("no faults", self.run_tool("lint", "-", data=to_bytes(manifest(IMEI, 1, {}))))

    def test_hostile_text(self):
        text = self.run_tool("lint", self.write("m", b'{"\x1b[2J": 1, "\xff": 2}'), status=BAD)
        self.assertNotIn("\x1b", text)


class Signatures(ManifestCase):
    def setUp(self):
        super().setUp()
        self.fleet, self.other = self.key(), self.key("other")
        self.content = manifest(IMEI, 1, UPDATE)

    def test_inline(self):
        self.write_signed("m.signed", self.content, self.fleet)
        self.assertIn("good signature by ", self.run_tool("verify", "--key=fleet.pub", "m.signed"))
        answer = self.json("verify", "--key=other.pub", "m.signed", status=BAD)
        self.assertEqual(answer["error"]["name"], "BadSignature")

    def test_both_keys_count(self):
        self.write_signed("m.signed", self.content, self.fleet, self.other)
        both = self.json("verify", "--key=fleet.pub", "--key=other.pub", "m.signed")
        self.assertEqual(len(both["signers"]), 2)
        one = self.json("verify", "--key=other.pub", "m.signed")
        self.assertEqual(one["signers"], both["signers"][1:])

    def test_detached(self):
        for name in ("m.json", "firmwarecheck.csv"):
            payload = to_bytes(self.content) if name == "m.json" else SEED.encode()
            self.write(name, payload)
            self.write(f"{name}.minisig", self.fleet.sign(payload))
            self.write("elsewhere", self.other.sign(payload))
            self.run_tool("verify", "--key=fleet.pub", name)
            self.run_tool("verify", "--key=other.pub", name, "elsewhere")
            self.run_tool("verify", "--key=other.pub", name, status=BAD)
            self.write(name, payload + b"\n")
            self.run_tool("verify", "--key=fleet.pub", name, status=BAD)

    def test_unsigned(self):
        self.write("m.json", self.content)
        answer = self.json("verify", "--key=fleet.pub", "m.json", status=BAD)
        self.assertEqual(answer["error"]["name"], "ManifestUnsigned")

    def test_bad_key(self):
        self.write("m.json", self.content)
        self.write("bad.pub", b"no key\n")
        self.assertEqual(self.json("verify", "--key=bad.pub", "m.json", status=USAGE)["error"]
                         ["name"], "BadKey")

    def test_pack(self):
        payload = to_bytes(self.content)
        self.write("m.json", payload)
        self.write("a", self.fleet.sign(payload))
        self.write("b", self.other.sign(payload))
        packed = self.run_tool("pack", "m.json", "a", "b", "--key=fleet.pub").encode()
        self.assertEqual(packed, (self.directory / "a").read_bytes() +
                         (self.directory / "b").read_bytes() + payload)
        self.write("m.signed", packed)
        self.run_tool("verify", "--key=other.pub", "m.signed")

    def test_pack_refuses(self):
        payload = to_bytes(self.content)
        self.write("m.json", payload)
        self.write("good", self.fleet.sign(payload))
        self.write("wrong", self.fleet.sign(payload + b"\n"))
        self.write("none", b"")
        self.write("bad.json", manifest(IMEI, 0, {}))
        self.write("large.json", pad(self.content, 65536))
        for arguments in (["m.json", "m.json"], ["m.json", "none"], ["bad.json", "good"],
                          ["large.json", "good"], ["m.json", "wrong", "--key=fleet.pub"],
                          ["m.json", "good", "--key=other.pub"]):
            with self.subTest(arguments=arguments):
                self.assertEqual(self.run_tool("pack", *arguments, status=BAD), "")


class ManPage(ManifestCase):
    def commands(self):
        """The commands of the literal blocks and what is shown below each."""
        page = (SOURCE / "docs" / "fota-manifest.1").read_text()
        for block in re.findall(r"^\.Bd .*?\n(.*?)^\.Ed", page, re.M | re.S):
            lines = block.replace(r"\e", "\\").splitlines()
            while lines:
                line = lines.pop(0)
                if not line.startswith("$ "):
                    continue
                command, shown = line[2:], []
                while command.endswith("\\"):
                    command += "\n" + lines.pop(0)
                while lines and not lines[0].startswith("$ "):
                    shown.append(lines.pop(0))
                yield command, "\n".join(shown)

    def test_fleet(self):
        self.write(DELTA, b"x" * 1000)
        commands = list(self.commands())
        self.assertGreater(len(commands), 10)
        for command, shown in commands:
            done = subprocess.run(["sh", "-ec", command], cwd=self.directory, text=True, timeout=60,
                                  env=self.environment, stdin=subprocess.DEVNULL, check=False,
                                  capture_output=True)
            self.assertEqual(done.returncode, 0, command + done.stderr)
            if "minisign -" not in command:
                pattern = re.escape(shown).replace(r"\.\.\.", ".+")
                self.assertRegex(done.stdout.strip("\n"), f"^{pattern}$", command)

    def test_every_member_is_there(self):
        page = (SOURCE / "docs" / "fota-manifest.1").read_text()
        page = page[page.index(".Sh THE MANIFEST"):page.index(".Sh OPTIONS")]
        said = set(re.findall(r"\w+", page))
        self.assertEqual(known_members() - said, set())

    def test_members_are_those_that_fotad_reads(self):
        reader = "".join((SOURCE / "policy" / name).read_text()
                         for name in ("fota-manifest.c", "fota-manifest-update.c"))
        read = set(re.findall(r'fota_json_get_\w+\(\s*&?\w+,\s*"(\w+)"', reader))
        self.assertEqual(read, known_members())

    def test_every_option_is_there(self):
        page = (SOURCE / "docs" / "fota-manifest.1").read_text()
        for verb in VERBS:
            text = self.run_tool(verb, "--help")
            for option in re.findall(r"^  --([a-z-]+)", text, re.M):
                self.assertIn(f"Fl -{option}", page)


if __name__ == "__main__":
    unittest.main()
