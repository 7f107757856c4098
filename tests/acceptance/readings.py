"""What the stock `openai` client makes of an answer, and what it should make of a recorded one.

A stream is accumulated from the client's own chunks, by index, as the recordings' README says.
Through SeaLink everything must stand where OpenAI's API has it (reasoning in `reasoning_content`).
Read `straight` from a vendor, much is forgiven: reasoning elsewhere, tool calls with no index or one
index for several, the vendor's own finish reasons, errors whose words the client does not find.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import openai
from jiter import from_json
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.chat.chat_completion_chunk import ChoiceDeltaToolCall

from recordings import Case

MAPPED_REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "pause_turn": "stop",
    "eos": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}


@dataclass
class ToolCall:
    """`id` is None where none is expected: then any will do. Arguments are parsed where they are JSON.

    Anthropic's SDK also shows arguments that the token limit cut off as far as they go; OpenAI's hands them on.
    """

    id: str | None
    name: str
    arguments: Any
    index: int | None = None

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ToolCall):
            return NotImplemented
        ids = self.id == other.id or not (self.id and other.id)
        arguments = other.arguments in (self.arguments, _as_far_as_it_goes(self.arguments))
        return ids and arguments and self.name == other.name


@dataclass
class Choice:
    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: list[ToolCall] = field(default_factory=list)
    finish_reason: str | None = None


@dataclass
class Failure:
    """`status` is 200 for an error inside a stream. `body` is the error object where there is one."""

    message: str
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Reading:
    choices: dict[int, Choice] = field(default_factory=dict)
    usage: dict[str, Any] | None = None
    failure: Failure | None = None


def read(client: openai.OpenAI, request: dict[str, Any], *, straight: bool = False) -> Reading:
    """Send a request, streamed if it says so, and read the answer to its end."""
    stated = {name: request[name] for name in ("model", "messages")}
    rest = {name: value for name, value in request.items() if name not in ("model", "messages", "stream")}
    reading = Reading()
    try:
        if request.get("stream"):
            for chunk in client.chat.completions.create(**stated, stream=True, extra_body=rest):
                _add_chunk(reading, chunk, straight)
        else:
            _read_whole(reading, client.chat.completions.create(**stated, extra_body=rest), straight)
    except openai.APIStatusError as error:
        reading.failure = Failure(error.message, error.status_code, error.body, dict(error.response.headers))
    except openai.APIError as error:
        reading.failure = Failure(error.message, 200, error.body)
    for choice in reading.choices.values():
        for call in choice.tool_calls:
            call.arguments = _parsed(call.arguments)
    return reading


def expected_reading(case: Case, *, straight: bool = False) -> Reading:
    """What expected.json says, in OpenAI's words."""
    expected = case.expected
    if case.kind == "error":
        error = expected["error"]
        return Reading(failure=Failure(error["message"] if straight else _words_of(error["body"]), case.meta["status"]))
    said = expected.get("partial", expected)
    choices = {int(index): _expected_choice(choice) for index, choice in expected.get("choices", {"0": said}).items()}
    usage = _openai_usage(said["usage"]) if case.api == "anthropic-messages" else said["usage"]
    if usage is None and not straight:
        usage = expected.get("x_groq_usage")
    if error_body := expected.get("sdk_error", {}).get("body"):
        return Reading(choices, usage, Failure(_words_of(error_body), 200))
    # An sdk_error without a body is the vendor's SDK tripping over something behind a whole answer.
    for choice in choices.values():
        choice.finish_reason = choice.finish_reason if straight else _mapped(choice)
    if "refusal" in expected:
        choices[0].refusal = expected["refusal"]
    return Reading(choices, usage)


def differences(expected: Reading, got: Reading) -> list[str]:
    """Nothing where both say the same."""
    found = list(_failure_differences(expected, got))
    if got.failure is not None and got.failure.status != 200:
        return found  # an answer that failed before its first content has nothing else to say
    for index in sorted(expected.choices.keys() | got.choices.keys()):
        want, have = expected.choices.get(index, Choice()), got.choices.get(index, Choice())
        found += [
            f"choice {index} {name}: want {getattr(want, name)!r}, got {getattr(have, name)!r}"
            for name in ("text", "reasoning", "refusal", "tool_calls", "finish_reason")
            if getattr(have, name) != getattr(want, name)
        ]
    if expected.failure is None:
        found += _usage_differences(expected.usage, got.usage)
    return found


def _usage_differences(want: dict[str, Any] | None, have: dict[str, Any] | None) -> Iterable[str]:
    """Each number that the upstream reported, in its place; no usage where it reported none."""
    want, have = _without_nulls(want) or {}, _without_nulls(have) or {}
    if not want and have:
        yield f"usage: want none, got {have}"
    for name, value in want.items():
        if isinstance(value, dict):
            yield from _usage_differences(value, have.get(name) or {})
        elif have.get(name) != value:
            yield f"usage: want {name} {value!r} in {have}"


def _failure_differences(expected: Reading, got: Reading) -> Iterable[str]:
    want, have = expected.failure, got.failure
    if want is None or have is None:
        if want is not have:
            yield f"failure: want {want}, got {have}"
        return
    if want.status not in (200, have.status):
        yield f"status: want {want.status}, got {have.status}"
    if want.message not in have.message:
        yield f"message: want {want.message!r} in {have.message!r}"


def _add_chunk(reading: Reading, chunk: ChatCompletionChunk, straight: bool) -> None:
    if chunk.usage is not None:
        reading.usage = chunk.usage.model_dump()
    for part in chunk.choices or ():
        choice = reading.choices.setdefault(part.index, Choice())
        choice.finish_reason = part.finish_reason or choice.finish_reason
        if part.delta is None:  # some vendors leave it out
            continue
        choice.text += part.delta.content or ""
        choice.refusal += part.delta.refusal or ""
        choice.reasoning += _reasoning(part.delta.model_extra, straight)
        for piece in part.delta.tool_calls or ():
            call = _call_of(piece, choice.tool_calls, straight)
            if piece.function is not None:
                call.name += piece.function.name or ""
                call.arguments += piece.function.arguments or ""


def _call_of(piece: ChoiceDeltaToolCall, calls: list[ToolCall], straight: bool) -> ToolCall:
    """The call that a piece belongs to: the one of its index."""
    for call in reversed(calls):
        if call.index == piece.index and not (straight and piece.id and piece.id != call.id):
            call.id = call.id or piece.id
            return call
    calls.append(ToolCall(piece.id, "", "", piece.index))
    return calls[-1]


def _read_whole(reading: Reading, answer: ChatCompletion, straight: bool) -> None:
    reading.usage = answer.usage.model_dump() if answer.usage else None
    for part in answer.choices:
        reading.choices[part.index] = Choice(
            text=part.message.content or "",
            reasoning=_reasoning(part.message.model_extra, straight),
            refusal=part.message.refusal or "",
            tool_calls=[
                ToolCall(call.id, call.function.name, call.function.arguments)
                for call in part.message.tool_calls or ()
                if call.type == "function"
            ],
            finish_reason=part.finish_reason,
        )


def _reasoning(extra: dict[str, Any] | None, straight: bool) -> str:
    extra = extra or {}
    return extra.get("reasoning_content") or (straight and extra.get("reasoning")) or ""


def _parsed(arguments: str) -> Any:
    try:
        return json.loads(arguments)
    except ValueError:
        return arguments


def _as_far_as_it_goes(arguments: Any) -> Any:
    return from_json(arguments.encode(), partial_mode=True) if isinstance(arguments, str) else arguments


def _expected_choice(said: dict[str, Any]) -> Choice:
    calls = [ToolCall(call["id"], call["name"], _expected_arguments(call)) for call in said["tool_calls"]]
    return Choice(said["text"], said["reasoning"], "", calls, said["finish_reason"])


def _expected_arguments(call: dict[str, Any]) -> Any:
    return call["arguments_raw"] if call["arguments"] is None else call["arguments"]


def _mapped(choice: Choice) -> str:
    """Every choice of a finished answer ends in one of OpenAI's reasons, also where the vendor gave none."""
    if not choice.finish_reason:
        return "tool_calls" if choice.tool_calls else "stop"
    return MAPPED_REASONS.get(choice.finish_reason, choice.finish_reason)


def _openai_usage(said: dict[str, Any]) -> dict[str, Any]:
    """Anthropic's `input_tokens` leaves out what came from, or went into, the cache; OpenAI's has all."""
    cached, written = said["cache_read_input_tokens"] or 0, said["cache_creation_input_tokens"] or 0
    prompt, completion = said["input_tokens"] + cached + written, said["output_tokens"]
    thinking = (said.get("output_tokens_details") or {}).get("thinking_tokens")
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached},
        "completion_tokens_details": {"reasoning_tokens": thinking},
    }


def _words_of(body: Any) -> str:
    """The words of an error body: its message, wherever the vendor put it, or all of it."""
    if isinstance(body, dict):
        inner = body.get("error", body)
        message = inner.get("message", inner.get("detail", inner)) if isinstance(inner, dict) else inner
        return message if isinstance(message, str) else json.dumps(message)
    return str(body)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _without_nulls(item) for name, item in value.items()}
        return {name: item for name, item in kept.items() if item not in (None, {})} or None
    return value
