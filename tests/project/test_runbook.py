"""docs/operations.md has an entry for every line that SeaLink logs, and for every metric."""

import ast
import re
from pathlib import Path
from typing import Final

import pytest

from deploy.test_monitoring import exposed
from sealink.app.listening.takeover import TAKEN_OVER
from sealink.app.process import stop_notice

ROOT: Final = Path(__file__).parents[2]
SOURCE: Final = ROOT / "src" / "sealink"
RUNBOOK: Final = (ROOT / "docs" / "operations.md").read_text().partition("\n## Runbook\n")[2]
ENTRIES: Final = re.findall(r"^\| `([^`]+)` \| \S.* \|$", RUNBOOK, re.MULTILINE)

LOGGED: Final = {"info", "warning", "error", "exception", "critical", "_log"}
PASSED_ON: Final = {"%s", "%s: %s"}
"""Not a message but its frame: what is logged in it is found where it is made."""


@pytest.fixture(scope="module")
def messages() -> list[tuple[str, str]]:
    """Each message in the source, with its place, and with … for what differs."""
    return [
        (f"{path.relative_to(SOURCE)}:{node.lineno}", re.sub(r"%[-.*\d]*[a-z]", "…", message))
        for path in sorted(SOURCE.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and (message := message_of(node)) not in (None, *PASSED_ON)
    ]


def message_of(call: ast.Call) -> str | None:
    """What a call logs; None for one that does not."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr not in LOGGED or not call.args:
        return None
    is_logger = re.match(r"_?log$|logging\.getLogger", ast.unparse(call.func.value))
    text = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
    if not isinstance(text, str) or not (is_logger or call.func.attr == "_log"):
        return None
    return f"{text}: %s" if call.func.attr == "_log" else " ".join(text.split())


def written(entry: str) -> str:
    """An entry without what differs, however many words that is."""
    return re.sub(r"…(?:[: ]+…)*", "…", entry)


def is_metric(entry: str) -> bool:
    return entry.startswith(("sealink_", "gen_ai_"))


def test_each_message_has_an_entry(messages: list[tuple[str, str]]) -> None:
    known = set(map(written, ENTRIES))
    lacking = [f"{place}: {message!r}" for place, message in messages if written(message) not in known]
    assert not lacking, "add to the runbook in docs/operations.md:\n" + "\n".join(lacking)


def test_the_notices_of_a_stop_have_an_entry() -> None:
    for number in (2, 15, TAKEN_OVER):
        notice = re.sub(r"\b30\b", "…", stop_notice(30, number))
        assert any(re.fullmatch(re.escape(entry).replace("…", ".+"), notice) for entry in ENTRIES), notice


def test_no_entry_is_of_a_message_that_is_not_logged(messages: list[tuple[str, str]]) -> None:
    known = {written(message) for _, message in messages}
    stale = {entry for entry in ENTRIES if written(entry) not in known and not is_metric(entry)}
    assert {entry.partition(" ")[0] for entry in stale} <= {"Stopping.", "Another"}, stale


def test_every_metric_has_an_entry_and_no_other() -> None:
    gauges = {name for path in SOURCE.rglob("*.py") for name in re.findall(r'Gauge\(\s*"(\w+)"', path.read_text())}
    names = {re.sub(r"_(?:bucket|count|sum|created)$", "", name) for name in exposed()}
    assert set(filter(is_metric, ENTRIES)) == names | gauges
