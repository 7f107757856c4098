"""Requests as they are written to Anthropic: each neutral field is used, dropped and named, or refused."""

from typing import Any

import msgspec
import pytest
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import (
    Audio,
    BuiltinKind,
    BuiltinTool,
    ChatRequest,
    File,
    Image,
    Message,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    ResponseFormat,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    WebSearch,
)
from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.anthropic_messages import UPSTREAM
from sealink.wire.dialects.shared.json_schema import JSON_OBJECT_INSTRUCTION
from wire.anthropic_request import HI, SONNET_4_6, body, write
from wire.upstream_asking import EPHEMERAL, FIELDS, NEUTRAL_FIELDS, WEATHER, asking, changes, extras, user

MARK = {"cache_control": {"type": "ephemeral"}}
GRAMMATICAL = Tool(
    name="f",
    description="d",
    is_custom=True,
    format=Raw(b'{"type":"grammar","syntax":"lark","definition":"start: \\"x\\""}'),
)


def builtin(kind: BuiltinKind, dialect: str = "elsewhere", **fields: Any) -> BuiltinTool:
    return BuiltinTool(kind=kind, where="tools[0]", raw=Raw(b'{"type":"theirs"}'), dialect=dialect, **fields)


def test_the_least_request() -> None:
    written, outgoing = write(asking())
    assert written == {
        "model": SONNET_4_6,
        "max_tokens": 128_000,
        "stream": False,
        "messages": [{"role": "user", "content": [HI]}],
    }
    assert (outgoing.path, outgoing.headers) == ("/v1/messages", [("anthropic-version", "2023-06-01")])
    assert outgoing.dropped == ()


def test_stream_as_requested() -> None:
    assert body(asking(stream=True))["stream"] is True


def test_tools() -> None:
    written = body(
        asking(
            tools=[
                WEATHER,
                Tool(name="ping", cache_control=EPHEMERAL),
                Tool(name="loose", parameters=Raw(b'{"properties": {"a": {}}}')),
            ]
        )
    )
    assert written["tools"] == [
        {"name": "get_weather", "description": "Weather", "input_schema": {"type": "object", "properties": {}}},
        {"name": "ping", "input_schema": {"type": "object", "properties": {}}, **MARK},
        {"name": "loose", "input_schema": {"type": "object", "properties": {"a": {}}}},
    ]
    assert "tool_choice" not in written


def test_a_strict_tool_gets_a_schema_that_can_be_enforced() -> None:
    schema = Raw(
        b'{"type":"object","properties":{"n":{"type":"integer","minimum":1,"description":"How many"}},"required":["n"]}'
    )
    (tool,) = body(asking(tools=[Tool(name="f", parameters=schema, strict=True)]))["tools"]
    assert tool == {
        "name": "f",
        "strict": True,
        "input_schema": {
            "type": "object",
            "properties": {"n": {"type": "integer", "description": "How many\n\n{minimum: 1}"}},
            "required": ["n"],
            "additionalProperties": False,
        },
    }


def test_an_older_model_has_no_strict_tools() -> None:
    written, outgoing = write(asking(tools=[Tool(name="f", strict=True)]), "claude-sonnet-4-20250514")
    assert "strict" not in written["tools"][0]
    assert outgoing.dropped == ("tools.function.strict",)


@pytest.mark.parametrize(
    ("choice", "parallel", "written"),
    [
        (None, None, None),
        (None, True, None),
        (None, False, {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice("auto"), None, {"type": "auto"}),
        (ToolChoice("none"), False, {"type": "none"}),
        (ToolChoice("required"), None, {"type": "any"}),
        (ToolChoice("required"), False, {"type": "any", "disable_parallel_tool_use": True}),
        (ToolChoice("named", "get_weather"), None, {"type": "tool", "name": "get_weather"}),
    ],
)
def test_tool_choice(choice: ToolChoice | None, parallel: bool | None, written: Any) -> None:
    request = asking(tools=[WEATHER], tool_choice=choice, parallel_tool_calls=parallel)
    assert body(request).get("tool_choice") == written


def test_a_choice_among_no_tools() -> None:
    assert "tool_choice" not in body(asking(tool_choice=ToolChoice("auto"), parallel_tool_calls=False))
    with pytest.raises(InvalidRequest) as caught:
        body(asking(tool_choice=ToolChoice("required")))
    assert caught.value.param == "tool_choice"


def test_a_custom_tool_becomes_a_function_of_one_text() -> None:
    written, outgoing = write(asking(tools=[GRAMMATICAL, Tool(name="g", is_custom=True, cache_control=EPHEMERAL)]))
    schema = {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]}
    described = 'd\n\nThe input must match this lark grammar:\n\nstart: "x"'
    assert written["tools"] == [
        {"name": "f", "description": described, "input_schema": schema},
        {"name": "g", "input_schema": schema, **MARK},
    ]
    assert outgoing.dropped == ("tools.custom.format",)


def test_a_call_of_a_custom_tool() -> None:
    turn = Message("assistant", [ToolCall(id="t", name="f", arguments="*** Begin", is_custom=True)])
    (block,) = body(asking(user(Text(text="Hi")), turn, user(Text(text="Ho"))))["messages"][1]["content"]
    assert block["input"] == {"input": "*** Begin"}


def test_anthropics_own_built_in_tools_go_as_they_are() -> None:
    written = body(asking(tools=[WEATHER], builtin_tools=[builtin("other", "anthropic")]))
    assert written["tools"][1] == {"type": "theirs"}


def test_web_search_of_another_dialect() -> None:
    search = WebSearch(allowed_domains=["a.com"], location={"country": "DE"}, context_size="high", max_uses=3)
    written, outgoing = write(
        asking(builtin_tools=[builtin("web_search", web_search=search)], tool_choice=ToolChoice("auto"))
    )
    assert written["tools"] == [
        {
            "type": "web_search_20250305",
            "name": "web_search",
            "allowed_domains": ["a.com"],
            "max_uses": 3,
            "user_location": {"type": "approximate", "country": "DE"},
        }
    ]
    assert written["tool_choice"] == {"type": "auto"}
    assert outgoing.dropped == ("tools[0].search_context_size",)


@pytest.mark.parametrize("parameters", [b"[]", b'"x"', b"12"])
def test_parameters_that_are_no_schema(parameters: bytes) -> None:
    with pytest.raises(InvalidRequest) as caught:
        body(asking(tools=[WEATHER, Tool(name="f", parameters=Raw(parameters))]))
    assert caught.value.param == "tools[1].function.parameters"


SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


def test_a_json_schema() -> None:
    wanted = ResponseFormat("json_schema", "answer", Raw(msgspec.json.encode(SCHEMA)), strict=True)
    assert body(asking(response_format=wanted))["output_config"] == {
        "format": {"type": "json_schema", "schema": SCHEMA}
    }


def test_a_json_schema_beside_an_effort_and_the_clients_own_config() -> None:
    wanted = ResponseFormat("json_schema", "answer", Raw(msgspec.json.encode(SCHEMA)))
    request = asking(
        response_format=wanted, reasoning_effort="low", extras=extras(output_config={"effort": "max", "task_budget": 1})
    )
    assert body(request)["output_config"] == {
        "effort": "max",
        "format": {"type": "json_schema", "schema": SCHEMA},
        "task_budget": 1,
    }


def test_json_of_any_shape_is_asked_for_in_words() -> None:
    written = body(asking(response_format=ResponseFormat("json_object")))
    assert written["system"] == [{"type": "text", "text": JSON_OBJECT_INSTRUCTION}]
    assert "output_config" not in written


def test_text_is_what_comes_anyway() -> None:
    assert "output_config" not in body(asking(response_format=ResponseFormat("text")))


@pytest.mark.parametrize(
    ("wanted", "model"),
    [
        (ResponseFormat("json_schema", "a", Raw(b"{}")), "claude-opus-4-1"),
        (ResponseFormat("json_schema", "a"), SONNET_4_6),
        (ResponseFormat("json_schema", "a", Raw(b"[]")), SONNET_4_6),
        (ResponseFormat("json_schema", "a", Raw(b'{"not":' * 50_000 + b"1" + b"}" * 50_000)), SONNET_4_6),
    ],
)
def test_a_format_that_cannot_be(wanted: ResponseFormat, model: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        body(asking(response_format=wanted), model)
    assert caught.value.param == "response_format"


@pytest.mark.parametrize(
    ("tier", "written", "dropped"),
    [
        ("auto", "auto", ()),
        ("default", "standard_only", ()),
        ("priority", "auto", ()),
        ("standard_only", "standard_only", ()),
        ("flex", None, ("service_tier",)),
    ],
)
def test_service_tier(tier: str, written: str | None, dropped: tuple[str, ...]) -> None:
    sent, outgoing = write(asking(service_tier=tier))
    assert (sent.get("service_tier"), outgoing.dropped) == (written, dropped)


@pytest.mark.parametrize(
    ("fields", "user_id", "dropped"),
    [
        ({"user": "u1"}, "u1", ()),
        ({"extras": extras(safety_identifier="u2")}, "u2", ()),
        ({"user": "u1", "extras": extras(metadata={"user_id": "u3"})}, "u3", ()),
        ({"extras": extras(metadata={"team": "a"})}, None, ("metadata",)),
        ({"extras": extras(metadata=None)}, None, ()),
    ],
)
def test_who_asks(fields: Any, user_id: str | None, dropped: tuple[str, ...]) -> None:
    written, outgoing = write(asking(**fields))
    assert written.get("metadata") == ({"user_id": user_id} if user_id else None)
    assert outgoing.dropped == dropped


def test_anthropics_own_fields_pass_and_unknown_ones_are_named() -> None:
    own = {"context_management": {"edits": []}, "mcp_servers": [{"type": "url"}], "container": "c"}
    written, outgoing = write(
        asking(extras=extras(**own, betas=["a-2026-01-01", "b-2026-01-01"], verbosity="low", store=True, speed=None))
    )
    assert {name: written[name] for name in own} == own
    assert ("anthropic-beta", "a-2026-01-01,b-2026-01-01") in outgoing.headers
    assert outgoing.dropped == ("verbosity", "store")


@pytest.mark.parametrize("name", ["betas", "metadata", "output_config", "safety_identifier", "thinking"])
def test_an_extra_of_the_wrong_type_is_named(name: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        body(asking(extras=extras(**{name: 1.5})))
    assert caught.value.param == name


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"choices": 2}, "n"),
        ({"logprobs": True}, "logprobs"),
        ({"top_logprobs": 3}, "top_logprobs"),
        ({"modalities": ["text", "audio"]}, "modalities"),
        ({"builtin_tools": [builtin("file_search")]}, "tools[0]"),
        ({"builtin_tools": [builtin("other")]}, "tools[0]"),
    ],
)
def test_features_that_anthropic_does_not_have_are_refused(fields: Any, param: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        body(asking(**fields))
    assert (caught.value.status, caught.value.code, caught.value.param) == (400, "unsupported_parameter", param)


def test_the_clients_own_bytes_for_a_client_of_the_same_dialect() -> None:
    fields = {
        "model": Raw(b'"alias"'),
        "messages": Raw(b"[ 1 ]"),
        "metadata": Raw(b'{"user_id":"u","task_type":"chat"}'),
        "stream": Raw(b"true"),
    }
    head = RequestHead(model="alias", stream=True, include_usage=False, task_type="chat", fields=fields)
    outgoing = UPSTREAM.forward_request(head, "claude-x")
    assert outgoing.body == b'{"model":"claude-x","messages":[ 1 ],"metadata":{"user_id":"u"},"stream":true}'
    assert (outgoing.path, outgoing.headers) == ("/v1/messages", [("anthropic-version", "2023-06-01")])


REQUEST_FIELDS: dict[str, tuple[ChatRequest, ChatRequest]] = {
    **FIELDS,
    "tool.name": (asking(tools=[Tool(name="f")]), asking(tools=[Tool(name="g")])),
    "tool.format": (asking(tools=[Tool(name="f", is_custom=True)]), asking(tools=[GRAMMATICAL])),
}

SILENT = {
    "model": "the target's own name is sent",
    "include_usage": "Anthropic always tells the usage",
    "tool.namespace": "a tool's name begins with it",
    "tool.is_tool_search": "to a model it is a function like others",
}


@pytest.mark.parametrize("name", NEUTRAL_FIELDS)
def test_every_field_is_used_dropped_by_name_or_refused(name: str) -> None:
    assert name in SILENT or changes(UPSTREAM, SONNET_4_6, *REQUEST_FIELDS[name])


@pytest.mark.parametrize(
    "part", [Text, Image, File, Audio, Reasoning, RedactedReasoning, Refusal, ToolCall, ToolResult]
)
def test_every_kind_of_part_is_written_or_refused(part: type[Part]) -> None:
    examples: dict[type[Part], Part] = {
        Text: Text(text="a"),
        Image: Image(url="https://example.com"),
        File: File(url="https://example.com"),
        Audio: Audio(format="wav", data="aGk="),
        Reasoning: Reasoning(text="a", signature="s"),
        RedactedReasoning: RedactedReasoning(data="a"),
        Refusal: Refusal(text="a"),
        ToolCall: ToolCall(id="a", name="f", arguments="{}"),
        ToolResult: ToolResult(call_id="a"),
    }
    assert set(examples) == set(Part.__subclasses__())
    assert changes(UPSTREAM, SONNET_4_6, asking(user(Text(text="Hi"))), asking(user(Text(text="Hi"), examples[part])))


def test_a_detail_that_anthropic_does_not_have_is_named() -> None:
    in_result = ToolResult(call_id="t", content=[Image(url="https://example.com", detail="low")])
    for part in (Image(url="https://example.com", detail="high"), in_result):
        assert write(asking(user(part)))[1].dropped == ("image_url.detail",)
    assert write(asking(user(Image(url="https://example.com", detail="auto"))))[1].dropped == ()
