"""An Anthropic upstream for a client of the same dialect: frames are passed on unchanged, and read for the outcome.

Only what breaks Anthropic's own SDKs is mended:
- a gateway's `[DONE]`: recording openrouter/rig-gateway_message_delta_metadata-f95fa1
- a second `message_start`: github.com/MoonshotAI/Kimi-K2.5/issues/33
- an event without its `event` line, which they skip
- a last event without a blank line behind it, which the TypeScript SDK never reads: recording
  anthropic/anthropic-sdk-python-compaction_response-4e3381
"""

from typing import Final

from sealink.errors import SealinkError
from sealink.events import ReasoningDelta, TextDelta, Unmodelled
from sealink.wire.dialects.anthropic_messages.client.errors import error_frame
from sealink.wire.dialects.anthropic_messages.upstream.decode import DONE, MessageDecoder, decode_whole
from sealink.wire.dialects.anthropic_messages.views import EVENT, TYPED, ContentBlockDelta, InputJsonDelta
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import event_frame
from sealink.wire.raw_json.fields import UNREADABLE
from sealink.wire.stream.outcome import Outcome, observe

_BLANK_LINES: Final = (b"\n\n", b"\n\r\n", b"\r\r", b"\n\r")


class MessagesPassthrough:
    """A StreamHandler."""

    padding_field = b""

    def __init__(self) -> None:
        self.outcome = Outcome()
        self.delta_text = ""
        self._decoder = MessageDecoder()
        self._started = False

    def handle(self, frame: Frame) -> bytes:
        """The frame, mended if needed; nothing for an upstream's error, which `fail` writes when the stream ends."""
        self.delta_text = ""
        events = list(self._decoder.decode(frame))
        for event in events:
            observe(event, self.outcome)
            if isinstance(event, Unmodelled) and (words := _server_tool_input(event.raw)):
                self.outcome.add_text(words)
        if len(events) == 1 and isinstance(events[0], (TextDelta, ReasoningDelta)):
            self.delta_text = events[0].text
        return self._mended(frame) if self.outcome.error is None else b""

    def add_skipped_text(self, text: str) -> None:
        """Nothing to record: a delta of text changes neither the outcome nor the decoder."""

    def finish(self) -> bytes:
        return b""

    def fail(self, error: SealinkError) -> bytes:
        return error_frame(error)

    def _mended(self, frame: Frame) -> bytes:
        is_closed = frame.raw.endswith(_BLANK_LINES)
        if is_closed and (frame.event == b"content_block_delta" or not frame.data):
            return frame.raw  # nearly every frame
        if not frame.data or frame.data.strip() == DONE:
            return b""
        type = frame.event or (TYPED.decode(frame.data).type or "").encode()
        if type == b"message_start":
            if self._started:
                return b""
            self._started = True
        return frame.raw if frame.event and is_closed else event_frame(type, frame.data.replace(b"\n", b" "))


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


def passthrough_whole(body: bytes) -> tuple[bytes, Outcome]:
    """The body unchanged, and its outcome."""
    outcome = Outcome()
    for event in decode_whole(body):
        observe(event, outcome)
    return body, outcome
