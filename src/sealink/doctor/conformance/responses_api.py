"""Rules of OpenAI's Responses. https://platform.openai.com/docs/api-reference/responses-streaming

Codex needs the events of items, and `response.completed` with the id and the usage.
"""

from collections.abc import Iterator
from typing import Final

from sealink.doctor.conformance.chat import error_fault, request_id_fault
from sealink.doctor.conformance.rule import (
    CUT,
    TOOLS,
    WHOLE,
    Json,
    Rule,
    Transcript,
    event_names_fault,
    first,
    json_object,
    json_objects,
)

_ENDS: Final = ("response.completed", "response.incomplete", "response.failed")
_USAGE: Final = ("input_tokens", "output_tokens", "total_tokens")


def _numbers(transcript: Transcript) -> str | None:
    for events in transcript.streams.values():
        numbers = [payload.get("sequence_number") for payload in json_objects(events)]
        if numbers != list(range(len(numbers))):
            return f"sequence numbers begin with {numbers[:5]}"
    return ""


def _order(transcript: Transcript) -> str | None:
    for events in transcript.streams.values():
        types = [payload.get("type") for payload in json_objects(events)]
        if types[:1] != ["response.created"]:
            return f"it begins with {types[:1]}"
        if types[-1:] != ["response.completed"] or sum(type in _ENDS for type in types) != 1:
            return f"it ends with {types[-1:]}"
    return ""


def _items(transcript: Transcript) -> str | None:
    return first(fault for events in transcript.streams.values() for fault in _faults_of_items(json_objects(events)))


def _faults_of_items(payloads: list[Json]) -> Iterator[str]:
    added: set[object] = set()
    done: set[object] = set()
    for payload in payloads:
        type, at = str(payload.get("type")), payload.get("output_index")
        if type == "response.output_item.added":
            added.add(at)
        elif type == "response.output_item.done":
            done.add(at)
        elif at is not None and (at not in added or at in done):
            yield f"{type} for item {at}, which is not open"
    if not added or added != done:
        yield f"items {sorted(map(str, added))} are added, {sorted(map(str, done))} done"


def _texts(transcript: Transcript) -> str | None:
    for events in transcript.streams.values():
        payloads = json_objects(events)
        joined = _joined(payloads, "response.output_text.delta")
        done = "".join(each.get("text", "") for each in payloads if each.get("type") == "response.output_text.done")
        if joined != done:
            return f"the deltas are {joined[:40]!r}, the text is {done[:40]!r}"
    return ""


def _joined(payloads: list[Json], type: str) -> str:
    return "".join(str(payload.get("delta", "")) for payload in payloads if payload.get("type") == type)


def _tools(transcript: Transcript) -> str | None:
    payloads = json_objects(transcript.events(TOOLS))
    items = [each.get("item", {}) for each in payloads if each.get("type") == "response.output_item.done"]
    calls = [item for item in items if item.get("type") == "function_call"]
    if not calls:
        return "a tool was required, and none was called"
    arguments = "".join(str(call.get("arguments", "")) for call in calls)
    if _joined(payloads, "response.function_call_arguments.delta") != arguments:
        return "the deltas differ from the arguments of the items"
    if any(not call.get("call_id") or not call.get("name") for call in calls):
        return "a call lacks its call_id or name"
    return "" if json_object(str(calls[0].get("arguments")).encode()) is not None else "the arguments are not JSON"


def _completed(transcript: Transcript) -> str | None:
    for events in transcript.streams.values():
        ends = [each.get("response", {}) for each in json_objects(events) if each.get("type") == "response.completed"]
        usage = (ends[-1].get("usage") or {}) if ends else {}
        if not ends or not ends[-1].get("id") or any(not isinstance(usage.get(name), int) for name in _USAGE):
            return "it lacks the id or the usage" if ends else "none came"
    return ""


def _cut(transcript: Transcript) -> str | None:
    if not transcript.has(CUT):
        return None
    payloads = json_objects(transcript.events(CUT))
    types = [payload.get("type") for payload in payloads]
    if types[-1:] not in (["response.failed"], ["error"]):
        return f"it ends with {types[-1:]}"
    return "response.completed came as well" if "response.completed" in types else ""


def _whole(transcript: Transcript) -> str | None:
    answer = transcript.parsed(WHOLE) or {}
    if answer.get("object") != "response" or not isinstance(answer.get("output"), list):
        return f"object is {answer.get('object')!r}"
    if answer.get("status") != "completed":
        return f"status is {answer.get('status')!r}"
    return "" if isinstance(answer.get("usage"), dict) else "there is no usage"


RULES: Final = (
    Rule("event-names", "each event has its name, the same as its type, and JSON for data", event_names_fault),
    Rule("sequence", "sequence numbers count from 0", _numbers),
    Rule("order", "response.created is first, response.completed last", _order),
    Rule("items", "each item is added, filled and done", _items),
    Rule("texts", "the text is its deltas, joined", _texts),
    Rule("tools", "a required tool is called; its arguments are their deltas, joined, and JSON", _tools),
    Rule("completed", "response.completed has the id and the usage", _completed),
    Rule("cut", "a stream that its model breaks off ends with response.failed or error", _cut),
    Rule("whole", "an answer that is not streamed has output, a status and usage", _whole),
    Rule("errors", "an error before the first token has its HTTP status and OpenAI's shape", error_fault),
    Rule("request-id", "every answer has x-request-id", request_id_fault),
)
