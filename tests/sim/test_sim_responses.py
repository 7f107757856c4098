"""The simulated model as a Responses upstream, read by the stock `openai` SDK and to the letter."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from jsonschema import Draft202012Validator
from simulation import AT_ONCE, running_sim

from sealink.sim import FAULT_HEADER, SIM_MODEL
from sealink.sim.answer import Answer, Block
from sealink.sim.wires.responses import ResponsesWire
from sealink.sim.wires.wire import Reply

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOL: Any = {"type": "function", "name": "get_weather", "parameters": SCHEMA, "strict": True}
CLOCK: Any = {"type": "function", "name": "get_time", "parameters": {"type": "object"}, "strict": False}
SEARCH: Any = {"type": "web_search"}
WEATHER: Any = [{"role": "user", "content": [{"type": "input_text", "text": "The weather in Lisbon, and the time?"}]}]
FORM: Any = {"format": {"type": "json_schema", "name": "place", "schema": SCHEMA}}


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    with (
        running_sim(AT_ONCE, "responses") as sim,
        openai.OpenAI(base_url=f"{sim.url}/v1", api_key="none", max_retries=0) as client,
    ):
        yield client


def events(client: openai.OpenAI, **params: Any) -> list[Any]:
    return list(client.responses.create(**{"model": SIM_MODEL, "input": "Hello!"} | params, stream=True))


def accumulated(client: openai.OpenAI, **params: Any) -> Any:
    """The last event's response; the SDK has checked each event against those before."""
    with client.responses.stream(**{"model": SIM_MODEL, "input": "Hello!"} | params) as stream:
        return list(stream)[-1].response


def whole(client: openai.OpenAI, **params: Any) -> Any:
    return client.responses.create(**{"model": SIM_MODEL, "input": "Hello!"} | params)


def kinds(response: Any) -> list[str]:
    return [item.type for item in response.output]


def pieces(seen: list[Any], kind: str) -> str:
    return "".join(event.delta for event in seen if event.type == f"response.{kind}.delta")


def test_streamed_and_whole_say_the_same(client: openai.OpenAI) -> None:
    streamed, response = accumulated(client), whole(client)
    assert streamed.output_text == response.output_text == pieces(events(client), "output_text")
    assert response.output_text.startswith("This is SeaLink's simulated model.")
    assert streamed.status == response.status == "completed"
    assert streamed.usage == response.usage
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens
    assert (response.object, response.model, response.output[0].role) == ("response", SIM_MODEL, "assistant")


@pytest.mark.parametrize(
    "params", [{}, {"reasoning": {"effort": "low"}}, {"input": WEATHER, "tools": [TOOL, CLOCK]}, {"text": FORM}]
)
def test_the_events_are_numbered_and_framed_by_the_response(client: openai.OpenAI, params: Any) -> None:
    seen = events(client, **params)
    assert [event.sequence_number for event in seen] == list(range(len(seen)))
    assert [event.type for event in seen[:3]] == [
        "response.created", "response.in_progress", "response.output_item.added",
    ]  # fmt: skip
    assert [event.type for event in seen[-2:]] == ["response.output_item.done", "response.completed"]
    assert seen[-1].response.usage.output_tokens == sum(event.type.endswith(".delta") for event in seen)
    done = [event.item for event in seen if event.type == "response.output_item.done"]
    assert done == seen[-1].response.output


def test_too_long(client: openai.OpenAI) -> None:
    seen, response = events(client, max_output_tokens=16), whole(client, max_output_tokens=16)
    assert seen[-1].type == "response.incomplete"
    for each in (seen[-1].response, response):
        assert (each.status, each.incomplete_details.reason) == ("incomplete", "max_output_tokens")
        assert (each.output[0].status, each.usage.output_tokens) == ("incomplete", 16)


def test_another_name_is_stood_in_for(client: openai.OpenAI) -> None:
    response = whole(client, model="gpt-5")
    assert response.output_text.startswith("This is SeaLink's simulated model, standing in for gpt-5.")
    assert response.model == "gpt-5"


def test_a_string_and_an_item_are_the_same_input(client: openai.OpenAI) -> None:
    item = {"role": "user", "content": "Hello!"}
    said = whole(client, instructions="Be brief.")
    assert whole(client, input=[item], instructions="Be brief.").output_text == said.output_text
    assert whole(client, input=[{"role": "developer", "content": "Be brief."}, item]).output_text == said.output_text
    assert whole(client).output_text != said.output_text


def test_tool_calls(client: openai.OpenAI) -> None:
    params = {"input": WEATHER, "tools": [TOOL, CLOCK, SEARCH]}
    streamed, response = events(client, **params)[-1].response, whole(client, **params)
    calls = [(call.name, call.arguments) for call in response.output]
    assert [name for name, _ in calls] == ["get_weather", "get_time"]
    assert [(call.name, call.arguments) for call in streamed.output] == calls
    assert pieces(events(client, **params), "function_call_arguments") == "".join(said for _, said in calls)
    Draft202012Validator(SCHEMA).validate(json.loads(calls[0][1]))
    assert len({call.call_id for call in response.output}) == 2
    assert streamed.status == response.status == "completed"


@pytest.mark.parametrize(
    ("params", "called"),
    [
        ({"tool_choice": "required"}, ["get_weather"]),
        ({"tool_choice": {"type": "function", "name": "get_time"}}, ["get_time"]),
        ({"tool_choice": "none", "input": WEATHER}, []),
        ({"tool_choice": "auto"}, []),
        ({"parallel_tool_calls": False, "input": WEATHER}, ["get_weather"]),
    ],
)
def test_tool_choice(client: openai.OpenAI, params: Any, called: list[str]) -> None:
    response = whole(client, tools=[TOOL, CLOCK], **params)
    assert [item.name for item in response.output if item.type == "function_call"] == called


def test_a_whole_turn_with_tools(client: openai.OpenAI) -> None:
    call = whole(client, input=WEATHER, tools=[TOOL], reasoning={"effort": "low"})
    result = {"type": "function_call_output", "call_id": call.output[-1].call_id, "output": "19 °C"}
    final = whole(client, input=[*WEATHER, *call.output, result], tools=[TOOL])
    assert "19 °C" in final.output_text
    assert kinds(final) == ["message"]


def test_reasoning(client: openai.OpenAI) -> None:
    params = {"reasoning": {"effort": "high", "summary": "auto"}}
    streamed, response = accumulated(client, **params), whole(client, **params)
    assert kinds(streamed) == kinds(response) == ["reasoning", "message"]
    said = response.output[0].summary[0].text
    assert said.startswith("This is simulated thinking.")
    assert said == streamed.output[0].summary[0].text == pieces(events(client, **params), "reasoning_summary_text")
    assert 0 < response.usage.output_tokens_details.reasoning_tokens < response.usage.output_tokens
    assert kinds(whole(client, reasoning={"effort": "none"})) == ["message"]


def test_structured_output(client: openai.OpenAI) -> None:
    for response in (accumulated(client, text=FORM), whole(client, text=FORM)):
        Draft202012Validator(SCHEMA).validate(json.loads(response.output_text))
    assert json.loads(whole(client, text={"format": {"type": "json_object"}}).output_text)


def test_models(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == [SIM_MODEL]


@pytest.mark.parametrize(
    ("params", "param"),
    [
        ({"max_output_tokens": 15}, "max_output_tokens"),
        ({"input": []}, "input"),
        ({"input": [{"role": "narrator", "content": ""}]}, "input[0].role"),
        ({"input": [*WEATHER, {"content": "Who says so?"}]}, "input[1].role"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "name": "x"}}, "tool_choice"),
        ({"text": {"format": {"type": "json_schema", "name": "x"}}}, "text.format.schema"),
        ({"reasoning": {"effort": "some"}}, "reasoning.effort"),
    ],
)
def test_a_bad_field_is_named(client: openai.OpenAI, params: Any, param: str) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        whole(client, **params)
    assert (raised.value.param, raised.value.type) == (param, "invalid_request_error")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"model": "x"}', b'{"model": "\\ud800"}', b"\xff"])
def test_a_bad_body_gets_a_400(client: openai.OpenAI, body: bytes) -> None:
    with pytest.raises(openai.BadRequestError):
        client.post("/responses", content=body, cast_to=object)


def test_the_frames_are_the_apis_to_the_letter() -> None:
    wire = ResponsesWire()
    ask = wire.read("", b'{"model":"m","input":"hi","stream":true}')
    stream = wire.stream(ask, [Answer([Block("text", ["This"])], "length")], Reply("1", 7))
    assert stream.opening.startswith(
        b'event: response.created\ndata: {"type":"response.created","sequence_number":0,"response":{"id":"resp_1",'
        b'"object":"response","created_at":7,"status":"in_progress","error":null,'
    )
    where = '"item_id":"msg_18d6e1cac2a8adaf25577cca","output_index":0,"content_index":0'
    item = '"item":{"id":"msg_18d6e1cac2a8adaf25577cca","type":"message"'
    part = '{"type":"output_text","annotations":[],"logprobs":[]'
    assert b"".join(stream.ticks).decode().split("\n\n") == [
        'event: response.output_item.added\ndata: {"type":"response.output_item.added","sequence_number":2,'
        f'"output_index":0,{item},"status":"in_progress","content":[],"role":"assistant"}}}}',
        'event: response.content_part.added\ndata: {"type":"response.content_part.added","sequence_number":3,'
        f'{where},"part":{part},"text":""}}}}',
        'event: response.output_text.delta\ndata: {"type":"response.output_text.delta","sequence_number":4,'
        f'{where},"delta":"This","logprobs":[]}}',
        'event: response.output_text.done\ndata: {"type":"response.output_text.done","sequence_number":5,'
        f'{where},"text":"This","logprobs":[]}}',
        'event: response.content_part.done\ndata: {"type":"response.content_part.done","sequence_number":6,'
        f'{where},"part":{part},"text":"This"}}}}',
        'event: response.output_item.done\ndata: {"type":"response.output_item.done","sequence_number":7,'
        f'"output_index":0,{item},"status":"incomplete","content":[{part},'
        '"text":"This"}],"role":"assistant"}}',
        "",
    ]


def test_an_error_inside_a_stream_is_an_event(client: openai.OpenAI) -> None:
    last = events(client, extra_headers={FAULT_HEADER: "error@3"})[-1]
    assert (last.type, last.code) == ("error", "server_error")
    assert last.message == "The simulated provider was told to fail with 500."
