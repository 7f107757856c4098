"""What went before in a passed-on stream: for what SeaLink adds to it, and for what has to be mended.

Vendors deviate from OpenAI's streams so far that its own SDK breaks; each with the recording that shows it:

`client.responses.stream()` raises where each event has ids of its own
(github-copilot/rig-reasoning_roundtrip-streaming-fa04f6) or a message's first part is not number 0
(bedrock-mantle/ruby_llm-rs_bedrock_mantle_responses_chat_streams_through_the_responses_surface-28c539); it returns an
empty answer where the last event has no output (chatgpt-codex/rig-reasoning_session_two_tool_calls_streaming-91ff47).
Two calls of one id cannot be answered: github.com/xorbitsai/inference/issues/4237.
"""

from operator import is_
from typing import Final

import msgspec
from msgspec import Raw

from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.openai_responses.usage import standard_usage
from sealink.wire.dialects.openai_responses.views import View
from sealink.wire.identifiers import UniqueIds
from sealink.wire.raw_json.fields import NULL, Fields, array_of, is_null, object_of, parse_object, text_of, to_raw
from sealink.wire.raw_json.metadata import right_metadata, wrong_metadata

_METADATA: Final = ("id", "created_at", "model")
_CALLS: Final = ("function_call", "custom_tool_call")
_UNREADABLE: Final = (ValueError, RecursionError)
_NO_OUTPUT: Final = (Raw(b"[]"), NULL)


class _ItemView(View):
    type: str = ""
    id: str | None = None
    call_id: str | None = None


class _Position(View):
    """The fields by which an event says which item, part or response it belongs to."""

    type: str = ""
    sequence_number: int | float | str | None = None
    output_index: int | None = None
    content_index: int | None = None
    item_id: str | None = None
    item: _ItemView | None = None
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
        self._calls: dict[int, str] = {}
        self._call_ids = UniqueIds()

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

    def count(self, frames: int) -> None:
        """So many events like the last one were not given to `mended`."""
        if self.next_number:
            self.next_number += frames

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
        call_id = self._new_call_id(index, position.item)
        part = position.content_index
        number = None if part is None else self._part(index, part)
        if not is_renamed and not call_id and not is_done and number == part:
            return None
        fields = parse_object(data)
        changes: Fields = {}
        if is_renamed and position.item is None:
            changes["item_id"] = to_raw(known)
        elif is_renamed or call_id:
            ids = ({"id": known} if is_renamed else {}) | ({"call_id": call_id} if call_id else {})
            changes["item"] = to_raw({**(object_of(fields["item"]) or {}), **ids})
        if is_done:
            self._done[index] = changes.get("item") or fields["item"]
        if number != part:
            changes["content_index"] = to_raw(number)
        return fields | changes if changes else None

    def _new_call_id(self, index: int, item: _ItemView | None) -> str:
        """The id of an item that is a call, if it must have another because an earlier call has it; else ""."""
        if item is None or item.type not in _CALLS or not item.call_id:
            return ""
        if index not in self._calls:
            self._calls[index] = self._call_ids.take(item.call_id)
        return "" if self._calls[index] == item.call_id else self._calls[index]

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
        named = [item | self._known_ids(index, item) for index, item in enumerate(items)]
        return {} if named == items or len(items) != len(self._items) else {"output": to_raw(named)}

    def _known_ids(self, index: int, item: Fields) -> Fields:
        known = {"id": self._items.get(index), "call_id": self._calls.get(index)}
        return {name: to_raw(id) for name, id in known.items() if id and name in item}


def mend_whole(response: Fields, identity: FallbackIdentity) -> Fields:
    """A not-streamed response with its metadata, and different ids of its calls. The very same if it has them."""
    response, call_ids = mend_metadata(response, identity), UniqueIds()
    before = array_of(response.get("output")) or []
    after = [_with_unique_call_id(raw, call_ids) for raw in before]
    return response if all(map(is_, before, after)) else {**response, "output": to_raw(after)}


def _with_unique_call_id(raw: Raw, call_ids: UniqueIds) -> Raw:
    item = object_of(raw) or {}
    id = text_of(item.get("call_id")) if text_of(item.get("type")) in _CALLS else None
    if not id or (unique := call_ids.take(id)) == id:
        return raw
    return to_raw({**item, "call_id": unique})


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
