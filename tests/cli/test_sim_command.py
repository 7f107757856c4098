"""`sealink sim` as a process: it says where it listens, answers, fails as told, and ends when it is told to."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("sealink")
PATIENCE_S = 20


@contextmanager
def provider(*options: str) -> Iterator[str]:
    """Its host and port; on leaving, SIGTERM must end it cleanly."""
    command = [PROGRAM, "sim", "--port", "0", "--ttft-s", "0", "--tokens-per-s", "0", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"listens on http://(\S+)", process.stdout.readline())
        assert found is not None
        yield found[1]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0


def status(address: str, path: str, **headers: str) -> int:
    connection = HTTPConnection(address, timeout=PATIENCE_S)
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "max_tokens": 3}
    connection.request(
        "POST", path, json.dumps(body), {name.replace("_", "-"): value for name, value in headers.items()}
    )
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status


def test_it_answers_and_fails_as_told() -> None:
    with provider() as address:
        assert status(address, "/v1/chat/completions") == 200
        assert status(address, "/v1/chat/completions", x_sealink_sim_fault="status=418") == 418


def test_it_speaks_the_other_dialect_and_fails_by_chance() -> None:
    with provider("--dialect", "anthropic", "--fault", "status=529,retry-after=1=0.5", "--seed", "1") as address:
        assert status(address, "/v1/chat/completions") == 404
        assert {status(address, "/v1/messages") for _ in range(20)} == {200, 529}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--dialect", "bedrock"], "speaks openai, anthropic, gemini, responses, not 'bedrock'"),
        (["--fault", "reset"], "does not end in =PROBABILITY"),
        (["--fault", "nonsense=0.1"], "no fault 'nonsense'"),
        (["--host", "256.0.0.1"], "cannot listen on 256.0.0.1:4010"),
    ],
)
def test_a_mistake_is_told(options: list[str], words: str) -> None:
    done = subprocess.run(
        [PROGRAM, "sim", *options],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        env={"COLUMNS": "500", "NO_COLOR": "1"},
    )
    assert done.returncode != 0
    assert words in " ".join(done.stderr.split())


def test_its_help_names_every_fault() -> None:
    said = subprocess.run([PROGRAM, "sim", "--help"], capture_output=True, text=True, timeout=PATIENCE_S).stdout
    assert "garbage=N@PLACE: bytes that make no sense" in said
    assert "gzip-unnamed" in said
