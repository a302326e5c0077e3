# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every command of README.md and docs/*.md is run: here on the bench, by ./check system on a booted
Debian, or, for a reason, not at all."""
import pathlib
import re
import subprocess
import unittest

import e2e

from guide import PAGES, REPOSITORY, blocks, prose, scripts

# What is not run as it stands, and why. Each must still stand somewhere.
NOT_RUN = {
    "./demo": "tests/e2e/test_demo.py runs what follows its build",
    "./demo --yes": "the same",
    "apt-get build-dep ./": "./check has installed the same, by tests/lib/install-packages",
    "meson setup build --prefix=/usr --sysconfdir=/etc --localstatedir=/var -Dtests=false":
        "would build all once more; debian/rules does so, for ./check package",
    "meson compile -C build": "the same",
    "meson install -C build": "would install into this system",
    "systemd-sysusers && systemd-tmpfiles --create": "the same",
    "systemctl reload dbus && systemctl enable --now fotad": "the same",
    "apt-get install -y ./build/package/fotad_*.deb": "the quick start does it with another path",
    "fota-rehearsal start --scale=40": "tests/system/test_fresh.py: it needs a gateway of its own",
    "fota-sim certify --busy-file=/run/busy -- sh /usr/share/doc/fotad/examples/approve.sh "
    "353081090012345 /run/busy": "the same",
    "fota-rehearsal stop": "the same",
    "systemctl disable --now fotad": "tests/system/test_fresh.py: no other page could use fotad then",
    "lsusb": "needs a USB bus, which no test has",
    "cc -shared -fPIC skeleton.c -o skeleton.so -Wl,--version-script=plugin.map "
    "$(pkg-config --cflags --libs fotad)": "tests/system/test_fresh.py, with the package fotad-dev",
    "install skeleton.so skeleton.models $(pkg-config --variable=plugindir fotad)": "the same",
}
PROGRAMS = ("fotactl", "fota-manifest", "fota-rehearsal", "fota-sim", "mmcli", "busctl", "journalctl",
            "systemctl", "minisign", "apt-get", "apt", "adduser", "meson", "cc", "install", "lsusb",
            "curl", "sudo", "timedatectl", "./demo", "./check", "ninja")
# Where blocks of this language belong to nobody's shell.
OTHER_LANGUAGES = {"", "json", "ini", "javascript", "udev", "nginx", "c", "console"}
# Inline commands that end with a person, or with an argument of one's own.
UNENDING = {"fotactl monitor", "systemctl edit fotad", "busctl monitor org.fotad.Fota1",
            "journalctl -fu fotad"}


def is_not_run(command):
    """./check runs the tests: it can be no part of them. What it takes is looked at below."""
    return command in NOT_RUN or command.split()[0] == "./check"


def is_command(text):
    return text.partition(" ")[0] in PROGRAMS


class Rules(unittest.TestCase):
    def test_commands_stand_in_marked_blocks(self):
        for page in PAGES:
            for line in re.findall(r"^    (\S.*)$", prose(page), re.MULTILINE):
                self.assertFalse(is_command(line), f"{page}: an unmarked command: {line}")
            for block in blocks(page):
                if block.language == "sh":
                    self.assertIn(block.place, ("", "gateway"), page)
                    continue
                self.assertIn(block.language, OTHER_LANGUAGES, page)
                if block.language != "console":
                    for line in block.text.splitlines():
                        self.assertFalse(is_command(line), f"{page}: an unmarked command: {line}")

    def test_what_is_not_run_stands_somewhere(self):
        text = "".join((REPOSITORY / page).read_text() for page in PAGES)
        text = re.sub(r"\\\n\s*", "", text)
        self.assertEqual([command for command in NOT_RUN if command not in text], [])

    def test_check_knows_what_it_is_told(self):
        told = subprocess.run([REPOSITORY / "check", "--help"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        for page in PAGES:
            for word in re.findall(r"\./check ([a-z]+)", (REPOSITORY / page).read_text()):
                self.assertRegex(told, rf"\b{word}\b", page)

    def test_inline_commands_are_run_somewhere(self):
        lines = [c for page in PAGES for b in blocks(page) if b.language == "sh" for c in b.commands()]
        known = [*lines, *NOT_RUN, *UNENDING]
        for page in PAGES:
            for text in re.findall(r"`([^`\n]+)`", prose(page)):
                if is_command(text) and " " in text and not is_not_run(text) \
                        and not re.search(r"[<…|]|\.\.\.", text):
                    self.assertTrue(any(line.startswith(text) or text in line for line in known),
                                    f"{page}: {text} is run nowhere")


class Page:
    """A page's blocks, one after the other in one directory, with a bench to talk to."""

    def shell(self, directory, script):
        bench = self.bench
        for written, real in (("https://fota.example", bench.web.uris["https"]),
                              ("ftp://fw.example", bench.ftp.uri),
                              ("/srv/www/fota", str(bench.www))):
            script = script.replace(written, real)
        environment = bench.environment(
            PATH=f"{bench.build}/ctl:/usr/sbin:/usr/bin:/sbin:/bin", TERM="dumb",
            CURL_CA_BUNDLE=str(bench.web.authority.certificate))
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=directory, text=True,
                              env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=300, check=False)
        self.assertEqual(done.returncode, 0, f"{script}\n{done.stdout}")
        return done.stdout

    def make_directory(self, name):
        directory = self.bench.directory / f"guide-{name}"
        directory.mkdir()
        return directory

    def run_page(self, page, directory):
        """{block's first line: what it printed}"""
        said = {}
        for block in scripts(page):
            run = [command for command in block.commands() if not is_not_run(command)]
            if len(run) == len(block.commands()):
                said[run[0]] = self.shell(directory, block.text)
            else:
                self.assertEqual(run, [], f"{page}: a block that is run in part")
        return said


class Commands(Page, e2e.BenchTest):
    options = {"channel": "port"}

    def setUp(self):
        self.module = self.offer()

    def finish(self):
        self.module.wait(lambda p: p["State"] == "idle" and p["Modem"] != "/", 60, "idle")
        self.assertEqual(self.module["Revision"], self.bench.new)

    def test_readme(self):
        directory = self.make_directory("readme")
        (directory / "m.json").write_bytes(self.manifest_of_readme())
        self.run_page("README.md", directory)
        self.finish()
        self.assertTrue((directory / "353081090012345.signed").read_bytes().endswith(b"}\n"))

    def manifest_of_readme(self):
        text, = [block.text for block in blocks("README.md") if block.language == "json"]
        return text.encode()

    def test_application(self):
        directory = self.make_directory("application")
        for file in (REPOSITORY / "docs/examples").iterdir():
            (directory / file.name).write_bytes(file.read_bytes())
        since = self.module.mark()
        said = self.run_page("docs/application.md", directory)
        self.assertIn("rehearsed", said["fotactl list"])
        self.assertEqual([arguments[1] for arguments in self.module.heard("UpdateFinished", since)][:1],
                         ["rehearsed"])
        self.module.wait(lambda p: p["Revision"] == self.bench.new, 120, "approved by busctl")
        self.finish()


class Fleet(Page, e2e.BenchTest):
    options = {"modemmanager": False}

    def test_fleet(self):
        directory = self.make_directory("fleet")
        (directory / "delta.bin").write_bytes((self.bench.www / self.bench.delta_name).read_bytes())
        said = self.run_page("docs/fleet.md", directory)
        printed = "".join(said.values())
        for part in ("fleet.json: no faults", "update (b026-fota): it waits",
                     "good signature", "ETag", "the roll-out is paused"):
            self.assertIn(part, printed)
        self.assertIn('"ramp": 604800', (directory / "fleet.json").read_text())

    def test_server_configuration(self):
        directory = self.make_directory("nginx")
        location, = [b.text for b in blocks("docs/fleet.md") if b.language == "nginx"]
        (directory / "nginx.conf").write_text(
            f"pid {directory}/pid;\nevents {{}}\nhttp {{ access_log off;\nserver {{ listen unix:"
            f"{directory}/s;\n{location}\n}} }}\n")
        subprocess.run(["nginx", "-t", "-q", "-p", directory, "-c", directory / "nginx.conf"],
                       check=True)


class Coverage(unittest.TestCase):
    def test_each_page_with_commands_is_run(self):
        here = pathlib.Path(__file__).read_text()
        system = (REPOSITORY / "tests/system/test_guides.py").read_text()
        for page in PAGES:
            for block in blocks(page):
                if block.language != "sh" or all(map(is_not_run, block.commands())):
                    continue
                if block.place == "gateway" or page == "docs/quick-start.md":
                    self.assertIn(f'"{page}"', system, f"{page} is not run by ./check system")
                else:
                    self.assertIn(f'run_page("{page}"', here, f"{page} is not run")


if __name__ == "__main__":
    unittest.main()
