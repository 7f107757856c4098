"""Bedrock, Cohere and Ollama behind a real SeaLink, as the stock `openai` client sees them.

The upstream replays samples written after each vendor's document; what it was asked is looked at too.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openai
import pytest

from acceptance.house import House, house
from acceptance.sealink_process import KEY
from replay import Answer, HeaderList, Request
from wire.aws_messages import sample

SAMPLES = Path(__file__).parents[1] / "wire" / "samples"
WEATHER = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
ONE_BYTE_THEN_MANY, SLOWLY = (1, 3, 50), (60,)


@dataclass(frozen=True)
class Vendor:
    """What a vendor answers: a stream with thinking, text or calls; an error in a stream; an error before it."""

    dialect: str
    path: str
    accept: str
    content_type: str
    stream: bytes
    failing: bytes
    failure: str
    refusal: bytes
    refusal_status: int
    refusal_headers: HeaderList = (("content-type", "application/json"),)
    refused: str = ""
    reasoning: str = "I need the weather."
    text: str = ""

    def answer(self, request: Request) -> Answer:
        headers = (("content-type", self.content_type),)
        if "refused" in request.body.decode():
            return Answer(self.refusal, self.refusal_status, self.refusal_headers)
        if "failing" in request.body.decode():
            return Answer(self.failing, 200, headers, sizes=SLOWLY, pace_s=0.01)  # what comes at once is held back
        return Answer(self.stream, 200, headers, sizes=ONE_BYTE_THEN_MANY)


COHERE_FAILING = b"".join(
    b"event: %s\ndata: %s\n\n" % (name.encode(), json.dumps({"type": name, **rest}).encode())
    for name, rest in {
        "message-start": {"id": "1", "delta": {"message": {}}},
        "tool-plan-delta": {"delta": {"message": {"tool_plan": "As I was "}}},
        "message-end": {"delta": {"finish_reason": "ERROR", "error": "an invalid tool generation"}},
    }.items()
)

VENDORS = [
    Vendor(
        "bedrock",
        path="/model/us.anthropic.claude-sonnet-4-5%3A0/converse-stream",
        accept="application/vnd.amazon.eventstream",
        content_type="application/vnd.amazon.eventstream",
        stream=sample("thinking_and_tools"),
        failing=sample("throttled"),
        failure="Too many requests, please wait before trying again.",
        refusal=b'{"message":"The security token included in the request is expired"}',
        refusal_status=403,
        refusal_headers=(("x-amzn-errortype", "ExpiredTokenException:http://internal.amazon.com/coral/"),),
        refused="The security token included in the request is expired",
        text="Let me look 🌦 — one moment.",
    ),
    Vendor(
        "cohere",
        path="/v2/chat",
        accept="text/event-stream",
        content_type="text/event-stream",
        stream=(SAMPLES / "cohere" / "plan_and_tools.sse").read_bytes(),
        failing=COHERE_FAILING,
        failure="an invalid tool generation",
        refusal=b'{"id":"1","message":"invalid api token"}',
        refusal_status=401,
        refused="invalid api token",
        reasoning="I will look up the weather.",
    ),
    Vendor(
        "ollama",
        path="/api/chat",
        accept="application/x-ndjson",
        content_type="application/x-ndjson",
        stream=(SAMPLES / "ollama" / "thinking_and_tools.ndjson").read_bytes(),
        failing=(SAMPLES / "ollama" / "error.ndjson").read_bytes(),
        failure="an error was encountered while running the model: CUDA error",
        refusal=b'{"error":"model \\"m\\" not found, try pulling it first"}',
        refusal_status=404,
        refused='model "m" not found, try pulling it first',
        text="Let me look 🌦",
    ),
]
MODEL = "us.anthropic.claude-sonnet-4-5:0"


@pytest.fixture(scope="module", params=VENDORS, ids=lambda vendor: vendor.dialect)
def line(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Vendor, House, openai.OpenAI]]:
    vendor: Vendor = request.param
    with (
        house(vendor.answer, {MODEL: vendor.dialect}, tmp_path_factory.mktemp(vendor.dialect)) as running,
        openai.OpenAI(base_url=f"{running.sealink.url}/v1", api_key=KEY, max_retries=0, timeout=30) as client,
    ):
        yield vendor, running, client


Line = tuple[Vendor, House, openai.OpenAI]


def ask(client: openai.OpenAI, words: str) -> Any:
    messages: Any = [{"role": "user", "content": words}]
    tools: Any = [WEATHER]
    options: Any = {"include_usage": True}
    return client.chat.completions.create(
        model=MODEL, messages=messages, tools=tools, temperature=0.5, max_tokens=99, stream=True, stream_options=options
    )


def test_text_thinking_and_a_tool_call_arrive(line: Line) -> None:
    vendor, running, client = line
    text, reasoning, usage, calls, finish = "", "", None, {}, None
    for chunk in ask(client, "What is the weather?"):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            finish = choice.finish_reason or finish
            text += choice.delta.content or ""
            reasoning += (choice.delta.model_extra or {}).get("reasoning_content") or ""
            for piece in choice.delta.tool_calls or ():
                calls[piece.index] = calls.get(piece.index, "") + (piece.function.name or "") + piece.function.arguments
    assert (text, reasoning, finish) == (vendor.text, vendor.reasoning, "tool_calls")
    assert list(calls.values()) == ['get_weather{"city": "Paris"}', "get_time{}"]
    assert usage is not None
    assert usage.completion_tokens == 30
    asked = running.upstream.exchanges[-1].request
    assert (asked.path, asked.headers["accept"]) == (vendor.path, vendor.accept)
    assert asked.headers["authorization"] == "Bearer sk-upstream"
    assert "get_weather" in asked.body.decode()


def test_an_error_in_the_stream_is_told_in_the_vendors_words(line: Line) -> None:
    vendor, _, client = line
    with pytest.raises(openai.APIError) as caught:
        list(ask(client, "failing"))
    assert caught.value.message == vendor.failure
    assert not isinstance(caught.value, openai.APIStatusError)


def test_an_error_before_the_stream_keeps_its_words_and_its_status_unless_it_is_about_credentials(line: Line) -> None:
    vendor, _, client = line
    with pytest.raises(openai.APIStatusError) as caught:
        ask(client, "refused")
    refused = vendor.refusal_status in (401, 402, 403)
    assert caught.value.status_code == (502 if refused else vendor.refusal_status)
    assert vendor.refused in caught.value.message
