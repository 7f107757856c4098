"""The grammar of a Responses stream, as OpenAI's reference has it and its SDKs and Codex rely on it.

It knows what SeaLink tells of; of the tools that an upstream runs itself, only that they are items in their places.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sealink.wire.dialects.openai_responses.views import IGNORED

Fields = dict[str, Any]

ENDS = {"response.completed": "completed", "response.incomplete": "incomplete", "response.failed": "failed"}
RESPONSE_FIELDS = {"id", "object", "created_at", "model", "output", "parallel_tool_calls", "tool_choice", "tools"}
USAGE = ("input_tokens", "output_tokens", "total_tokens")
ITEM_FIELDS = {
    "message": {"role", "status", "content"},
    "reasoning": {"summary"},
    "function_call": {"call_id", "name", "arguments", "status"},
    "custom_tool_call": {"call_id", "name", "input", "status"},
    "image_generation_call": {"status", "result"},
}


def complaints(body: bytes) -> list[str]:
    """What a client could object to in a whole stream that ended well or in an error; nothing if it is clean."""
    return list(_Reader().read(body))


@dataclass
class _Part:
    """A part of a message, a summary, or a call's arguments: what its deltas add up to."""

    kind: str
    text: str = ""
    notes: int = 0
    done: bool = False


@dataclass
class _Item:
    fields: Fields
    parts: list[_Part] = field(default_factory=list)
    done: Fields | None = None


class _Reader:
    def __init__(self) -> None:
        self.events = 0
        self.response: Fields = {}
        self.items: list[_Item] = []
        self.ended = False
        self.readers: dict[str, Callable[[Fields], Iterator[str]]] = {
            "response.output_item.added": self._item_added,
            "response.output_item.done": self._item_done,
            "response.content_part.added": self._part_added,
            "response.content_part.done": self._part_done,
            "response.reasoning_summary_part.added": self._part_added,
            "response.reasoning_summary_part.done": self._part_done,
            "response.output_text.annotation.added": self._annotation,
            "response.output_text.delta": self._delta,
            "response.refusal.delta": self._delta,
            "response.reasoning_summary_text.delta": self._delta,
            "response.function_call_arguments.delta": self._delta,
            "response.custom_tool_call_input.delta": self._delta,
            "response.output_text.done": self._text_done,
            "response.refusal.done": self._text_done,
            "response.reasoning_summary_text.done": self._text_done,
            "response.function_call_arguments.done": self._text_done,
            "response.custom_tool_call_input.done": self._text_done,
        }

    def read(self, body: bytes) -> Iterator[str]:
        frames = body.split(b"\n\n")
        if frames.pop():
            yield f"it does not end with a blank line: {body[-60:]!r}"
        for number, frame in enumerate(frames):
            for complaint in self._frame(frame):
                yield f"frame {number}: {complaint}: {frame[:300]!r}"
        if not self.ended:
            yield "it does not end with a last event"

    def _frame(self, frame: bytes) -> Iterator[str]:
        lines = [line for line in frame.split(b"\n") if not line.startswith(b":")]
        if len(lines) != 2 or not lines[0].startswith(b"event: ") or not lines[1].startswith(b"data: "):
            yield "not one `event: ` and one `data: ` line"
            return
        try:
            event = json.loads(lines[1][6:].decode(), parse_constant=_refuse)
        except ValueError as error:
            yield f"not JSON ({error})"
            return
        if event.get("type") != lines[0][7:].decode():
            yield "its name is not its type"
        if event["type"] != "keepalive":
            yield from self._event(event)

    def _event(self, event: Fields) -> Iterator[str]:
        if event.get("sequence_number") != self.events:
            yield f"sequence number {event.get('sequence_number')}, not {self.events}"
        self.events += 1
        if self.ended:
            yield "something follows the end"
        if event["type"] in ENDS:
            yield from self._end(event)
        elif self.events <= 2:
            yield from self._beginning(event)
        elif event["type"] in self.readers:
            yield from self._guarded(event)
        elif event["type"] not in IGNORED:
            yield "an unknown event"

    def _guarded(self, event: Fields) -> Iterator[str]:
        try:
            yield from self.readers[event["type"]](event)
        except (AttributeError, KeyError, TypeError) as error:
            yield f"an event of another shape ({error!r})"

    def _beginning(self, event: Fields) -> Iterator[str]:
        if event["type"] != ("response.created", "response.in_progress")[self.events - 1]:
            yield "the answer does not begin with created and in_progress"
            return
        self.response = event["response"]
        if not self.response.keys() >= RESPONSE_FIELDS or self.response["status"] != "in_progress":
            yield "not a response in progress"
        if self.response["output"] or not self.response["id"]:
            yield "output from the start, or no id"

    # Items.

    def _item_added(self, event: Fields) -> Iterator[str]:
        item = event["item"]
        if event["output_index"] != len(self.items):
            yield f"item {event['output_index']} comes after {len(self.items)}"
        if item["id"] in [known.fields["id"] for known in self.items] or len(item["id"]) > 64:
            yield "an id that is taken or too long"
        if not ITEM_FIELDS.get(item["type"], set()) <= item.keys():
            yield f"a {item['type']} that lacks something"
        if item.get("content") or item.get("summary") or item.get("arguments") or item.get("input"):
            yield "it has content before its deltas"
        self.items.append(_Item(item))
        if item["type"] in ("function_call", "custom_tool_call"):
            self.items[-1].parts.append(_Part("arguments" if item["type"] == "function_call" else "input"))

    def _item_done(self, event: Fields) -> Iterator[str]:
        known, item = self._item_of(event), event["item"]
        if known is None or known.done is not None or known.fields["id"] != item["id"]:
            yield "an item that is not open"
            return
        known.done = item
        if not all(part.done for part in known.parts):
            yield "it is done before its parts"
        if item.get("status", "completed") != "completed":
            yield f"its status is {item['status']}"
        if item["type"] in ITEM_FIELDS and (texts := _texts_of(item)) != [part.text for part in known.parts]:
            yield f"its texts are {texts}, those of its deltas {[part.text for part in known.parts]}"

    def _item_of(self, event: Fields) -> _Item | None:
        index = event["output_index"]
        item = self.items[index] if index < len(self.items) else None
        return item if item is not None and event.get("item_id", item.fields["id"]) == item.fields["id"] else None

    # Parts.

    def _part_added(self, event: Fields) -> Iterator[str]:
        known, part = self._item_of(event), event["part"]
        if known is None or known.done is not None:
            yield "a part of an item that is not open"
            return
        if _index(event) != len(known.parts):
            yield f"part {_index(event)} comes after {len(known.parts)}"
        if part.get("text") or part.get("refusal") or part.get("annotations") or part.get("logprobs"):
            yield "it has content before its deltas"
        known.parts.append(_Part(part["type"]))

    def _part_of(self, event: Fields) -> _Part | None:
        known = self._item_of(event)
        if known is None or known.done is not None or _index(event) >= len(known.parts):
            return None
        part = known.parts[_index(event)]
        return None if part.done else part

    def _delta(self, event: Fields) -> Iterator[str]:
        part = self._part_of(event)
        if part is None or part.kind not in _KINDS[event["type"].rsplit(".", 1)[0]]:
            yield "a delta of a part that is not open"
            return
        if not isinstance(event["delta"], str) or not (event["delta"] or event.get("logprobs")):
            yield "a delta that says nothing"
        if part.kind == "output_text" and not isinstance(event.get("logprobs"), list):
            yield "no logprobs"
        part.text += event["delta"]

    def _annotation(self, event: Fields) -> Iterator[str]:
        part = self._part_of(event)
        if part is None or part.kind != "output_text" or event["annotation_index"] != part.notes:
            yield "an annotation out of its place"
            return
        part.notes += 1
        if event["annotation"]["type"] not in ("url_citation", "file_citation", "container_file_citation", "file_path"):
            yield "an unknown annotation"

    def _text_done(self, event: Fields) -> Iterator[str]:
        part = self._part_of(event)
        if part is None or _text_of(event) != part.text:
            yield f"it differs from its deltas: {part}"
        elif part.kind in ("arguments", "input"):
            part.done = True

    def _part_done(self, event: Fields) -> Iterator[str]:
        part = self._part_of(event)
        if part is None or _text_of(event["part"]) != part.text:
            yield f"it differs from its deltas: {part}"
            return
        part.done = True
        if len(event["part"].get("annotations", ())) != part.notes:
            yield "annotations are missing"

    # The end.

    def _end(self, event: Fields) -> Iterator[str]:
        self.ended = True
        response = event["response"]
        if response["status"] != ENDS[event["type"]]:
            yield f"its status is {response['status']}"
        if response["output"] != [item.done for item in self.items if item.done is not None]:
            yield "its output is not the items that were done"
        if event["type"] == "response.failed":
            yield from _failure(event)
            return
        if self.events <= 2 or response["id"] != self.response.get("id"):
            yield "the end of something that has not begun"
        if any(item.done is None for item in self.items):
            yield "items are left open"
        if (response["status"] == "incomplete") != bool(response["incomplete_details"]):
            yield "incomplete without a reason, or a reason without that"
        usage = response["usage"]
        if usage is not None and not all(isinstance(usage.get(name), int) for name in USAGE):
            yield "not a usage"


def _failure(event: Fields) -> Iterator[str]:
    inner, outer = event["response"].get("error") or {}, event.get("error") or {}
    if not inner.get("code") or not inner.get("message"):
        yield "no code or message in the response"
    if not outer.get("message") or not {"type", "param", "code"} <= outer.keys():
        yield "no error that the SDKs would raise"


_KINDS = {
    "response.output_text": ("output_text",),
    "response.refusal": ("refusal",),
    "response.reasoning_summary_text": ("summary_text",),
    "response.function_call_arguments": ("arguments",),
    "response.custom_tool_call_input": ("input",),
}


def _index(event: Fields) -> int:
    return event.get("content_index", event.get("summary_index", 0))


def _text_of(fields: Fields) -> str | None:
    return next((fields[name] for name in ("text", "refusal", "arguments", "input") if name in fields), None)


def _texts_of(item: Fields) -> list[str | None]:
    if item["type"] in ("function_call", "custom_tool_call"):
        return [_text_of(item)]
    return [_text_of(part) for part in item.get("content") or item.get("summary") or ()]


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
