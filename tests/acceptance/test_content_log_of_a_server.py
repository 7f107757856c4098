"""Prompts and answers are in the files that are for them, if they are wanted, and nowhere else."""

import json
from pathlib import Path
from typing import Any

import openai

from acceptance.sealink_process import KEY, SealinkProcess, simulated

MARK = "a-prompt-that-is-like-no-other"
ANSWER = "This is SeaLink's simulated model."


def config(log: str = "", own: str = "false") -> str:
    """`log` is of [log], `own` of the other key."""
    return f"""
[log]
{log}
{simulated()}
[[keys]]
name = "plain"
key = "{KEY}"
[[keys]]
name = "other"
key = "{KEY}-2"
log_content = {own}
"""


def ask(sealink: SealinkProcess, key: str = KEY) -> None:
    """A stream and a whole answer."""
    messages: Any = [{"role": "user", "content": f"{MARK}, mail me at ada@example.com"}]
    with openai.OpenAI(base_url=f"{sealink.url}/v1", api_key=key) as client:
        text = "".join(
            chunk.choices[0].delta.content or ""
            for chunk in client.chat.completions.create(model="m", messages=messages, stream=True, max_tokens=4000)
            if chunk.choices
        )
        assert text.startswith(ANSWER)
        client.chat.completions.create(model="m", messages=messages, max_tokens=20)


def files_with(folder: Path, text: str) -> set[str]:
    return {file.name for file in folder.rglob("*") if file.is_file() and text.encode() in file.read_bytes()}


def test_by_default_nothing_is_written(tmp_path: Path) -> None:
    with SealinkProcess(config(), tmp_path) as sealink:
        ask(sealink)
    assert files_with(tmp_path, MARK) == files_with(tmp_path, ANSWER) == set()


def test_where_it_is_wanted_it_is_in_its_own_files_only(tmp_path: Path) -> None:
    with SealinkProcess(config(log="content = true"), tmp_path) as sealink:
        ask(sealink)
        ask(sealink, f"{KEY}-2")
    (file,) = (tmp_path / "content").iterdir()
    assert files_with(tmp_path, MARK) == files_with(tmp_path, ANSWER) == {file.name}
    assert files_with(tmp_path, "ada@example.com") == set()
    stream, whole = [json.loads(line) for line in file.read_text().splitlines()]
    assert (stream["key"], stream["target"], stream["ended"]) == ("plain", "sim:sealink/sim", "done")
    assert json.loads(stream["request"])["messages"][0]["content"] == f"{MARK}, mail me at [redacted]"
    assert stream["answer"].startswith(ANSWER)
    assert json.loads(whole["answer"])["choices"][0]["message"]["content"].startswith(ANSWER)
    assert stream["request_id"] in sealink.log


def test_a_single_key(tmp_path: Path) -> None:
    with SealinkProcess(config(own="true"), tmp_path) as sealink:
        ask(sealink)
        ask(sealink, f"{KEY}-2")
    (file,) = (tmp_path / "content").iterdir()
    assert {json.loads(line)["key"] for line in file.read_text().splitlines()} == {"other"}
