"""An Anthropic upstream for a client of the same dialect: frames are passed on unchanged, and read for the outcome.

Only what breaks Anthropic's own SDKs is mended:
- what they rely on in an event (mend), and events that were left out (decode)
- a gateway's `[DONE]`: recording openrouter/rig-gateway_message_delta_metadata-f95fa1
- a second `message_start`: github.com/MoonshotAI/Kimi-K2.5/issues/33
- an event without its `event` line, which they skip
- a last event without a blank line behind it, which the TypeScript SDK never reads: recording
  anthropic/anthropic-sdk-python-compaction_response-4e3381
"""

from collections.abc import Iterable, Iterator
from typing import Final

from sealink.errors import SealinkError
from sealink.events import (
    BlockStart,
    Event,
    Finish,
    ReasoningDelta,
    StreamEnd,
    TextDelta,
    ToolArgsDelta,
    Unmodelled,
    UsageSnapshot,
)
from sealink.usage import Usage
from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.anthropic_messages.client.encode_stream import ending
from sealink.wire.dialects.anthropic_messages.client.errors import error_frame
from sealink.wire.dialects.anthropic_messages.upstream.decode import DONE, MessageDecoder, decode_whole
from sealink.wire.dialects.anthropic_messages.upstream.mend import Mender, mend_message
from sealink.wire.dialects.anthropic_messages.upstream.plain_event import PLAIN_EVENT
from sealink.wire.dialects.anthropic_messages.views import (
    EVENT,
    KNOWN_EVENTS,
    ContentBlockDelta,
    InputJsonDelta,
)
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import event_frame
from sealink.wire.raw_json.fields import UNREADABLE, encode, parse_object, text_of, to_raw
from sealink.wire.stream.handler import Skipped
from sealink.wire.stream.outcome import Outcome, observe
from sealink.wire.stream.template import UNVARYING

_BLANK_LINES: Final = (b"\n\n", b"\n\r\n", b"\r\r", b"\n\r")


class MessagesPassthrough:
    """A CuttableHandler."""

    varying = UNVARYING
    room = None

    def __init__(self, identity: FallbackIdentity) -> None:
        self.outcome = Outcome()
        self.delta_text = ""
        self._decoder = MessageDecoder()
        self._mender = Mender(identity)
        self._call: int | None = None
        """The call whose arguments the last frame brought."""

    def handle(self, frame: Frame) -> bytes:
        """The frame, mended if needed; nothing for an upstream's error, which `fail` writes when the stream ends."""
        self.delta_text = ""
        events = list(self._decoder.decode(frame))
        for event in events:
            observe(event, self.outcome)
            if isinstance(event, Unmodelled) and (words := _server_tool_input(event.raw)):
                self.outcome.add_text(words)
        self._note_delta(events)
        return self._mended(frame, events) if self.outcome.error is None else b""

    def _note_delta(self, events: list[Event]) -> None:
        """Set `delta_text` if a frame brought a text and nothing else; or arguments, but the first of a call."""
        call, self._call = self._call, None
        if len(events) != 1:
            return
        match events[0]:
            case TextDelta(text=text) | ReasoningDelta(text=text):
                self.delta_text = text
            case ToolArgsDelta(block=block, fragment=fragment):
                self._call = block
                self.delta_text = fragment if call == block else ""

    def catch_up(self, skipped: Skipped) -> None:
        """Nothing to record: a delta of text changes neither the outcome nor the decoder."""

    def finish(self) -> bytes:
        return b""

    def fail(self, error: SealinkError) -> bytes:
        return error_frame(error)

    def cut(self, usage: Usage) -> bytes:
        self.delta_text = ""
        finish = Finish("length", "length")
        for event in (finish, UsageSnapshot(usage, False), StreamEnd()):
            observe(event, self.outcome)
        return ending(self._mender.open_blocks, finish, usage)

    def _mended(self, frame: Frame, events: list[Event]) -> bytes:
        decoder, is_closed = self._decoder, frame.raw.endswith(_BLANK_LINES)
        if not frame.data:
            return frame.raw if is_closed else b""
        if is_closed and frame.event == b"content_block_delta" and decoder.is_regular and not decoder.inserted:
            return frame.raw  # nearly every frame
        if is_closed and not decoder.inserted and self._is_plain(frame, events):
            return frame.raw
        if frame.data.strip() == DONE:
            return b""
        inserted, decoder.inserted = decoder.inserted, []
        added = [self._event(Frame(b"", data), ()) for data in inserted]
        return b"".join(added) + self._event(frame, events)

    def _is_plain(self, frame: Frame, events: Iterable[Event]) -> bool:
        """Whether the frame is as Anthropic itself would send it here."""
        try:
            event = PLAIN_EVENT.decode(frame.data)
            frame.data.decode()
        except UNREADABLE:
            return False
        type = str(event.__struct_config__.tag)
        return frame.event == type.encode() and self._mender.passes(event, next(_call_ids(events), ""))

    def _event(self, frame: Frame, events: Iterable[Event]) -> bytes:
        """An event for the client: the frame as it came, if nothing has to be changed."""
        try:
            fields = parse_object(frame.data)
        except (ValueError, RecursionError) as error:
            raise malformed(str(error)) from error
        typed = fields
        if "type" not in fields and (name := frame.event.decode(errors="replace")) in KNOWN_EVENTS:
            typed = {"type": to_raw(name), **fields}
        usage = self.outcome.usage or Usage()
        mended = self._mender.mended(typed, next(_call_ids(events), ""), usage.output_tokens)
        if mended is None:
            return b""
        type = (text_of(mended.get("type")) or "").encode() or frame.event
        if mended != fields:
            return event_frame(type, encode(mended))
        is_readable = frame.event == type and frame.raw.endswith(_BLANK_LINES)
        return frame.raw if is_readable else event_frame(type, frame.data.replace(b"\n", b" "))


def _call_ids(events: Iterable[Event]) -> Iterator[str]:
    return (event.id for event in events if isinstance(event, BlockStart) and event.kind == "tool_call")


def _server_tool_input(data: bytes) -> str:
    """A fragment of the input of a tool that Anthropic runs: not the client's call, but output of the model."""
    try:
        event = EVENT.decode(data)
    except UNREADABLE:
        return ""
    return (
        event.delta.partial_json
        if isinstance(event, ContentBlockDelta) and isinstance(event.delta, InputJsonDelta)
        else ""
    )


def passthrough_whole(body: bytes, identity: FallbackIdentity) -> tuple[bytes, Outcome]:
    """The body as it came where nothing has to be changed, and its outcome."""
    outcome, events = Outcome(), decode_whole(body)
    for event in events:
        observe(event, outcome)
    try:
        fields = parse_object(body)
    except (ValueError, RecursionError) as error:
        raise malformed(str(error)) from error
    mended = mend_message(fields, identity, tuple(_call_ids(events)))
    return body if mended == fields else encode(mended), outcome
