"""What is OpenAI's own in its chat format, before every other vendor that speaks it: custom tools are functions there,
and the answer says the same to each client; and what others say in fields of their own is told as OpenAI would."""

import json
from typing import Any, Final

import pytest

from sealink.app.providers import provider_of
from sealink.config import ProviderConfig
from sealink.errors import InvalidRequest
from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.operations.chat import open_lane, read_answer, write_request
from sealink.policy.routing import Target
from sealink.providers import VENDORS
from sealink.wire.dialect import ClientDialect
from sealink.wire.dialects import anthropic_messages, openai_chat, openai_responses
from sealink.wire.stream.outcome import Outcome
from wire.openai_chat_line import chunk, frames, said

Fields = dict[str, Any]

CLIENTS: Final[dict[str, ClientDialect]] = {
    "chat": openai_chat.CLIENT,
    "messages": anthropic_messages.CLIENT,
    "responses": openai_responses.CLIENT,
}
WITH_CUSTOM_TOOLS: Final = ("azure", "openai")
OTHERS: Final = [name for name, vendor in VENDORS.items() if vendor.profile("openai") and name not in WITH_CUSTOM_TOOLS]
GRAMMAR: Final = {"syntax": "lark", "definition": "start: x"}
PATCH: Final[Fields] = {
    "type": "custom",
    "custom": {"name": "patch", "description": "Patch", "format": {"type": "grammar", "grammar": GRAMMAR}},
}
FLAT_PATCH: Final[Fields] = {
    "type": "custom",
    "name": "patch",
    "description": "Patch",
    "format": {"type": "grammar", **GRAMMAR},
}
SCHEMA: Final[Fields] = {"type": "object", "properties": {"x": {"type": "integer"}}}
FUNCTION: Final[Fields] = {"type": "function", "function": {"name": "f", "description": "F", "parameters": SCHEMA}}
FLAT: Final[Fields] = {"type": "function", "name": "f", "description": "F", "parameters": SCHEMA}
ANTHROPICS: Final[Fields] = {"name": "f", "description": "F", "input_schema": SCHEMA}
AS_FUNCTION: Final[Fields] = {
    "type": "function",
    "function": {
        "name": "patch",
        "description": "Patch\n\nThe input must match this lark grammar:\n\nstart: x",
        "parameters": {"type": "object", "properties": {"input": {"type": "string"}}, "required": ["input"]},
    },
}
CALLED: Final[Fields] = {
    "role": "assistant",
    "content": None,
    "tool_calls": [
        {"id": "1", "type": "custom", "custom": {"name": "patch", "input": 'a "b"'}},
        {"id": "2", "type": "function", "function": {"name": "f", "arguments": "{}"}},
    ],
}
RESULTS: Final = [{"role": "tool", "tool_call_id": id, "content": "done"} for id in ("1", "2")]
HI: Final = {"role": "user", "content": "Hi"}


def target(vendor: str = "") -> Target:
    settings: Fields = {"vendor": vendor} if vendor else {}
    return Target(
        provider_of(ProviderConfig(name="p", dialect="openai", base_url="http://x", api_key="k", **settings)), "m"
    )


def asked(client: str, **fields: Any) -> ClientRequest:
    question: Fields = {"input": "Hi"} if client == "responses" else {"messages": [HI], "max_tokens": 50}
    body = json.dumps({"model": "m", **question, **fields}).encode()
    return ClientRequest("req_1", CLIENTS[client], CLIENTS[client].parse_head(body, {}), 0.0)


def sent(request: ClientRequest, vendor: str = "") -> Fields:
    body: Fields = json.loads(write_request(request, target(vendor)).body)
    return body


@pytest.mark.parametrize("vendor", ["", *OTHERS])
def test_custom_tools_are_functions_for_all_vendors_but_openai(vendor: str) -> None:
    body = sent(asked("chat", tools=[FUNCTION, PATCH], messages=[HI, CALLED, *RESULTS, HI]), vendor)
    assert body["tools"] == [FUNCTION, AS_FUNCTION]
    calls = [call for message in body["messages"] for call in message.get("tool_calls", ())]
    assert [call["type"] for call in calls] == ["function", "function"]
    assert calls[0]["function"] == {"name": "patch", "arguments": '{"input":"a \\"b\\""}'}
    assert "custom" not in calls[0]
    assert calls[1]["function"] == {"name": "f", "arguments": "{}"}
    translated = sent(asked("responses", tools=[FLAT_PATCH]), vendor)
    assert translated["tools"] == [AS_FUNCTION]


def test_earlier_calls_are_functions_even_if_the_tool_is_not_there_any_more() -> None:
    body = sent(asked("chat", messages=[HI, CALLED, *RESULTS, HI]))
    assert [call["type"] for call in body["messages"][1]["tool_calls"]] == ["function", "function"]
    assert sent(asked("chat", messages=[HI, CALLED, *RESULTS, HI]), "openai")["messages"][1] == CALLED


@pytest.mark.parametrize("vendor", WITH_CUSTOM_TOOLS)
def test_openai_has_custom_tools(vendor: str) -> None:
    assert sent(asked("chat", tools=[FUNCTION, PATCH]), vendor)["tools"] == [FUNCTION, PATCH]
    assert sent(asked("responses", tools=[FLAT_PATCH]), vendor)["tools"] == [PATCH]


@pytest.mark.parametrize("client", ["chat", "responses"])
def test_the_lost_grammar_is_listed(client: str) -> None:
    tools = [PATCH] if client == "chat" else [FLAT_PATCH]
    assert write_request(asked(client, tools=tools), target()).dropped
    assert not write_request(asked(client, tools=tools), target("openai")).dropped


@pytest.mark.parametrize(
    ("choice", "written"),
    [
        ({"type": "custom", "custom": {"name": "patch"}}, {"type": "function", "function": {"name": "patch"}}),
        ({"type": "custom", "name": "patch"}, {"type": "function", "function": {"name": "patch"}}),
        ({"type": "function", "name": "patch"}, {"type": "function", "function": {"name": "patch"}}),
        ({"type": "tool", "name": "patch"}, {"type": "function", "function": {"name": "patch"}}),
        ({"type": "any"}, "required"),
        ({"type": "auto"}, "auto"),
        ("required", "required"),
    ],
)
def test_a_choice_of_tool_goes_with_them(choice: Any, written: Any) -> None:
    assert sent(asked("chat", tools=[PATCH], tool_choice=choice))["tool_choice"] == written


@pytest.mark.parametrize("vendor", ["", "openai"])
@pytest.mark.parametrize(
    ("choice", "written"),
    [
        ({"type": "function", "name": "f"}, {"type": "function", "function": {"name": "f"}}),
        ({"type": "tool", "name": "f"}, {"type": "function", "function": {"name": "f"}}),
        ({"type": "any"}, "required"),
        ({"type": "none"}, "none"),
        ({"type": "builtin_function"}, {"type": "builtin_function"}),
    ],
)
def test_a_choice_of_another_shape_among_openais_tools(vendor: str, choice: Any, written: Any) -> None:
    assert sent(asked("chat", tools=[FUNCTION], tool_choice=choice), vendor)["tool_choice"] == written


@pytest.mark.parametrize("vendor", ["", "openai", "mistral"])
@pytest.mark.parametrize(
    "tool",
    [
        FLAT,
        ANTHROPICS,
        ANTHROPICS | {"type": "custom"},
        ANTHROPICS | {"type": None},
        FUNCTION | {"type": None},
        {"function": FUNCTION["function"]},
    ],
)
def test_tools_of_other_apis_become_functions(tool: Fields, vendor: str) -> None:
    assert sent(asked("chat", tools=[tool, FUNCTION]), vendor)["tools"] == [FUNCTION, FUNCTION]


@pytest.mark.parametrize("vendor", ["", "openai"])
def test_a_request_of_openais_shape_goes_out_as_it_came(vendor: str) -> None:
    body = b'{"model": "m", "messages": [{"role": "user", "content": "Hi"}], "tools": [%b, %b, %b]}'
    others = b'{"type": "web_search", "user_location": 5}', b'{"type": "builtin_function", "function": {"name": "$w"}}'
    head = openai_chat.CLIENT.parse_head(body % (json.dumps(FUNCTION).encode(), *others), {})
    request = ClientRequest("req_1", openai_chat.CLIENT, head, 0.0)
    assert write_request(request, target(vendor)).body == head.body


def test_a_tool_without_a_name_is_refused_at_its_place() -> None:
    with pytest.raises(InvalidRequest) as raised:
        write_request(asked("chat", tools=[FUNCTION, {"type": "function", "input_schema": {}}]), target())
    assert raised.value.param is not None
    assert raised.value.param.startswith("tools[1]")


def called(*fragments: str) -> list[Fields]:
    """A stream that calls `patch`."""
    first = {"index": 0, "id": "1", "type": "function", "function": {"name": "patch", "arguments": ""}}
    more = [chunk({"tool_calls": [{"index": 0, "function": {"arguments": each}}]}) for each in fragments]
    return [chunk({"role": "assistant", "content": None}), chunk({"tool_calls": [first]}), *more]


def streamed(request: ClientRequest, body: bytes, vendor: str = "") -> tuple[list[Fields], Outcome]:
    lane = open_lane(request, target(vendor))
    out = lane.feed(body) + lane.close(None)
    return said(out), lane.outcome


WHOLE_CALL: Final[Fields] = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "m",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "1", "type": "function", "function": {"name": "patch", "arguments": '{"input":"a \\"b\\""}'}}
                ],
            },
            "finish_reason": "tool_calls",
        }
    ],
}


def test_calls_are_given_back_as_custom_to_a_chat_client() -> None:
    request = asked("chat", tools=[PATCH], stream=True)
    stream = frames(*called('{"inp', 'ut":"a \\"b', '\\""}'), chunk(finish="tool_calls"))
    events, outcome = streamed(request, stream)
    assert outcome.complete
    calls = [call for each in events for choice in each["choices"] for call in choice["delta"].get("tool_calls", ())]
    assert {call.get("type", "custom") for call in calls} == {"custom"}
    assert "".join(call["custom"].get("input", "") for call in calls) == 'a "b"'
    answer, _ = read_answer(json.dumps(WHOLE_CALL).encode(), asked("chat", tools=[PATCH]), target())
    (call,) = json.loads(answer)["choices"][0]["message"]["tool_calls"]
    assert call == {"id": "1", "type": "custom", "custom": {"name": "patch", "input": 'a "b"'}}


def test_calls_are_given_back_as_custom_to_a_responses_client() -> None:
    request = asked("responses", tools=[FLAT_PATCH], stream=True)
    stream = frames(*called('{"inp', 'ut":"a \\"b', '\\""}'), chunk(finish="tool_calls"))
    events, _ = streamed(request, stream)
    (item,) = events[-1]["response"]["output"]
    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "patch", 'a "b"')
    answer, _ = read_answer(json.dumps(WHOLE_CALL).encode(), asked("responses", tools=[FLAT_PATCH]), target())
    (item,) = json.loads(answer)["output"]
    assert (item["type"], item["name"], item["input"]) == ("custom_tool_call", "patch", 'a "b"')


def test_an_answer_without_custom_tools_still_passes_through() -> None:
    stream = frames(*called("{}"), chunk(finish="tool_calls"))
    lane = open_lane(asked("chat", tools=[FUNCTION], stream=True, stream_options={"include_usage": True}), target())
    assert lane.feed(stream) + lane.close(None) == stream


KIMI: Final[Fields] = {"prompt_tokens": 1336, "completion_tokens": 31, "total_tokens": 1367, "cached_tokens": 1280}


def ended(usage: Fields) -> Fields:
    last = chunk(finish="stop")
    last["choices"][0]["usage"] = usage
    return last


def after_the_end(usage: Fields) -> list[Fields]:
    return [chunk(finish="stop"), {**chunk(), "choices": [{"index": 0, "delta": {}, "usage": usage}]}]


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize(
    "last",
    [
        [ended(KIMI)],
        after_the_end(KIMI),
        [chunk(finish="stop"), {**chunk(), "choices": [], "usage": KIMI}],
        [{**chunk({"content": "!"}), "usage": None}, ended(KIMI)],
    ],
    ids=["in the choice", "in a choice behind the end", "alone", "after null"],
)
def test_usage_is_found_in_a_choice(last: list[Fields], client: str) -> None:
    """github.com/AstrBotDevs/AstrBot/issues/6614; https://platform.kimi.ai/docs/api/chat"""
    options = {"stream_options": {"include_usage": True}} if client == "chat" else {}
    request = asked(client, stream=True, **options)
    events, outcome = streamed(request, frames(chunk({"role": "assistant", "content": "Hi"}), *last), "moonshot")
    assert outcome.complete
    assert outcome.usage is not None
    counts = (outcome.usage.input_tokens, outcome.usage.cached_read_tokens, outcome.usage.output_tokens)
    assert counts == (1336, 1280, 31)
    if client == "chat":
        assert [each["usage"] for each in events if each.get("usage")] == [
            KIMI | {"prompt_tokens_details": {"cached_tokens": 1280}}
        ]
        assert not any("usage" in choice for each in events for choice in each["choices"])


def test_usage_is_found_in_the_choice_of_a_whole_answer() -> None:
    message = {"role": "assistant", "content": "Hi"}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "usage": KIMI}
    body = json.dumps({**WHOLE_CALL, "choices": [choice]}).encode()
    for client in CLIENTS:
        _, outcome = read_answer(body, asked(client), target("moonshot"))
        assert outcome.usage is not None
        assert (outcome.usage.input_tokens, outcome.usage.cached_read_tokens) == (1336, 1280)
    assert json.loads(read_answer(body, asked("chat"), target("moonshot"))[0])["usage"]["total_tokens"] == 1367


@pytest.mark.parametrize(
    ("fields", "reason", "told"),
    [
        ({"stop_reason": "END"}, "stop", ("stop_sequence", "END")),
        ({"matched_stop": "STOP"}, "stop", ("stop_sequence", "STOP")),
        ({"stop_reason": None, "matched_stop": "END"}, "stop", ("stop_sequence", "END")),
        ({"stop_reason": 151645}, "stop", ("end_turn", None)),
        ({"matched_stop": 151645}, "stop", ("end_turn", None)),
        ({"stop_reason": "<|im_end|>"}, "stop", ("end_turn", None)),
        ({"stop_reason": ["END"]}, "stop", ("end_turn", None)),
        ({"stop_reason": "END"}, "length", ("max_tokens", None)),
        ({"stop_reason": "END"}, "content_filter", ("refusal", None)),
        ({}, "stop", ("end_turn", None)),
    ],
)
def test_a_messages_client_is_told_the_stop_string(fields: Fields, reason: str, told: tuple[str, str | None]) -> None:
    asks: Fields = {"stop_sequences": ["END", "STOP"]}
    last = chunk(finish=reason)
    last["choices"][0] |= fields
    stream = frames(chunk({"role": "assistant", "content": "Hi"}), last)
    events, _ = streamed(asked("messages", stream=True, **asks), stream, "vllm")
    delta = next(each["delta"] for each in events if each["type"] == "message_delta")
    assert (delta["stop_reason"], delta["stop_sequence"]) == told
    message = {"role": "assistant", "content": "Hi"}
    choice = {"index": 0, "message": message, "finish_reason": reason, **fields}
    answer, _ = read_answer(
        json.dumps({**WHOLE_CALL, "choices": [choice]}).encode(), asked("messages", **asks), target("vllm")
    )
    read = json.loads(answer)
    assert (read["stop_reason"], read["stop_sequence"]) == told


@pytest.mark.parametrize(("sequences", "told"), [(["END"], "END"), (["END", "STOP"], None)])
def test_a_vendor_that_only_says_that_a_stop_string_has_matched(sequences: list[str], told: str | None) -> None:
    """Which one is known if there was only one. https://docs.cohere.com/v2/docs/chat-api#finish-reasons"""
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop_sequence"}
    body = json.dumps({**WHOLE_CALL, "choices": [choice]}).encode()
    answer, _ = read_answer(body, asked("messages", stop_sequences=sequences), target())
    assert json.loads(answer)["stop_sequence"] == told
