"""`python tests/acceptance/write_expectations.py DIR …` gives recordings without an expected.json one.

What is expected of a client behind SeaLink is what the wire format's own SDK makes of the same bytes without it; this
asks the SDKs that the tests have: OpenAI's (chat completions and responses) and Anthropic's. Look what it wrote over:
from then on it is the measure. Recordings of other formats need an expected.json of other making.
"""

import json
import sys
from pathlib import Path
from typing import Any

import anthropic
import openai

sys.path.insert(0, str(Path(__file__).parents[1]))

from acceptance import stock_chat, stock_messages, stock_responses
from acceptance.readings import Choice, Reading, ToolCall
from dialects import CLIENTS, Client
from recordings import Case, load
from replay import Answer, ReplayingUpstream

Fields = dict[str, Any]
EXPECTED = "expected.json"


def write_missing(folder: Path) -> tuple[list[str], list[str]]:
    """The names of the cases that have got their expectations, and of those that have not."""
    missing = [case for case in load([folder]) if not (case.folder / EXPECTED).exists()]
    clients = {client.api: client for client in CLIENTS.values()}
    readable = [case for case in missing if case.api in clients]
    for case in readable:
        text = json.dumps(expectation(case, clients[case.api]), indent=1, ensure_ascii=False)
        (case.folder / EXPECTED).write_text(text + "\n")
    return [case.id for case in readable], [case.id for case in missing if case not in readable]


def expectation(case: Case, client: Client) -> Fields:
    """What the SDK reads when it asks the provider itself."""
    framing = "chunked" if case.kind == "stream" else "length"
    answer = Answer(case.body, case.meta["status"], case.headers, framing, case.chunk_sizes)
    request = {**client.question, "model": case.meta.get("model") or "model", "stream": case.kind == "stream"}
    with ReplayingUpstream(lambda _: answer) as upstream:
        return as_expected(case, read(client, upstream.url, request))


def read(client: Client, url: str, request: Fields) -> Reading:
    if client.name == "messages":
        with anthropic.Anthropic(base_url=url, api_key="none", max_retries=0, timeout=30) as of_anthropic:
            return stock_messages.read(of_anthropic, request)
    with openai.OpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0, timeout=30) as of_openai:
        if client.name == "chat":
            return stock_chat.read(of_openai, request, straight=True)
        return stock_responses.read(of_openai, request)


def as_expected(case: Case, reading: Reading) -> Fields:
    """In the words of expected.json."""
    first = reading.choices.get(0, Choice())
    said = {**_choice(first), "finish_reason": reading.finish or first.finish_reason, "usage": reading.usage}
    if reading.failure is not None and case.kind == "error":
        failure = reading.failure
        return {"error": {"message": failure.message, "status_code": failure.status, "body": failure.body}}
    if reading.failure is not None:
        return {"sdk_error": {"message": reading.failure.message, "body": reading.failure.body}, "partial": said}
    choices = {str(index): _choice(choice) for index, choice in reading.choices.items()}
    return (
        said
        | ({"choices": choices} if len(choices) > 1 else {})
        | ({"refusal": first.refusal} if first.refusal else {})
    )


def _choice(choice: Choice) -> Fields:
    return {
        "text": choice.text,
        "reasoning": choice.reasoning,
        "tool_calls": [_call(call) for call in choice.tool_calls],
        "finish_reason": choice.finish_reason,
    }


def _call(call: ToolCall) -> Fields:
    is_text = isinstance(call.arguments, str)
    raw = call.arguments if is_text else json.dumps(call.arguments)
    return {"id": call.id, "name": call.name, "arguments": None if is_text else call.arguments, "arguments_raw": raw}


if __name__ == "__main__":
    for written, left in map(write_missing, map(Path, sys.argv[1:])):
        print(f"{len(written)} written", *(f"not written: {name}" for name in left), sep="\n")
