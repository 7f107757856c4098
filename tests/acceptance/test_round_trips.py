"""A conversation with signed thinking and tool results goes on across dialects.

The model thinks, signs its thoughts and calls a tool; the stock SDK's message is handed back as that SDK's users do
it, with the tool's result. Shown is the second request as the upstream got it: the signature, the ids, the result.
Run with `-rP` to read the bodies.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic
import openai
import pytest

from acceptance.house import House, house
from acceptance.made_answers import MADE, SIGNED, Said, details
from acceptance.sealink_process import KEY
from dialects import CLIENTS
from replay import Answer, Request

Fields = dict[str, Any]

QUESTION = [{"role": "user", "content": "What is the weather in Paris?"}]
RESULT, ANSWER = "22 degrees in Paris", Said(("It is warm.",))
THOUGHT, SIGNATURE, CALL_ID = "I must look it up.", "RXVyZWth" * 8, "call_7"
CALL = Said(("Let me look.",), THOUGHT, SIGNATURE, CALL_ID, "weather", '{"city":"Paris"}')
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
TOOL = {"name": "weather", "description": "Tells the weather."}


def answer(request: Request) -> Answer:
    dialect, _, kind = request.model.partition("-")
    said = ANSWER if RESULT in request.body.decode() else CALL
    body = (MADE | SIGNED)[dialect](said, kind == "stream")
    return Answer(body) if kind == "stream" else Answer(body, headers=[("content-type", "application/json")])


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    dialects = {dialect: dialect for dialect in MADE} | dict.fromkeys(SIGNED, "openai")
    models = {f"{name}-{kind}": dialect for name, dialect in dialects.items() for kind in ("stream", "whole")}
    with house(answer, models, tmp_path_factory.mktemp("round-trips")) as it:
        yield it


def through_chat(url: str, model: str, is_stream: bool) -> str | None:
    tools = [{"type": "function", "function": {**TOOL, "parameters": SCHEMA}}]
    asked: Fields = {"model": model, "tools": tools, "reasoning_effort": "low"}
    messages: list[Any] = list(QUESTION)
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
        if is_stream:
            with client.chat.completions.stream(messages=messages, **asked) as stream:
                message = stream.get_final_completion().choices[0].message
        else:
            message = client.chat.completions.create(messages=messages, **asked).choices[0].message
        assert message.tool_calls
        (call,) = message.tool_calls
        messages += [message, {"role": "tool", "tool_call_id": call.id, "content": RESULT}]
        if not is_stream:
            return client.chat.completions.create(messages=messages, **asked).choices[0].message.content
        with client.chat.completions.stream(messages=messages, **asked) as stream:
            return stream.get_final_completion().choices[0].message.content


def through_messages(url: str, model: str, is_stream: bool) -> str | None:
    tools = [{**TOOL, "input_schema": SCHEMA}]
    thinking = {"type": "enabled", "budget_tokens": 1024}
    asked: Fields = {"model": model, "tools": tools, "max_tokens": 4096, "thinking": thinking}
    messages: list[Any] = list(QUESTION)

    with anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0) as client:

        def said() -> anthropic.types.Message:
            if not is_stream:
                return client.messages.create(messages=messages, **asked)
            with client.messages.stream(messages=messages, **asked) as stream:
                return stream.get_final_message()

        message = said()
        (call,) = [block for block in message.content if block.type == "tool_use"]
        result = {"type": "tool_result", "tool_use_id": call.id, "content": RESULT}
        messages += [{"role": "assistant", "content": message.content}, {"role": "user", "content": [result]}]
        return "".join(block.text for block in said().content if block.type == "text")


def through_responses(url: str, model: str, is_stream: bool) -> str | None:
    tools = [{"type": "function", **TOOL, "parameters": SCHEMA, "strict": False}]
    include = ["reasoning.encrypted_content"]
    asked: Fields = {"model": model, "tools": tools, "reasoning": {"effort": "low"}, "include": include, "store": False}
    turns: list[Any] = list(QUESTION)

    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:

        def said() -> Any:
            if not is_stream:
                return client.responses.create(input=turns, **asked)
            with client.responses.stream(input=turns, **asked) as stream:
                return stream.get_final_response()

        output = said().output
        (call,) = [item for item in output if item.type == "function_call"]
        turns += output  # as OpenAI's documentation does it
        turns.append({"type": "function_call_output", "call_id": call.call_id, "output": RESULT})
        return str(said().output_text)


CLIENT_LOOPS = {"chat": through_chat, "messages": through_messages, "responses": through_responses}


def openai_got(body: Fields) -> Iterator[tuple[Any, Any]]:
    """(What must be, what is). OpenAI's own chat completions know no signatures."""
    *_, said, result = body["messages"]
    (call,) = said["tool_calls"]
    yield (CALL_ID, '{"city":"Paris"}'), (call["id"], call["function"]["arguments"])
    yield (CALL_ID, RESULT), (result["tool_call_id"], result["content"])


def openrouter_got(body: Fields) -> Iterator[tuple[Any, Any]]:
    """Whole, in their order, each field in its place."""
    yield from openai_got(body)
    yield json.dumps(details(CALL)), json.dumps(body["messages"][-2].get("reasoning_details"))


def gemini_openai_got(body: Fields) -> Iterator[tuple[Any, Any]]:
    yield from openai_got(body)
    yield {"google": {"thought_signature": SIGNATURE}}, body["messages"][-2]["tool_calls"][0].get("extra_content")


def anthropic_got(body: Fields) -> Iterator[tuple[Any, Any]]:
    *_, said, result = body["messages"]
    kinds = [block["type"] for block in said["content"]]
    yield ["thinking", "text", "tool_use"], kinds
    thinking, _, call = said["content"]
    yield (THOUGHT, SIGNATURE), (thinking["thinking"], thinking["signature"])
    yield (CALL_ID, {"city": "Paris"}), (call["id"], call["input"])
    (block,) = result["content"]
    yield CALL_ID, block["tool_use_id"]
    yield True, RESULT in json.dumps(block["content"])


def gemini_got(body: Fields) -> Iterator[tuple[Any, Any]]:
    *_, said, result = body["contents"]
    (call,) = [part for part in said["parts"] if "functionCall" in part]
    yield ({"city": "Paris"}, SIGNATURE), (call["functionCall"]["args"], call.get("thoughtSignature"))
    (part,) = result["parts"]
    yield "weather", part["functionResponse"]["name"]
    yield True, RESULT in json.dumps(part)


def responses_got(body: Fields) -> Iterator[tuple[Any, Any]]:
    items = {item.get("type", "message"): item for item in body["input"] if item.get("role") != "user"}
    yield ("rs_1", SIGNATURE), tuple(items.get("reasoning", {}).get(name) for name in ("id", "encrypted_content"))
    yield CALL_ID, items["function_call"]["call_id"]
    yield (CALL_ID, RESULT), (items["function_call_output"]["call_id"], items["function_call_output"]["output"])


UPSTREAM_GOT: dict[str, Callable[[Fields], Iterator[tuple[Any, Any]]]] = {
    "openai": openai_got,
    "anthropic": anthropic_got,
    "gemini": gemini_got,
    "responses": responses_got,
    "openrouter": openrouter_got,
    "gemini_openai": gemini_openai_got,
}


WAYS = [
    (client, upstream, kind)
    for client in CLIENTS
    for upstream in UPSTREAM_GOT
    for kind in ("stream", "whole")
    # OpenAI's SDK adds up what each delta says, the `format` too, and sends back what comes of it.
    if (client, upstream, kind) != ("chat", "openrouter", "stream")
]


@pytest.mark.parametrize(("client", "upstream", "kind"), WAYS)
def test_the_conversation_goes_on(running: House, client: str, upstream: str, kind: str) -> None:
    model, before = f"{upstream}-{kind}", len(running.upstream.exchanges)
    said = CLIENT_LOOPS[client](running.sealink.url, model, kind == "stream")
    assert said == ANSWER.text
    first, second = running.upstream.exchanges[before:]
    assert RESULT not in first.request.body.decode()
    print(json.dumps(second.request.json, indent=1))
    wrong = [f"want {want!r}, got {got!r}" for want, got in UPSTREAM_GOT[upstream](second.request.json) if want != got]
    assert not wrong
