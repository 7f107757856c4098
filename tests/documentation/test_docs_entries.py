"""Whatever a user may meet has an entry: codes, headers, commands with their options; and all links lead somewhere."""

import re
from pathlib import Path

import pytest

from documentation.examples import DOCS, PAGES
from sealink.cli import reference
from sealink.documentation.markdown import anchor, headings

SOURCE = Path(__file__).parents[2] / "src" / "sealink"
FAKE_PROVIDERS = ("sim", "doctor", "recorder", "benchmark")
"""What SeaLink says itself is not in these."""

OF_ROWS = {"hedge_lost"}
"""Codes of attempts: no client gets them."""


def sources() -> str:
    files = [path for path in SOURCE.rglob("*.py") if path.relative_to(SOURCE).parts[0] not in FAKE_PROVIDERS]
    return "\n".join(path.read_text() for path in files)


def entries(page: str) -> set[str]:
    """What stands in the first column of the page's tables."""
    cells = re.findall(r"^\| ([^|]+) \|", (DOCS / page).read_text(), re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def test_every_code_of_an_error_has_an_entry() -> None:
    codes = set(re.findall(r"\bcode(?:: str \| None)? ?= ?\"([a-z_]+)\"", sources()))
    assert len(codes) > 50
    assert codes - entries("errors.md") - OF_ROWS == set()


def test_every_header_has_an_entry() -> None:
    headers = set(re.findall(r"\"(x-(?:sealink|ratelimit)-[a-z-]+|x-should-retry|retry-after(?:-ms)?)\"", sources()))
    assert "x-sealink-upstream" in headers
    named = {name.partition(":")[0] for name in entries("headers.md")}
    told = (DOCS / "headers.md").read_text()
    assert {
        name for name in headers - named if name.removesuffix("-requests").removesuffix("-tokens") not in told
    } == set()


def test_every_page_is_in_the_list_of_all() -> None:
    contents = (DOCS / "README.md").read_text()
    assert [page for page in PAGES if f"]({page.relative_to(DOCS)})" not in contents] == [DOCS / "README.md"]


def test_the_page_of_commands_is_current() -> None:
    assert (DOCS / "commands.md").read_text() == reference.page(), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in target:
            continue
        name, _, at = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.exists(), target
        if at:
            assert at in {found for found, _ in headings(file.read_text())}, target


def test_anchors_are_those_of_the_repository_too() -> None:
    assert anchor("What `keys` may do, and how") == "what-keys-may-do-and-how"
