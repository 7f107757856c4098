"""The simulated model behind SeaLink, as a provider in each of its dialects, says what it says without SeaLink.

The simulated model reads requests and writes answers with code of its own, and answers the same conversation with
the same words in all dialects: so whatever a translation loses or bends shows here.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import product
from typing import Any, get_args

import openai
import pytest

from acceptance.sealink_process import KEY, SealinkProcess
from sealink.sim import SimDialect
from sim.simulation import running_sim

PLACE = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "fahrenheit"]}},
    "required": ["city", "unit"],
    "additionalProperties": False,
}
TOOL = {"type": "function", "function": {"name": "get_weather", "description": "It is", "parameters": PLACE}}
CLOCK = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}
FORM = {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": PLACE}}
HELLO = [{"role": "user", "content": "Hello!"}]
WEATHER = [{"role": "user", "content": "The weather in Lisbon, and the time, please."}]
CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "get_weather", "arguments": '{"city":"Lisbon"}'}},
    {"id": "call_2", "type": "function", "function": {"name": "get_time", "arguments": "{}"}},
]
CALLED = [
    *WEATHER,
    {"role": "assistant", "content": None, "tool_calls": CALLS},
    {"role": "tool", "tool_call_id": "call_1", "content": "19 °C, rain"},
    {"role": "tool", "tool_call_id": "call_2", "content": "12:34"},
]

REQUESTS: dict[str, dict[str, Any]] = {
    "plain": {"messages": HELLO},
    "a system prompt and several turns": {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "One"},
            {"role": "assistant", "content": "Two"},
            {"role": "user", "content": [{"type": "text", "text": "Three"}]},
        ]
    },
    "cut at a length": {"messages": HELLO, "max_tokens": 16},
    "stopped": {"messages": HELLO, "stop": [" simulated"]},
    "thinking": {"messages": HELLO, "reasoning_effort": "high"},
    "two tools called": {"messages": WEATHER, "tools": [TOOL, CLOCK]},
    "one at a time": {"messages": WEATHER, "tools": [TOOL, CLOCK], "parallel_tool_calls": False},
    "no tool to be called": {"messages": WEATHER, "tools": [TOOL], "tool_choice": "none"},
    "a tool required": {"messages": HELLO, "tools": [TOOL, CLOCK], "tool_choice": "required"},
    "a tool named": {
        "messages": HELLO,
        "tools": [TOOL, CLOCK],
        "tool_choice": {"type": "function", "function": {"name": "get_time"}},
    },
    "arguments cut at a length": {"messages": WEATHER, "tools": [TOOL], "max_tokens": 16},
    "after tool results": {"messages": CALLED, "tools": [TOOL, CLOCK]},
    "structured": {"messages": WEATHER, "response_format": FORM},
}


MODEL = "gemini-3-flash"
"""All of the simulated models have the one name, since they say it; by this one Gemini's dialect lets it think."""

BASES = {"openai": "/v1", "anthropic": "", "gemini": "", "responses": "/v1"}

CANNOT = {
    ("gemini", "one at a time"): "parallel_tool_calls has no place there, and is named in x-sealink-dropped",
    ("gemini", "arguments cut at a length"): "a call is told whole or not at all",
    ("responses", "stopped"): "stop has no place there, and is named in x-sealink-dropped",
}


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, openai.OpenAI]]:
    """Straight to the simulated model, and through SeaLink to it in each dialect."""
    with ExitStack() as stack:
        urls = {dialect: stack.enter_context(running_sim(dialect=dialect)).url for dialect in get_args(SimDialect)}
        config = f'[[keys]]\nname = "tests"\nkey = "{KEY}"\n'
        for dialect, url in urls.items():
            config += (
                f'[[providers]]\nname = "{dialect}-like"\ndialect = "{dialect}"\n'
                f'base_url = "{url}{BASES[dialect]}"\napi_key = "k"\n'
            )
            config += (
                f'[[models]]\nid = "{dialect}"\ntargets = [{{ provider = "{dialect}-like", model = "{MODEL}" }}]\n'
            )
        sealink = stack.enter_context(SealinkProcess(config, tmp_path_factory.mktemp("simulated")))
        direct = openai.OpenAI(base_url=f"{urls['openai']}/v1", api_key="k", max_retries=0)
        through = openai.OpenAI(base_url=f"{sealink.url}/v1", api_key=KEY, max_retries=0)
        with direct, through:
            yield {"direct": direct, "through": through}


@pytest.mark.parametrize(
    ("dialect", "request_name"),
    [each for each in product(get_args(SimDialect), REQUESTS) if each not in CANNOT],
)
def test_it_says_the_same(clients: dict[str, openai.OpenAI], dialect: str, request_name: str) -> None:
    asked = REQUESTS[request_name]
    expected = whole(clients["direct"], MODEL, asked)
    assert streamed(clients["direct"], MODEL, asked) == expected
    assert streamed(clients["through"], dialect, asked) == expected
    if (dialect, request_name) != ("anthropic", "arguments cut at a length"):  # a whole answer has no room for those
        assert whole(clients["through"], dialect, asked) == expected


def whole(client: openai.OpenAI, model: str, asked: dict[str, Any]) -> dict[str, Any]:
    completion = client.chat.completions.create(model=model, **asked)
    message = completion.choices[0].message
    calls = [(call.function.name, call.function.arguments) for call in message.tool_calls or []]
    reasoning = getattr(message, "reasoning_content", None)
    return said(message.content, reasoning, calls, completion.choices[0].finish_reason, completion.usage)


def streamed(client: openai.OpenAI, model: str, asked: dict[str, Any]) -> dict[str, Any]:
    text = reasoning = ""
    calls: list[tuple[str, str]] = []
    finish, usage = [], None
    options = {"include_usage": True}
    for chunk in client.chat.completions.create(model=model, stream=True, stream_options=options, **asked):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            reasoning += getattr(choice.delta, "reasoning_content", None) or ""
            finish += [choice.finish_reason] if choice.finish_reason else []
            for call in choice.delta.tool_calls or []:
                if call.id:
                    calls.append((call.function.name, call.function.arguments or ""))
                else:
                    name, arguments = calls[call.index]
                    calls[call.index] = (name, arguments + call.function.arguments)
    (reason,) = finish
    return said(text, reasoning, calls, reason, usage)


def said(
    text: str | None, reasoning: str | None, calls: list[tuple[str, str]], finish: str, usage: Any
) -> dict[str, Any]:
    """What must be the same. What a vendor counts for a prompt is its own."""
    return {
        "text": text or "",
        "reasoning": reasoning or "",
        "calls": [(name, parsed(arguments)) for name, arguments in calls],
        "finish": finish,
        "completion_tokens": usage.completion_tokens,
    }


def parsed(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except json.JSONDecodeError:
        return arguments
