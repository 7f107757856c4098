"""The simulated model as an OpenAI upstream, read by the stock `openai` SDK and to the letter."""

import json
from collections.abc import Iterator
from typing import Any

import openai
import pytest
from jsonschema import Draft202012Validator
from simulation import AT_ONCE, running_sim

from sealink.sim import SIM_MODEL, SimSettings, sim_handler
from sealink.sim.answer import answers
from sealink.sim.wires.openai import OpenAIWire
from sealink.sim.wires.wire import Reply

SCHEMA = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "days": {"type": "integer", "minimum": 1, "maximum": 7}},
    "required": ["city", "days"],
    "additionalProperties": False,
}
TOOL: Any = {"type": "function", "function": {"name": "get_weather", "parameters": SCHEMA}}
CLOCK: Any = {"type": "function", "function": {"name": "get_time"}}
HELLO: Any = [{"role": "user", "content": "Hello!"}]
WEATHER: Any = [{"role": "user", "content": "How is the weather in Lisbon, and the time?"}]


@pytest.fixture(scope="module")
def client() -> Iterator[openai.OpenAI]:
    with running_sim(AT_ONCE) as sim, openai.OpenAI(base_url=f"{sim.url}/v1", api_key="none", max_retries=0) as client:
        yield client


def streamed(client: openai.OpenAI, **params: Any) -> list[Any]:
    return list(client.chat.completions.create(stream=True, **{"model": SIM_MODEL, "messages": HELLO} | params))


def whole(client: openai.OpenAI, **params: Any) -> Any:
    return client.chat.completions.create(**{"model": SIM_MODEL, "messages": HELLO} | params)


def joined(chunks: list[Any], choice: int = 0, field: str = "content") -> str:
    deltas = [each.delta for chunk in chunks for each in chunk.choices if each.index == choice]
    return "".join(getattr(delta, field, None) or "" for delta in deltas)


def finishes(chunks: list[Any]) -> dict[int, str]:
    return {each.index: each.finish_reason for chunk in chunks for each in chunk.choices if each.finish_reason}


def test_streamed_and_whole_say_the_same(client: openai.OpenAI) -> None:
    chunks, completion = streamed(client), whole(client)
    assert joined(chunks) == completion.choices[0].message.content
    assert finishes(chunks) == {0: "stop"} == {0: completion.choices[0].finish_reason}
    assert completion.usage.completion_tokens == len(chunks) - 2
    assert completion.object == "chat.completion"
    assert completion.id.startswith("chatcmpl-")


def test_every_chunk_has_openais_shape(client: openai.OpenAI) -> None:
    chunks = streamed(client)
    assert chunks[0].choices[0].delta.role == "assistant"
    assert all(chunk.choices[0].delta.role is None for chunk in chunks[1:])
    assert len({chunk.id for chunk in chunks}) == 1
    assert {chunk.object for chunk in chunks} == {"chat.completion.chunk"}
    assert {chunk.model for chunk in chunks} == {SIM_MODEL}
    assert not any("usage" in chunk.model_fields_set for chunk in chunks)


def test_usage_comes_last_when_asked_for_and_null_before(client: openai.OpenAI) -> None:
    *chunks, last = streamed(client, stream_options={"include_usage": True})
    assert all(chunk.choices and chunk.usage is None and "usage" in chunk.model_fields_set for chunk in chunks)
    assert last.choices == []
    assert last.usage.completion_tokens == len(chunks) - 2
    assert last.usage == whole(client).usage
    assert last.usage.total_tokens == last.usage.prompt_tokens + last.usage.completion_tokens


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_length(client: openai.OpenAI, name: str) -> None:
    chunks = streamed(client, **{name: 5}, stream_options={"include_usage": True})
    assert finishes(chunks) == {0: "length"}
    assert chunks[-1].usage.completion_tokens == 5


@pytest.mark.parametrize("stop", [" simulated", ["zzz", " simulated"]])
def test_stop(client: openai.OpenAI, stop: Any) -> None:
    chunks = streamed(client, stop=stop)
    assert (joined(chunks), finishes(chunks)) == ("This is SeaLink's", {0: "stop"})


def test_several_choices(client: openai.OpenAI) -> None:
    chunks, completion = streamed(client, n=3), whole(client, n=3)
    said = [joined(chunks, choice) for choice in range(3)]
    assert said == [choice.message.content for choice in completion.choices]
    assert len(set(said)) == 3
    assert finishes(chunks) == {0: "stop", 1: "stop", 2: "stop"}


def test_another_name_is_stood_in_for(client: openai.OpenAI) -> None:
    completion = whole(client, model="claude-sonnet-4-6", max_tokens=30)
    assert completion.choices[0].message.content.startswith(
        "This is SeaLink's simulated model, standing in for claude-sonnet-4-6."
    )
    assert completion.model == "claude-sonnet-4-6"


def test_knobs_are_accepted(client: openai.OpenAI) -> None:
    knobs = {"temperature": 0, "top_p": 0.5, "frequency_penalty": 1, "logit_bias": {"50256": 1}, "user": "me",
             "logprobs": False, "metadata": {"a": "b"}, "service_tier": "auto", "store": False}  # fmt: skip
    assert whole(client, **knobs).choices[0].message.content == whole(client).choices[0].message.content
    assert whole(client, seed=1).choices[0].message.content != whole(client, seed=2).choices[0].message.content


def tool_calls(chunks: list[Any]) -> list[dict[str, str]]:
    calls: list[dict[str, str]] = []
    for chunk in chunks:
        for delta in (chunk.choices[0].delta.tool_calls or []) if chunk.choices else []:
            if delta.id:
                assert delta.index == len(calls)
                assert (delta.type, delta.function.arguments) == ("function", "")
                calls.append({"id": delta.id, "name": delta.function.name, "arguments": ""})
            else:
                assert delta.function.name is None
                calls[delta.index]["arguments"] += delta.function.arguments
    return calls


def test_tool_calls(client: openai.OpenAI) -> None:
    params = {"messages": WEATHER, "tools": [TOOL, CLOCK]}
    chunks, completion = streamed(client, **params), whole(client, **params)
    calls, message = tool_calls(chunks), completion.choices[0].message
    assert [call["name"] for call in calls] == ["get_weather", "get_time"]
    assert len({call["id"] for call in calls}) == 2
    Draft202012Validator(SCHEMA).validate(json.loads(calls[0]["arguments"]))
    assert [call.function.arguments for call in message.tool_calls] == [call["arguments"] for call in calls]
    assert (message.content, chunks[0].choices[0].delta.content) == (None, None)
    assert finishes(chunks) == {0: "tool_calls"} == {0: completion.choices[0].finish_reason}


@pytest.mark.parametrize("choice", ["required", {"type": "function", "function": {"name": "get_time"}}])
def test_forced_tool_calls(client: openai.OpenAI, choice: Any) -> None:
    chunks = streamed(client, tools=[TOOL, CLOCK], tool_choice=choice, parallel_tool_calls=False)
    wanted = "get_weather" if choice == "required" else "get_time"
    assert [call["name"] for call in tool_calls(chunks)] == [wanted]


def test_a_whole_turn_with_tools(client: openai.OpenAI) -> None:
    call = whole(client, messages=WEATHER, tools=[TOOL]).choices[0].message
    result = {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": "19 degrees and raining"}
    final = whole(client, messages=[*WEATHER, call.model_dump(exclude_none=True), result], tools=[TOOL])
    assert "19 degrees and raining" in final.choices[0].message.content
    assert final.choices[0].finish_reason == "stop"


def test_structured_output_comes_in_pieces(client: openai.OpenAI) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "trip", "strict": True, "schema": SCHEMA}}
    chunks = streamed(client, response_format=form)
    assert len(chunks) > 8
    Draft202012Validator(SCHEMA).validate(json.loads(joined(chunks)))
    assert isinstance(json.loads(joined(streamed(client, response_format={"type": "json_object"}))), dict)


@pytest.mark.parametrize("stream", [False, True])
def test_a_schema_without_a_value_is_answered_with_400(client: openai.OpenAI, stream: bool) -> None:
    form: Any = {"type": "json_schema", "json_schema": {"name": "trip", "schema": {"enum": [1], "const": 2}}}
    with pytest.raises(openai.BadRequestError, match="of the answer seems to be impossible to satisfy: 2 is not"):
        whole(client, response_format=form, stream=stream)
    tool: Any = {"type": "function", "function": {"name": "get_weather", "parameters": {"properties": {"a": 1}}}}
    with pytest.raises(openai.BadRequestError, match="of the tool 'get_weather' is not valid: 1 is not of types"):
        whole(client, messages=WEATHER, tools=[tool], stream=stream)


def test_reasoning(client: openai.OpenAI) -> None:
    chunks = streamed(client, reasoning_effort="low", stream_options={"include_usage": True})
    completion = whole(client, reasoning_effort="low")
    thinking = joined(chunks, field="reasoning_content")
    assert thinking.startswith("This is simulated thinking.")
    assert completion.choices[0].message.reasoning_content == thinking
    assert 0 < chunks[-1].usage.completion_tokens_details.reasoning_tokens < chunks[-1].usage.completion_tokens
    assert joined(streamed(client, reasoning_effort="none"), field="reasoning_content") == ""


def test_the_sdks_own_accumulator_agrees(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model=SIM_MODEL, messages=WEATHER, tools=[TOOL]) as stream:
        final = stream.get_final_completion()
    assert final.choices[0].message.tool_calls[0].function.name == "get_weather"
    assert final.choices[0].finish_reason == "tool_calls"


def test_models(client: openai.OpenAI) -> None:
    (model,) = client.models.list()
    assert (model.id, model.owned_by) == (SIM_MODEL, "sealink-simulated")
    assert client.models.retrieve(SIM_MODEL) == model
    with pytest.raises(openai.NotFoundError, match="'nobody' does not exist"):
        client.models.retrieve("nobody")


@pytest.mark.parametrize(
    ("params", "param", "said"),
    [
        ({"messages": []}, "messages", "length >= 1"),
        ({"messages": [{"role": "narrator", "content": ""}]}, "messages[0].role", "narrator"),
        ({"max_tokens": "ten"}, "max_tokens", "Expected `int"),
        ({"max_tokens": 0}, "max_tokens", ">= 1"),
        ({"max_tokens": 1, "max_completion_tokens": 1}, "max_tokens", "at the same time"),
        ({"model": None}, "model", "Expected `str`"),
        ({"stop": list("abcde")}, "stop", "length <= 4"),
        ({"n": 129}, "n", "<= 128"),
        ({"tool_choice": "required"}, "tool_choice", "only allowed when 'tools'"),
        ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "x"}}}, "tool_choice", "'x' not"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema", "Missing required"),
        ({"stream_options": {"include_usage": True}}, "stream_options", "when 'stream'"),
    ],
)
def test_a_bad_field_is_named(client: openai.OpenAI, params: Any, param: str, said: str) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        whole(client, **params)
    assert (raised.value.param, raised.value.type) == (param, "invalid_request_error")
    assert said in str(raised.value)
    assert raised.value.request_id


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'{"model": "x"}', b'{"model": "\\ud800"}', b"\xff"])
def test_a_bad_body_gets_a_400(client: openai.OpenAI, body: bytes) -> None:
    with pytest.raises(openai.BadRequestError):
        client.post("/chat/completions", content=body, cast_to=object)


def test_other_urls_and_methods(client: openai.OpenAI) -> None:
    with pytest.raises(openai.NotFoundError, match="Unknown request URL"):
        client.post("/completions", body={}, cast_to=object)
    with pytest.raises(openai.APIStatusError) as raised:
        client.get("/chat/completions", cast_to=object)
    assert raised.value.status_code == 405
    assert raised.value.response.headers["allow"] == "POST"


def test_the_frames_are_openais_to_the_letter() -> None:
    wire = OpenAIWire()
    ask = wire.read(
        "",
        b'{"model":"m","messages":[{"role":"user","content":"hi"}],"max_tokens":1,"stream":true,'
        b'"stream_options":{"include_usage":true}}',
    )
    stream = wire.stream(ask, answers(ask), Reply("1", 7))
    head = '"id":"chatcmpl-1","object":"chat.completion.chunk","created":7,"model":"m",'
    head += '"service_tier":"default","system_fingerprint":"fp_sealink_sim","choices":['
    first, end = '{"index":0,"delta":{', '},"logprobs":null,"finish_reason":'
    frames = [stream.opening, *stream.ticks, *(each.frame for each in stream.closing)]
    assert b"".join(frames).decode().split("\n\n") == [
        f'data: {{{head}{first}"role":"assistant","content":"","refusal":null{end}null}}],"usage":null}}',
        f'data: {{{head}{first}"content":"This"{end}null}}],"usage":null}}',
        f'data: {{{head}{first}{end}"length"}}],"usage":null}}',
        f'data: {{{head}],"usage":{{"prompt_tokens":7,"completion_tokens":1,"total_tokens":8,'
        '"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,'
        '"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}}',
        "data: [DONE]",
        "",
    ]


def test_a_handler_is_made_for_a_dialect() -> None:
    assert sim_handler(SimSettings()) != sim_handler(SimSettings(), "anthropic")
