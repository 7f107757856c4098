"""Programs that people use, as processes before a real SeaLink.

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

PROGRAMS = Path(__file__).parents[1] / "clients"
ENVIRONMENTS = Path(__file__).parents[2] / ".venv-clients"
PATIENCE_S = 90

WORDS = ("The", " weather", " is", " fine", ".")
REFUSED = "the weather is off limits"
RESULT = "22 degrees in Paris"
ANSWER = Said(("It is ", RESULT, "."))
CALL = Said(("Let me look.",), "Paris, then.", "c2lnbmVk", "call_1", "weather", '{"city":"Paris"}')

CLIENTS = {
    "with_openai.py": "",
    "with_openai_responses.py": "",
    "with_anthropic.py": "",
    "with_langchain_openai.py": "agents",
    "with_langchain_responses.py": "agents",
    "with_langchain_anthropic.py": "agents",
    "with_pydantic_ai.py": "agents",
    "with_pydantic_ai_responses.py": "agents",
    "with_pydantic_ai_anthropic.py": "agents",
    "with_llm.py": "agents",
    "with_instructor.py": "older",
    "with_litellm.py": "older",
    "with_litellm_anthropic.py": "older",
    "with_openai.mjs": "node",
    "with_openai_responses.mjs": "node",
    "with_anthropic.mjs": "node",
    "with_ai_sdk_compatible.mjs": "node",
    "with_ai_sdk_openai.mjs": "node",
    "with_ai_sdk_anthropic.mjs": "node",
}
"""Each program, and where its packages are: the tests' own, an environment of requirements/, or node's."""
IN_FULL = {
    "with_langchain_openai.py",
    "with_langchain_responses.py",
    "with_langchain_anthropic.py",
    "with_pydantic_ai.py",
    "with_pydantic_ai_responses.py",
    "with_pydantic_ai_anthropic.py",
    "with_llm.py",
    "with_instructor.py",
    "with_litellm.py",
    "with_litellm_anthropic.py",
    "with_ai_sdk_compatible.mjs",
    "with_ai_sdk_openai.mjs",
}
"""Those that stand upon the same SDK as another that runs always."""


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
    models = {dialect + scene: dialect for dialect in MADE for scene in ("", "-tool", "-refused", "-cut")}
    with house(answer, models, tmp_path_factory.mktemp("clients")) as it:
        yield it


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.full if name in IN_FULL else []) for name in CLIENTS]
)
def test_it_streams_calls_a_tool_and_survives_errors(name: str, running: House, request: pytest.FixtureRequest) -> None:
    where = CLIENTS[name]
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
        [*program, *MADE],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    told = json.loads(done.stdout.splitlines()[-1])
    wrong = {dialect: faults for dialect in MADE if (faults := list(faults_of(told[dialect])))}
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
