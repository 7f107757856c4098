"""Whether an upstream has answered with a stream or with one whole answer is read from the answer's first bytes.

Servers do not always send what was asked for, and their content types are often wrong: only the bytes count. A JSON
object, or array, is a whole answer; anything else that can be framed is a stream. Some dialects have streams that are
JSON themselves: `dialect.json_stream` is what these begin with.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
from msgspec import Raw

from sealink.errors import UpstreamError
from sealink.events import Event, StreamEnd, StreamError
from sealink.wire.framing.frame import MAX_FRAME_BYTES, Frame
from sealink.wire.framing.json_array import json_objects
from sealink.wire.stream.handler import Decoder, EachFrameDecoded, Framer

_BEFORE_JSON: Final = b"\xef\xbb\xbf \t\r\n"
"""A byte order mark, and white space, which some servers send to keep a connection alive."""

_STREAM_BEGINNINGS: Final = (b"data:", b"event:", b"id:", b"retry:", b":", b"\0")
"""Of server-sent events, and of AWS's event stream, whose first byte belongs to a length below 16 MiB."""

_NO_CHUNK: Final = (b"", b"[DONE]")


class StreamDialect(Protocol):
    """What is needed of an UpstreamDialect here. `json_stream`: the first byte of its streams that are JSON, or b""."""

    json_stream: bytes

    def framer(self) -> Framer: ...
    def decoder(self) -> Decoder: ...
    def decode_whole(self, body: bytes) -> list[Event]: ...


def first_bytes(data: bytes) -> bytes:
    """`data` from its first byte on that tells what it is."""
    return data.lstrip(_BEFORE_JSON)


def whole_json(body: bytes) -> bytes | None:
    """The JSON of a whole answer, without what a sloppy server sends behind it (`data: [DONE]`, say); None for a
    stream. What is neither comes back as it is, for the dialect to say what is wrong with it."""
    begun = first_bytes(body)
    if begun[:1] not in (b"{", b"["):
        return None if begun.startswith(_STREAM_BEGINNINGS) else body
    try:
        msgspec.json.decode(body, type=Raw)
    except (msgspec.DecodeError, RecursionError):
        objects = json_objects(begun)
        return None if len(objects) > 1 else objects[0] if objects else body
    return body


def decode_stream(body: bytes, dialect: StreamDialect) -> list[Event]:
    """The events of a stream that has come to its end. Raises UpstreamError if it is not a complete one."""
    frames = _frames(body, dialect)
    chunks = [frame.data for frame in frames if frame.data.strip() not in _NO_CHUNK]
    try:
        return _complete(frames, dialect)
    except UpstreamError as error:
        is_whole = len(chunks) == 1 and error.code in ("upstream_malformed", "upstream_truncated")
        if is_whole and not _starts_stream(chunks[0], dialect) and (events := _try_whole(chunks[0], dialect)):
            return events
        raise


def _complete(frames: Sequence[Frame], dialect: StreamDialect) -> list[Event]:
    events: list[Event] = []
    decoder = dialect.decoder()
    for frame in frames:
        events += decoder.decode(frame)
        if events and isinstance(events[-1], StreamEnd | StreamError):
            break
    else:
        events += decoder.close()
    for event in events:
        if isinstance(event, StreamError):
            raise event.error
    if not events or not isinstance(events[-1], StreamEnd):
        raise truncated()
    return events


def _starts_stream(data: bytes, dialect: StreamDialect) -> bool:
    """Whether a chunk is a stream's first one, which dialects whose chunks look like whole answers take for these."""
    try:
        return bool(list(dialect.decoder().decode(Frame(data, data))))
    except UpstreamError:
        return False


def _frames(body: bytes, dialect: StreamDialect) -> list[Frame]:
    if first_bytes(body)[:1] in (b"{", b"["):
        return [Frame(data, data) for data in json_objects(body)]
    framer = dialect.framer()
    return [*framer.feed(body), *framer.close()]


def _try_whole(data: bytes, dialect: StreamDialect) -> list[Event]:
    """The events of a whole answer, if this is one. An error in it is raised."""
    try:
        return dialect.decode_whole(data)
    except UpstreamError as error:
        if error.code != "upstream_malformed":
            raise
    return []


class WholeDecoder(EachFrameDecoded):
    """A Decoder of a stream whose only frame is a whole answer, or an error."""

    def __init__(self, dialect: StreamDialect) -> None:
        self._dialect = dialect

    def decode(self, frame: Frame) -> Sequence[Event]:
        """What is not a whole answer is read as a stream's only event: errors are often of that shape."""
        return _try_whole(frame.data, self._dialect) or list(self._dialect.decoder().decode(frame))

    def close(self) -> Sequence[Event]:
        return ()


class FirstBytesFramer:
    """A Framer that picks the framing by the first bytes: the dialect's own, or none if a whole answer comes.

    `use_framer` is called with the framer of a stream, which then takes this one's place; `use_whole` before a whole
    answer's only frame.
    """

    def __init__(
        self, framer: Framer, json_stream: bytes, use_framer: Callable[[Framer], None], use_whole: Callable[[], None]
    ) -> None:
        self._framer = framer
        self._json_stream = json_stream
        self._use_framer = use_framer
        self._use_whole = use_whole
        self._body = bytearray()

    def feed(self, data: bytes) -> Sequence[Frame]:
        """Nothing of a whole answer until its end. Raises UpstreamError if it is too large."""
        if not self._body:
            first = first_bytes(data)[:1]
            if first and (first not in (b"{", b"[") or first == self._json_stream):
                self._use_framer(self._framer)
            if first not in (b"{", b"[") or first == self._json_stream:
                return list(self._framer.feed(data))
        self._body += data
        if len(self._body) > MAX_FRAME_BYTES:
            raise UpstreamError(
                f"The upstream's answer is larger than {MAX_FRAME_BYTES} bytes.", code="upstream_too_large"
            )
        return ()

    def close(self) -> Sequence[Frame]:
        if not self._body:
            return list(self._framer.close())
        body = bytes(self._body)
        whole = whole_json(body)
        if whole is None:
            return [Frame(data, data) for data in json_objects(body)]
        self._use_whole()
        line = _on_one_line(whole)
        return [Frame(line, line)]


def _on_one_line(whole: bytes) -> bytes:
    """Values of it go into a client's frames as they are."""
    try:
        return msgspec.json.format(whole, indent=-1) if b"\n" in whole or b"\r" in whole else whole
    except (msgspec.DecodeError, RecursionError):
        return whole


def truncated() -> UpstreamError:
    """The upstream's stream ended too early."""
    return UpstreamError("The upstream ended the stream before the answer was complete.", code="upstream_truncated")
