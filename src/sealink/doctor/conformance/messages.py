"""Rules of Anthropic's Messages. https://docs.anthropic.com/en/api/messages-streaming

The order is what its SDKs need: they raise an error at the first event that does not fit. Pings may come anywhere.
"""

from collections.abc import Iterator
from typing import Final

from sealink.doctor.conformance.rule import (
    BEARER,
    CUT,
    TOOLS,
    WHOLE,
    WRONG,
    Event,
    Json,
    Rule,
    Transcript,
    event_names_fault,
    first,
    json_object,
    json_objects,
    missing_header_fault,
)

STOP_REASONS: Final = (
    "end_turn", "max_tokens", "stop_sequence", "tool_use", "pause_turn", "refusal", "model_context_window_exceeded",
)  # fmt: skip
_DELTAS: Final = {
    "text": {"text_delta", "citations_delta"},
    "thinking": {"thinking_delta", "signature_delta"},
    "tool_use": {"input_json_delta"},
}
"""Which deltas a block may have."""


def _payloads(events: list[Event]) -> list[Json]:
    return [payload for payload in json_objects(events) if payload.get("type") != "ping"]


def _order(transcript: Transcript) -> str | None:
    return first(fault for events in transcript.streams.values() for fault in _faults_of_order(_payloads(events)))


def _faults_of_order(payloads: list[Json]) -> Iterator[str]:
    types = [payload.get("type") for payload in payloads]
    if types[:1] != ["message_start"] or types.count("message_start") != 1:
        yield f"it begins with {types[:1]}"
    if types[-2:] != ["message_delta", "message_stop"]:
        yield f"it ends with {types[-2:]}"
    opened, is_open = 0, False
    for payload in payloads:
        type, index = payload.get("type"), payload.get("index")
        if type == "content_block_start":
            if is_open or index != opened:
                yield f"block {index} opens where block {opened} is next, or before the last one is closed"
            opened, is_open = opened + 1, True
        elif type in ("content_block_delta", "content_block_stop"):
            if not is_open or index != opened - 1:
                yield f"{type} for block {index}, which is not open"
            is_open = type == "content_block_delta"


def _deltas(transcript: Transcript) -> str | None:
    def faults() -> Iterator[str]:
        for events in transcript.streams.values():
            kind = ""
            for payload in _payloads(events):
                if payload.get("type") == "content_block_start":
                    kind = payload.get("content_block", {}).get("type", "")
                elif payload.get("type") == "content_block_delta":
                    delta = payload.get("delta", {}).get("type")
                    if delta not in _DELTAS.get(kind, {delta}):
                        yield f"a {delta} in a block of {kind}"

    return first(faults())


def _stop_reason(transcript: Transcript) -> str | None:
    for events in transcript.streams.values():
        deltas = [payload for payload in _payloads(events) if payload.get("type") == "message_delta"]
        reasons = [reason for each in deltas if (reason := each.get("delta", {}).get("stop_reason")) is not None]
        if len(reasons) != 1 or reasons[0] not in STOP_REASONS:
            return f"stop reasons: {reasons!r}"
    return ""


def _usage(transcript: Transcript) -> str | None:
    for events in transcript.streams.values():
        payloads = _payloads(events)
        starts = [payload.get("message", {}) for payload in payloads if payload.get("type") == "message_start"]
        deltas = [payload for payload in payloads if payload.get("type") == "message_delta"]
        if not starts or not isinstance((starts[0].get("usage") or {}).get("input_tokens"), int):
            return "message_start has none"
        if not deltas or not isinstance((deltas[-1].get("usage") or {}).get("output_tokens"), int):
            return "message_delta has none"
    return ""


def _tools(transcript: Transcript) -> str | None:
    payloads = _payloads(transcript.events(TOOLS))
    opened = [each for each in payloads if each.get("type") == "content_block_start"]
    calls = [each for each in opened if each.get("content_block", {}).get("type") == "tool_use"]
    if not calls:
        return "a tool was required, and none was called"
    if any(not call["content_block"].get("id") or not call["content_block"].get("name") for call in calls):
        return "a call lacks its id or name"
    at = calls[0].get("index")
    deltas = [each for each in payloads if each.get("type") == "content_block_delta" and each.get("index") == at]
    joined = "".join(each.get("delta", {}).get("partial_json") or "" for each in deltas)
    return "" if json_object(joined.encode()) is not None else f"its input, joined, is {joined[:60]!r}"


def _cut(transcript: Transcript) -> str | None:
    if not transcript.has(CUT):
        return None
    payloads = _payloads(transcript.events(CUT))
    if not payloads or payloads[-1].get("type") != "error" or "message" not in payloads[-1].get("error", {}):
        return "the last event is no error"
    return "message_stop came as well" if any(each.get("type") == "message_stop" for each in payloads) else ""


def _bearer(transcript: Transcript) -> str | None:
    status = transcript.received(BEARER).status
    return "" if status == 200 else f"status {status}"


def _whole(transcript: Transcript) -> str | None:
    answer = transcript.parsed(WHOLE) or {}
    if answer.get("type") != "message" or not isinstance(answer.get("content"), list):
        return f"type is {answer.get('type')!r}"
    if answer.get("stop_reason") not in STOP_REASONS:
        return f"stop_reason is {answer.get('stop_reason')!r}"
    return "" if isinstance(answer.get("usage"), dict) else "there is no usage"


def _errors(transcript: Transcript) -> str | None:
    came, body = transcript.received(WRONG), transcript.parsed(WRONG) or {}
    if not 400 <= came.status < 500:
        return f"status {came.status}"
    error = body.get("error")
    is_shaped = body.get("type") == "error" and isinstance(error, dict) and {"type", "message"} <= error.keys()
    return "" if is_shaped else "its body is not of Anthropic's shape"


def _request_id(transcript: Transcript) -> str | None:
    return missing_header_fault(transcript, "request-id")


RULES: Final = (
    Rule("event-names", "each event has its name, the same as its type, and JSON for data", event_names_fault),
    Rule("order", "message_start, blocks one after the other from 0, message_delta, message_stop", _order),
    Rule("deltas", "the deltas of a block are of its kind", _deltas),
    Rule("stop-reason", "one standard stop_reason", _stop_reason),
    Rule("usage", "message_start has the input tokens, message_delta the output tokens", _usage),
    Rule("tools", "a required tool is called; its input, joined, is a JSON object", _tools),
    Rule("cut", "a stream that its model breaks off ends in an error event, without message_stop", _cut),
    Rule("whole", "an answer that is not streamed has content, a stop_reason and usage", _whole),
    Rule("bearer", "the key may come as a bearer token; an unknown anthropic-beta does no harm", _bearer),
    Rule("errors", "an error before the first token has its HTTP status and Anthropic's shape", _errors),
    Rule("request-id", "every answer has request-id", _request_id),
)
