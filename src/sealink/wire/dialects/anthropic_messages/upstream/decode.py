"""Anthropic's answers → events, from a stream's frames or from a whole message.

https://platform.claude.com/docs/en/build-with-claude/streaming

    message_start  (content_block_start content_block_delta* content_block_stop)*  message_delta  message_stop
    with ping and error anywhere, and events of new types, which must be tolerated

An event that must have been there (a start, a stop) and was left out is read as if it had come.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from msgspec import Raw

from sealink.events import (
    BlockEnd,
    BlockKind,
    BlockMeta,
    BlockStart,
    Citation,
    Event,
    ReasoningDelta,
    StreamEnd,
    StreamError,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    Unmodelled,
    UsageSnapshot,
)
from sealink.wire.dialects.anthropic_messages.error_types import NAME
from sealink.wire.dialects.anthropic_messages.finish import read_finish
from sealink.wire.dialects.anthropic_messages.upstream.errors import read_error_event
from sealink.wire.dialects.anthropic_messages.usage import read_usage
from sealink.wire.dialects.anthropic_messages.views import (
    BLOCK,
    CITATION,
    EVENT,
    KNOWN_DELTAS,
    KNOWN_EVENTS,
    MESSAGE,
    TYPED,
    UNKNOWN_EVENT,
    CitationsDelta,
    ContentBlock,
    ContentBlockDelta,
    ContentBlockStart,
    ContentBlockStop,
    Delta,
    InputJsonDelta,
    Message,
    MessageDelta,
    MessageStart,
    MessageStop,
    SignatureDelta,
    Stop,
    ThinkingDelta,
    UnknownEvent,
    WireEvent,
)
from sealink.wire.dialects.anthropic_messages.views import TextDelta as WireTextDelta
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.framing.frame import Frame
from sealink.wire.identifiers import UniqueIds
from sealink.wire.raw_json.fields import UNREADABLE, encode, object_of, text_of, utf8
from sealink.wire.stream.handler import StatelessDeltas

Events = Sequence[Event]

DONE: Final = b"[DONE]"
_NOTHING: Final = (b"", b"null")

_KINDS: Final[dict[str, BlockKind]] = {
    "text": "text",
    "thinking": "reasoning",
    "redacted_thinking": "redacted_reasoning",
    "tool_use": "tool_call",
}
"""Blocks of any other type (server tools and their results, compaction, fallback, …) are `other`."""


_STARTED_BY: Final[dict[type[Delta], dict[str, str]]] = {
    WireTextDelta: {"type": "text", "text": ""},
    ThinkingDelta: {"type": "thinking", "thinking": "", "signature": ""},
}
"""The block that a delta needs, if it has not been opened."""


class _OpenBlock(msgspec.Struct):
    """A block that has not been closed. `input` is a tool call's whole input, if content_block_start had it: it
    counts only if no fragment follows."""

    number: int
    kind: BlockKind
    input: bytes = b""


class MessageDecoder(StatelessDeltas):
    """A Decoder of one answer. A usage event follows each report of usage; the finish comes at message_stop.

    `inserted` is the JSON of events that the upstream left out before the last ones it sent; whoever passes these on
    takes it out. `is_regular`: every event so far has said its type, and has counted blocks as Anthropic does.
    """

    def __init__(self) -> None:
        self.inserted: list[bytes] = []
        self.is_regular = True
        self._started = False
        self._ended = False
        self._open: dict[int, _OpenBlock] = {}
        self._last_index = 0
        self._blocks = 0
        self._has_calls = False
        self._has_delta = False
        self._call_ids = UniqueIds()
        self._usage: dict[str, Raw] = {}
        self._stop = Stop()

    def decode(self, frame: Frame) -> Iterable[Event]:
        """Raises UpstreamError (`upstream_malformed`) on a malformed frame."""
        if self._ended or not frame.data:
            return ()
        try:
            event = EVENT.decode(frame.data)
            if type(event) is ContentBlockDelta:  # nearly every frame
                return self._extend_block(event, frame.data)
            return self._read(event)
        except UNREADABLE as error:
            return self._read_unknown(frame, error)

    def close(self) -> Iterable[Event]:
        """Only `message_stop` completes an answer."""
        return ()

    def whole(self, message: Message) -> list[Event]:
        """The events of a message that was not streamed."""
        events = self._start(message, is_whole=True)
        self._stop = message
        return [*events, *self._end()]

    def _read(self, event: WireEvent) -> Events:
        match event:
            case ContentBlockStart(index=index, content_block=block):
                return self._open_block(index, block)
            case ContentBlockStop(index=index):
                return self._close_block(self._last_index if index is None else index)
            case MessageStart(message=message):
                return self._start(message)
            case MessageDelta():
                return self._update(event)
            case MessageStop():
                return self._end()
        return ()

    def _read_unknown(self, frame: Frame, reason: Exception) -> Iterable[Event]:
        """A frame that is no known event: an error, an event of a new type, a gateway's `[DONE]`, or malformed."""
        if frame.data.strip() == DONE:  # recording openrouter/rig-gateway_message_delta_metadata-f95fa1
            return ()
        if frame.event == b"error":
            return self._fail(frame.data)
        try:
            unknown, name = UNKNOWN_EVENT.decode(utf8(frame.data)), frame.event.decode()
        except UNREADABLE:
            raise malformed(str(reason)) from reason
        if unknown.type == "error" or (unknown.type is None and _has_error(unknown)):
            return self._fail(frame.data)
        if unknown.type is None and name in KNOWN_EVENTS:
            self.is_regular = False
            return self.decode(Frame(frame.raw, _with_type(frame)))
        if unknown.type in KNOWN_EVENTS and (unknown.delta is None or unknown.delta.type in KNOWN_DELTAS | {None}):
            raise malformed(str(reason)) from reason
        return (Unmodelled(frame.data),) if self._started else ()

    def _start(self, message: Message, *, is_whole: bool = False) -> Events:
        if self._started:
            return ()  # Anthropic's SDKs ignore a second message_start, too
        self._started = True
        events: list[Event] = [StreamStart(text_of(message.id) or "", text_of(message.model) or "")]
        events += self._count(message.usage, final=is_whole)
        for index, block in enumerate(message.content or ()):
            events += self._open_block(index, block)
            events += self._close_block(index)
        return events

    def _open_block(self, index: int | None, raw: Raw) -> Events:
        if not self._started:
            return (*self._insert("message_start", message={}), *self._open_block(index, raw))
        if index in self._open:
            return (*self._insert("content_block_stop", index=index), *self._open_block(index, raw))
        self.is_regular &= index == self._blocks
        self._last_index = index = self._blocks if index is None else index
        kind = _KINDS.get(TYPED.decode(raw).type or "", "other")
        block = self._open[index] = _OpenBlock(self._blocks, kind)
        self._blocks += 1
        if kind == "other":
            return (BlockStart(block.number, kind, raw=utf8(raw)),)
        view = BLOCK.decode(raw)
        if kind == "tool_call":
            self._has_calls = True
            block.input = bytes(view.input)
            view.id = self._call_ids.take(view.id or f"toolu_{block.number}")
        return (_block_start(block.number, kind, view), *_first_content(block.number, kind, view))

    def _extend_block(self, event: ContentBlockDelta, data: bytes) -> Events:
        index = event.index
        if index is None:
            self.is_regular, index = False, self._last_index
        block, delta = self._open.get(index), event.delta
        if block is None or _is_of_another(block.kind, delta):
            return self._start_anew(index, block, event, data)
        if type(delta) is WireTextDelta and block.kind == "text":
            return (TextDelta(block.number, delta.text),) if delta.text else ()
        match delta:
            case ThinkingDelta(thinking=text) if block.kind == "reasoning":
                return (ReasoningDelta(block.number, text),) if text else ()
            case InputJsonDelta(partial_json=fragment) if block.kind == "tool_call":
                if not fragment:
                    return ()
                block.input = b""
                return (ToolArgsDelta(block.number, fragment),)
            case SignatureDelta(signature=signature) if block.kind == "reasoning":
                return (BlockMeta(block.number, signature=signature),)
            case CitationsDelta(citation=citation) if block.kind == "text":
                return (read_citation(citation, block.number),)
        return (Unmodelled(utf8(data)),)

    def _start_anew(self, index: int, block: _OpenBlock | None, event: ContentBlockDelta, data: bytes) -> Events:
        """A delta whose block is not open, or is of another kind: text or thinking, since calls need a name."""
        started = _STARTED_BY.get(type(event.delta))
        if started is None:
            raise malformed(f"a delta is for block {index}, which is not open.")
        stopped = self._insert("content_block_stop", index=index) if block is not None else ()
        opened = self._insert("content_block_start", index=index, content_block=started)
        return (*stopped, *opened, *self._extend_block(event, data))

    def _insert(self, type: str, **fields: object) -> Events:
        """An event that the upstream left out."""
        data = encode({"type": type, **fields})
        self.inserted.append(data)
        return self._read(EVENT.decode(data))

    def _close_block(self, index: int) -> Events:
        block = self._open.pop(index, None)
        if block is None:
            self.is_regular = False
            return ()
        if block.input not in _NOTHING:
            return (ToolArgsDelta(block.number, block.input.decode()), BlockEnd(block.number))
        return (BlockEnd(block.number),)

    def _update(self, event: MessageDelta) -> Events:
        """`message_delta`: usage, and how the answer ended. There may be several; the last one counts."""
        started = () if self._started else self._insert("message_start", message={})
        self._has_delta = True
        if event.delta is not None and event.delta.stop_reason is not None:
            self._stop = event.delta
        return (*started, *self._count(event.usage, final=True))

    def _count(self, reported: Raw, *, final: bool) -> Events:
        """Counts are cumulative: each replaces the one reported before, unless it is null.

        In recording anthropic/pydantic-ai-anthropic_advisor_tool_stream-a509a7 the input grows towards the end."""
        counts = {name: raw for name, raw in (object_of(reported) or {}).items() if utf8(raw) not in _NOTHING}
        self._usage |= counts
        return (UsageSnapshot(read_usage(self._usage), final),) if counts else ()

    def _end(self) -> Events:
        if not self._started:
            raise malformed("message_stop comes before message_start.")
        self._ended = True
        left_open = [event for index in list(self._open) for event in self._close_block(index)]
        if not self._has_delta:
            stop = {"stop_reason": "tool_use" if self._has_calls else "end_turn", "stop_sequence": None}
            self.inserted.append(encode({"type": "message_delta", "delta": stop}))
        return (*left_open, read_finish(self._stop, has_calls=self._has_calls), StreamEnd())

    def _fail(self, data: bytes) -> Events:
        self._ended = True
        return (StreamError(read_error_event(data)),)


def decode_whole(body: bytes) -> list[Event]:
    """The events of an answer that was not streamed. Raises UpstreamRejected if it is an error under a 200."""
    try:
        message = MESSAGE.decode(body)
        unknown = UNKNOWN_EVENT.decode(body) if message.content is None else UnknownEvent()
        if message.content is not None or (unknown.type == "message" and not _has_error(unknown)):
            return MessageDecoder().whole(message)
    except UNREADABLE as error:
        raise malformed(str(error)) from error
    raise read_error_event(body) if _has_error(unknown) else malformed("the message has no content.")


def read_citation(raw: Raw, block: int) -> Citation:
    """https://platform.claude.com/docs/en/build-with-claude/citations: the source is a page, a document or a URL."""
    source = CITATION.decode(raw)
    return Citation(
        block,
        url=source.url or source.source or "",
        title=source.title or source.document_title or "",
        quote=source.cited_text or "",
        raw=utf8(raw),
        dialect=NAME,
    )


def _has_error(unknown: UnknownEvent) -> bool:
    return bytes(unknown.error) not in _NOTHING


def _is_of_another(kind: BlockKind, delta: Delta) -> bool:
    """Whether text is for a block of thinking, or thinking for one of text: SDKs drop it without an error."""
    if type(delta) is WireTextDelta:
        return kind == "reasoning"
    return type(delta) is ThinkingDelta and kind == "text"


def _block_start(number: int, kind: BlockKind, view: ContentBlock) -> BlockStart:
    if kind == "tool_call" and not view.name:
        raise malformed("a tool call has no name.")
    return BlockStart(number, kind, id=view.id or "", name=view.name or "", data=view.data or "")


def _first_content(number: int, kind: BlockKind, view: ContentBlock) -> Iterable[Event]:
    """The content that a block starts with: in a stream usually none, in a whole message all of it."""
    if kind == "text" and view.text:
        yield TextDelta(number, view.text)
    if kind == "reasoning" and view.thinking:
        yield ReasoningDelta(number, view.thinking)
    if kind == "reasoning" and view.signature:
        yield BlockMeta(number, signature=view.signature)
    for citation in view.citations or ():
        yield read_citation(citation, number)


def _with_type(frame: Frame) -> bytes:
    """The data of an event whose type is only in its `event` line, with the type added."""
    type, fields = b'{"type":"' + frame.event + b'"', frame.data.strip()[1:].lstrip()
    return type + (b"" if fields.startswith(b"}") else b",") + fields
