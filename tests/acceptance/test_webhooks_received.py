"""Webhooks of a real SeaLink: what happens is told, once it is in the store, whatever dies in between."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import sealink_command
from acceptance.plain_http import get, post
from acceptance.sealink_process import SealinkProcess, free_port, simulated
from acceptance.usage_rows import usage_rows
from waiting import until
from webhook_receiver import SECRET, Receiver

TOKEN = "admin-token-of-the-tests"
TABLES = f"""
[breaker]
min_attempts = 2
[retry]
attempts = 1
{simulated()}
[[providers]]
name = "down"
dialect = "openai"
base_url = "http://127.0.0.1:9/v1"
api_key = "none"
[[models]]
id = "down"
targets = [{{ provider = "down", model = "m" }}]
[[keys]]
name = "dev"
key = "sk-dev"
"""
REQUEST = {"model": "m", "max_tokens": 5, "messages": [{"role": "user", "content": "hi"}]}


def config(url: str) -> str:
    return f'[[webhooks]]\nurl = "{url}"\nsecret = "{SECRET}"\n{TABLES}'


def admin(port: int, path: str) -> Any:
    answer = get(port, path, {"authorization": f"Bearer {TOKEN}"})
    assert answer.status == 200
    return answer.json


def test_what_happens_in_any_process_is_told(tmp_path: Path) -> None:
    admin_port = free_port()
    variables = {"SEALINK_ADMIN_TOKEN": TOKEN}
    with Receiver() as receiver:
        command = ("serve", "--workers", "2")
        with SealinkProcess(config(receiver.url), tmp_path, variables, command, admin_port) as sealink:
            receiver.wait_until(lambda: "admin API: " in sealink.log)
            receiver.wait_until(lambda: follows_the_audit(tmp_path))
            make = ["keys", "create", "new", "--config", "sealink.toml"]
            sealink_command.run(make, cwd=tmp_path, env=variables, check=True)
            receiver.wait_until(lambda: [each["name"] for each in receiver.of_type("key.created")] == ["new"])
            assert post(sealink.port, "/v1/chat/completions", REQUEST, "sk-dev").status == 200
            receiver.wait_until(lambda: bool(receiver.of_type("usage.created")))
            for _ in range(8):
                assert post(sealink.port, "/v1/chat/completions", {**REQUEST, "model": "down"}, "sk-dev").status >= 500
            receiver.wait_until(lambda: bool(receiver.of_type("target.down")))
            listed = admin(admin_port, "/admin/v1/webhooks")["data"]
            assert (listed[0]["url"], listed[0]["events"], listed[0]["dead"]) == (receiver.url, ["*"], 0)
            assert admin(admin_port, "/admin/v1/webhooks/dead-letters") == {"data": [], "next": None}
            assert b'sealink_webhook_backlog{state="dead"} 0' in get(admin_port, "/metrics").body
        told = [each["request_id"] for batch in receiver.of_type("usage.created") for each in batch["requests"]]
        down = receiver.of_type("target.down")[0]
    assert (down["provider"], down["model"]) == ("down", "m")
    assert SECRET not in sealink.log
    assert set(told) <= {row["request_id"] for row in usage_rows(tmp_path)}


def follows_the_audit(folder: Path) -> bool:
    with closing(sqlite3.connect(folder / "sealink.db")) as connection:
        try:
            return bool(connection.execute("SELECT 1 FROM webhook_marks WHERE name = 'audit'").fetchall())
        except sqlite3.OperationalError:  # there is no such table yet
            return False


@pytest.mark.full  # for it waits a minute; tests/webhooks has what is due again
def test_what_a_killed_process_has_not_sent_the_next_one_sends(tmp_path: Path) -> None:
    variables = {"SEALINK_ADMIN_TOKEN": TOKEN}
    with Receiver() as receiver:
        receiver.answers = [503] * 50
        with SealinkProcess(config(receiver.url), tmp_path, variables) as sealink:
            for _ in range(3):
                assert post(sealink.port, "/v1/chat/completions", REQUEST, "sk-dev").status == 200
            receiver.wait_until(lambda: bool(receiver.refused))
            sealink.kill()
        receiver.answers = []
        with SealinkProcess(config(receiver.url), tmp_path, variables):
            # what was under way when it was killed, and not known to have failed, is due after a minute
            until(lambda: len(told(receiver)) == 3, within_s=90)
    assert told(receiver) == {row["request_id"] for row in usage_rows(tmp_path)}


def told(receiver: Receiver) -> set[str]:
    return {each["request_id"] for batch in receiver.of_type("usage.created") for each in batch["requests"]}
