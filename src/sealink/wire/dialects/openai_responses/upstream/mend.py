"""Where vendors stray from OpenAI's streams so far that its own SDK breaks; each with the recording that shows it.

`client.responses.stream()` raises where each event has ids of its own
(github-copilot/rig-reasoning_roundtrip-streaming-fa04f6) or a message's first part is not number 0
(bedrock-mantle/ruby_llm-rs_bedrock_mantle_responses_chat_streams_through_the_responses_surface-28c539); it hands out an
empty answer where the last event has no output (chatgpt-codex/rig-reasoning_session_two_tool_calls_streaming-91ff47).
"""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.wire.dialects.openai_responses.views import View
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import data_frame, event_frame
from sealink.wire.raw_json.fields import NULL, Fields, array_of, encode, is_null, object_of, parse_object, to_raw

_UNREADABLE: Final = (ValueError, RecursionError)
_NO_OUTPUT: Final = (Raw(b"[]"), NULL)


class _Named(View):
    id: str | None = None


class _Place(View):
    """By what an event says where it belongs."""

    type: str = ""
    output_index: int | None = None
    content_index: int | None = None
    item_id: str | None = None
    item: _Named | None = None
    response: _Named | None = None


_PLACE: Final = msgspec.json.Decoder(_Place)


class Mender:
    """Keeps what one stream has named, and the items that are done until the last event has shown that it has them."""

    def __init__(self) -> None:
        self.response_id: str | None = None
        self._items: dict[int, str] = {}
        self._parts: dict[int, list[int]] = {}
        self._done: dict[int, Raw] = {}

    def mended(self, frame: Frame) -> bytes:
        """The frame as it came, if there is nothing to mend in it."""
        try:
            changes = self._changes(_PLACE.decode(frame.data), frame.data)
        except _UNREADABLE:
            return frame.raw
        return frame.raw if not changes else _with(frame, changes)

    def _changes(self, place: _Place, data: bytes) -> Fields:
        if place.response is not None:
            return self._response(place, data)
        return {} if place.output_index is None else self._item(place, place.output_index, data)

    def _item(self, place: _Place, index: int, data: bytes) -> Fields:
        named = place.item_id if place.item is None else place.item.id
        known = self._items.setdefault(index, named or "")
        changes: Fields = {}
        if named is not None and named != known:
            changes = self._renamed(place, known, data)
        if place.type == "response.output_item.done" and place.item is not None:
            self._done[index] = changes.get("item") or parse_object(data)["item"]
        if place.content_index is not None:
            changes |= self._part(index, place.content_index)
        return changes

    def _renamed(self, place: _Place, known: str, data: bytes) -> Fields:
        if place.item is None:
            return {"item_id": to_raw(known)}
        return {"item": to_raw({**(object_of(parse_object(data)["item"]) or {}), "id": known})}

    def _part(self, index: int, part: int) -> Fields:
        parts = self._parts.setdefault(index, [])
        if part not in parts:
            parts.append(part)
        number = parts.index(part)
        return {} if number == part else {"content_index": to_raw(number)}

    def _response(self, place: _Place, data: bytes) -> Fields:
        said = place.response.id if place.response is not None else None
        self.response_id = self.response_id or said
        is_renamed = said != self.response_id
        lacks_output = bool(self._done) and place.type in ("response.completed", "response.incomplete")
        if not is_renamed and not lacks_output:
            return {}
        response = object_of(parse_object(data).get("response")) or {}
        mended = {**response, "id": to_raw(self.response_id)} if is_renamed else dict(response)
        if lacks_output:
            mended |= self._output(response.get("output"))
        return {} if mended == response else {"response": to_raw(mended)}

    def _output(self, output: Raw | None) -> Fields:
        """All that was done, where the last event has nothing; the ids that it was done under, where it has it all."""
        if is_null(output) or output in _NO_OUTPUT:
            return {"output": to_raw([self._done[index] for index in sorted(self._done)])}
        items = [object_of(item) or {} for item in array_of(output) or ()]
        named = [
            {**item, "id": to_raw(known)} if (known := self._items.get(index)) and "id" in item else item
            for index, item in enumerate(items)
        ]
        return {} if named == items or len(items) != len(self._items) else {"output": to_raw(named)}


def _with(frame: Frame, changes: Fields) -> bytes:
    data = encode(parse_object(frame.data) | changes)
    return event_frame(frame.event, data) if frame.event else data_frame(data)
