"""Programs that people use, as processes before a real SeaLink (issue 4, "What must be shown", 5).

Each streams text, calls a tool and survives an upstream's errors (tests/clients/scenario.py says how), in front of
upstreams of several dialects. Those that the test environment itself does not hold are installed into environments
of their own, pinned in requirements/: `make clients`. A program that is not installed is skipped; under CI it fails.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acceptance import made_answers
from acceptance.house import House, house
from acceptance.made_answers import MADE, Said
from acceptance.sealink_process import KEY
from outside import NODE_FOLDER, absent
from replay import Answer, Request
from sealink.app import CLIENT_DIALECTS, UPSTREAM_DIALECTS

PROGRAMS = Path(__file__).parents[1] / "clients"
ENVIRONMENTS = Path(__file__).parents[2] / ".venv-clients"
PATIENCE_S = 90

WORDS = ("The", " weather", " is", " fine", ".")
REFUSED = "the weather is off limits"
RESULT = "22 degrees in Paris"
ANSWER = Said(("It is ", RESULT, "."))
CALL = Said(("Let me look.",), "Paris, then.", "c2lnbmVk", "call_1", "weather", '{"city":"Paris"}')

UPSTREAMS = [dialect for dialect in MADE if dialect in UPSTREAM_DIALECTS]

CLIENTS = {
    "with_openai.py": ("/v1/chat/completions", ""),
    "with_openai_responses.py": ("/v1/responses", ""),
    "with_anthropic.py": ("/v1/messages", ""),
    "with_langchain_openai.py": ("/v1/chat/completions", "agents"),
    "with_langchain_responses.py": ("/v1/responses", "agents"),
    "with_langchain_anthropic.py": ("/v1/messages", "agents"),
    "with_pydantic_ai.py": ("/v1/chat/completions", "agents"),
    "with_pydantic_ai_responses.py": ("/v1/responses", "agents"),
    "with_pydantic_ai_anthropic.py": ("/v1/messages", "agents"),
    "with_llm.py": ("/v1/chat/completions", "agents"),
    "with_instructor.py": ("/v1/chat/completions", "older"),
    "with_litellm.py": ("/v1/chat/completions", "older"),
    "with_litellm_anthropic.py": ("/v1/messages", "older"),
    "with_openai.mjs": ("/v1/chat/completions", "node"),
    "with_openai_responses.mjs": ("/v1/responses", "node"),
    "with_anthropic.mjs": ("/v1/messages", "node"),
    "with_ai_sdk_compatible.mjs": ("/v1/chat/completions", "node"),
    "with_ai_sdk_openai.mjs": ("/v1/responses", "node"),
    "with_ai_sdk_anthropic.mjs": ("/v1/messages", "node"),
}
"""Each program, the path that it speaks to, and where its packages are: an environment of requirements/, or node's."""

SPEAKING = {name: where for name, (path, where) in CLIENTS.items() if path in CLIENT_DIALECTS}


def answer(request: Request) -> Answer:
    """What the upstream of a dialect says, by the model's name."""
    dialect, _, scene = request.model.partition("-")
    is_stream = bool(request.path.count("stream")) or (dialect != "gemini" and bool(request.json.get("stream")))
    if scene == "refused":
        return Answer(made_answers.error(dialect, REFUSED), 400, [("content-type", "application/json")])
    said = Said(WORDS)
    if scene == "tool":
        said = ANSWER if RESULT in request.body.decode() else CALL
    body = MADE[dialect](said, is_stream)
    if not is_stream:
        return Answer(body, headers=[("content-type", "application/json")])
    return Answer(body, cut_at=body.index(b" fine") - 40 if scene == "cut" else None)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    models = {dialect + scene: dialect for dialect in UPSTREAMS for scene in ("", "-tool", "-refused", "-cut")}
    with house(answer, models, tmp_path_factory.mktemp("clients")) as it:
        yield it


@pytest.mark.parametrize("name", SPEAKING)
def test_it_streams_calls_a_tool_and_survives_errors(name: str, running: House, request: pytest.FixtureRequest) -> None:
    where = SPEAKING[name]
    if where == "node":
        program = [request.getfixturevalue("node"), NODE_FOLDER / name]
    else:
        program = [python_of(where), PROGRAMS / name]
    environment = {
        **os.environ,
        "SEALINK_URL": running.sealink.url,
        "SEALINK_KEY": KEY,
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "ANONYMIZED_TELEMETRY": "false",
    }
    done = subprocess.run(
        [*program, *UPSTREAMS],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout.splitlines()[-1])
    wrong = {dialect: faults for dialect in UPSTREAMS if (faults := list(faults_of(told[dialect])))}
    assert not wrong, json.dumps(wrong, indent=1)


def faults_of(told: dict[str, Any]) -> Iterator[str]:
    """What a program has not got as the upstream gave it."""
    text = "".join(WORDS)
    if "".join(told["pieces"]) != text or told["again"] != text:
        yield f"text: {told['pieces']}, then {told['again']!r}"
    if len([piece for piece in told["pieces"] if piece]) < 2:
        yield f"it was not streamed: {told['pieces']}"
    if RESULT not in told["answer"]:
        yield f"tool: {told['answer']!r}"
    if REFUSED not in told["refused"]:
        yield f"refused: {told['refused']!r}"
    if not told["cut"]:
        yield "a cut stream seemed whole"


def python_of(environment: str) -> str:
    """The Python of an environment that `make clients` has made."""
    if not environment:
        return sys.executable
    python = ENVIRONMENTS / environment / "bin" / "python"
    if not python.exists():
        absent(f"{environment} clients are not installed (make clients)")
    return str(python)
