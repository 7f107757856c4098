"""Call ids and tool names are sent as the target takes them, and names are restored in the answer."""

import json
import re
from typing import Any

import pytest
from msgspec import Raw

from sealink.events import BlockStart, TextDelta
from sealink.providers.transforms import nine_character_call_ids
from sealink.request import ChatRequest, Message, Tool, ToolCall, ToolChoice, ToolResult
from sealink.wire.dialect import ClientDialect, PassthroughDialect, UpstreamDialect
from sealink.wire.dialects.anthropic_messages import CLIENT as MESSAGES_CLIENT
from sealink.wire.dialects.anthropic_messages import UPSTREAM as ANTHROPIC
from sealink.wire.dialects.bedrock_converse import UPSTREAM as BEDROCK
from sealink.wire.dialects.gemini_generate import UPSTREAM as GEMINI
from sealink.wire.dialects.openai_chat import CLIENT as CHAT_CLIENT
from sealink.wire.dialects.openai_chat import UPSTREAM as CHAT
from sealink.wire.dialects.openai_responses import CLIENT as RESPONSES_CLIENT
from sealink.wire.dialects.openai_responses import UPSTREAM as RESPONSES
from sealink.wire.identifiers import Identifiers, Rule, fit_identifiers, restore_names, sent_names

LONG = "__thought__" + "x" * 90


def conversation(*ids: str, name: str = "f", results: tuple[str, ...] | None = None) -> ChatRequest:
    calls = Message("assistant", [ToolCall(id=id, name=name, arguments="{}") for id in ids], "messages[0]")
    answers = Message("tool", [ToolResult(call_id=id, content=[]) for id in results or ids], "messages[1]")
    tools = [Tool(name=name, parameters=Raw(b'{"type":"object","properties":{}}'))]
    return ChatRequest(model="m", messages=[calls, answers], tools=tools)


def identifiers_in(dialect: UpstreamDialect, request: ChatRequest, field: str) -> list[str]:
    """The values of a field, in the order in which the body has them."""
    body = dialect.write_request(request, "anthropic.claude-sonnet-4-5").body
    return [json.loads(found) for found in re.findall(rf'"{field}":("(?:[^"\\]|\\.)*")', body.decode())]


def call_ids(dialect: UpstreamDialect, request: ChatRequest) -> tuple[list[str], list[str]]:
    """The ids of the calls, and of the results."""
    if dialect is ANTHROPIC:
        return identifiers_in(dialect, request, "id"), identifiers_in(dialect, request, "tool_use_id")
    if dialect is CHAT:
        return identifiers_in(dialect, request, "id"), identifiers_in(dialect, request, "tool_call_id")
    ids = identifiers_in(dialect, request, "toolUseId" if dialect is BEDROCK else "call_id")
    return ids[: len(ids) // 2], ids[len(ids) // 2 :]


LIMITED = [
    (ANTHROPIC, "[a-zA-Z0-9_-]{1,64}"),
    (BEDROCK, "[a-zA-Z0-9_.:-]{1,64}"),
    (RESPONSES, ".{1,64}"),
    (CHAT, ".{1,64}"),
]


@pytest.mark.parametrize(("dialect", "pattern"), LIMITED, ids=lambda each: getattr(each, "name", ""))
@pytest.mark.parametrize(
    "ids",
    [
        ("call_1" + LONG, "call_2" + LONG),
        (LONG + "1", LONG + "2"),
        ("a.b:0", "a:b.0"),
        ("é", "ö"),
        ("a b", "a/b"),
        ("", "x"),
    ],
)
def test_ids_fit_and_stay_apart(dialect: UpstreamDialect, pattern: str, ids: tuple[str, ...]) -> None:
    calls, results = call_ids(dialect, conversation(*ids))
    assert calls == results
    assert len(set(calls)) == len(ids)
    assert all(re.fullmatch(pattern, id) for id in calls)


@pytest.mark.parametrize("dialect", [ANTHROPIC, BEDROCK, RESPONSES, CHAT], ids=lambda each: each.name)
def test_an_id_that_fits_stays(dialect: UpstreamDialect) -> None:
    assert call_ids(dialect, conversation("toolu_1", "call-2")) == (["toolu_1", "call-2"], ["toolu_1", "call-2"])


@pytest.mark.parametrize("dialect", [ANTHROPIC, BEDROCK, RESPONSES], ids=lambda each: each.name)
def test_two_calls_of_one_id_become_two(dialect: UpstreamDialect) -> None:
    request = conversation("call_0", "call_0")
    request.messages += conversation("call_0").messages
    calls, results = call_ids(dialect, request)
    everything = calls + results
    ids = [everything[:2], everything[2:4]] if dialect in (BEDROCK, RESPONSES) else [calls[:2], results[:2]]
    assert ids[0] == ids[1]
    assert len(set(everything)) == 3


NAMES = ["mcp__" + "server" * 20 + "__read", "files.read", "1st", "a b", "mcp__" + "server" * 20 + "__write"]


@pytest.mark.parametrize(
    ("dialect", "pattern"),
    [
        (ANTHROPIC, "[a-zA-Z0-9_-]{1,128}"),
        (BEDROCK, "[a-zA-Z0-9_-]{1,64}"),
        (RESPONSES, "[a-zA-Z0-9_-]{1,64}"),
        (CHAT, "[a-zA-Z0-9_-]{1,64}"),
        (GEMINI, "[a-zA-Z_][a-zA-Z0-9_.:-]{0,63}"),
    ],
    ids=lambda each: getattr(each, "name", ""),
)
def test_names_fit_stay_apart_and_come_back(dialect: UpstreamDialect, pattern: str) -> None:
    sent = set()
    for name in NAMES:
        request = conversation("c1", name=name)
        request.tool_choice = ToolChoice("named", name)
        names = {each for each in identifiers_in(dialect, request, "name") if each != "output"}
        assert len(names) == 1
        sent |= names
        assert re.fullmatch(pattern, *names)
        start = BlockStart(0, "tool_call", name=min(names))
        assert restore_names([start, TextDelta(0, "x")], sent_names(request, dialect.identifiers))[0] == BlockStart(
            0, "tool_call", name=name
        )
    assert len(sent) == len(NAMES)


def test_nothing_is_copied_if_everything_fits() -> None:
    request = conversation("a", "b")
    assert fit_identifiers(request, Identifiers(Rule(64), Rule(64), unique_call_ids=True)) is request


def test_the_request_itself_is_not_changed() -> None:
    """The next target may take other identifiers."""
    request = conversation("a.b")
    fit_identifiers(request, Identifiers(Rule(64)))
    assert isinstance(call := request.messages[0].parts[0], ToolCall)
    assert call.id == "a.b"


def _ids(messages: list[dict[str, Any]]) -> list[str]:
    fields = nine_character_call_ids({"messages": Raw(json.dumps(messages).encode())})
    sent = json.loads(bytes(fields["messages"]))
    return [
        id
        for message in sent
        for id in (message.get("tool_call_id"), *(call["id"] for call in message.get("tool_calls", ())))
        if id
    ]


def test_mistral_takes_nine_letters_and_digits() -> None:
    calls = [{"id": id, "type": "function"} for id in ("toolu_01VpEm654", "toolu_01VpEm655", "abcDEF123")]
    results = [{"role": "tool", "tool_call_id": call["id"], "content": ""} for call in calls]
    ids = _ids([{"role": "assistant", "tool_calls": calls, "id": "msg_1"}, *results])
    assert ids[:3] == ids[3:]
    assert ids[2] == "abcDEF123"
    assert len(set(ids)) == 3
    assert all(re.fullmatch("[a-zA-Z0-9]{9}", id) for id in ids)


PASSED_ON: dict[str, tuple[ClientDialect, PassthroughDialect, str, str]] = {
    "chat": (
        CHAT_CLIENT,
        CHAT,
        "gpt-5.1",
        '{"messages":[{"role":"assistant","tool_calls":[%s]},%s]}',
    ),
    "messages": (
        MESSAGES_CLIENT,
        ANTHROPIC,
        "claude-sonnet-4-6",
        '{"max_tokens":9,"messages":[{"role":"assistant","content":[%s]},{"role":"user","content":[%s]}]}',
    ),
    "responses": (RESPONSES_CLIENT, RESPONSES, "gpt-5.1", '{"input":[%s,%s]}'),
}
CALLS = {
    "chat": '{"id":"%s","type":"function","function":{"name":"f","arguments":"{}"}}',
    "messages": '{"type":"tool_use","id":"%s","name":"f","input":{}}',
    "responses": '{"type":"function_call","call_id":"%s","name":"f","arguments":"{}"}',
}
RESULTS = {
    "chat": '{"role":"tool","tool_call_id":"%s","content":"r"}',
    "messages": '{"type":"tool_result","tool_use_id":"%s","content":"r"}',
    "responses": '{"type":"function_call_output","call_id":"%s","output":"r"}',
}


def passed_on(client: str, ids: tuple[str, ...], model: str = "") -> tuple[bytes, bytes]:
    """A client's own request with calls of these ids, and what an upstream of the same dialect gets."""
    dialect, upstream, usual_model, form = PASSED_ON[client]
    model = model or usual_model
    fields = json.loads(
        form % (",".join(CALLS[client] % id for id in ids), ",".join(RESULTS[client] % id for id in ids))
    )
    body = json.dumps({"model": model, **fields}).encode()
    return body, upstream.forward_request(dialect.parse_head(body, {}), model).body


@pytest.mark.parametrize(
    ("client", "ids", "pattern"),
    [
        ("chat", (LONG + "1", LONG + "2", "call_1"), ".{1,64}"),
        ("messages", (LONG + "1", LONG + "2", "toolu_1"), "[a-zA-Z0-9_-]{1,64}"),
        ("messages", ("functions.f:0", "functions.f:1", "functions-f:0"), "[a-zA-Z0-9_-]{1,64}"),
        ("responses", (LONG + "1", LONG + "2", "call_1"), ".{1,64}"),
    ],
)
def test_ids_in_a_request_that_is_passed_on_fit_too(client: str, ids: tuple[str, ...], pattern: str) -> None:
    """A conversation goes on with another model than the one that made the calls."""
    _, forwarded = passed_on(client, ids)
    found = [json.loads(id) for id in re.findall(rb'"(?:tool_use_|tool_call_|call_)?id":\s*("[^"]*")', forwarded)]
    assert found[: len(ids)] == found[len(ids) :]
    assert len(set(found)) == len(ids)
    assert all(re.fullmatch(pattern, id) for id in found)


@pytest.mark.parametrize(
    ("client", "ids", "model"),
    [
        ("chat", ("call_1",), ""),
        ("chat", (LONG,), "gemini-3-pro"),
        ("messages", ("toolu_1",), ""),
        ("messages", ("functions.f:0",), "kimi-k2"),
        ("responses", ("call.1",), ""),
    ],
)
def test_a_request_whose_ids_fit_is_passed_on_as_it_came(client: str, ids: tuple[str, ...], model: str) -> None:
    """And so is one for another vendor's model, which may find its own signature in the id."""
    body, forwarded = passed_on(client, ids, model)
    assert forwarded == body
