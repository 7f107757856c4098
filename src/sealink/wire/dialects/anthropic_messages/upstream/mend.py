"""What Anthropic's own SDKs rely on, in answers of vendors that leave it out or count otherwise.

They look a block up by its index, which must be its position in the answer; add to the texts with which a block
started; and overwrite fields of `usage`. Without one of these they raise, or drop text without an error:
github.com/NousResearch/hermes-agent/issues/60683, github.com/Wei-Shaw/sub2api/pull/4286,
github.com/anthropics/anthropic-sdk-python/issues/1799.
"""

from typing import Final

from msgspec import Raw

from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.anthropic_messages.upstream.plain_event import (
    PlainBlockStart,
    PlainBlockStop,
    PlainEvent,
    PlainMessageStart,
)
from sealink.wire.dialects.anthropic_messages.usage import COUNTS
from sealink.wire.raw_json.fields import (
    Fields,
    array_of,
    count_of,
    integer_of,
    is_count,
    is_null,
    object_of,
    text_of,
    to_raw,
)
from sealink.wire.raw_json.metadata import right_metadata, wrong_metadata

_EMPTY_TEXT: Final = Raw(b'""')
_EMPTY_BLOCKS: Final[dict[str, Fields]] = {
    "text": {"text": _EMPTY_TEXT},
    "thinking": {"thinking": _EMPTY_TEXT},
    "tool_use": {"input": Raw(b"{}")},
}
"""The fields with which a block of a type starts."""


class Mender:
    """Mends one stream's events. Remembers which of its blocks are open."""

    def __init__(self, identity: FallbackIdentity) -> None:
        self._identity = identity
        self._started = False
        self._blocks = 0
        self._numbers: dict[int, int] = {}
        self._last_index = 0

    def mended(self, fields: Fields, call_id: str, output_tokens: int) -> Fields | None:
        """An event as SDKs can read it, equal to what was given where nothing has to be changed; None if they cannot
        be sent it at all.

        `call_id` is that of the call which it starts, `output_tokens` how many have been counted so far.
        """
        match text_of(fields.get("type")):
            case "message_start":
                return self._start(fields)
            case "content_block_start":
                return self._open(fields, call_id)
            case "content_block_delta":
                return self._numbered(fields, self._numbers.get(self._index(fields)))
            case "content_block_stop":
                return self._numbered(fields, self._numbers.pop(self._index(fields), None))
            case "message_delta":
                return _message_delta(fields, output_tokens)
        return fields

    def passes(self, event: PlainEvent, call_id: str) -> bool:
        """Whether an event stands in its place, so that it goes on as it came. Otherwise it is to be `mended`."""
        match event:
            case PlainMessageStart():
                may_pass, self._started = not self._started, True
                return may_pass
            case PlainBlockStart(index=index):
                if index != self._blocks or event.call_id != call_id:
                    return False
                self._numbers[index] = self._last_index = index
                self._blocks += 1
                return True
            case PlainBlockStop(index=index):
                if self._numbers.get(index) != index:
                    return False
                del self._numbers[index]
                return True
        return True

    @property
    def open_blocks(self) -> list[int]:
        """Those that have begun and not ended, as the client knows them."""
        return sorted(self._numbers.values())

    def _start(self, fields: Fields) -> Fields | None:
        if self._started:
            return None
        self._started = True
        message = object_of(fields.get("message")) or {}
        self._blocks = len(array_of(message.get("content")) or ())
        mended = mend_message(message, self._identity)
        return fields if mended == message else {**fields, "message": to_raw(mended)}

    def _open(self, fields: Fields, call_id: str) -> Fields:
        index = integer_of(fields.get("index"))
        number, self._blocks = self._blocks, self._blocks + 1
        self._last_index = number if index is None else index
        self._numbers[self._last_index] = number
        block = object_of(fields.get("content_block")) or {}
        mended = _block(block, call_id)
        fields = fields if mended == block else {**fields, "content_block": to_raw(mended)}
        return fields if index == number else {**fields, "index": to_raw(number)}

    def _index(self, fields: Fields) -> int:
        index = integer_of(fields.get("index"))
        return self._last_index if index is None else index

    def _numbered(self, fields: Fields, number: int | None) -> Fields | None:
        if number is None:
            return None
        return fields if integer_of(fields.get("index")) == number else {**fields, "index": to_raw(number)}


def mend_message(message: Fields, identity: FallbackIdentity, call_ids: tuple[str, ...] = ()) -> Fields:
    """A whole message, or one that starts, with its content, usage and metadata; `call_ids` are those of its calls."""
    mended = message | _metadata(message, identity)
    if (blocks := array_of(message.get("content"))) is None:
        mended["content"] = Raw(b"[]")
    elif blocks:
        mended["content"] = _blocks(blocks, call_ids) or message["content"]
    usage = object_of(message.get("usage")) or {}
    if (counted := _with_counts(usage, {"input_tokens": 0, "output_tokens": 0})) is not usage:
        mended["usage"] = to_raw(counted)
    return mended


def _metadata(message: Fields, identity: FallbackIdentity) -> Fields:
    """The fields by which clients tell messages apart, where the upstream's make no sense."""
    wrong = wrong_metadata(message, ("id", "type", "role", "model"))
    if not wrong:
        return {}
    own = {"id": f"msg_{identity.id}", "type": "message", "role": "assistant", "model": identity.model}
    return right_metadata(message, wrong, {name: to_raw(value) for name, value in own.items()})


def _with_counts(usage: Fields, required: dict[str, int]) -> Fields:
    """The very same fields if their counts are right. `required` has those that must be there, with their values."""
    wrong = [name for name in COUNTS if not is_count(raw := usage.get(name)) and (name in required or not is_null(raw))]
    if not wrong:
        return usage
    counts = {name: count_of(usage.get(name)) for name in wrong}
    return usage | {name: to_raw(required.get(name, 0) if count is None else count) for name, count in counts.items()}


def _blocks(blocks: list[Raw], call_ids: tuple[str, ...]) -> Raw | None:
    """The blocks, if one of them had to be changed."""
    before = [object_of(raw) or {} for raw in blocks]
    ids = iter(call_ids)
    after = [_block(block, next(ids, "") if _is_call(block) else "") for block in before]
    return None if after == before else to_raw(after)


def _block(block: Fields, call_id: str) -> Fields:
    empty = _EMPTY_BLOCKS.get(text_of(block.get("type")) or "", {})
    mended = block | {name: raw for name, raw in empty.items() if is_null(block.get(name))}
    return mended if not call_id or text_of(block.get("id")) == call_id else {**mended, "id": to_raw(call_id)}


def _is_call(block: Fields) -> bool:
    return text_of(block.get("type")) == "tool_use"


def _message_delta(fields: Fields, output_tokens: int) -> Fields:
    usage = object_of(fields.get("usage")) or {}
    if (counted := _with_counts(usage, {"output_tokens": output_tokens})) is not usage:
        fields = {**fields, "usage": to_raw(counted)}
    if object_of(fields.get("delta")) is None:
        fields = {**fields, "delta": to_raw({"stop_reason": None, "stop_sequence": None})}
    return fields
