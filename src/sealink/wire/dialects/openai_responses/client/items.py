"""The items of an answer in progress: their positions, their ids, and the frames that report them.

https://platform.openai.com/docs/api-reference/responses-streaming
"""

import re
from typing import Any, Final

import msgspec

from sealink.wire.framing.sse import event_frame
from sealink.wire.raw_json.fields import encode

Fields = dict[str, Any]

MAX_STEM_CHARS: Final = 40
"""So many characters of the response's id go into its items' ids: OpenAI takes back no id of more than 64."""

_NOT_AN_ID_CHAR: Final = re.compile("[^a-zA-Z0-9_-]")


def stem_of(response_id: str) -> str:
    """What the ids of all items of a response have in common."""
    return _NOT_AN_ID_CHAR.sub("_", response_id.removeprefix("resp_"))[-MAX_STEM_CHARS:]


def item_id(prefix: str, stem: str, index: int) -> str:
    """An item's id."""
    return f"{prefix}_{stem}_{index}"


class Place(msgspec.Struct):
    """An item that has been added, and its index. `followed`: a later item was added while this one was open."""

    index: int
    item: Fields
    open_parts: int = 0
    followed: bool = False
    done: bool = False


class Items:
    """All items so far, in their order, and the number of the next frame."""

    def __init__(self, response_id: str) -> None:
        self.places: list[Place] = []
        self._stem = stem_of(response_id)
        self._message: Place | None = None
        self._sequence = 0

    def frame(self, type: str, **fields: Any) -> bytes:
        """The next frame."""
        number, self._sequence = self._sequence, self._sequence + 1
        return event_frame(type.encode(), encode({"type": type, **fields, "sequence_number": number}))

    def opening(self, type: str, place: Place, **fields: Any) -> bytes:
        """What all delta frames of a block begin with; `delta` appends the rest."""
        common = {"type": type, "item_id": place.item["id"], "output_index": place.index, **fields}
        return b"event: %b\ndata: %b" % (type.encode(), encode(common)[:-1] + b',"delta":')

    def delta(self, opening: bytes, text: str) -> bytes:
        """The next frame, a delta: nearly every frame is one."""
        number, self._sequence = self._sequence, self._sequence + 1
        return b'%b%b,"sequence_number":%d}\n\n' % (opening, encode(text), number)

    def count(self, frames: int) -> None:
        """So many deltas were sent that were not written here."""
        self._sequence += frames

    def add(self, prefix: str, type: str, **fields: Any) -> tuple[Place, bytes]:
        """Another item begins; the message before it is done once its open parts are."""
        before = self.end_message()
        index = len(self.places)
        place = Place(index, {"id": item_id(prefix, self._stem, index), "type": type, **fields})
        self.places.append(place)
        return place, before + self.frame("response.output_item.added", output_index=index, item=place.item)

    def message(self) -> tuple[Place, bytes]:
        """The message that the next part belongs to."""
        if self._message is not None:
            return self._message, b""
        place, added = self.add("msg", "message", status="in_progress", role="assistant", content=[])
        self._message = place
        return place, added

    def part_done(self, place: Place) -> bytes:
        """A part of a message has ended; the message too, if other items have followed it."""
        place.open_parts -= 1
        return self.finish(place) if place.followed and not place.open_parts else b""

    def end_message(self) -> bytes:
        """No part will be added to the current message any more."""
        place, self._message = self._message, None
        if place is None:
            return b""
        place.followed = True
        return b"" if place.open_parts else self.finish(place)

    def finish(self, place: Place, **fields: Any) -> bytes:
        """An item is done."""
        place.done = True
        place.item |= {"status": "completed", **fields} if "status" in place.item else fields
        return self.frame("response.output_item.done", output_index=place.index, item=place.item)

    def at_once(self, prefix: str, type: str, **fields: Any) -> bytes:
        """An item that is complete from the start."""
        place, added = self.add(prefix, type, **fields)
        return added + self.finish(place)

    @property
    def done(self) -> list[Fields]:
        """The items that are complete."""
        return [place.item for place in self.places if place.done]
