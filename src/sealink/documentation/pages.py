"""Which pages there are, in which order, and where their files stand."""

from functools import cache
from pathlib import Path
from typing import Final

import msgspec

_PACKAGE: Final = Path(__file__).parent

FOLDERS: Final = (_PACKAGE / "pages", _PACKAGE.parents[2] / "docs")
"""Where the files are: in an installed package, and in a checkout."""

ORDER: Final = {
    "Begin": ("quickstart", "streaming", "function-calling", "structured-output", "reasoning", "coding-agents"),
    "Look up": ("errors", "keys", "limits", "messages", "responses", "gemini", "parameters"),
    "Run it": ("deployment", "operations", "security", "routing", "providers", "clouds", "configuration", "migration"),
}
"""The pages that have a place in the list of all; others come last."""

_REST: Final = "More"


class Page(msgspec.Struct, frozen=True):
    """A page. `name` is what stands in its address; `text` is Markdown."""

    name: str
    title: str
    text: str


@cache
def pages() -> dict[str, Page]:
    """All pages by name. Empty where the files are not there."""
    folder = next((folder for folder in FOLDERS if folder.is_dir()), None)
    files = sorted(folder.glob("**/*.md")) if folder is not None else []
    found = [_page(file.relative_to(folder).with_suffix("").as_posix(), file.read_text()) for file in files if folder]
    return {page.name: page for page in found}


def listed() -> dict[str, list[Page]]:
    """The pages that there are, by the heading that they are listed under."""
    known = pages()
    placed = {name for names in ORDER.values() for name in names}
    sections = {heading: [known[name] for name in names if name in known] for heading, names in ORDER.items()}
    sections[_REST] = [page for name, page in known.items() if name not in placed]
    return {heading: there for heading, there in sections.items() if there}


def _page(name: str, text: str) -> Page:
    first, _, _ = text.partition("\n")
    return Page(name, first.removeprefix("# ").replace("`", ""), text)
