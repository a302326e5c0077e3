# SPDX-License-Identifier: LGPL-2.1-or-later
"""What holds of all pages: manual pages without a warning, links that lead somewhere, an entry for
each error, and a reader for each page."""
import json
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from errors import REPOSITORY, error_names  # noqa: E402

DOCS = REPOSITORY / "docs"
MANUALS = sorted(DOCS.glob("*.[158]"))
GUIDES = sorted([*DOCS.glob("*.md"), *REPOSITORY.glob("*.md")])


def package_of(page):
    """The Debian package that a manual page is in."""
    directory = f"usr/share/man/man{page.suffix[1:]}"
    package, = (file.stem for file in REPOSITORY.glob("debian/*.install")
                if {directory, f"{directory}/{page.name}"} & set(file.read_text().split()))
    return package


def shipped(package):
    """The files below its directory of documentation."""
    return {folder + file.name
            for kind, folder in (("docs", ""), ("examples", "examples/"))
            for listed in REPOSITORY.glob(f"debian/{package}.{kind}")
            for pattern in listed.read_text().split() for file in REPOSITORY.glob(pattern)}


class Manuals(unittest.TestCase):
    def test_no_warnings(self):
        self.assertGreater(len(MANUALS), 6)
        for page in MANUALS:
            lint = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", page], text=True,
                                  stdout=subprocess.PIPE, check=False)
            self.assertEqual(lint.stdout, "")

    def test_are_installed(self):
        installed = "".join(file.read_text() for file in REPOSITORY.glob("*/**/meson.build"))
        packaged = "".join(file.read_text() for file in REPOSITORY.glob("debian/*.install"))
        for page in MANUALS:
            self.assertIn(f"docs/{page.name}'", installed)
            self.assertRegex(packaged, rf"man{page.suffix[1:]}(/{re.escape(page.name)})?\n")


    def test_named_files_come_along(self):
        """Who has a page has the files that it names: they are in the same package."""
        for page in MANUALS:
            for package, name in re.findall(r"/usr/share/doc/([\w-]+)/(\S+)", page.read_text()):
                with self.subTest(page=page.name, name=name):
                    self.assertEqual(package, package_of(page))
                    self.assertIn(name, shipped(package))


class Guides(unittest.TestCase):
    def test_links_lead_somewhere(self):
        for guide in GUIDES:
            for link in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", guide.read_text()):
                if "://" not in link:
                    self.assertTrue((guide.parent / link).exists(), f"{guide}: {link}")

    def test_named_files_exist(self):
        """A path in code style that begins with a folder of the tree."""
        folders = "|".join(f.name for f in REPOSITORY.iterdir() if f.is_dir() and f.name != "build")
        for guide in GUIDES:
            for name in re.findall(rf"`((?:{folders})/[\w./-]*[\w/])`", guide.read_text()):
                self.assertTrue((REPOSITORY / name).exists(), f"{guide}: {name}")

    def test_each_has_a_reader(self):
        """README.md leads to every page."""
        readme = (REPOSITORY / "README.md").read_text()
        for guide in GUIDES:
            if guide.name != "README.md":
                self.assertIn(str(guide.relative_to(REPOSITORY)), readme)
        for page in MANUALS:
            self.assertIn(f"{page.stem}({page.suffix[1:]})", readme)

    def test_rules_of_a_site_come_first_or_last(self):
        """polkit lets the first rule decide, udev the last one, in the order of their names."""
        text = "".join(guide.read_text() for guide in GUIDES)
        polkit = re.findall(r"/etc/polkit-1/rules\.d/([\w.-]+\.rules)", text)
        udev = re.findall(r"/etc/udev/rules\.d/([\w.-]+\.rules)", text)
        self.assertTrue(polkit and udev)
        for name in polkit:
            self.assertLess(name, "fotad.rules")  # units/
        for name in udev:
            self.assertGreater(name, "80-mm-candidate.rules")

    def test_are_packaged(self):
        """Those for the users of a gateway, and the examples."""
        self.assertIn("docs/*.md", (REPOSITORY / "debian/fotad.docs").read_text().split())
        self.assertEqual((REPOSITORY / "debian/fotad.examples").read_text(), "docs/examples/*\n")


class Examples(unittest.TestCase):
    def test_approve_shows_every_result(self):
        script = (DOCS / "examples/approve.sh").read_text()
        command = re.search(r"sed -n '(\S*\"result\".*)'\)$", script, re.MULTILINE)[1]
        schema = json.loads((DOCS / "report.schema.json").read_text())
        for result in schema["properties"]["result"]["enum"]:
            shown = subprocess.run(["sed", "-n", command], input=f'{{"result":"{result}","x":""}}\n',
                                   text=True, stdout=subprocess.PIPE, check=True).stdout
            self.assertEqual(shown, f"{result}\n")


class Promises(unittest.TestCase):
    """Each test that a table names exists."""

    @classmethod
    def setUpClass(cls):
        build = pathlib.Path(os.environ["FOTA_BUILD"])
        tests = json.loads((build / "meson-info/intro-tests.json").read_text())
        cls.meson = {name for test in tests
                     for name in (test["name"], re.sub(r"-\d$", "", test["name"]))}
        cls.units = "".join(f.read_text() for f in sorted(REPOSITORY.glob("tests/*/**/*.c")))
        cls.matrices = set(re.findall(r'Case\("([\w ]+)"',
                                      (REPOSITORY / "tests/matrix/cases.py").read_text()))

    def is_unit(self, path):
        """In one piece, or as the name of a case below a prefix."""
        cuts = [i for i, letter in enumerate(path) if letter == "/" and i > 0]
        return f'"{path}"' in self.units or any(
            f'"{path[:cut]}/' in self.units and f'{{"{path[cut + 1:]}",' in self.units
            for cut in cuts)

    def test_exist(self):
        rows = [line for line in (DOCS / "sources.md").read_text().splitlines()
                if line.startswith("| ") and not line.endswith("| test |")]
        self.assertGreater(len(rows), 50)
        for row in rows:
            where, last = row.rsplit(" |", 2)[:2]
            with self.subTest(row=row):
                self.assertRegex(last, r"^(|( (matrix )?`[^`]+`,?)+)$")
                self.assertTrue(last or re.search(r"\b(not built|left out|as 4\.1)\b", where))
                for matrix, name in re.findall(r"(matrix )?`([^`]+)`", last):
                    self.assertTrue(name in self.matrices if matrix else self.is_unit(name)
                                    if name.startswith("/") else name in self.meson, name)

    def test_functions_exist(self):
        """Those of the plugins, by name."""
        source = "".join(f.read_text() for f in sorted(REPOSITORY.glob("plugins/*/*.c")))
        named = re.findall(r"`((?:telit|huawei)_\w+)`", (DOCS / "sources.md").read_text())
        self.assertGreater(len(named), 20)
        for name in named:
            self.assertRegex(source, rf"(?m)^(static .*)?{name}[\[(]")


class Plugin(unittest.TestCase):
    """docs/plugin.md against the header and the loader."""

    def setUp(self):
        self.page = (DOCS / "plugin.md").read_text()

    def rows(self, heading):
        """The first cells of the table below a heading."""
        part = self.page.split(f"## {heading}\n")[1].split("\n## ")[0]
        cells = re.findall(r"^\| (`.*?) \|", part, re.MULTILINE)
        return [name for cell in cells for name in re.findall(r"`(\w+)`", cell)]

    def test_functions(self):
        header = (REPOSITORY / "plugins/fota-plugin.h").read_text()
        table = re.search(r"^typedef struct \{\n    gsize size;  [^{]*?^\} FotaMethod;", header,
                          re.MULTILINE | re.DOTALL)[0]
        self.assertEqual(self.rows("What the daemon does, and what is left to you"),
                         re.findall(r"^    (?:FotaResult|void) \(\*(\w+)\)", table, re.MULTILINE))

    def test_results(self):
        header = (REPOSITORY / "plugins/fota-plugin-session.h").read_text()
        self.assertEqual(sorted(self.rows("Results")),
                         sorted(re.findall(r"^    FOTA_RESULT_(\w+),", header, re.MULTILINE)))

    def test_keys(self):
        loader = (REPOSITORY / "daemon/fota-models.c").read_text()
        required = re.search(r"\bkeys\[\] = \{\n(.*?)^\};", loader, re.DOTALL | re.MULTILINE)[1]
        self.assertEqual(sorted(self.rows("The data file")), sorted(re.findall(r'\{"(\w+)"', required)))


class Runbook(unittest.TestCase):
    def setUp(self):
        text = (DOCS / "runbook.md").read_text()
        found = re.split(r"^### (\w+)$", text, flags=re.MULTILINE)[1:]
        self.entries = dict(zip(found[::2], found[1::2]))
        self.order = found[::2]

    def test_an_entry_for_each_error(self):
        self.assertEqual(sorted(self.order), error_names())

    def test_each_entry_says_all(self):
        for name, text in self.entries.items():
            said = re.findall(r"^- \*\*(\w+)\*\* ", text, re.MULTILINE)
            self.assertEqual(said, ["Meaning", "State", "Look", "Do", "Power"], name)


if __name__ == "__main__":
    unittest.main()
