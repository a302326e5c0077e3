# SPDX-License-Identifier: LGPL-2.1-or-later
"""The commands of README.md and docs/*.md.

A fenced block that is marked `sh` holds commands. `sh gateway` are for a gateway that has booted with
the package installed: ./check system runs them. The others run on the bench.
"""
import dataclasses
import pathlib
import re

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
PAGES = ["README.md", *sorted(f"docs/{page.name}" for page in (REPOSITORY / "docs").glob("*.md"))]
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclasses.dataclass
class Block:
    page: str
    language: str
    place: str  # "" or "gateway"
    text: str

    def commands(self):
        """Its lines, without comments and blanks, continued ones joined."""
        joined = re.sub(r"\\\n\s*", "", self.text)
        return [line for line in (re.sub(r"\s+#.*", "", line).strip() for line in joined.splitlines())
                if line and not line.startswith("#")]


def blocks(page):
    """The fenced blocks of a page, in their order."""
    found = []
    for mark, text in FENCE.findall((REPOSITORY / page).read_text()):
        language, _, place = mark.partition(" ")
        found.append(Block(page, language, place, text))
    return found


def scripts(page, place=""):
    """What is to be run at a place, block by block."""
    return [block for block in blocks(page) if (block.language, block.place) == ("sh", place)]


def prose(page):
    """The page without its fenced blocks."""
    return FENCE.sub("", (REPOSITORY / page).read_text())
