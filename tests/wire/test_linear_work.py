"""Work grows with the size of what is read or written, not with its square: a few megabytes must not block a process.

CPU time is compared, not measured: sixteen times the input may take some sixteen times as long, more where it no longer
fits the processor's cache; quadratic work takes 256 times as long.
"""

import gc
import json
import time
from collections.abc import Callable
from typing import Any, Final

import pytest
from msgspec import Raw

from sealink.events import Event
from sealink.request import ChatRequest, Image, Message, Part, Reasoning, Text, Tool, ToolCall, ToolResult
from sealink.wire.dialect import ClientDialect, FallbackIdentity, same_dialect
from sealink.wire.dialects.anthropic_messages import CLIENT as MESSAGES
from sealink.wire.dialects.anthropic_messages import UPSTREAM as ANTHROPIC
from sealink.wire.dialects.bedrock_converse import UPSTREAM as BEDROCK
from sealink.wire.dialects.cohere_chat import UPSTREAM as COHERE
from sealink.wire.dialects.gemini_generate import UPSTREAM as GEMINI
from sealink.wire.dialects.ollama_chat import UPSTREAM as OLLAMA
from sealink.wire.dialects.openai_chat import CLIENT as CHAT_CLIENT
from sealink.wire.dialects.openai_chat import UPSTREAM as CHAT
from sealink.wire.dialects.openai_responses import CLIENT as RESPONSES_CLIENT
from sealink.wire.dialects.openai_responses import UPSTREAM as RESPONSES

UPSTREAMS: Final = {each.name: each for each in (ANTHROPIC, BEDROCK, COHERE, GEMINI, OLLAMA, CHAT, RESPONSES)}
CLIENTS: Final = {"messages": MESSAGES, "chat": CHAT_CLIENT, "responses": RESPONSES_CLIENT}
SIZE: Final = 2_000
OBJECT: Final = Raw(b'{"type":"object","properties":{}}')


def assert_linear(work: Callable[[Any], object], made: Callable[[int], Any], size: int = SIZE) -> None:
    """The least of several runs counts, so that other processes do not matter."""
    small, large = made(size // 4), made(4 * size)
    ratio = min(_cpu_s(work, large) / _cpu_s(work, small) for _ in range(3))
    assert ratio < 60, f"sixteen times the input took {ratio:.0f} times as long"


def _cpu_s(work: Callable[[Any], object], of: Any) -> float:
    gc.collect()
    gc.disable()
    try:
        spent = []
        for _ in range(2):
            start = time.process_time()
            work(of)
            spent.append(time.process_time() - start)
        return min(spent)
    finally:
        gc.enable()


def text(number: int) -> Part:
    return Text(text=f"text {number}")


def one_role(size: int) -> list[Message]:
    return [Message("user", [text(n)], f"messages[{n}]") for n in range(size)]


def assistant_role(size: int) -> list[Message]:
    return [Message("assistant", [text(n)], f"messages[{n}]") for n in range(size)]


def system_role(size: int) -> list[Message]:
    return [Message("system", [text(n)], f"messages[{n}]") for n in range(size)]


def one_message(size: int) -> list[Message]:
    return [Message("user", [text(n) for n in range(size)], "messages[0]")]


def calls_of(ids: list[str]) -> list[Message]:
    calls = Message("assistant", [ToolCall(id=id, name="f", arguments="{}") for id in ids], "messages[0]")
    results = [Message("tool", [ToolResult(call_id=id, content=[text(1)])], "messages[1]") for id in ids]
    return [calls, *results]


def parallel_calls(size: int) -> list[Message]:
    return calls_of([f"call_{n}" for n in range(size)])


def repeated_ids(size: int) -> list[Message]:
    return calls_of(["call_0"] * size)


def steps(size: int) -> list[Message]:
    return [message for n in range(size) for message in calls_of([f"call_{n}"])]


def media_in_a_result(size: int) -> list[Message]:
    pictures: list[Part] = [Image(media_type="image/png", data="iVBORw0KGgo=") for _ in range(size)]
    calls, _ = calls_of(["call_0"])
    return [calls, Message("tool", [ToolResult(call_id="call_0", content=pictures)], "messages[1]")]


def thinking(size: int) -> list[Message]:
    parts: list[Part] = []
    for n in range(size):
        signatures = (f"gemini:text:{n}", f"gemini:end:{n}", f"gemini:call:c{n}:s")
        parts += [text(n), *(Reasoning(text="", signature=each) for each in signatures)]
    return [Message("assistant", parts, "messages[0]")]


CONVERSATIONS: Final = [
    *(one_role, assistant_role, system_role, one_message, parallel_calls, repeated_ids, steps),
    *(media_in_a_result, thinking),
]


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("messages", CONVERSATIONS, ids=lambda each: each.__name__)
def test_a_conversation_is_written_in_linear_time(upstream: str, messages: Callable[[int], list[Message]]) -> None:
    dialect = UPSTREAMS[upstream]
    assert_linear(
        lambda request: dialect.write_request(request, "gemini-3-pro"),
        lambda size: ChatRequest(model="m", messages=messages(size), tools=[Tool(name="f", parameters=OBJECT)]),
    )


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_tools_are_written_in_linear_time(upstream: str) -> None:
    dialect = UPSTREAMS[upstream]

    def request(size: int) -> ChatRequest:
        tools = [Tool(name=f"f{n}", parameters=OBJECT) for n in range(size)]
        return ChatRequest(model="m", messages=one_role(1), tools=tools)

    assert_linear(lambda request: dialect.write_request(request, "amazon.nova-pro"), request)


def all_of(size: int) -> dict[str, Any]:
    parts = [{"properties": {f"p{n}": {"type": "string"}}, "required": [f"p{n}"]} for n in range(size)]
    return {"type": "object", "allOf": parts}


def references(size: int) -> dict[str, Any]:
    properties = {f"p{n}": {"$ref": f"#/$defs/d{n}"} for n in range(size)}
    return {"type": "object", "properties": properties, "$defs": {f"d{n}": {"enum": [n]} for n in range(size)}}


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("schema", [all_of, references], ids=lambda each: each.__name__)
def test_a_schema_is_written_in_linear_time(upstream: str, schema: Callable[[int], dict[str, Any]]) -> None:
    dialect = UPSTREAMS[upstream]

    def request(size: int) -> ChatRequest:
        tool = Tool(name="f", parameters=Raw(json.dumps(schema(size)).encode()))
        return ChatRequest(model="m", messages=one_role(1), tools=[tool])

    assert_linear(lambda request: dialect.write_request(request, "amazon.nova-pro"), request)


def chat_body(size: int) -> dict[str, Any]:
    calls = [{"id": f"c{n}", "type": "function", "function": {"name": "f", "arguments": "{}"}} for n in range(size)]
    results = [{"role": "tool", "tool_call_id": f"c{n}", "content": "1"} for n in range(size)]
    users = [{"role": "user", "content": [{"type": "text", "text": "a"}]} for _ in range(size)]
    tools = [{"type": "function", "function": {"name": f"f{n}"}} for n in range(size)]
    return {"messages": [*users, {"role": "assistant", "tool_calls": calls}, *results], "tools": tools}


def messages_body(size: int) -> dict[str, Any]:
    calls = [{"type": "tool_use", "id": f"c{n}", "name": "f", "input": {}} for n in range(size)]
    results = [{"type": "tool_result", "tool_use_id": f"c{n}", "content": "1"} for n in range(size)]
    users = [{"role": "user", "content": "a"} for _ in range(size)]
    turns = [*users, {"role": "assistant", "content": calls}, {"role": "user", "content": results}]
    tools = [{"name": f"f{n}", "input_schema": {"type": "object"}} for n in range(size)]
    return {"messages": turns, "tools": tools, "max_tokens": 9}


def responses_body(size: int) -> dict[str, Any]:
    calls = [{"type": "function_call", "call_id": f"c{n}", "name": "f", "arguments": "{}"} for n in range(size)]
    results = [{"type": "function_call_output", "call_id": f"c{n}", "output": "1"} for n in range(size)]
    users = [{"role": "user", "content": "a"} for _ in range(size)]
    tools = [{"type": "function", "name": f"f{n}", "parameters": {}} for n in range(size)]
    return {"input": [*users, *calls, *results], "tools": tools}


@pytest.mark.parametrize(
    ("client", "body"),
    [("chat", chat_body), ("messages", messages_body), ("responses", responses_body)],
)
def test_a_request_is_read_in_linear_time(client: str, body: Callable[[int], dict[str, Any]]) -> None:
    dialect: ClientDialect = CLIENTS[client]
    assert_linear(
        lambda sent: dialect.parse_request(dialect.parse_head(sent, {})),
        lambda size: json.dumps({"model": "m", **body(size)}).encode(),
    )


def sse(*frames: dict[str, Any], named: bool = False) -> bytes:
    return b"".join(
        (b"event: %b\n" % frame["type"].encode() if named else b"") + b"data: " + json.dumps(frame).encode() + b"\n\n"
        for frame in frames
    )


def gemini_stream(size: int) -> bytes:
    calls = [{"functionCall": {"name": "f", "args": {"a": n}}} for n in range(size)]
    pieces = [{"functionCall": {"partialArgs": [{"jsonPath": "$.a", "stringValue": "b"}], "willContinue": True}}] * size
    started = [{"functionCall": {"name": "g", "willContinue": True}}, *pieces]
    parts = [[{"text": "a"}]] * size + [calls] + [[each] for each in started]
    last = {"candidates": [{"content": {"parts": []}, "finishReason": "STOP"}]}
    return sse(*({"candidates": [{"content": {"parts": each}}]} for each in parts), last)


def anthropic_stream(size: int) -> bytes:
    frames: list[dict[str, Any]] = [{"type": "message_start", "message": {"id": "m", "model": "m", "content": []}}]
    for n in range(size):
        block = {"type": "tool_use", "id": f"c{n}", "name": "f", "input": {}}
        delta = {"type": "input_json_delta", "partial_json": "{}"}
        frames += [
            {"type": "content_block_start", "index": n, "content_block": block},
            {"type": "content_block_delta", "index": n, "delta": delta},
            {"type": "content_block_stop", "index": n},
        ]
    end = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 1}}
    return sse(*frames, end, {"type": "message_stop"}, named=True)


def ollama_stream(size: int) -> bytes:
    calls = [{"function": {"name": "f", "arguments": {"a": n}}} for n in range(size)]
    lines: list[dict[str, Any]] = [{"message": {"role": "assistant", "content": "a"}, "done": False}] * size
    lines += [{"message": {"role": "assistant", "content": "", "tool_calls": calls}, "done": False}]
    lines += [{"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}]
    return b"".join(json.dumps({"model": "m", **line}).encode() + b"\n" for line in lines)


def chat_stream(size: int) -> bytes:
    """All calls in one frame, then each in a frame of its own, then more arguments for the first one; then calls under
    one id, and one whose arguments come before its name."""

    def call(number: int) -> dict[str, Any]:
        function = {"name": "f", "arguments": "{}"}
        return {"index": number, "id": f"c{number}", "type": "function", "function": function}

    def more(number: int) -> dict[str, Any]:
        return {"index": number, "function": {"arguments": " "}}

    frames = [[call(n) for n in range(size)], *([call(size + n)] for n in range(size)), *([[more(0)]] * size)]
    frames += [[{**call(2 * size + n), "id": "same"}] for n in range(size)]
    frames += [*([[more(3 * size)]] * size), [call(3 * size)]]
    last = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
    choices = [{"index": 0, "delta": {"tool_calls": calls}, "finish_reason": None} for calls in frames]
    return sse(*({"id": "a", "model": "m", "created": 1, "choices": [each]} for each in [*choices, last]))


STREAMS: Final[dict[str, Callable[[int], bytes]]] = {
    GEMINI.name: gemini_stream,
    ANTHROPIC.name: anthropic_stream,
    CHAT.name: chat_stream,
    OLLAMA.name: ollama_stream,
}


@pytest.mark.parametrize("upstream", STREAMS)
@pytest.mark.parametrize("client", CLIENTS)
def test_a_stream_is_translated_in_linear_time(upstream: str, client: str) -> None:
    """Decoded and encoded, as a lane does it."""
    dialect, encoded = UPSTREAMS[upstream], CLIENTS[client]
    request = ChatRequest(model="m", messages=[], stream=True)

    def translate(body: bytes) -> None:
        decoder, encoder = dialect.decoder(), encoded.encoder(request, FallbackIdentity("id", 1))
        framer = dialect.framer()
        events: list[Event] = []
        for frame in [*framer.feed(body), *framer.close()]:
            events += decoder.decode(frame)
        events += decoder.close()
        assert len(events) >= 250
        for event in events:
            encoder.encode(event)

    assert_linear(translate, STREAMS[upstream], size=1_000)


@pytest.mark.parametrize(("upstream", "client"), [(CHAT.name, "chat"), (ANTHROPIC.name, "messages")])
def test_a_stream_is_passed_through_in_linear_time(upstream: str, client: str) -> None:
    dialect, spoken = UPSTREAMS[upstream], CLIENTS[client]
    assert same_dialect(dialect, spoken)
    asked = {"model": "m", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    head = spoken.parse_head(json.dumps(asked).encode(), {})

    def pass_on(body: bytes) -> None:
        handler, framer = dialect.passthrough(head), dialect.framer()
        sent = b"".join([handler.handle(frame) for frame in framer.feed(body)])
        assert len(sent) > SIZE

    assert_linear(pass_on, STREAMS[upstream], size=1_000)
