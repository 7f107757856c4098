"""Events → a Messages stream. https://platform.claude.com/docs/en/build-with-claude/streaming

    message_start  (content_block_start content_block_delta* content_block_stop)*  message_delta  message_stop

One block at a time, because clients know blocks by their place in a list. Blocks that overlap, as OpenAI's parallel
tool calls may, wait for their turn (see `MessageEncoder`). The usage is in `message_delta`, which comes last.
"""

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from sealink.errors import SealinkError, UpstreamError
from sealink.events import (
    BlockEnd,
    BlockKind,
    BlockMeta,
    BlockStart,
    Citation,
    Event,
    Finish,
    Logprobs,
    ReasoningDelta,
    StreamEnd,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    UsageSnapshot,
)
from sealink.request import ChatRequest
from sealink.usage import Usage
from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.anthropic_messages.client.content_blocks import (
    CALL_KINDS,
    UNWRITTEN_KINDS,
    citation_object,
    content_block,
    markdown_image,
)
from sealink.wire.dialects.anthropic_messages.client.errors import error_frame
from sealink.wire.dialects.anthropic_messages.finish import finish_fields
from sealink.wire.dialects.anthropic_messages.usage import usage_object
from sealink.wire.dialects.shared.tool_arguments import FREE_TEXT_ARGUMENT, NO_ARGUMENTS
from sealink.wire.framing.sse import event_frame
from sealink.wire.raw_json.fields import encode, parse_object

MAX_WAITING_CHARS: Final = 4 * 1024 * 1024
"""How much text of waiting blocks is kept. A stream that needs more ends in an error."""

BlockEvent = BlockStart | TextDelta | ReasoningDelta | ToolArgsDelta | BlockMeta | Citation | Logprobs | BlockEnd

_DELTAS: Final[dict[BlockKind, tuple[str, str]]] = {
    "text": ("text_delta", "text"),
    "refusal": ("text_delta", "text"),
    "media": ("text_delta", "text"),
    "reasoning": ("thinking_delta", "thinking"),
    "tool_call": ("input_json_delta", "partial_json"),
    "custom_tool_call": ("input_json_delta", "partial_json"),
}
_CLOSES: Final = b"}}\n\n"


class _OpenBlock(msgspec.Struct):
    """The block that is being written. `opening`: all bytes of its delta frames before the text."""

    number: int
    index: int
    kind: BlockKind
    id: str
    opening: bytes
    arguments: list[str] = []
    signature: str = ""

    @property
    def has_whole_arguments(self) -> bool:
        """Whether a tool call is complete: its arguments are a whole JSON object."""
        if self.kind != "tool_call" or not self.arguments or not self.arguments[-1].rstrip().endswith("}"):
            return False
        try:
            parse_object("".join(self.arguments).encode())
        except (ValueError, RecursionError):
            return False
        return True


class MessageEncoder:
    """An Encoder. `identity` and the request's model are used where the answer has no id or model.

    A block that begins while another is open waits until that one has ended. A tool call counts as ended once its
    arguments are a whole object, so that calls which follow one another are written as they arrive. (A signature that
    came later for such a call would be lost; upstreams that sign calls send the signature at once.)
    """

    uniform_deltas = True
    number_field = b""

    def __init__(self, request: ChatRequest, identity: FallbackIdentity) -> None:
        self._id = f"msg_{identity.id}"
        self._model = request.model
        self._stop_sequences = request.sampling.stop or ()
        self._usage: Usage | None = None
        self._finish: Finish | None = None
        self._started = False
        self._open: _OpenBlock | None = None
        self._blocks = 0
        self._has_calls = False
        self._waiting: dict[int, list[BlockEvent]] = {}
        self._waiting_chars = 0

    def encode(self, event: Event) -> bytes:
        """The frames for an event: none, one, or several. Raises UpstreamError if too much text must wait."""
        block = self._open
        if block is not None and isinstance(event, (TextDelta, ReasoningDelta)) and block.number == event.block:
            return b"" if event.choice else block.opening + encode(event.text) + _CLOSES  # nearly every event
        return self._encode(event)

    def catch_up(self, delta: TextDelta | ReasoningDelta, frames: int) -> None:
        self.encode(delta)

    def _encode(self, event: Event) -> bytes:
        match event:
            case StreamStart():
                self._id, self._model = event.id or self._id, event.model or self._model
            case UsageSnapshot(usage=usage):
                self._usage = usage
            case Finish(choice=0):
                self._finish = event
            case StreamEnd():
                return self._end()
            case (
                BlockStart() | TextDelta() | ReasoningDelta() | ToolArgsDelta() | BlockMeta() | Citation() | BlockEnd()
            ) if event.choice == 0:
                return self._start() + self._block_event(event) + self._write_waiting()
        return b""

    def fail(self, error: SealinkError) -> bytes:
        """The one error frame, and no `message_stop` after it."""
        return error_frame(error)

    def _start(self) -> bytes:
        """`message_start`, once; with the usage if that came before the first content."""
        if self._started:
            return b""
        self._started = True
        message = {"id": self._id, "type": "message", "role": "assistant", "model": self._model, "content": []}
        unfinished = {"stop_reason": None, "stop_sequence": None}
        return _frame("message_start", message={**message, **unfinished, "usage": usage_object(self._usage)})

    def _block_event(self, event: BlockEvent) -> bytes:
        block = self._open
        if block is not None and event.block == block.number:
            return self._extend(event, block)
        if event.block in self._waiting:
            return self._wait(event)
        if not isinstance(event, BlockStart) or event.kind in UNWRITTEN_KINDS:
            return b""  # of a block that is not written, or that has been closed already
        if block is None:
            return self._begin(event)
        if block.has_whole_arguments:
            return self._close(block) + self._begin(event)
        self._waiting[event.block] = []
        return self._wait(event)

    def _wait(self, event: BlockEvent) -> bytes:
        self._waiting[event.block].append(event)
        self._waiting_chars += _chars(event)
        if self._waiting_chars > MAX_WAITING_CHARS:
            raise UpstreamError(
                f"The upstream interleaves blocks of more than {MAX_WAITING_CHARS} characters.",
                code="upstream_interleaved",
            )
        return b""

    def _begin(self, event: BlockStart) -> bytes:
        index, self._blocks = self._blocks, self._blocks + 1
        self._has_calls |= event.kind in CALL_KINDS
        kind, name = _DELTAS.get(event.kind, ("", ""))
        delta = b'"delta":{"type":"%b","%b":' % (kind.encode(), name.encode())
        opening = b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,' % index + delta
        self._open = _OpenBlock(event.block, index, event.kind, event.id, opening)
        content = content_block(event.kind, id=event.id, name=event.name, data=event.data)
        out = _frame("content_block_start", index=index, content_block=content)
        if event.kind == "media":  # as a delta: clients that join the deltas ignore the text of content_block_start
            out += _fragment(self._open, markdown_image(event.name, event.data))
        return out + (_fragment(self._open, f'{{"{FREE_TEXT_ARGUMENT}":"') if event.kind == "custom_tool_call" else b"")

    def _extend(self, event: BlockEvent, block: _OpenBlock) -> bytes:
        match event:
            case TextDelta(text=text) | ReasoningDelta(text=text):
                return block.opening + encode(text) + _CLOSES
            case ToolArgsDelta(fragment=fragment):
                return self._arguments(fragment, block)
            case BlockMeta(signature=signature):
                block.signature += signature
            case Citation():
                return _delta(block.index, {"type": "citations_delta", "citation": citation_object(event)})
            case BlockEnd():
                return self._close(block)
        return b""

    def _arguments(self, fragment: str, block: _OpenBlock) -> bytes:
        if block.kind == "custom_tool_call":
            return _fragment(block, encode(fragment)[1:-1].decode())
        if not block.arguments and fragment.strip() in NO_ARGUMENTS:
            return b""
        block.arguments.append(fragment)
        out = _fragment(block, fragment)
        return out + self._close(block) if self._waiting and block.has_whole_arguments else out

    def _close(self, block: _OpenBlock) -> bytes:
        """The block's end. The signature of a block that is not thinking follows in an empty thinking block."""
        self._open = None
        out = _fragment(block, '"}') if block.kind == "custom_tool_call" else b""
        signature = {"type": "signature_delta", "signature": block.signature}
        if block.kind == "reasoning" and block.signature:
            out += _delta(block.index, signature)
        out += _frame("content_block_stop", index=block.index)
        if block.kind != "reasoning" and block.signature:
            index, self._blocks = self._blocks, self._blocks + 1
            thinking = content_block("reasoning", id="", name="", data="")
            out += _frame("content_block_start", index=index, content_block=thinking) + _delta(index, signature)
            out += _frame("content_block_stop", index=index)
        return out

    def _write_waiting(self) -> bytes:
        """The waiting blocks whose turn it is now, as far as they have arrived."""
        out = b""
        while self._open is None and self._waiting:
            number = next(iter(self._waiting))
            events = self._waiting.pop(number)
            self._waiting_chars -= sum(map(_chars, events))
            out += b"".join([self._block_event(event) for event in events])
        return out

    def _end(self) -> bytes:
        out = self._start()
        while self._open is not None:
            out += self._close(self._open) + self._write_waiting()
        fields = finish_fields(self._finish, self._stop_sequences, has_calls=self._has_calls)
        return out + _ending(fields, self._usage)


def ending(open_blocks: Iterable[int], finish: Finish, usage: Usage) -> bytes:
    """The last frames of a stream in which these blocks are still open."""
    stops = [_frame("content_block_stop", index=index) for index in open_blocks]
    return b"".join(stops) + _ending(finish_fields(finish, (), has_calls=False), usage)


def _ending(finish: dict[str, Any], usage: Usage | None) -> bytes:
    return _frame("message_delta", delta=finish, usage=usage_object(usage)) + _frame("message_stop")


def _chars(event: BlockEvent) -> int:
    """The length of the text that an event holds."""
    match event:
        case TextDelta(text=text) | ReasoningDelta(text=text) | ToolArgsDelta(fragment=text):
            return len(text)
        case BlockStart(data=data):
            return len(data)
    return 0


def _frame(type: str, **fields: Any) -> bytes:
    return event_frame(type.encode(), encode({"type": type, **fields}))


def _delta(index: int, delta: dict[str, Any]) -> bytes:
    return _frame("content_block_delta", index=index, delta=delta)


def _fragment(block: _OpenBlock, text: str) -> bytes:
    return block.opening + encode(text) + _CLOSES
