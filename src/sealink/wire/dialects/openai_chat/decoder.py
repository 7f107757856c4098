"""OpenAI's answers → events: a stream's chunks, or a whole completion.

What comes from the upstream is mended first, as for an OpenAI client: here everything is of OpenAI's shape.
OpenAI's format is flat; where one block ends and the next begins is inferred here, and only here.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Raw

from sealink.events import (
    BlockEnd,
    BlockKind,
    BlockMeta,
    BlockStart,
    Event,
    Finish,
    FinishReason,
    ReasoningDelta,
    StreamEnd,
    StreamError,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    UsageSnapshot,
)
from sealink.wire.dialect import Outcome
from sealink.wire.dialects.openai_chat.annotations import read_annotation
from sealink.wire.dialects.openai_chat.errors import malformed
from sealink.wire.dialects.openai_chat.relay import ChatRelay
from sealink.wire.dialects.openai_chat.usage import read_usage
from sealink.wire.dialects.openai_chat.whole import relay_whole
from sealink.wire.raw_json import Fields
from sealink.wire.sse import Frame, SseFramer

_REASONS: Final[dict[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "function_call": "tool_calls",
}


class _Function(msgspec.Struct):
    name: str = ""
    arguments: str = ""


class _ToolCall(msgspec.Struct):
    id: str = ""
    index: int | None = None
    function: _Function | None = None


class _Thinking(msgspec.Struct):
    """SeaLink's own `thinking_blocks`: a gateway may stand behind another."""

    type: str
    signature: str | None = None
    data: str | None = None


class _Said(msgspec.Struct):
    """A delta, or a whole message."""

    content: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None
    function_call: _Function | None = None
    thinking_blocks: list[_Thinking] | None = None
    annotations: list[Raw] | None = None


class _Choice(msgspec.Struct):
    index: int
    delta: _Said = msgspec.field(default_factory=_Said)
    message: _Said | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice]
    id: str = ""
    model: str = ""
    created: int | None = None
    usage: Fields | None = None


_CHUNK = msgspec.json.Decoder(_Chunk)


class ChatDecoder:
    """A Decoder: one stream's frames → events."""

    def __init__(self) -> None:
        self._relay = ChatRelay(usage_asked=True, choices_asked=1)
        self._mended = SseFramer()
        self._answer = _AnswerReader(self._relay.outcome)

    def decode(self, frame: Frame) -> Iterable[Event]:
        return self._read(self._relay.relay(frame))

    def close(self) -> Iterable[Event]:
        return self._read(self._relay.finish())

    def _read(self, mended: bytes) -> Iterator[Event]:
        for frame in self._mended.feed(mended):
            if frame.data != b"[DONE]":
                yield from self._answer.read(frame.data)
        if self._relay.outcome.error is not None:
            yield StreamError(self._relay.outcome.error)
        elif self._relay.outcome.complete:
            yield StreamEnd()


def whole_events(body: bytes) -> list[Event]:
    """The events of a not-streamed answer. Raises UpstreamError if it is not one."""
    mended, outcome = relay_whole(body)
    return [*_AnswerReader(outcome).read(mended), StreamEnd()]


class _OpenChoice(msgspec.Struct):
    """Where a choice's text goes at the moment, and its calls by their index."""

    block: int | None = None
    kind: BlockKind = "text"
    calls: dict[int, int] = {}


class _AnswerReader:
    """Chunks of OpenAI's shape → events. `outcome` knows the upstream's own words for the end."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._started = False
        self._blocks = 0
        self._choices: dict[int, _OpenChoice] = {}

    def read(self, data: bytes) -> Iterator[Event]:
        try:
            chunk = _CHUNK.decode(data)
        except (ValueError, RecursionError) as error:
            raise malformed(str(error)) from error
        if not self._started:
            self._started = True
            yield StreamStart(chunk.id, chunk.model, chunk.created)
        for choice in chunk.choices:
            yield from self._choice(choice)
        if chunk.usage:
            yield UsageSnapshot(read_usage(chunk.usage))

    def _choice(self, choice: _Choice) -> Iterator[Event]:
        index, said = choice.index, choice.message or choice.delta
        open = self._choices.setdefault(index, _OpenChoice())
        if said.reasoning_content:
            yield from self._text(index, open, "reasoning", said.reasoning_content)
        for thinking in said.thinking_blocks or ():
            yield from self._signed(index, open, thinking)
        if said.content:
            yield from self._text(index, open, "text", said.content)
        for citation in said.annotations or ():
            if open.block is not None:
                yield read_annotation(citation, open.block, index)
        if said.refusal:
            yield from self._text(index, open, "refusal", said.refusal)
        for position, call in enumerate(said.tool_calls or ()):
            place = position if call.index is None else call.index
            yield from self._call(index, open, place, call.id, call.function or _Function())
        if said.function_call is not None:
            yield from self._call(index, open, 0, f"call_{said.function_call.name}", said.function_call)
        if choice.finish_reason is not None:
            yield from self._finish(index, open, choice.finish_reason)

    def _text(self, index: int, open: _OpenChoice, kind: BlockKind, text: str) -> Iterator[Event]:
        if open.block is None or open.kind != kind:
            yield from self._switch(index, open, kind)
        assert open.block is not None
        yield ReasoningDelta(open.block, text, index) if kind == "reasoning" else TextDelta(open.block, text, index)

    def _switch(self, index: int, open: _OpenChoice, kind: BlockKind) -> Iterator[Event]:
        yield from self._close(index, open)
        open.block, open.kind = self._next_block(), kind
        yield BlockStart(open.block, kind, index)

    def _close(self, index: int, open: _OpenChoice) -> Iterator[Event]:
        if open.block is not None:
            yield BlockEnd(open.block, index)
            open.block = None

    def _signed(self, index: int, open: _OpenChoice, thinking: _Thinking) -> Iterator[Event]:
        if thinking.type == "redacted_thinking":
            yield from self._close(index, open)
            block = self._next_block()
            yield BlockStart(block, "redacted_reasoning", index, data=thinking.data or "")
            yield BlockEnd(block, index)
            return
        if open.block is None or open.kind != "reasoning":
            yield from self._switch(index, open, "reasoning")
        assert open.block is not None
        yield BlockMeta(open.block, signature=thinking.signature or "", choice=index)
        yield from self._close(index, open)

    def _call(self, index: int, open: _OpenChoice, place: int, id: str, function: _Function) -> Iterator[Event]:
        if place not in open.calls:
            yield from self._close(index, open)
            open.calls[place] = self._next_block()
            yield BlockStart(open.calls[place], "tool_call", index, id=id, name=function.name)
        if function.arguments:
            yield ToolArgsDelta(open.calls[place], function.arguments, index)

    def _finish(self, index: int, open: _OpenChoice, reason: str) -> Iterator[Event]:
        yield from self._close(index, open)
        for block in open.calls.values():
            yield BlockEnd(block, index)
        open.calls = {}
        raw_reason = self._outcome.finish.get(index, "")
        yield Finish(_REASONS[reason], raw_reason, index)

    def _next_block(self) -> int:
        self._blocks += 1
        return self._blocks - 1
