"""Requests are read and written in linear time: see linear.py."""

import contextlib
import json
from collections.abc import Callable
from functools import cache, partial
from typing import Any, Final

import pytest
from linear import CLIENTS, SAME, UPSTREAMS, assert_linear
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.providers import VENDORS
from sealink.providers.profile import Profile
from sealink.providers.transforms import apply_profile
from sealink.request import ChatRequest, Image, Message, Part, Reasoning, Text, Tool, ToolCall, ToolResult
from sealink.wire.dialect import ClientDialect, OutgoingRequest, same_dialect

OBJECT: Final = Raw(b'{"type":"object","properties":{}}')


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


def chat_parts(size: int) -> dict[str, Any]:
    """Messages of each role, and parts of each kind; functions of the API's first form."""
    picture = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    sound = {"type": "input_audio", "input_audio": {"data": "AAAA", "format": "wav"}}
    text = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}
    details = [{"type": "reasoning.text", "text": "a", "signature": "s", "index": n} for n in range(size)]
    thought = {"role": "assistant", "content": "a", "reasoning_content": "b", "reasoning_details": details}
    custom = [{"id": f"c{n}", "type": "custom", "custom": {"name": "f", "input": "a"}} for n in range(size)]
    roles = [{"role": role, "content": "a"} for role in ("system", "developer", "user", "assistant")] * size
    parts = [{"role": "user", "content": [text, picture, sound] * size}, thought]
    calls = [{"role": "assistant", "tool_calls": custom}]
    tools = [{"type": "custom", "custom": {"name": f"f{n}"}} for n in range(size)]
    return {"messages": [*roles, *parts, *calls], "tools": tools, "stop": ["a"] * 4}


def messages_parts(size: int) -> dict[str, Any]:
    picture = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    page = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a"}, "title": "t"}
    thought = [{"type": "thinking", "thinking": "a", "signature": "s"}, {"type": "redacted_thinking", "data": "a"}]
    text = {"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}
    result = {"type": "tool_result", "tool_use_id": "c", "content": [text, picture] * size}
    call = {"type": "tool_use", "id": "c", "name": "f", "input": {}}
    turns = [
        {"role": "user", "content": [text, picture, page] * size},
        {"role": "assistant", "content": [*(thought * size), text, call]},
        {"role": "user", "content": [result]},
        *([{"role": "assistant", "content": [text]}, {"role": "user", "content": [text]}] * size),
    ]
    return {"messages": turns, "system": [text] * size, "max_tokens": 9}


def responses_items(size: int) -> dict[str, Any]:
    """What Codex sends: declared and found tools, calls of its own tools, thinking, in later turns."""
    declared = [{"type": "function", "name": f"g{n}", "parameters": {}} for n in range(size)]
    spaces = [{"type": "namespace", "name": f"n{n}", "tools": declared[:2]} for n in range(size)]
    custom = [{"type": "custom", "name": f"h{n}"} for n in range(size)]
    items: list[dict[str, Any]] = [{"type": "additional_tools", "role": "developer", "tools": declared + spaces}]
    for n in range(size):
        called, search = {"call_id": f"c{n}"}, {"call_id": f"s{n}", "execution": "client"}
        items += [
            {"type": "reasoning", "id": f"r{n}", "summary": [{"type": "summary_text", "text": "a"}]},
            {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]},
            {"type": "custom_tool_call", "name": "h0", "input": "a", **called},
            {"type": "custom_tool_call_output", "output": "a", **called},
            {"type": "tool_search_call", "arguments": {"query": "a"}, **search},
            {"type": "tool_search_output", "tools": declared[n : n + 1], **search},
            {"type": "local_shell_call", "action": {"type": "exec"}, **called},
            {"type": "local_shell_call_output", "output": "a", **called},
            {"type": "apply_patch_call", "operation": {"type": "update_file"}, **called},
            {"type": "apply_patch_call_output", "output": "a", **called},
            {"type": "web_search_call", "id": f"w{n}", "status": "completed"},
        ]
    outputs = {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "a"}] * size}
    many = {"role": "user", "content": [{"type": "input_text", "text": "a"}] * size}
    return {"input": [*items, outputs, many], "tools": [*custom, {"type": "web_search"}, {"type": "local_shell"}]}


PROFILES: Final = [
    (vendor.name, profile)
    for vendor in VENDORS.values()
    for profile in vendor.profiles
    if profile.transforms and profile.dialect in ("openai", "anthropic", "responses")
]
BODIES: Final[list[tuple[str, Callable[[int], dict[str, Any]]]]] = [
    *(("chat", chat_body), ("chat", chat_parts), ("messages", messages_body), ("messages", messages_parts)),
    *(("responses", responses_body), ("responses", responses_items)),
]


def sent_body(body: Callable[[int], dict[str, Any]]) -> Callable[[int], bytes]:
    return lambda size: json.dumps({"model": "m", **body(size)}).encode()


@cache
def asked(client: str, body: Callable[[int], dict[str, Any]], size: int) -> ChatRequest:
    dialect: ClientDialect = CLIENTS[client]
    return dialect.parse_request(dialect.parse_head(sent_body(body)(size), {}))


@pytest.mark.parametrize(("client", "body"), BODIES, ids=lambda each: getattr(each, "__name__", each))
def test_a_request_is_read_in_linear_time(client: str, body: Callable[[int], dict[str, Any]]) -> None:
    dialect: ClientDialect = CLIENTS[client]
    assert_linear(lambda sent: dialect.parse_request(dialect.parse_head(sent, {})), sent_body(body), size=1000)


@pytest.mark.parametrize(("client", "body"), BODIES, ids=lambda each: getattr(each, "__name__", each))
def test_a_prompts_text_is_read_in_linear_time(client: str, body: Callable[[int], dict[str, Any]]) -> None:
    dialect: ClientDialect = CLIENTS[client]
    assert_linear(lambda sent: dialect.prompt_text(dialect.parse_head(sent, {})), sent_body(body), size=1000)


@pytest.mark.parametrize(("client", "body"), BODIES, ids=lambda each: getattr(each, "__name__", each))
def test_a_request_is_forwarded_in_linear_time(client: str, body: Callable[[int], dict[str, Any]]) -> None:
    """To an upstream of the same dialect."""
    dialect: ClientDialect = CLIENTS[client]
    (upstream,) = (UPSTREAMS[name] for name, spoken in SAME if spoken == client)
    assert same_dialect(upstream, dialect)
    assert_linear(
        lambda sent: upstream.forward_request(dialect.parse_head(sent, {}), "another"), sent_body(body), size=1000
    )


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize(("client", "body"), BODIES, ids=lambda each: getattr(each, "__name__", each))
def test_a_request_is_translated_in_linear_time(
    client: str, body: Callable[[int], dict[str, Any]], upstream: str
) -> None:
    """What was read of a client's dialect is written in an upstream's, if that can say it."""

    def write(request: ChatRequest) -> None:
        with contextlib.suppress(InvalidRequest):
            UPSTREAMS[upstream].write_request(request, "gemini-3-pro")

    assert_linear(write, partial(asked, client, body), size=400)


@pytest.mark.parametrize("upstream", UPSTREAMS)
def test_identifiers_are_made_to_fit_in_linear_time(upstream: str) -> None:
    """Ids and names that no target takes as they are, all of them the same but for their ends."""
    dialect = UPSTREAMS[upstream]

    def request(size: int) -> ChatRequest:
        tools = [Tool(name=f"{'é' * 70}{n}", parameters=OBJECT) for n in range(size)]
        return ChatRequest(model="m", messages=calls_of([f"{'é' * 70}{n}" for n in range(size)]), tools=tools)

    assert_linear(lambda request: dialect.write_request(request, "amazon.nova-pro"), request)


@pytest.mark.parametrize(("vendor", "profile"), PROFILES, ids=lambda each: getattr(each, "dialect", each))
def test_a_vendors_profile_is_applied_in_linear_time(vendor: str, profile: Profile) -> None:
    body = {"openai": chat_body, "anthropic": messages_body, "responses": responses_body}[profile.dialect]
    assert_linear(lambda sent: apply_profile(OutgoingRequest("/", sent), profile), sent_body(body), size=1000)
