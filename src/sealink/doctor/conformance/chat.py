"""Rules of Chat Completions. https://platform.openai.com/docs/api-reference/chat/streaming"""

from collections.abc import Iterator
from typing import Final

from sealink.doctor.conformance.rule import (
    CUT,
    PLAIN,
    USAGE,
    WHOLE,
    WRONG,
    Event,
    Json,
    Rule,
    Transcript,
    first,
    json_objects,
    missing_header_fault,
)

FINISH_REASONS: Final = ("stop", "length", "tool_calls", "content_filter", "function_call")
_DONE: Final = b"[DONE]"


def choices_in(events: list[Event]) -> list[Json]:
    """The choices of all chunks of a stream."""
    return [choice for chunk in json_objects(events) for choice in chunk.get("choices") or ()]


def _json(transcript: Transcript) -> str | None:
    return first(
        f"data: {event.frame.data[:60]!r}"
        for events in transcript.streams.values()
        for event in events
        if event.payload is None and event.frame.data != _DONE
    )


def _shape(transcript: Transcript) -> str | None:
    """Every chunk says what it is, and which answer it belongs to."""

    def faults() -> Iterator[str]:
        for events in transcript.streams.values():
            chunks = json_objects(events)
            if len({chunk.get("id") for chunk in chunks}) > 1:
                yield "the chunks of one answer have several ids"
            for chunk in chunks:
                for name, kind in (("id", str), ("created", int), ("model", str), ("choices", list)):
                    if not isinstance(chunk.get(name), kind):
                        yield f"{name} is {chunk.get(name)!r}"
                if chunk.get("object") != "chat.completion.chunk":
                    yield f"object is {chunk.get('object')!r}"

    return first(faults())


def _role(transcript: Transcript) -> str | None:
    for events in transcript.streams.values():
        choices = choices_in(events)
        delta = choices[0].get("delta") if choices else None
        if not isinstance(delta, dict) or delta.get("role") != "assistant":
            return f"the first delta is {delta!r}"
    return ""


def _deltas(transcript: Transcript) -> str | None:
    choices = [choice for events in transcript.streams.values() for choice in choices_in(events)]
    return first(
        f"a delta is {choice.get('delta')!r}" for choice in choices if not isinstance(choice.get("delta"), dict)
    )


def _choices(transcript: Transcript) -> str | None:
    for name, events in transcript.streams.items():
        empty = [chunk for chunk in json_objects(events) if not chunk.get("choices")]
        spare = [chunk for chunk in empty if name != USAGE or not isinstance(chunk.get("usage"), dict)]
        if spare:
            return f"a chunk without choices: {spare[0]!r}"
    return ""


def _no_usage(transcript: Transcript) -> str | None:
    return first(f"usage: {chunk['usage']!r}" for chunk in json_objects(transcript.events(PLAIN)) if chunk.get("usage"))


def _usage(transcript: Transcript) -> str | None:
    *others, last = json_objects(transcript.events(USAGE)) or [{}]
    usage = last.get("usage")
    if not isinstance(usage, dict) or last.get("choices") != []:
        return "the last chunk is not the usage with empty choices"
    if any(not isinstance(usage.get(name), int) for name in ("prompt_tokens", "completion_tokens", "total_tokens")):
        return f"usage is {usage!r}"
    return first(
        f"usage is {chunk.get('usage', 'missing')!r} before" for chunk in others if chunk.get("usage", 0) is not None
    )


def _finish(transcript: Transcript) -> str | None:
    for events in transcript.streams.values():
        choices = choices_in(events)
        reasons = [choice["finish_reason"] for choice in choices if choice.get("finish_reason") is not None]
        if len(reasons) != 1 or reasons[0] not in FINISH_REASONS:
            return f"finish reasons: {reasons!r}"
    return ""


def _done(transcript: Transcript) -> str | None:
    for events in transcript.streams.values():
        at = [number for number, event in enumerate(events) if event.frame.data == _DONE]
        if at != [len(events) - 1]:
            return "none came" if not at else "it came more than once, or something follows it"
    return ""


def _no_events(transcript: Transcript) -> str | None:
    return first(
        f"event: {event.frame.event.decode(errors='replace')}"
        for events in transcript.streams.values()
        for event in events
        if event.frame.event
    )


def _cut(transcript: Transcript) -> str | None:
    events = transcript.events(CUT)
    if not transcript.has(CUT):
        return None
    last = events[-1].payload if events else None
    error = (last or {}).get("error")
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return "the last frame is no error"
    choices = choices_in(events)
    return "a finish reason came as well" if any(choice.get("finish_reason") for choice in choices) else ""


def _whole(transcript: Transcript) -> str | None:
    answer = transcript.parsed(WHOLE) or {}
    choices = answer.get("choices") or [{}]
    if answer.get("object") != "chat.completion":
        return f"object is {answer.get('object')!r}"
    if (choices[0].get("message") or {}).get("role") != "assistant":
        return "there is no message of the assistant"
    if choices[0].get("finish_reason") not in FINISH_REASONS:
        return f"finish_reason is {choices[0].get('finish_reason')!r}"
    return "" if isinstance(answer.get("usage"), dict) else "there is no usage"


def error_fault(transcript: Transcript) -> str | None:
    """OpenAI's shape of an error, with its HTTP status, even if a stream was asked for."""
    came, error = transcript.received(WRONG), (transcript.parsed(WRONG) or {}).get("error")
    if not 400 <= came.status < 500:
        return f"status {came.status}"
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return "its body has no error.message"
    missing = [name for name in ("type", "param", "code") if name not in error]
    return f"error.{missing[0]} is missing" if missing else ""


def request_id_fault(transcript: Transcript) -> str | None:
    return missing_header_fault(transcript, "x-request-id")


RULES: Final = (
    Rule("json", "all data is a JSON object, but for [DONE]", _json),
    Rule("events", "there are no event: lines", _no_events),
    Rule("chunks", "each chunk has the same id, object, created, model and choices", _shape),
    Rule("role", "the first delta carries the role", _role),
    Rule("deltas", "each delta is an object", _deltas),
    Rule("choices", "choices are never empty but in the usage chunk", _choices),
    Rule("usage-unasked", "no usage where it was not asked for", _no_usage),
    Rule("usage", "with include_usage the last chunk is the usage, null before; unknown fields do no harm", _usage),
    Rule("finish-reason", "one standard finish_reason for each choice", _finish),
    Rule("done", "[DONE] comes once, last", _done),
    Rule("cut", "a stream that its model breaks off ends in an error frame, without finish_reason and [DONE]", _cut),
    Rule("whole", "an answer that is not streamed has a message, a finish_reason and usage", _whole),
    Rule("errors", "an error before the first token has its HTTP status and OpenAI's shape", error_fault),
    Rule("request-id", "every answer has x-request-id", request_id_fault),
)
