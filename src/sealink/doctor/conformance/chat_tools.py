"""Rules of tool calls in streamed chat completions."""

from typing import Final

from sealink.doctor.conformance.chat import choices_in
from sealink.doctor.conformance.rule import TOOLS, Json, Rule, Transcript, first, json_object


def _fragments(transcript: Transcript) -> list[Json]:
    choices = choices_in(transcript.events(TOOLS))
    return [call for choice in choices for call in (choice.get("delta") or {}).get("tool_calls") or ()]


def _by_call(fragments: list[Json]) -> dict[object, list[Json]]:
    calls: dict[object, list[Json]] = {}
    for fragment in fragments:
        calls.setdefault(fragment.get("index"), []).append(fragment)
    return calls


def _called(transcript: Transcript) -> str | None:
    return "" if _fragments(transcript) else "a tool was required, and none was called"


def _index(transcript: Transcript) -> str | None:
    fragments = _fragments(transcript)
    wrong = [call.get("index") for call in fragments if not isinstance(call.get("index"), int)]
    return (f"index is {wrong[0]!r}" if wrong else "") if fragments else None


def _id_and_name(transcript: Transcript) -> str | None:
    calls = _by_call(_fragments(transcript))
    for opening, *rest in calls.values():
        if not opening.get("id") or not (opening.get("function") or {}).get("name"):
            return "the first delta of a call lacks them"
        if any("id" in call or "name" in (call.get("function") or {}) for call in rest):
            return "a later delta of a call has one of them"
    return "" if calls else None


def _arguments(transcript: Transcript) -> str | None:
    calls = _by_call(_fragments(transcript))
    joined = ["".join((call.get("function") or {}).get("arguments") or "" for call in calls[at]) for at in calls]
    wrong = first(f"joined they are {text[:60]!r}" for text in joined if json_object(text.encode()) is None)
    return wrong if calls else None


RULES: Final = (
    Rule("tool-called", "a tool that is required is called", _called),
    Rule("tool-index", "each delta of a call has its index", _index),
    Rule("tool-id-and-name", "id and name come once, in the first delta of a call", _id_and_name),
    Rule("tool-arguments", "the arguments of a call, joined, are a JSON object", _arguments),
)
