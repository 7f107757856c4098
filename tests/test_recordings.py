"""Where the recorded traffic is looked for, and what happens where there is none."""

import json
from pathlib import Path

import pytest

from recordings import DEFAULT_FOLDER, folders, load


def case_in(folder: Path, name: str) -> None:
    (folder / name).mkdir(parents=True)
    meta = {"api": "openai-chat", "kind": "stream", "framing": "sse", "status": 200, "request": None}
    (folder / name / "meta.json").write_text(json.dumps({**meta, "response_headers": {}}))
    (folder / name / "response.body").write_bytes(b"data: [DONE]\n\n")


def test_the_command_line_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SEALINK_RECORDINGS", raising=False)
    assert folders() == [DEFAULT_FOLDER]
    monkeypatch.setenv("SEALINK_RECORDINGS", "/one:/two")
    assert folders() == [Path("/one"), Path("/two")]
    assert folders(["/three"]) == [Path("/three")]


def test_cases_are_read_from_all_folders(tmp_path: Path) -> None:
    case_in(tmp_path / "one", "vendor/a")
    case_in(tmp_path / "two", "vendor/b")
    first, second = load([tmp_path / "one", tmp_path / "two"])
    assert (first.id, second.id) == ("vendor/a", "vendor/b")
    assert first.body == b"data: [DONE]\n\n"
    assert first.headers == [("content-type", "text/event-stream")]


def test_a_case_must_not_be_there_twice(tmp_path: Path) -> None:
    case_in(tmp_path / "one", "vendor/a")
    case_in(tmp_path / "two", "vendor/a")
    with pytest.raises(ValueError, match="vendor/a is also in"):
        load([tmp_path / "one", tmp_path / "two"])


def test_a_missing_folder_is_skipped_and_fails_under_ci(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="no recordings in"):
        load([tmp_path])
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="no recordings in"):
        load([tmp_path])
