"""Prompts and answers in files of their own: who can read them, what is left out, and when they are gone."""

import json
import logging
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sealink.ledger.entry import Admission, Settlement
from sealink.telemetry.content_log import FOLDER, ContentLog, ContentSettings
from sealink.telemetry.redaction import REDACTED, Redaction

DAY_S = 86_400.0
NOON = 1_700_049_600.5  # 2023-11-15T12:00:00.5Z
ADMISSION = Admission(
    request_id="req_1", key="dev", team="a", model="fast", client="openai", streamed=True, started_at=NOON
)
SETTLEMENT = Settlement(request_id="req_1", provider="p", served_model="m")


class Clock:
    now = NOON

    def __call__(self) -> float:
        return self.now


def records(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for file in sorted((folder / FOLDER).iterdir()) for line in file.read_text().splitlines()]


def test_a_record_of_a_request(tmp_path: Path) -> None:
    written = ContentLog(tmp_path, ContentSettings(is_on=True), Clock())
    written.write(ADMISSION, SETTLEMENT, '{"messages": "Hello"}', "Hi\nthere")
    assert records(tmp_path) == [
        {
            "time": "2023-11-15T12:00:00.500Z",
            "request_id": "req_1",
            "key": "dev",
            "team": "a",
            "model": "fast",
            "target": "p:m",
            "ended": "done",
            "request": '{"messages": "Hello"}',
            "answer": "Hi\nthere",
        }
    ]
    (file,) = (tmp_path / FOLDER).iterdir()
    assert file.name == "content-2023-11-15.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_a_file_a_day_for_so_many_days(tmp_path: Path) -> None:
    clock, later = Clock(), list[Callable[[], None]]()
    written = ContentLog(tmp_path, ContentSettings(is_on=True, keep_days=2), clock)
    written.start(lambda _, call: later.append(call))
    assert not (tmp_path / FOLDER).exists()
    for _ in range(4):
        written.write(ADMISSION, SETTLEMENT, "q", "a")
        clock.now += DAY_S
    (tmp_path / FOLDER / "content-of-my-own.jsonl").touch()
    later.pop()()
    names = sorted(file.name for file in (tmp_path / FOLDER).iterdir())
    assert names == ["content-2023-11-17.jsonl", "content-2023-11-18.jsonl", "content-of-my-own.jsonl"]
    assert len(later) == 1
    written.take_settings(ContentSettings(keep_days=0))  # even where nothing is written any longer
    later.pop()()
    assert [file.name for file in (tmp_path / FOLDER).iterdir()] == ["content-of-my-own.jsonl"]


@pytest.mark.parametrize(
    ("is_on", "own", "wanted"),
    [(False, None, False), (True, None, True), (True, False, False), (False, True, True)],
)
def test_the_key_wins(tmp_path: Path, is_on: bool, own: bool | None, wanted: bool) -> None:
    assert ContentLog(tmp_path, ContentSettings(is_on=is_on)).wants(own) is wanted


def test_long_texts_are_cut(tmp_path: Path) -> None:
    written = ContentLog(tmp_path, ContentSettings(is_on=True, max_chars=5), Clock())
    written.write(ADMISSION, SETTLEMENT, "123456", "12345")
    (record,) = records(tmp_path)
    assert (record["request"], record["answer"]) == ("12345…", "12345")


def test_a_disk_that_takes_nothing_is_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FOLDER).touch()
    caplog.set_level(logging.ERROR, "sealink.content")
    written = ContentLog(tmp_path, ContentSettings(is_on=True), Clock())
    for _ in range(3):
        written.write(ADMISSION, SETTLEMENT, "secret", "secret")
    assert len(caplog.messages) == 1
    assert "secret" not in caplog.text
    (tmp_path / FOLDER).unlink()
    written.write(ADMISSION, SETTLEMENT, "q", "a")
    assert len(records(tmp_path)) == 1


SECRETS = [
    "sk-proj-abcdefghijklmnop",
    "AKIA1234567890ABCDEF",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4",
    "ada.lovelace+x@example.co.uk",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "5500005555555559",
    "iVBORw0KGgo" * 100,
]


@pytest.mark.parametrize("secret", SECRETS)
def test_what_is_always_left_out(secret: str) -> None:
    assert Redaction()(f"before {secret} after") == f"before {REDACTED} after"


def test_what_is_not() -> None:
    text = '{"role":"user","content":"In 2024 I paid 1234567 to a@b, see https://x.example/a-b_c?d=e"}'
    assert Redaction()(text) == text


def test_patterns_of_ones_own() -> None:
    assert Redaction([r"\bproject-\w+", "(?i)SECRET"])("project-x is secret") == f"{REDACTED} is {REDACTED}"
