"""No key, no digest of one and no prompt stands in any log, at the most talkative level."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import sealink_command
from acceptance.plain_http import post
from acceptance.sealink_process import SealinkProcess, simulated

CONFIG = f"""
[log]
level = "debug"
{simulated()}[[keys]]
name = "file"
key = "sk-secret-of-the-file"
balance_usd = 1.0
"""
PROMPT = "the prompt that nobody logs"


def command(folder: Path, *words: str) -> str:
    return sealink_command.run([*words, "--config", "sealink.toml"], cwd=folder, check=True).stdout


def test_nothing_secret_is_logged(tmp_path: Path) -> None:
    token = "token-of-the-admin"
    with SealinkProcess(CONFIG, tmp_path, {"SEALINK_ADMIN_TOKEN": token}) as running:
        made = json.loads(command(tmp_path, "keys", "create", "made", "--balance-usd", "1", "--json"))["key"]
        rotated = json.loads(command(tmp_path, "keys", "rotate", "made", "--json"))["key"]
        secrets = ["sk-secret-of-the-file", made, rotated, "sk-not-known"]
        body = {"model": "m", "messages": [{"role": "user", "content": PROMPT}]}
        for secret in secrets:
            for fields in ({"stream": True}, {"stream": False}, {"model": PROMPT}, {"messages": PROMPT}):
                post(running.port, "/v1/chat/completions", {**body, **fields}, secret)
        command(tmp_path, "keys", "revoke", "made")
        with closing(sqlite3.connect(tmp_path / "sealink.db")) as store:
            digests = [digest for (digest,) in store.execute("SELECT digest FROM key_secrets")]
            (access_secret,) = store.execute("SELECT secret FROM access_state").fetchone()
    assert len(digests) == 2
    assert "DEBUG" in running.log or "sealink.requests" in running.log
    for secret in (*secrets, *digests, access_secret, token):
        assert secret not in running.log
        assert secret[6:30] not in running.log
    prompts = [line for line in running.log.splitlines() if PROMPT in line]
    assert all(f'model="{PROMPT}"' in line for line in prompts)  # the name of a model is not a prompt
    for file in (tmp_path / "sealink.db.journal").rglob("*.jsonl"):
        assert not any(secret in file.read_text() for secret in secrets)
