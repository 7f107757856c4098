"""Gemini behind a real SeaLink: a conversation with a tool, in which its signatures come back to it.

Gemini 3 refuses the result of a call whose signature has not come back. Stock SDKs hand back what they were given;
the second request's body shows that it is what Gemini gave. https://ai.google.dev/gemini-api/docs/thought-signatures
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest

from acceptance.sealink_process import KEY, SealinkProcess
from replay import Answer, ReplayingUpstream, Request
from wire.gemini_line import chunk, sse

CLOUD = "/v1/projects/p/locations/global/publishers/google"
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
FUNCTION = {"name": "weather", "description": "The weather", "parameters": PARAMETERS}
USAGE = {"promptTokenCount": 10, "candidatesTokenCount": 4, "thoughtsTokenCount": 3, "totalTokenCount": 17}

CALLS = [
    chunk({"text": "Rome, Oslo.", "thought": True}, responseId="r1", modelVersion="gemini-3-flash"),
    chunk({"text": "Let me look."}),
    chunk({"functionCall": {"name": "weather", "args": {"city": "Rome"}}, "thoughtSignature": "U0lHTkVE"}),
    chunk({"functionCall": {"name": "weather", "args": {"city": "Oslo"}}}),
    chunk({"text": ""}, finish="STOP", usageMetadata=USAGE),
]
ANSWERS = [
    chunk({"text": "Fine in both."}, responseId="r2", modelVersion="gemini-3-flash"),
    chunk({"text": "", "thoughtSignature": "RU5E"}, finish="STOP", usageMetadata=USAGE),
]

CALLED_AGAIN = {
    "role": "model",
    "parts": [
        {"text": "Let me look."},
        {
            "functionCall": {"id": "call_r1_0", "name": "weather", "args": {"city": "Rome"}},
            "thoughtSignature": "U0lHTkVE",
        },
        {"functionCall": {"id": "call_r1_1", "name": "weather", "args": {"city": "Oslo"}}},
    ],
}
ANSWERED_AGAIN = {
    "role": "user",
    "parts": [
        {"functionResponse": {"id": f"call_r1_{n}", "name": "weather", "response": {"output": f"{city}: 20°"}}}
        for n, city in enumerate(("Rome", "Oslo"))
    ],
}
SAID_AGAIN = {"role": "model", "parts": [{"text": "Fine in both."}, {"text": "", "thoughtSignature": "RU5E"}]}
TURNS = ["user", "model", "user", "model", "user"]


def whole(chunks: list[dict[str, Any]]) -> bytes:
    parts = [part for each in chunks for part in each["candidates"][0]["content"]["parts"] if part.get("text") != ""]
    signed = chunks[-1]["candidates"][0]["content"]["parts"][0].get("thoughtSignature")
    parts += [{"text": "", "thoughtSignature": signed}] if signed else []
    outer = {name: chunks[0][name] for name in ("responseId", "modelVersion")}
    return json.dumps({**chunk(*parts, finish="STOP", usageMetadata=USAGE), **outer}, indent=2).encode()


def answer(request: Request) -> Answer:
    """Calls first, words once the calls are answered."""
    chunks = ANSWERS if "functionResponse" in request.body.decode() else CALLS
    if "array" in request.model:
        return Answer(json.dumps(chunks, indent=2).encode(), headers=[("content-type", "application/json")])
    if ":generateContent" in request.path:
        return Answer(whole(chunks), headers=[("content-type", "application/json")])
    return Answer(sse(*chunks), sizes=(7,))


@dataclass(frozen=True)
class Line:
    upstream: ReplayingUpstream
    url: str

    def last(self) -> Request:
        return self.upstream.exchanges[-1].request


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    with ReplayingUpstream(answer) as upstream:
        config = f"""
[[keys]]
name = "tests"
key = "{KEY}"
[[providers]]
name = "direct"
dialect = "gemini"
base_url = "{upstream.url}"
api_key = "AIza-key"
[[providers]]
name = "cloud"
dialect = "gemini"
base_url = "{upstream.url}{CLOUD}"
[[models]]
id = "gemini-3-flash"
targets = [{{ provider = "direct", model = "gemini-3-flash" }}]
[[models]]
id = "cloud"
targets = [{{ provider = "cloud", model = "gemini-3-flash" }}]
[[models]]
id = "array"
targets = [{{ provider = "direct", model = "gemini-3-array" }}]
"""
        with SealinkProcess(config, tmp_path_factory.mktemp("gemini")) as sealink:
            yield Line(upstream, sealink.url)


def results(ids: list[str]) -> list[tuple[str, str]]:
    return list(zip(ids, ("Rome: 20°", "Oslo: 20°"), strict=True))


def converse_in_chat(url: str, model: str, *, stream: bool) -> list[str]:
    """What the model says in the two turns, as the stock SDK reads it; then once more, with all of it sent back."""
    messages: list[Any] = [{"role": "user", "content": "The weather?"}]
    texts = []
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
        for _ in range(3):
            asked: Any = {"model": model, "messages": messages, "tools": [{"type": "function", "function": FUNCTION}]}
            if stream:
                with client.chat.completions.stream(**asked, stream_options={"include_usage": True}) as answers:
                    completion: Any = answers.get_final_completion()
            else:
                completion = client.chat.completions.create(**asked)
            said = completion.choices[0].message
            assert completion.usage.total_tokens == 17
            texts.append(said.content)
            messages.append(said.to_dict())
            calls = said.tool_calls or []
            assert completion.choices[0].finish_reason == ("tool_calls" if calls else "stop")
            messages += [
                {"role": "tool", "tool_call_id": id, "content": content}
                for id, content in (results([call.id for call in calls]) if calls else ())
            ]
            messages += [] if calls else [{"role": "user", "content": "Thanks."}]
    return texts


@pytest.mark.parametrize("stream", [True, False])
@pytest.mark.parametrize("model", ["gemini-3-flash", "cloud"])
def test_a_chat_client_brings_the_signatures_back(line: Line, model: str, stream: bool) -> None:
    assert converse_in_chat(line.url, model, stream=stream)[:2] == ["Let me look.", "Fine in both."]
    sent = line.last().json
    assert [turn["role"] for turn in sent["contents"]] == TURNS
    assert sent["contents"][1:4] == [CALLED_AGAIN, ANSWERED_AGAIN, SAID_AGAIN]
    assert sent["tools"] == [{"functionDeclarations": [{**without_parameters(), "parametersJsonSchema": PARAMETERS}]}]


def without_parameters() -> dict[str, Any]:
    return {name: value for name, value in FUNCTION.items() if name != "parameters"}


def test_the_array_form_is_read_as_well(line: Line) -> None:
    assert converse_in_chat(line.url, "array", stream=True)[:2] == ["Let me look.", "Fine in both."]


def test_addresses_and_keys(line: Line) -> None:
    with openai.OpenAI(base_url=f"{line.url}/v1", api_key=KEY, max_retries=0) as client:
        for model, begins, key in (("gemini-3-flash", "/v1beta", "AIza-key"), ("cloud", CLOUD, None)):
            client.chat.completions.create(model=model, messages=[{"role": "user", "content": "x"}])
            assert line.last().path == f"{begins}/models/gemini-3-flash:generateContent"
            assert line.last().headers.get("x-goog-api-key") == key
            with client.chat.completions.create(
                model=model, messages=[{"role": "user", "content": "x"}], stream=True
            ) as stream:
                assert list(stream)
            assert line.last().path == f"{begins}/models/gemini-3-flash:streamGenerateContent?alt=sse"


@pytest.mark.parametrize("stream", [True, False])
def test_a_messages_client_brings_the_signatures_back(line: Line, stream: bool) -> None:
    messages: list[Any] = [{"role": "user", "content": "The weather?"}]
    tool: Any = {"name": FUNCTION["name"], "description": FUNCTION["description"], "input_schema": PARAMETERS}
    with anthropic.Anthropic(base_url=line.url, api_key=KEY, max_retries=0) as client:
        for _ in range(3):
            asked: Any = {"model": "gemini-3-flash", "max_tokens": 99, "messages": messages, "tools": [tool]}
            if stream:
                with client.messages.stream(**asked) as answers:
                    message: Any = answers.get_final_message()
            else:
                message = client.messages.create(**asked)
            messages.append({"role": "assistant", "content": [block.to_dict() for block in message.content]})
            ids = [block.id for block in message.content if block.type == "tool_use"]
            content: Any = [
                {"type": "tool_result", "tool_use_id": id, "content": text}
                for id, text in (results(ids) if ids else ())
            ]
            messages.append({"role": "user", "content": content or "Thanks."})
    sent = line.last().json
    assert [turn["role"] for turn in sent["contents"]] == TURNS
    assert sent["contents"][1:4] == [CALLED_AGAIN, ANSWERED_AGAIN, SAID_AGAIN]


@pytest.mark.parametrize("stream", [True, False])
def test_a_responses_client_brings_the_signatures_back(line: Line, stream: bool) -> None:
    items: list[Any] = [{"role": "user", "content": "The weather?"}]
    with openai.OpenAI(base_url=f"{line.url}/v1", api_key=KEY, max_retries=0) as client:
        for _ in range(3):
            asked: Any = {"model": "gemini-3-flash", "input": items, "tools": [{"type": "function", **FUNCTION}]}
            asked |= {"store": False, "include": ["reasoning.encrypted_content"]}
            if stream:
                with client.responses.stream(**asked) as answers:
                    response: Any = answers.get_final_response()
            else:
                response = client.responses.create(**asked)
            items += [item.to_dict() for item in response.output]
            calls = [item.call_id for item in response.output if item.type == "function_call"]
            outputs = [
                {"type": "function_call_output", "call_id": id, "output": text}
                for id, text in (results(calls) if calls else ())
            ]
            items += outputs or [{"role": "user", "content": "Thanks."}]
    sent = line.last().json
    assert [turn["role"] for turn in sent["contents"]] == TURNS
    assert sent["contents"][1:4] == [CALLED_AGAIN, ANSWERED_AGAIN, SAID_AGAIN]
