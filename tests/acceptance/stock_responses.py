"""What OpenAI's stock SDK makes of a response: the final event's response, which its deltas must add up to."""

from typing import Any

import openai

from acceptance.readings import Choice, Failure, Reading, Tokens, ToolCall, parsed
from acceptance.stock_chat import failure_of

Fields = dict[str, Any]

FINISH = {"max_output_tokens": "length", "content_filter": "content_filter"}
"""Why a response is incomplete. https://platform.openai.com/docs/api-reference/responses/object"""

CALLS = ("function_call", "custom_tool_call")
FINAL = ("response.completed", "response.incomplete", "response.failed")
STATED = ("model", "input")


def read(client: openai.OpenAI, request: Fields) -> Reading:
    """Send a request, streamed if it says so, and read the answer to its end."""
    stated = {name: request[name] for name in STATED if name in request}
    rest = {name: value for name, value in request.items() if name not in (*STATED, "stream")}
    events: list[Fields] = []
    try:
        if not request.get("stream"):
            return response_read(client.responses.create(**stated, extra_body=rest).to_dict(warnings=False), None)
        with client.responses.stream(**stated, extra_body=rest) as stream:
            events.extend(event.to_dict(warnings=False) for event in stream)
    except openai.APIError as error:
        return folded(events, failure_of(error))
    return folded(events, None)


def folded(events: list[Fields], failure: Failure | None) -> Reading:
    """A stream's events: the last one's response, or what had arrived when there is none."""
    final = next((event["response"] for event in events if event["type"] in FINAL), None)
    failure = failure or next(
        (Failure(event["message"], 200, event) for event in events if event["type"] == "error"), None
    )
    items = [event["item"] for event in events if event["type"] == "response.output_item.done"]
    if final is None:
        return Reading(_unfinished(events, items), failure=failure or Failure("no final event", 0))
    # ChatGPT's own endpoint leaves the final output empty: the items have come before.
    reading = response_read({**final, "output": final["output"] or items}, failure)
    if reading.failure is None and _deltas(events) != (said := reading.choices[0].text + reading.choices[0].refusal):
        reading.failure = Failure(f"the deltas {_deltas(events)!r} are not {said!r}", 0)
    return reading


def response_read(response: Fields, failure: Failure | None) -> Reading:
    """A response object."""
    choice, citations = Choice(), []
    for item in response["output"]:
        if item["type"] == "message":
            citations += _add_message(choice, item)
        elif item["type"] == "reasoning":
            choice.reasoning += _thought(item)
        elif item["type"] in CALLS:
            choice.tool_calls.append(_call(item))
    if error := response.get("error"):
        failure = Failure(error["message"], 200, error)
    if failure is None:
        choice.finish_reason = _finish(response, choice)
    usage = response.get("usage")
    tokens = tokens_of(usage) if usage else None
    return Reading({0: choice}, tokens, citations, failure, usage, response.get("status"))


def tokens_of(usage: Fields) -> Tokens:
    """OpenAI's counts: the input with what was cached of it, the output with its reasoning."""
    read, reasoned = usage.get("input_tokens_details") or {}, usage.get("output_tokens_details") or {}
    return Tokens(
        input=usage["input_tokens"],
        output=usage["output_tokens"],
        cached_read=read.get("cached_tokens"),
        cached_write=read.get("cache_write_tokens"),
        reasoning=reasoned.get("reasoning_tokens"),
    )


def _add_message(choice: Choice, item: Fields) -> list[str]:
    citations: list[str] = []
    for part in item["content"]:
        choice.text += part.get("text") or ""
        choice.refusal += part.get("refusal") or ""
        citations += [note.get("url") or "" for note in part.get("annotations") or ()]
    return citations


def _call(item: Fields) -> ToolCall:
    return ToolCall(item["call_id"], item["name"], parsed(item.get("arguments", item.get("input", ""))))


def _thought(item: Fields) -> str:
    parts = item.get("summary") or item.get("content") or ()
    return "".join(part["text"] for part in parts)


def _finish(response: Fields, choice: Choice) -> str:
    if response.get("status") == "incomplete":
        reason = (response.get("incomplete_details") or {}).get("reason", "length")
        return FINISH.get(reason, reason)
    return "tool_calls" if choice.tool_calls else "stop"


def _deltas(events: list[Fields]) -> str:
    kinds = ("response.output_text.delta", "response.refusal.delta")
    return "".join(event["delta"] for event in events if event["type"] in kinds)


def _unfinished(events: list[Fields], items: list[Fields]) -> dict[int, Choice]:
    """What had arrived when there is no final event: the deltas, and the calls that were done."""
    reasoned = ("response.reasoning_summary_text.delta", "response.reasoning_text.delta")
    thought = "".join(event["delta"] for event in events if event["type"] in reasoned)
    choice = Choice(_deltas(events), thought, tool_calls=[_call(item) for item in items if item["type"] in CALLS])
    return {0: choice} if choice != Choice() else {}
