"""The simulated model as an Anthropic upstream, read by the stock `anthropic` SDK and to the letter."""

import json
from collections.abc import Iterator
from typing import Any

import anthropic
import pytest
from jsonschema import Draft202012Validator
from simulation import AT_ONCE, running_sim

from sealink.sim import SIM_MODEL
from sealink.sim.answer import answers
from sealink.sim.wires.anthropic import AnthropicWire
from sealink.sim.wires.wire import Reply

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOL: Any = {"name": "get_weather", "input_schema": SCHEMA}
CLOCK: Any = {"name": "get_time", "input_schema": {"type": "object"}}
HELLO: Any = [{"role": "user", "content": "Hello!"}]
WEATHER: Any = [{"role": "user", "content": [{"type": "text", "text": "How is the weather in Lisbon, and the time?"}]}]


@pytest.fixture(scope="module")
def client() -> Iterator[anthropic.Anthropic]:
    with (
        running_sim(AT_ONCE, "anthropic") as sim,
        anthropic.Anthropic(base_url=sim.url, api_key="none", max_retries=0) as client,
    ):
        yield client


def events(client: anthropic.Anthropic, **params: Any) -> list[Any]:
    given = {"model": SIM_MODEL, "max_tokens": 4096, "messages": HELLO} | params
    return list(client.messages.create(stream=True, **given))


def accumulated(client: anthropic.Anthropic, **params: Any) -> Any:
    with client.messages.stream(**{"model": SIM_MODEL, "max_tokens": 4096, "messages": HELLO} | params) as stream:
        return stream.get_final_message()


def whole(client: anthropic.Anthropic, **params: Any) -> Any:
    return client.messages.create(**{"model": SIM_MODEL, "max_tokens": 4096, "messages": HELLO} | params)


def kinds(message: Any) -> list[str]:
    return [block.type for block in message.content]


def test_streamed_and_whole_say_the_same(client: anthropic.Anthropic) -> None:
    streamed, message = accumulated(client), whole(client)
    assert streamed.content[0].text == message.content[0].text
    assert message.content[0].text.startswith("This is SeaLink's simulated model.")
    assert streamed.stop_reason == message.stop_reason == "end_turn"
    assert streamed.usage.output_tokens == message.usage.output_tokens
    assert streamed.usage.input_tokens == message.usage.input_tokens > 0
    assert (message.type, message.role, message.model) == ("message", "assistant", SIM_MODEL)


def test_the_events_come_in_anthropics_order(client: anthropic.Anthropic) -> None:
    seen = events(client)
    assert [event.type for event in seen[:3]] == ["message_start", "content_block_start", "content_block_delta"]
    assert [event.type for event in seen[-3:]] == ["content_block_stop", "message_delta", "message_stop"]
    assert seen[0].message.usage.output_tokens == 1
    assert seen[-2].usage.output_tokens == sum(event.type == "content_block_delta" for event in seen)


def test_length(client: anthropic.Anthropic) -> None:
    message = accumulated(client, max_tokens=5)
    assert (message.stop_reason, message.usage.output_tokens) == ("max_tokens", 5)


def test_stop_sequences(client: anthropic.Anthropic) -> None:
    message = accumulated(client, stop_sequences=["zzz", " simulated"])
    assert (message.stop_reason, message.stop_sequence) == ("stop_sequence", " simulated")
    assert message.content[0].text == "This is SeaLink's"


def test_a_stop_sequence_at_the_very_start_leaves_no_block(client: anthropic.Anthropic) -> None:
    assert [event.type for event in events(client, stop_sequences=["This"])] == [
        "message_start", "message_delta", "message_stop",
    ]  # fmt: skip
    assert whole(client, stop_sequences=["This"]).content == []


def test_another_name_is_stood_in_for(client: anthropic.Anthropic) -> None:
    message = whole(client, model="claude-sonnet-4-6")
    assert message.content[0].text.startswith("This is SeaLink's simulated model, standing in for claude-sonnet-4-6.")
    assert message.model == "claude-sonnet-4-6"


def test_tool_use(client: anthropic.Anthropic) -> None:
    params = {"messages": WEATHER, "tools": [TOOL, CLOCK, {"type": "web_search_20250305", "name": "web_search"}]}
    streamed, message = accumulated(client, **params), whole(client, **params)
    assert [block.name for block in message.content] == ["get_weather", "get_time"]
    assert [block.input for block in streamed.content] == [block.input for block in message.content]
    Draft202012Validator(SCHEMA).validate(message.content[0].input)
    assert len({block.id for block in message.content}) == 2
    assert streamed.stop_reason == message.stop_reason == "tool_use"
    fragments = [event for event in events(client, **params) if event.type == "content_block_delta"]
    assert fragments[0].delta.partial_json == ""


@pytest.mark.parametrize(
    ("choice", "called"),
    [
        ({"type": "any"}, ["get_weather"]),
        ({"type": "tool", "name": "get_time"}, ["get_time"]),
        ({"type": "none"}, []),
        ({"type": "auto", "disable_parallel_tool_use": True}, []),
    ],
)
def test_tool_choice(client: anthropic.Anthropic, choice: Any, called: list[str]) -> None:
    message = accumulated(client, tools=[TOOL, CLOCK], tool_choice=choice)
    assert [block.name for block in message.content if block.type == "tool_use"] == called


def test_one_tool_at_a_time(client: anthropic.Anthropic) -> None:
    choice = {"type": "auto", "disable_parallel_tool_use": True}
    message = whole(client, messages=WEATHER, tools=[TOOL, CLOCK], tool_choice=choice)
    assert [block.name for block in message.content] == ["get_weather"]


def test_a_whole_turn_with_tools(client: anthropic.Anthropic) -> None:
    call = whole(client, messages=WEATHER, tools=[TOOL])
    result = {"type": "tool_result", "tool_use_id": call.content[0].id, "content": [{"type": "text", "text": "19 °C"}]}
    turns = [*WEATHER, {"role": "assistant", "content": call.content}, {"role": "user", "content": [result]}]
    final = whole(client, messages=turns, tools=[TOOL])
    assert "19 °C" in final.content[0].text
    assert final.stop_reason == "end_turn"


@pytest.mark.parametrize("thinking", [{"type": "enabled", "budget_tokens": 1024}, {"type": "adaptive"}])
def test_thinking(client: anthropic.Anthropic, thinking: Any) -> None:
    streamed, message = accumulated(client, thinking=thinking), whole(client, thinking=thinking)
    assert kinds(streamed) == kinds(message) == ["thinking", "text"]
    assert streamed.content[0].thinking == message.content[0].thinking
    assert message.content[0].thinking.startswith("This is simulated thinking.")
    assert streamed.content[0].signature == message.content[0].signature != ""
    assert 0 < message.usage.output_tokens_details.thinking_tokens < message.usage.output_tokens


def test_thinking_that_is_not_shown_is_signed_all_the_same(client: anthropic.Anthropic) -> None:
    message = accumulated(client, thinking={"type": "adaptive", "display": "omitted"})
    assert message.content[0].thinking == ""
    assert message.content[0].signature == whole(client, thinking={"type": "adaptive"}).content[0].signature


def test_no_thinking_where_it_is_disabled(client: anthropic.Anthropic) -> None:
    assert kinds(whole(client, thinking={"type": "disabled"})) == ["text"]


def test_structured_output(client: anthropic.Anthropic) -> None:
    message = accumulated(client, output_config={"format": {"type": "json_schema", "schema": SCHEMA}})
    Draft202012Validator(SCHEMA).validate(json.loads(message.content[0].text))


def test_counting_tokens_agrees_with_the_usage(client: anthropic.Anthropic) -> None:
    params: Any = {"model": SIM_MODEL, "messages": WEATHER, "tools": [TOOL], "system": "Be brief."}
    assert client.messages.count_tokens(**params).input_tokens == whole(client, **params).usage.input_tokens


def test_models(client: anthropic.Anthropic) -> None:
    page = client.models.list()
    assert [model.id for model in page] == [SIM_MODEL]
    assert (page.first_id, page.last_id, page.has_more) == (SIM_MODEL, SIM_MODEL, False)
    assert client.models.retrieve(SIM_MODEL).display_name == "SeaLink's simulated model"


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"max_tokens": 0}, "max_tokens: Expected `int` >= 1"),
        ({"messages": [{"role": "narrator", "content": ""}]}, "messages.0.role: Invalid enum value 'narrator'"),
        ({"messages": []}, "messages: Expected `array` of length >= 1"),
        ({"tool_choice": {"type": "any"}}, "tool_choice may only be specified while providing tools"),
        ({"tools": [TOOL], "tool_choice": {"type": "tool", "name": "x"}}, "Tool 'x' not found"),
        ({"thinking": {"type": "enabled", "budget_tokens": 9}}, "greater than or equal to 1024"),
        ({"thinking": {"type": "enabled"}}, "budget_tokens: Field required"),
        ({"thinking": {"type": "enabled", "budget_tokens": 4096}}, "`max_tokens` must be greater than"),
        ({"thinking": {"type": "adaptive"}, "tools": [TOOL], "tool_choice": {"type": "any"}}, "Thinking may not be"),
    ],
)
def test_a_bad_field_is_named(client: anthropic.Anthropic, params: Any, said: str) -> None:
    with pytest.raises(anthropic.BadRequestError) as raised:
        whole(client, **params)
    body: Any = raised.value.body
    assert said in body["error"]["message"]
    assert (body["type"], body["error"]["type"]) == ("error", "invalid_request_error")
    assert body["request_id"] == raised.value.request_id != ""


def test_a_missing_field_is_named(client: anthropic.Anthropic) -> None:
    with pytest.raises(anthropic.BadRequestError, match="max_tokens: Field required"):
        client.post("/v1/messages", body={"model": "m", "messages": HELLO}, cast_to=object)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"model": "x"}', b'{"model": "\\ud800"}', b"\xff"])
def test_a_bad_body_gets_a_400(client: anthropic.Anthropic, body: bytes) -> None:
    with pytest.raises(anthropic.BadRequestError):
        client.post("/v1/messages", content=body, cast_to=object)


def test_the_frames_are_anthropics_to_the_letter() -> None:
    wire = AnthropicWire()
    ask = wire.read("", b'{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"hi"}],"stream":true}')
    stream = wire.stream(ask, answers(ask), Reply("1", 7))
    usage = '"input_tokens":7,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,'
    detail = '"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},'
    frames = [stream.opening, *stream.ticks, *(each.frame for each in stream.closing)]
    assert b"".join(frames).decode().split("\n\n") == [
        'event: message_start\ndata: {"type":"message_start","message":{"model":"m","id":"msg_1","type":"message",'
        '"role":"assistant","content":[],"stop_reason":null,"stop_sequence":null,'
        f'"usage":{{{usage}{detail}"output_tokens":1,"service_tier":"standard"}}}}}}',
        'event: content_block_start\ndata: {"type":"content_block_start","index":0,'
        '"content_block":{"type":"text","text":""}}',
        'event: ping\ndata: {"type": "ping"}',
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,'
        '"delta":{"type":"text_delta","text":"This"}}',
        'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}',
        'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},'
        f'"usage":{{{usage}"output_tokens":1}}}}',
        'event: message_stop\ndata: {"type":"message_stop"}',
        "",
    ]
