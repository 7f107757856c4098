"""Every example in the README is run as it stands, but for the address and the key.

Against a `sealink serve` as it starts on a machine with no config and no provider's key.
"""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

import openai
import pytest

from acceptance.house import house
from acceptance.made_streams import begin_of, openai_stream
from acceptance.sealink_process import KEY, SealinkProcess
from outside import NODE_FOLDER, program
from replay import Answer

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
BIN = Path(sys.executable).parent

ADDRESS, PLACEHOLDER = "http://127.0.0.1:4000", "YOUR_SEALINK_KEY"
FIRST_WORDS = "This is SeaLink's simulated model, standing in for claude-sonnet-4-6."
PATIENCE_S = 60


class Example(NamedTuple):
    """A fenced block. `line` is where it begins."""

    line: int
    language: str
    code: str


def examples(*languages: str) -> list[Example]:
    blocks = re.finditer(r"^```(\w*)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    found = [Example(README[: block.start()].count("\n") + 1, block[1], block[2]) for block in blocks]
    return [example for example in found if not languages or example.language in languages]


def commands() -> list[tuple[int, str]]:
    """The README's shell commands, each with the line of its block."""
    return [
        (example.line, command)
        for example in examples("sh")
        for command in re.split(r"(?<!\\)\n(?! )", example.code.strip())
    ]


def commands_of(name: str) -> list[str]:
    return [command for _, command in commands() if Path(command.split()[0]).name == name]


@pytest.fixture(scope="module")
def sealink(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SealinkProcess]:
    with SealinkProcess(None, tmp_path_factory.mktemp("readme")) as running:
        yield running


@pytest.fixture
def placed(sealink: SealinkProcess) -> Callable[[str], str]:
    """An example with this SeaLink's address and key."""

    def place(code: str) -> str:
        assert ADDRESS in code
        assert PLACEHOLDER in code
        return code.replace(ADDRESS, sealink.url).replace(PLACEHOLDER, KEY)

    return place


def printed(command: list[str], folder: Path = ROOT, **environment: str) -> str:
    """What a program prints; it must end well and say nothing on stderr."""
    env = {"PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin", **environment}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=PATIENCE_S)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_there_is_an_example_of_every_kind_and_none_that_is_not_run() -> None:
    assert {example.language for example in examples()} == {"python", "js", "sh", "toml"}
    assert {Path(command.split()[0]).name for _, command in commands()} == {"make", "curl", "sealink"}
    assert "stream_options" in "".join(example.code for example in examples("python"))


@pytest.mark.parametrize("example", examples("python"), ids=lambda example: f"line {example.line}")
def test_python(example: Example, placed: Callable[[str], str]) -> None:
    said = printed([sys.executable, "-c", placed(example.code)])
    assert said.startswith(FIRST_WORDS)
    if "include_usage" in example.code:
        assert re.search(r"\n[1-9]\d* tokens in, [1-9]\d* out\n$", said)
    if "break" in example.code:
        assert said == FIRST_WORDS


@pytest.mark.parametrize("example", examples("js"), ids=lambda example: f"line {example.line}")
def test_node(example: Example, placed: Callable[[str], str], node: str) -> None:
    said = printed([node, "--input-type=module", "-e", placed(example.code)], NODE_FOLDER)
    assert said.startswith(FIRST_WORDS)


@pytest.mark.parametrize("command", commands_of("curl"))
def test_curl(command: str, placed: Callable[[str], str]) -> None:
    curl = placed(command).replace("curl ", f"{program('curl')} --silent --show-error ", 1)
    *frames, done, end = printed(["sh", "-c", curl]).split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    chunks = [json.loads(frame.removeprefix("data: ")) for frame in frames]
    assert "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks).startswith(FIRST_WORDS)


def test_what_the_readme_says_of_the_simulated_model(sealink: SealinkProcess) -> None:
    with urlopen(f"{sealink.url}/v1/models", timeout=PATIENCE_S) as answer:
        models = {model["id"]: model for model in json.load(answer)["data"]}
    assert models["claude-sonnet-4-6"]["simulated"] is True
    assert models["claude-sonnet-4-6"]["owned_by"] == "sim"


def test_what_the_readme_says_of_headers(placed: Callable[[str], str]) -> None:
    (command,) = commands_of("curl")
    curl = placed(command).replace("curl -N ", f"{program('curl')} --silent --include ", 1)
    head = printed(["sh", "-c", curl]).partition("\n\n")[0].lower().split("\n")
    assert "content-type: text/event-stream; charset=utf-8" in head
    assert "cache-control: no-cache, no-transform" in head
    assert "x-accel-buffering: no" in head
    assert "x-sealink-upstream: sim" in head
    assert not any(line.startswith("content-encoding") for line in head)


def test_what_the_readme_says_of_a_stream_that_breaks_off(tmp_path: Path) -> None:
    body = openai_stream(["Once", " upon"])
    cut = Answer(body, cut_at=begin_of(" upon", body))
    came: list[str] = []
    with (
        house(lambda _: cut, {"m": "openai"}, tmp_path) as it,
        openai.OpenAI(base_url=f"{it.sealink.url}/v1", api_key=KEY) as client,
        client.chat.completions.create(model="m", messages=[{"role": "user", "content": "?"}], stream=True) as stream,
        pytest.raises(openai.APIError, match="cut off"),
    ):
        came.extend(chunk.choices[0].delta.content or "" for chunk in stream)
    assert "".join(came) == "Once"


def test_what_the_readme_says_of_what_is_left_out(tmp_path: Path) -> None:
    whole = b'{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":"end_turn",' \
        b'"stop_sequence":null,"usage":{"input_tokens":1,"output_tokens":1}}'  # fmt: skip
    answer = Answer(whole, headers=[("content-type", "application/json")], framing="length")
    with (
        house(lambda _: answer, {"m": "anthropic"}, tmp_path) as it,
        openai.OpenAI(base_url=f"{it.sealink.url}/v1", api_key=KEY) as client,
    ):
        raw = client.chat.completions.with_raw_response.create(
            model="m", messages=[{"role": "user", "content": "?"}], presence_penalty=0.5
        )
    assert raw.headers["x-sealink-dropped"] == "presence_penalty"
    assert raw.headers["x-sealink-upstream"] == "anthropic-like"
    assert raw.headers["x-sealink-original-model"] == raw.headers["x-sealink-served-model"] == "m"


@pytest.mark.parametrize("command", commands_of("make"))
def test_make(command: str) -> None:
    wanted = {"serve": "sealink serve", "test": "pytest", "lint": "mypy"}
    words = shlex.split(command)
    target, options = words[1], "".join(words[2:]).removeprefix("ARGS=")
    planned = printed([program("make"), "--dry-run", *words[1:]])
    assert re.search(rf"{wanted[target]}.*{re.escape(options)}", planned.splitlines()[-1])


@pytest.mark.parametrize("command", commands_of("sealink"))
def test_sealink(command: str, tmp_path: Path) -> None:
    words = shlex.split(command)
    assert words[0] == ".venv/bin/sealink"
    if words[1] == "chat":
        said = printed([str(BIN / "sealink"), *words[1:]], tmp_path)
        assert said.startswith(FIRST_WORDS)
        assert re.search(r"TTFT \d+ ms .* tokens in, \d+ out", said)
    elif words[1] == "usage":
        printed([str(BIN / "sealink"), "chat", "Hello"], tmp_path)
        assert "sealink/sim" in printed([str(BIN / "sealink"), *words[1:]], tmp_path)
    else:
        (tmp_path / "sealink.toml").write_text("\n".join(example.code for example in examples("toml")))
        said = printed([str(BIN / "sealink"), *words[1:]], tmp_path, ANTHROPIC_API_KEY="a", SEALINK_API_KEY="s")
        assert "claude-sonnet-4-6 → anthropic:claude-sonnet-4-6" in said
        assert re.search(r"then my-vllm:qwen3 \(.*, \$0.2 in, \$0.6 out \+10 %\)", said)


def test_every_path_the_readme_links_to_is_there() -> None:
    links = re.findall(r"\]\(([\w./-]+)\)", README)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]
