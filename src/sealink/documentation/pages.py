"""Which pages there are, in which order, and where their files stand."""

import re
from functools import cache
from pathlib import Path
from typing import Final

import msgspec

_PACKAGE: Final = Path(__file__).parent

FOLDERS: Final = (_PACKAGE / "pages", _PACKAGE.parents[2] / "docs")
"""Where the files are: in an installed package, and in a checkout."""

CONTENTS: Final = "README"
"""The page that lists the others, under headings."""

_ENTRY: Final = re.compile(r"^## (?P<heading>.+)$|^- \[(?P<title>.+)\]\((?P<name>[\w/-]+)\.md\)", re.MULTILINE)


class Page(msgspec.Struct, frozen=True):
    """A page. `name` is what stands in its address; `text` is Markdown."""

    name: str
    title: str
    text: str


@cache
def pages() -> dict[str, Page]:
    """All pages by name, the contents too. Empty where the files are not there."""
    folder = next((folder for folder in FOLDERS if folder.is_dir()), None)
    files = sorted(folder.glob("**/*.md")) if folder is not None else []
    found = [_page(file.relative_to(folder).with_suffix("").as_posix(), file.read_text()) for file in files if folder]
    return {page.name: page for page in found}


def listed() -> dict[str, list[tuple[str, str]]]:
    """Name and short title of each page, by the heading that the contents have it under."""
    sections: dict[str, list[tuple[str, str]]] = {}
    heading = ""
    for entry in _ENTRY.finditer(pages()[CONTENTS].text) if CONTENTS in pages() else ():
        heading = entry["heading"] or heading
        if entry["name"]:
            sections.setdefault(heading, []).append((entry["name"], entry["title"]))
    return sections


def _page(name: str, text: str) -> Page:
    first, _, _ = text.partition("\n")
    return Page(name, first.removeprefix("# ").replace("`", ""), text)
