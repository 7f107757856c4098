"""What the search in the browser looks through: every section of every page. There is no search on the server."""

import re
from functools import cache

import msgspec

from sealink.documentation.markdown import anchor
from sealink.documentation.pages import Page, pages


class Section(msgspec.Struct, frozen=True):
    """A heading with the words under it. `path` leads to it."""

    path: str
    title: str
    text: str


@cache
def search_index() -> bytes:
    """All sections, as JSON."""
    return msgspec.json.encode([section for page in pages().values() for section in _sections(page)])


def _sections(page: Page) -> list[Section]:
    """The page's sections; a `#` in code is no heading."""
    parts = re.split(
        r"^(#{1,4} .+)$", re.sub(r"^(```.*?^```)$", _without_headings, page.text, flags=re.M | re.S), flags=re.M
    )
    headings = [heading.lstrip("# ") for heading in parts[1::2]]
    return [
        Section(
            f"/docs/{page.name}" + (f"#{anchor(heading)}" if number else ""),
            heading.replace("`", "") if not number else f"{page.title}: {heading.replace('`', '')}",
            " ".join(text.split()),
        )
        for number, (heading, text) in enumerate(zip(headings, parts[2::2], strict=True))
    ]


def _without_headings(block: re.Match[str]) -> str:
    return block[1].replace("\n#", "\n ")
