"""`sealink providers`, and the page of the docs that is made of it."""

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from sealink.cli.main import app
from sealink.providers import VENDORS

PAGE = Path(__file__).parents[2] / "docs" / "providers.md"


def printed(*options: str) -> str:
    result = CliRunner().invoke(app, ["providers", *options])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_page_is_current() -> None:
    assert PAGE.read_text() == printed("--markdown"), "run `make docs`"


def test_every_vendor_has_a_line() -> None:
    lines = printed().splitlines()
    assert {line.split()[0] for line in lines[1:] if line[:1].strip()} == set(VENDORS)
    assert any({"groq", "GROQ_API_KEY", "https://api.groq.com/openai/v1"} <= set(line.split()) for line in lines)


def test_a_program_can_read_it_all() -> None:
    said: dict[str, dict[str, Any]] = {vendor["name"]: vendor for vendor in json.loads(printed("--json"))}
    assert list(said) == list(VENDORS)
    assert said["azure"]["settings"] == {"resource": ["AZURE_RESOURCE_NAME"]}
    assert said["bedrock"]["signs"]
    (groq,) = [address for address in said["groq"]["addresses"] if address["dialect"] == "openai"]
    assert groq["habits"][-1] == "Unsupported, dropped: `logit_bias`."
