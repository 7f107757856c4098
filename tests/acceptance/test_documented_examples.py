"""The three documented examples run unchanged against a real SeaLink.

Profile and key come from the environment, as both SDKs read them. The upstream is held back behind its
first delta until the example has printed it, so that what is shown is streaming, not speed.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import pytest

from acceptance.house import House, house
from acceptance.made_streams import MADE, PROMPT_TOKENS, begin_of
from acceptance.sealink_process import KEY
from outside import NODE_FOLDER, program
from replay import Answer

MODEL = "claude-sonnet-4-6"
FIRST, *REST = TEXTS = ["Once", " upon", " a", " time", ' there was "é" and 😀.']
STORY = "".join(TEXTS)
USAGE = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": len(TEXTS), "total_tokens": PROMPT_TOKENS + len(TEXTS)}
PATIENCE_S = 20

PYTHON = """
from openai import OpenAI

client = OpenAI()
stream = client.chat.completions.create(
    model="claude-sonnet-4-6",
    messages=[{"role": "user", "content": "Tell me a story."}],
    stream=True,
)
for chunk in stream:
    print(chunk.choices[0].delta.content or "", end="", flush=True)
"""

NODE = """
import OpenAI from "openai";

const client = new OpenAI();
const stream = await client.chat.completions.create({
  model: "claude-sonnet-4-6",
  messages: [{ role: "user", content: "Tell me a story." }],
  stream: true,
});
for await (const chunk of stream) {
  process.stdout.write(chunk.choices[0]?.delta?.content || "");
}
"""

CURL = """
curl -N "$OPENAI_BASE_URL/chat/completions" \\
  -H "Authorization: Bearer $OPENAI_API_KEY" -H "Content-Type: application/json" \\
  -d '{"model": "claude-sonnet-4-6", "stream": true, "messages": [{"role": "user", "content": "Tell me a story."}]}'
"""


@pytest.fixture(scope="module", params=list(MADE))
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    body = MADE[request.param](TEXTS)
    held = Answer(body, held_at=begin_of(REST[0], body))
    with house(lambda _: held, {MODEL: request.param}, tmp_path_factory.mktemp("examples")) as it:
        yield it


def test_python(running: House) -> None:
    assert run(running, [sys.executable, "-c", PYTHON]) == STORY


def test_python_with_usage(running: House) -> None:
    source = PYTHON.replace("stream=True,", 'stream=True,\n    stream_options={"include_usage": True},').replace(
        'print(chunk.choices[0].delta.content or "", end="", flush=True)',
        'print(chunk.choices[0].delta.content or "" if chunk.choices else chunk.usage.to_json(indent=None), '
        'end="", flush=True)',
    )
    story_and_usage(run(running, [sys.executable, "-c", source]))


def test_node(running: House, node: str) -> None:
    assert run(running, [node, "--input-type=module", "-e", NODE], NODE_FOLDER) == STORY


def test_node_with_usage(running: House, node: str) -> None:
    source = NODE.replace("stream: true,", "stream: true,\n  stream_options: { include_usage: true },").replace(
        '|| ""', '|| (chunk.usage ? JSON.stringify(chunk.usage) : "")'
    )
    story_and_usage(run(running, [node, "--input-type=module", "-e", source], NODE_FOLDER))


def test_curl(running: House) -> None:
    chunks = curl_chunks(run(running, ["sh", "-c", CURL.replace("curl ", program("curl") + " -sS ", 1)]))
    assert text_of(chunks) == STORY
    assert not any("usage" in chunk for chunk in chunks)


def test_curl_with_usage(running: House) -> None:
    source = CURL.replace('"stream": true', '"stream": true, "stream_options": {"include_usage": true}')
    *chunks, last = curl_chunks(run(running, ["sh", "-c", source.replace("curl ", program("curl") + " -sS ", 1)]))
    assert text_of(chunks) == STORY
    assert last["choices"] == []
    assert last["usage"].items() >= USAGE.items()


def run(running: House, command: list[str], folder: Path | None = None) -> str:
    """What the program prints; the upstream goes on only when the first delta has been printed."""
    environment = {**os.environ, "OPENAI_BASE_URL": f"{running.sealink.url}/v1", "OPENAI_API_KEY": KEY}
    with subprocess.Popen(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        out, err = program.stdout, program.stderr
        assert out is not None
        assert err is not None
        give_up = Timer(PATIENCE_S, program.kill)
        give_up.start()
        printed = b""
        while FIRST.encode() not in printed and (more := os.read(out.fileno(), 4096)):
            printed += more
        held = running.upstream.exchanges[-1:]
        early = [exchange for exchange in held if not exchange.ended.is_set() and REST[0].encode() not in printed]
        running.upstream.release_all()
        printed += out.read()
        errors = err.read().decode()
        code = program.wait()
        give_up.cancel()
    assert code == 0, errors
    assert early, f"nothing was printed before the upstream went on: {printed!r} {errors}"
    return printed.decode()


def story_and_usage(printed: str) -> None:
    """The story, and behind it the usage that the last chunk brought."""
    assert printed.startswith(STORY)
    assert json.loads(printed.removeprefix(STORY)).items() >= USAGE.items()


def curl_chunks(printed: str) -> list[dict[str, object]]:
    *frames, done, end = printed.split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    return [json.loads(frame.removeprefix("data: ")) for frame in frames]


def text_of(chunks: list[dict[str, object]]) -> str:
    return "".join(chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks)  # type: ignore[index]
