"""Whatever a user may meet has an entry: codes, headers, events, commands with their options; and all links lead
somewhere. Of settings `tests/config/test_reference.py` says the same, of metrics and log lines
`tests/project/test_runbook.py`."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from documentation.examples import DOCS, PAGES
from sealink.cli import reference
from sealink.cli.main import app
from sealink.documentation.markdown import anchor, headings
from sealink.gateway.failover import upstream_words, whole_body
from sealink.policy import budgets, limits
from sealink.telemetry.request_log import RequestLine
from sealink.webhooks.settings import TYPES
from sealink.wire.dialects.anthropic_messages.client.rate_limits import limit_headers
from sealink.wire.dialects.shared import prompt_too_long
from sealink.wire.rate_limits import openai_limit_headers

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
    codes |= {*get_args(limits.Code), *get_args(budgets.Code), *whole_body.MESSAGES}
    codes |= {upstream_words.UNAUTHORIZED, prompt_too_long.CODE}
    assert codes - entries("errors.md") - OF_ROWS == set()


def test_every_header_has_an_entry() -> None:
    headers = set(re.findall(r"\"(x-(?:sealink|request|should)-[a-z-]+|request-id|retry-after(?:-ms)?)\"", sources()))
    assert {"x-sealink-upstream", "x-request-id", "x-should-retry"} < headers
    for what in ("requests", "tokens"):
        headers |= {*openai_limit_headers(what), *limit_headers(what)}
    assert headers - {name.partition(":")[0] for name in entries("headers.md")} == set()


def test_every_event_has_an_entry_and_no_other() -> None:
    assert entries("webhooks.md") == set(TYPES)


def test_the_line_of_a_request_has_the_fields_that_it_is_shown_with() -> None:
    (line,) = re.findall(r"^.* INFO sealink\.requests (.*)$", (DOCS / "operations.md").read_text(), re.MULTILINE)
    shown = [word.partition("=")[0] for word in line.split()]
    assert shown == [name for name in RequestLine.__struct_fields__ if name in shown]


def test_every_page_is_in_the_list_of_all() -> None:
    contents = (DOCS / "README.md").read_text()
    assert [page for page in PAGES if f"]({page.relative_to(DOCS)})" not in contents] == [DOCS / "README.md"]


def test_the_page_of_commands_is_current() -> None:
    assert (DOCS / "commands.md").read_text() == reference.page(), "run `make docs`"


def commands(path: str, command: object) -> Iterator[tuple[str, set[str]]]:
    """Each command, with all of its options."""
    assert isinstance(command, TyperCommand | TyperGroup)
    options = [each for each in command.params if isinstance(each, TyperOption)]
    yield path, {name for each in options for name in (*each.opts, *each.secondary_opts)}
    for name, inner in command.commands.items() if isinstance(command, TyperGroup) else ():
        yield from commands(f"{path} {name}", inner)


def test_every_option_of_every_command_has_an_entry() -> None:
    sections = dict(re.findall(r"^## (.+)\n([^#]*)", (DOCS / "commands.md").read_text(), re.MULTILINE))
    for path, options in commands("sealink", typer.main.get_command(app)):
        told = re.findall(r"^\| `([^`]+)` \| .*\w", sections.get(path, ""), re.MULTILINE)
        assert options - {name for cell in told for name in re.split(r"[, /]+", cell)} == set(), path


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
