"""What went before in a passed-on stream: for what SeaLink adds to it, and for what has to be mended.

Vendors deviate from OpenAI's streams so far that its own SDK breaks; each with the recording that shows it:

`client.responses.stream()` raises where each event has ids of its own
(github-copilot/rig-reasoning_roundtrip-streaming-fa04f6) or a message's first part is not number 0
(bedrock-mantle/ruby_llm-rs_bedrock_mantle_responses_chat_streams_through_the_responses_surface-28c539); it returns an
empty answer where the last event has no output (chatgpt-codex/rig-reasoning_session_two_tool_calls_streaming-91ff47).
"""

from typing import Final

import msgspec
from msgspec import Raw

from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.openai_responses.usage import standard_usage
from sealink.wire.dialects.openai_responses.views import View
from sealink.wire.raw_json.fields import NULL, Fields, array_of, is_null, object_of, parse_object, text_of, to_raw
from sealink.wire.raw_json.metadata import right_metadata, wrong_metadata

_METADATA: Final = ("id", "created_at", "model")
_UNREADABLE: Final = (ValueError, RecursionError)
_NO_OUTPUT: Final = (Raw(b"[]"), NULL)


class _Named(View):
    id: str | None = None


class _Position(View):
    """The fields by which an event says which item, part or response it belongs to."""

    type: str = ""
    sequence_number: int | float | str | None = None
    output_index: int | None = None
    content_index: int | None = None
    item_id: str | None = None
    item: _Named | None = None
    response: Raw = NULL


_POSITION: Final = msgspec.json.Decoder(_Position)


class Mender:
    """Remembers a stream's ids, and its finished items until the last event has shown that it repeats them.

    `next_number` is the sequence number of what may be added to the stream.
    """

    def __init__(self, identity: FallbackIdentity) -> None:
        self.next_number = 0
        self._identity = identity
        self._response_id: str | None = None
        self._told: Fields = {}
        self._items: dict[int, str] = {}
        self._parts: dict[int, dict[int, int]] = {}
        self._done: dict[int, Raw] = {}

    def mended(self, data: bytes) -> Fields | None:
        """The event's fields as they should be; None if there is nothing to mend, or the event cannot be read."""
        try:
            position = _POSITION.decode(data)
            if type(position.sequence_number) is int:
                self.next_number = position.sequence_number + 1
            if not is_null(position.response):
                return self._response(position.type, data)
            return None if position.output_index is None else self._item(position, position.output_index, data)
        except _UNREADABLE:
            return None

    def response(self) -> Fields:
        """The response as the client has been told it so far, with the items that were finished."""
        told = self._told or mend_metadata({}, self._identity)
        return {**told, "output": to_raw(self._finished())}

    def _finished(self) -> list[Raw]:
        return [self._done[index] for index in sorted(self._done)]

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

    def _response(self, type: str, data: bytes) -> Fields | None:
        fields = parse_object(data)
        inner = object_of(fields.get("response")) or {}
        mended = dict(mend_metadata(inner, self._identity, self._told))
        self._response_id = self._response_id or text_of(mended["id"])
        if text_of(mended["id"]) != self._response_id:
            mended["id"] = to_raw(self._response_id)
        may_lack_output = bool(self._done) and type in ("response.completed", "response.incomplete")
        self._told = self._told or mended
        if may_lack_output:
            mended |= self._output(inner.get("output"))
        return None if mended == inner else fields | {"response": to_raw(mended)}

    def _output(self, output: Raw | None) -> Fields:
        """All finished items, where the last event has none; the ids they had before, where it has them all."""
        if is_null(output) or output in _NO_OUTPUT:
            return {"output": to_raw(self._finished())}
        items = [object_of(item) or {} for item in array_of(output) or ()]
        named = [
            {**item, "id": to_raw(known)} if (known := self._items.get(index)) and "id" in item else item
            for index, item in enumerate(items)
        ]
        return {} if named == items or len(items) != len(self._items) else {"output": to_raw(named)}


def mend_metadata(response: Fields, identity: FallbackIdentity, last: Fields | None = None) -> Fields:
    """The very same response if its metadata has the right types; else with the `last` one's, or SeaLink's own."""
    wrong = wrong_metadata(response, _METADATA)
    if wrong:
        own = {"id": f"resp_{identity.id}", "created_at": identity.created, "model": identity.model}
        otherwise = {name: to_raw(value) for name, value in own.items()} | (last or {})
        response = {**response, **right_metadata(response, wrong, otherwise)}
    if is_null(response.get("usage")):
        return response
    usage = object_of(response["usage"])
    standard = None if usage is None else standard_usage(usage)
    return response if usage is not None and standard is usage else {**response, "usage": to_raw(standard)}
