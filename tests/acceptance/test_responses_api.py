"""The Responses API through a real SeaLink: OpenAI's own client in front, other vendors' models behind."""

from collections.abc import Iterator

import openai
import pytest

from acceptance.house import House, house
from acceptance.made_answers import MADE, Said, error
from acceptance.sealink_process import KEY
from replay import Answer, Request

MODELS = {f"{dialect}-{scene}": dialect for dialect in ("anthropic", "responses") for scene in ("fine", "cut", "held")}
MODELS["anthropic-refused"] = "anthropic"

CALL = Said(("Let me look.",), "Paris, then.", "c2lnbmVk", "call_1", "weather", '{"city":"Paris"}')
ANSWER = Said(("It is ", "22 degrees", "."))
WEATHER = {"type": "function", "name": "weather", "parameters": {"type": "object"}, "strict": False}
JSON = [("content-type", "application/json")]
SIGNS_OF_LIFE = '[heartbeat]\nshape = "chunk"\ngrace_s = 0.05\ninterval_s = 0.05'


def answer(request: Request) -> Answer:
    dialect, _, scene = request.model.partition("-")
    if scene == "refused":
        return Answer(error(dialect, "prompt is too long: 9 tokens > 8 maximum"), 400, JSON)
    is_stream = bool(request.json.get("stream"))
    body = MADE[dialect](ANSWER if b"22 degrees" in request.body else CALL, is_stream)
    if not is_stream:
        return Answer(body, headers=JSON)
    if scene == "held":
        return Answer(body, held_at=0)
    return Answer(body, cut_at=body.index(b"Let me look") + 80 if scene == "cut" else None)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(answer, MODELS, tmp_path_factory.mktemp("responses"), tables=SIGNS_OF_LIFE) as built:
        yield built


@pytest.fixture(scope="module")
def client(running: House) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{running.sealink.url}/v1", api_key=KEY, max_retries=0)


@pytest.mark.parametrize("model", ["anthropic-fine", "responses-fine"])
def test_a_conversation_with_signed_thinking_and_a_tool_goes_on(
    running: House, client: openai.OpenAI, model: str
) -> None:
    conversation: list = [{"role": "user", "content": "How is the weather in Paris?"}]
    with client.responses.stream(model=model, input=conversation, tools=[WEATHER], store=False) as stream:
        text = "".join(event.delta for event in stream if event.type == "response.output_text.delta")
        first = stream.get_final_response()
    assert (text, first.output_text) == ("Let me look.", "Let me look.")
    call = next(item for item in first.output if item.type == "function_call")
    assert (call.call_id, call.name, call.arguments) == ("call_1", "weather", '{"city":"Paris"}')
    conversation += [*first.output, {"type": "function_call_output", "call_id": "call_1", "output": "22 degrees"}]
    second = client.responses.create(model=model, input=conversation, tools=[WEATHER], store=False)
    assert second.output_text == "It is 22 degrees."
    assert second.usage is not None
    sent = running.upstream.exchanges[-1].request.json
    if model == "responses-fine":
        types = ["message", "reasoning", "message", "function_call", "function_call_output"]
        assert [item.get("type", "message") for item in sent["input"]] == types
    else:
        thought, said, called = sent["messages"][1]["content"]
        assert thought == {"type": "thinking", "thinking": "Paris, then.", "signature": "c2lnbmVk"}
        assert (said["text"], called["id"]) == ("Let me look.", "call_1")
        assert sent["messages"][2]["content"][0]["tool_use_id"] == "call_1"


@pytest.mark.parametrize("model", ["anthropic-cut", "responses-cut"])
def test_a_stream_that_is_cut_raises_after_what_had_come(client: openai.OpenAI, model: str) -> None:
    stream = client.responses.create(model=model, input="Hi", tools=[WEATHER], stream=True)
    types: list[str] = []
    with pytest.raises(openai.APIError) as caught:
        types.extend(event.type for event in stream)
    assert "cut off" in str(caught.value)
    assert "response.created" in types
    assert not {"response.completed", "response.incomplete"} & set(types)


def test_an_error_before_the_start_is_a_status_with_the_code_that_agents_know(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="anthropic-refused", input="Hi", stream=True)
    assert caught.value.code == "context_length_exceeded"


def test_what_an_upstream_keeps_goes_to_that_upstream_alone(running: House, client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client.responses.create(model="anthropic-fine", input="Hi", previous_response_id="resp_1")
    assert (caught.value.param, caught.value.code) == ("previous_response_id", "unsupported_parameter")
    client.responses.create(model="responses-fine", input="Hi", previous_response_id="resp_1")
    assert running.upstream.exchanges[-1].request.json["previous_response_id"] == "resp_1"


@pytest.mark.parametrize("model", ["anthropic-held", "responses-held"])
def test_a_client_that_counts_events_sees_signs_of_life(running: House, client: openai.OpenAI, model: str) -> None:
    stream = client.responses.create(model=model, input="Hi", stream=True)
    first = next(iter(stream))
    running.upstream.release_all()
    assert first.type == "keepalive"
    assert [event.type for event in stream][-1] == "response.completed"


def test_cursors_request_of_this_shape_on_the_path_of_chat_completions(client: openai.OpenAI) -> None:
    body = {"model": "anthropic-fine", "input": [{"role": "user", "content": "Hi"}], "tools": [WEATHER]}
    said = client.post("/chat/completions", body=body, cast_to=openai.types.chat.ChatCompletion)
    calls = said.choices[0].message.tool_calls
    assert calls is not None
    assert (said.choices[0].message.content, calls[0].function.name) == ("Let me look.", "weather")
