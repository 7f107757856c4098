"""The fenced examples of the documentation's pages."""

import re
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.glob("**/*.md"))
PLACEHOLDER = "YOUR_SEALINK_KEY"
"""What a reader puts their own key for."""


class Example(NamedTuple):
    """A fenced block. `place`: its page and line."""

    place: str
    language: str
    code: str


def examples(*languages: str) -> list[Example]:
    """All blocks in these languages."""
    found = []
    for page in PAGES:
        text = page.read_text()
        for block in re.finditer(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
            line = text[: block.start()].count("\n") + 1
            found.append(Example(f"{page.relative_to(DOCS)}:{line}", block[1], block[2]))
    return [example for example in found if not languages or example.language in languages]
