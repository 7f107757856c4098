"""OpenAI's Codex CLI before a real SeaLink, with upstreams that know nothing of Responses.

It is set up as docs/responses.md says, streams an answer, runs a command that the model asks for, sends back what came
of it, and tells the upstream's errors. `make clients` installs it.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from acceptance import made_answers
from acceptance.house import House, house
from acceptance.made_answers import MADE, Said
from acceptance.sealink_process import KEY
from outside import absent
from replay import Answer, Request

CODEX = Path(__file__).parents[1] / "codex" / "node_modules" / ".bin" / "codex"
PATIENCE_S = 60

WORDS = Said(("All", " is", " well", "."))
OUTPUT = "ahoy from the shell"
CALL = Said(
    ("I look.",), "A command, then.", "c2lnbmVk", "call_1", "exec_command", '{"cmd":"echo ahoy from the shell"}'
)
REFUSED = "the sea is off limits"

UPSTREAMS = ("openai", "anthropic", "gemini", "responses")
SAMPLED = [pytest.param(name, marks=[] if name == "anthropic" else pytest.mark.full) for name in UPSTREAMS]
SCENES = ("text", "tool", "refused", "cut")


def answer(request: Request) -> Answer:
    dialect, _, scene = request.model.partition("-")
    if scene == "refused":
        return Answer(made_answers.error(dialect, REFUSED), 400, [("content-type", "application/json")])
    has_result = OUTPUT in request.body.decode().replace("echo " + OUTPUT, "")
    body = MADE[dialect](CALL if scene == "tool" and not has_result else WORDS, True)
    return Answer(body, cut_at=body.index(b" well") - 40 if scene == "cut" else None)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if not CODEX.exists():
        absent("Codex is not installed (make clients)")
    models = {f"{dialect}-{scene}": dialect for dialect in UPSTREAMS for scene in SCENES}
    with house(answer, models, tmp_path_factory.mktemp("codex-house")) as it:
        yield it


def events_of(running: House, model: str, folder: Path) -> list[dict[str, Any]]:
    """What `codex exec` tells of one turn."""
    home = folder / "home"
    home.mkdir()
    (home / "config.toml").write_text(
        f'model = "{model}"\nmodel_provider = "sealink"\n[model_providers.sealink]\nname = "SeaLink"\n'
        f'base_url = "{running.sealink.url}/v1"\nenv_key = "SEALINK_KEY"\nwire_api = "responses"\n'
        "request_max_retries = 0\nstream_max_retries = 0\n"
    )
    # The command it runs is our own `echo`; a container has no sandbox to offer.
    command = [CODEX, "exec", "--skip-git-repo-check", "--json", "--dangerously-bypass-approvals-and-sandbox", "Go."]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "CODEX_HOME": str(home), "SEALINK_KEY": KEY},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def items(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    done = [event["item"] for event in events if event["type"] == "item.completed"]
    return [item for item in done if item["type"] == kind]


@pytest.mark.parametrize("upstream", SAMPLED)
def test_it_reads_an_answer_and_what_it_cost(running: House, upstream: str, tmp_path: Path) -> None:
    events = events_of(running, f"{upstream}-text", tmp_path)
    assert [item["text"] for item in items(events, "agent_message")] == [WORDS.text], events
    usage = events[-1]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == made_answers.USAGE


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_it_runs_a_command_and_sends_back_what_came_of_it(running: House, upstream: str, tmp_path: Path) -> None:
    events = events_of(running, f"{upstream}-tool", tmp_path)
    (command,) = items(events, "command_execution")
    assert OUTPUT in command["aggregated_output"], events
    assert [item["text"] for item in items(events, "agent_message")] == [CALL.text, WORDS.text], events


@pytest.mark.parametrize("upstream", SAMPLED)
def test_it_tells_the_upstreams_errors(running: House, upstream: str, tmp_path: Path) -> None:
    refused, cut = tmp_path / "refused", tmp_path / "cut"
    refused.mkdir()
    cut.mkdir()
    last = events_of(running, f"{upstream}-refused", refused)[-1]
    assert last["type"] == "turn.failed"
    assert REFUSED in last["error"]["message"]
    last = events_of(running, f"{upstream}-cut", cut)[-1]
    assert last["type"] == "turn.failed"
    assert "cut off" in last["error"]["message"]
