"""Where vendors deviate from OpenAI's streams so far that its own SDK breaks; each with the recording that shows it.

`client.responses.stream()` raises where each event has ids of its own
(github-copilot/rig-reasoning_roundtrip-streaming-fa04f6) or a message's first part is not number 0
(bedrock-mantle/ruby_llm-rs_bedrock_mantle_responses_chat_streams_through_the_responses_surface-28c539); it returns an
empty answer where the last event has no output (chatgpt-codex/rig-reasoning_session_two_tool_calls_streaming-91ff47).
"""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.wire.dialects.openai_responses.views import View
from sealink.wire.raw_json.fields import NULL, Fields, array_of, is_null, object_of, parse_object, to_raw

_UNREADABLE: Final = (ValueError, RecursionError)
_NO_OUTPUT: Final = (Raw(b"[]"), NULL)


class _Named(View):
    id: str | None = None


class _Position(View):
    """The fields by which an event says which item, part or response it belongs to."""

    type: str = ""
    output_index: int | None = None
    content_index: int | None = None
    item_id: str | None = None
    item: _Named | None = None
    response: _Named | None = None


_POSITION: Final = msgspec.json.Decoder(_Position)


class Mender:
    """Remembers a stream's ids, and its finished items until the last event has shown that it repeats them."""

    def __init__(self) -> None:
        self.response_id: str | None = None
        self._items: dict[int, str] = {}
        self._parts: dict[int, dict[int, int]] = {}
        self._done: dict[int, Raw] = {}

    def mended(self, data: bytes) -> Fields | None:
        """The event's fields as they should be; None if there is nothing to mend, or the event cannot be read."""
        try:
            position = _POSITION.decode(data)
            if position.response is not None:
                return self._response(position, position.response, data)
            return None if position.output_index is None else self._item(position, position.output_index, data)
        except _UNREADABLE:
            return None

    def _item(self, position: _Position, index: int, data: bytes) -> Fields | None:
        named = position.item_id if position.item is None else position.item.id
        known = self._items.setdefault(index, named or "")
        is_renamed = named is not None and named != known
        is_done = position.type == "response.output_item.done" and position.item is not None
        part = position.content_index
        number = None if part is None else self._part(index, part)
        if not is_renamed and not is_done and number == part:
            return None
        fields = parse_object(data)
        changes: Fields = {}
        if is_renamed and position.item is None:
            changes["item_id"] = to_raw(known)
        elif is_renamed:
            changes["item"] = to_raw({**(object_of(fields["item"]) or {}), "id": known})
        if is_done:
            self._done[index] = changes.get("item") or fields["item"]
        if number != part:
            changes["content_index"] = to_raw(number)
        return fields | changes if changes else None

    def _part(self, index: int, part: int) -> int:
        """The number that a message's part should have: its position among the parts."""
        parts = self._parts.setdefault(index, {})
        return parts.setdefault(part, len(parts))

    def _response(self, position: _Position, response: _Named, data: bytes) -> Fields | None:
        self.response_id = self.response_id or response.id
        is_renamed = response.id != self.response_id
        may_lack_output = bool(self._done) and position.type in ("response.completed", "response.incomplete")
        if not is_renamed and not may_lack_output:
            return None
        fields = parse_object(data)
        inner = object_of(fields.get("response")) or {}
        mended = {**inner, "id": to_raw(self.response_id)} if is_renamed else dict(inner)
        if may_lack_output:
            mended |= self._output(inner.get("output"))
        return None if mended == inner else fields | {"response": to_raw(mended)}

    def _output(self, output: Raw | None) -> Fields:
        """All finished items, where the last event has none; the ids they had before, where it has them all."""
        if is_null(output) or output in _NO_OUTPUT:
            return {"output": to_raw([self._done[index] for index in sorted(self._done)])}
        items = [object_of(item) or {} for item in array_of(output) or ()]
        named = [
            {**item, "id": to_raw(known)} if (known := self._items.get(index)) and "id" in item else item
            for index, item in enumerate(items)
        ]
        return {} if named == items or len(items) != len(self._items) else {"output": to_raw(named)}
