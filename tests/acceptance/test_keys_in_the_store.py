"""Keys that are made, rotated and revoked while SeaLink runs: in force within a second, in every process."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from acceptance.sealink_process import SealinkProcess

SEALINK = Path(sys.executable).with_name("sealink")
CONFIG = """
[server]
port = 0
[[providers]]
name = "sim"
dialect = "sim"
tokens_per_s = 0
ttft_s = 0
[[models]]
id = "sealink/sim"
targets = [{ provider = "sim", model = "sealink/sim" }]
[[keys]]
name = "file"
key = "sk-of-the-file"
models = ["sealink/*"]
"""
IN_FORCE_S = 1.0
"""Within this time a change is to be in force."""
PATIENCE_S = 20.0


def sealink(folder: Path, *arguments: str) -> str:
    """What the command prints; it must end well."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    command = [SEALINK, *arguments, "--config", "sealink.toml"]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def refused(folder: Path, *arguments: str) -> str:
    """Why the command ends with 1."""
    command = [SEALINK, *arguments, "--config", "sealink.toml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr


def made(folder: Path, *arguments: str) -> str:
    """The secret of a new key: the last line."""
    return sealink(folder, "keys", *arguments).splitlines()[-1]


def asked(port: int, secret: str, *, stream: bool = False, path: str = "/v1/chat/completions") -> HTTPResponse:
    """A request on a connection of its own, so that any worker may get it."""
    body = {"model": "sealink/sim", "stream": stream, "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2}
    if stream:
        body["max_tokens"] = 100_000
    connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    connection.request("POST", path, json.dumps(body), {"authorization": f"Bearer {secret}", "connection": "close"})
    return connection.getresponse()


def status_of(port: int, secret: str) -> int:
    with asked(port, secret) as answer:
        answer.read()
        return answer.status


def in_force_after_s(is_so: Callable[[], bool]) -> float:
    """How long it takes until something is so, asking again and again."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < PATIENCE_S
    return time.monotonic() - began


def all_answer(port: int, secret: str, status: int, *, times: int = 12) -> bool:
    """Whether every worker answers with this status: of so many connections each gets some."""
    return all(status_of(port, secret) == status for _ in range(times))


class Serving(SealinkProcess):
    """With `workers` processes, and everything in its log."""

    def __init__(self, folder: Path, workers: int, config: str = CONFIG) -> None:
        text = f'{config}\n[log]\nlevel = "debug"\n'
        super().__init__(text, folder, command=("serve", "--workers", str(workers)))


@pytest.fixture(params=[1, 2], ids=["1 process", "2 workers"])
def serving(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SealinkProcess]:
    with Serving(tmp_path, request.param) as running:
        yield running
        secrets = [line for line in running.log.splitlines() if "sk-" in line or "digest" in line]
        assert not secrets


def test_a_key_is_made_used_rotated_and_revoked(serving: SealinkProcess) -> None:
    folder, port = serving.folder, serving.port
    secret = made(folder, "create", "dev", "--models", "sealink/*")
    assert secret.startswith("sk-sealink-")
    assert in_force_after_s(lambda: all_answer(port, secret, 200)) < IN_FORCE_S + PATIENCE_S / 2

    other = made(folder, "rotate", "dev", "--overlap-s", "600")
    in_force_after_s(lambda: all_answer(port, other, 200))
    assert all_answer(port, secret, 200)  # while they overlap

    third = made(folder, "rotate", "dev")
    in_force_after_s(lambda: all_answer(port, third, 200))
    in_force_after_s(lambda: all_answer(port, other, 401))

    sealink(folder, "keys", "revoke", "dev")
    in_force_after_s(lambda: all_answer(port, third, 401))
    with asked(port, third) as answer:
        error = json.load(answer)["error"]
    assert (error["type"], error["code"]) == ("authentication_error", "invalid_api_key")
    assert "'dev' was revoked" in error["message"]
