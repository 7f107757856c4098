"""What Anthropic's stock SDK makes of a message: its own accumulator's final message."""

import re
from typing import Any

import anthropic

from acceptance.readings import Choice, Failure, Reading, Tokens, ToolCall

Fields = dict[str, Any]

FINISH = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""Anthropic's stop reasons. https://docs.claude.com/en/api/messages"""

PICTURE = re.compile(r"!\[[^]]*\]\(data:[^)]*\)")
STATED = ("model", "messages", "max_tokens")


def read(client: anthropic.Anthropic, request: Fields) -> Reading:
    """Send a request, streamed if it says so, and read the answer to its end."""
    stated = {name: request[name] for name in STATED}
    rest = {name: value for name, value in request.items() if name not in (*STATED, "stream")}
    try:
        if not request.get("stream"):
            return message_read(client.messages.create(**stated, extra_body=rest).to_dict(warnings=False), None)
        with client.messages.stream(**stated, extra_body=rest) as stream:
            return _streamed(stream)
    except anthropic.APIStatusError as error:
        return Reading(failure=failure_of(error))


def failure_of(error: anthropic.APIStatusError) -> Failure:
    return Failure(words_of(error.body, error.message), error.status_code, error.body, dict(error.response.headers))


def words_of(body: Any, otherwise: str) -> str:
    """An error's message; the SDK's own is the whole body."""
    error = body.get("error") if isinstance(body, dict) else None
    return error["message"] if isinstance(error, dict) and "message" in error else otherwise


def message_read(message: Fields, failure: Failure | None) -> Reading:
    """A message, whole or as far as a stream got.

    Anthropic has no place for a picture but Markdown in the text, and for why it refused but `stop_details`.
    """
    choice, citations = Choice(), []
    for block in message["content"]:
        if block["type"] == "text":
            choice.text += PICTURE.sub("", block["text"])
            citations += [note.get("url") or "" for note in block.get("citations") or ()]
        elif block["type"] == "thinking":
            choice.reasoning += block["thinking"]
        elif block["type"] == "tool_use":
            choice.tool_calls.append(ToolCall(block["id"], block["name"], block["input"]))
    choice.text += (message.get("stop_details") or {}).get("explanation") or ""
    stop = message.get("stop_reason")
    choice.finish_reason = FINISH.get(stop or "", stop)
    usage = message["usage"]
    met = message.get("stop_sequence")
    return Reading({0: choice}, tokens_of(usage), citations, failure, usage, stop, met)


def tokens_of(usage: Fields) -> Tokens:
    """Anthropic's `input_tokens` leaves out what came from, or went into, the cache."""
    read, written = usage.get("cache_read_input_tokens") or 0, usage.get("cache_creation_input_tokens") or 0
    return Tokens(
        input=usage["input_tokens"] + read + written,
        output=usage["output_tokens"],
        cached_read=read,
        cached_write=written,
        reasoning=(usage.get("output_tokens_details") or {}).get("thinking_tokens"),
    )


def _streamed(stream: anthropic.MessageStream[None]) -> Reading:
    failure = None
    try:
        stream.until_done()
    except anthropic.APIStatusError as error:
        failure = failure_of(error)
        try:
            return message_read(stream.current_message_snapshot.to_dict(warnings=False), failure)
        except AssertionError:  # nothing had begun
            return Reading(failure=failure)
    return message_read(stream.get_final_message().to_dict(warnings=False), None)
