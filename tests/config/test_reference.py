"""docs/configuration.md has every setting, with its default and each value of a choice, as the code has it now."""

import json
import re
from pathlib import Path

import pytest

from sealink.config import reference
from sealink.config.reference import documentation, settings
from sealink.config.tables import choices_of

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
SETTINGS = {f"{table}.{field.encode_name}": (struct, field) for table, struct, field in settings()}


def rows() -> dict[str, list[str]]:
    """The cells of each setting's row in the page."""
    found: dict[str, list[str]] = {}
    table = ""
    for line in PAGE.read_text().splitlines():
        if header := re.fullmatch(r"## \[+([\w.]+)\]+", line):
            table = header[1]
        elif row := re.fullmatch(r"\| `(\w+)` \| (.*) \|", line):
            found[f"{table}.{row[1]}"] = row[2].split(" | ")
    return found


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == reference.page(), "run `make docs`"


def test_every_setting_has_a_row() -> None:
    assert sorted(rows()) == sorted(SETTINGS)


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_says_what_it_is(name: str) -> None:
    struct, field = SETTINGS[name]
    assert documentation(struct, field.name), f"{struct.__name__}.{field.name} needs a docstring"


@pytest.mark.parametrize("name", [name for name, (_, field) in SETTINGS.items() if choices_of(field.type)])
def test_each_value_of_a_choice_is_listed_and_explained(name: str) -> None:
    struct, field = SETTINGS[name]
    values = rows()[name][0]
    for choice in choices_of(field.type):
        assert json.dumps(choice) in values
        assert choice in documentation(struct, field.name) or name == "heartbeat.paths"  # as `heartbeat.shape`


def test_defaults_are_written_as_in_the_file() -> None:
    defaults = {name: cells[1] for name, cells in rows().items()}
    assert defaults["server.port"] == "`4000`"
    assert defaults["server.host"] == '`"127.0.0.1"`'
    assert defaults["server.max_chat_bytes"] == "`33554432` (32 MiB)"
    assert defaults["server.models_without_key"] == "`true`"
    assert defaults["server.cors_origins"] == '`["*"]`'
    assert defaults["timeouts.first_content_s"] == "`600`"
    assert defaults["retry.first_delay_s"] == "`0.25`"
    assert defaults["models.id"] == "required"
    assert defaults["keys.models"] == ""
