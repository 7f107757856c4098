"""SeaLink's own field in the last chunk of a stream."""

from typing import Final

from msgspec import Raw

from sealink.wire.framing.sse import DONE, data_frame
from sealink.wire.raw_json.fields import UNREADABLE, Fields, encode, parse_object
from sealink.wire.stream.extras import FIELD, with_field

_ENVELOPE: Final = ("id", "object", "created", "model")
_NOTHING_MORE: Final = Raw(b'[{"index":0,"delta":{},"finish_reason":null}]')
"""`choices` is empty in the chunk with the usage only, which may have been sent already."""


def with_extras(first: bytes, last: bytes, extras: Raw) -> bytes:
    """A chunk of its own before `[DONE]`: the one before that may have been sent. An error is the last chunk itself."""
    if not last.endswith(DONE):
        return with_field(last, extras)
    chunk: Fields = {**_envelope_in(first), "choices": _NOTHING_MORE, FIELD: extras}
    return last.removesuffix(DONE) + data_frame(encode(chunk)) + DONE


def _envelope_in(frames: bytes) -> Fields:
    """What every chunk of the stream has, as the first of these has it."""
    for line in frames.splitlines():
        if line.startswith(b"data: {"):
            try:
                fields = parse_object(line.removeprefix(b"data: "))
            except UNREADABLE:
                return {}
            return {name: fields[name] for name in _ENVELOPE if name in fields}
    return {}
