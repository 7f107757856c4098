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
    Logprobs,
    ReasoningDelta,
    StreamEnd,
    StreamError,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    UsageSnapshot,
)
from sealink.wire.dialect import Outcome
from sealink.wire.dialects.openai_chat.annotations import read_annotation, read_sources
from sealink.wire.dialects.openai_chat.parts import read_picture
from sealink.wire.dialects.openai_chat.relay import ChatRelay
from sealink.wire.dialects.openai_chat.usage import read_usage
from sealink.wire.dialects.openai_chat.whole import relay_whole
from sealink.wire.raw_json import NULL, Fields, encode
from sealink.wire.rejections import malformed
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


class _Custom(msgspec.Struct):
    name: str = ""
    input: str = ""


class _ToolCall(msgspec.Struct):
    id: str = ""
    index: int | None = None
    function: _Function | None = None
    custom: _Custom | None = None


class _Thinking(msgspec.Struct):
    """SeaLink's own `thinking_blocks`: a gateway may stand behind another."""

    type: str
    signature: str | None = None
    data: str | None = None
    signs: str | None = None


class _Said(msgspec.Struct):
    """A delta, or a whole message."""

    content: str | None = None
    reasoning_content: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None
    function_call: _Function | None = None
    thinking_blocks: list[_Thinking] | None = None
    annotations: list[Raw] | None = None
    images: list[Raw] | None = None


class _Logprobs(msgspec.Struct):
    content: list[Raw] | None = None
    refusal: list[Raw] | None = None


class _Choice(msgspec.Struct):
    index: int
    delta: _Said = msgspec.field(default_factory=_Said)
    message: _Said | None = None
    logprobs: _Logprobs | None = None
    finish_reason: str | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice]
    id: str = ""
    model: str = ""
    created: int | None = None
    usage: Fields | None = None
    citations: Raw = NULL
    search_results: Raw = NULL


_CHUNK = msgspec.json.Decoder(_Chunk)


class ChatDecoder:
    """A Decoder: one stream's frames → events."""

    forgets_deltas = True

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
    ids: dict[str, int] = {}


def _logprobs(index: int, open: _OpenChoice, said: _Logprobs) -> Iterator[Event]:
    assert open.block is not None
    tokens = {"text": said.content, "refusal": said.refusal}.get(open.kind)
    if tokens:
        yield Logprobs(open.block, encode(tokens), index)


class _AnswerReader:
    """Chunks of OpenAI's shape → events. `outcome` knows the upstream's own words for the end."""

    def __init__(self, outcome: Outcome) -> None:
        self._outcome = outcome
        self._started = False
        self._blocks = 0
        self._choices: dict[int, _OpenChoice] = {}
        self._sources: list[Raw] = []

    def read(self, data: bytes) -> Iterator[Event]:
        try:
            chunk = _CHUNK.decode(data)
        except (ValueError, RecursionError) as error:
            raise malformed(str(error)) from error
        if not self._started:
            self._started = True
            yield StreamStart(chunk.id, chunk.model, chunk.created)
        self._sources = read_sources(chunk.search_results, chunk.citations) or self._sources
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
        if said.refusal:
            yield from self._text(index, open, "refusal", said.refusal)
        if choice.logprobs is not None and open.block is not None:
            yield from _logprobs(index, open, choice.logprobs)
        yield from self._cite(index, open, said.annotations or ())
        for picture in said.images or ():
            yield from self._media(index, open, picture)
        for position, call in enumerate(said.tool_calls or ()):
            place = position if call.index is None else call.index
            yield from self._call(index, open, place, call)
        if said.function_call is not None:
            legacy = _ToolCall(f"call_{said.function_call.name}", function=said.function_call)
            yield from self._call(index, open, 0, legacy)
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
        if thinking.signs is not None:
            yield from self._signed_other(index, open, thinking.signs, thinking.signature or "")
            return
        if open.block is None or open.kind != "reasoning":
            yield from self._switch(index, open, "reasoning")
        assert open.block is not None
        yield BlockMeta(open.block, signature=thinking.signature or "", choice=index)
        yield from self._close(index, open)

    def _signed_other(self, index: int, open: _OpenChoice, signs: str, signature: str) -> Iterator[Event]:
        """The signature of a call that is still open, or of the text."""
        block = open.ids.get(signs, open.block)
        if block is not None:
            yield BlockMeta(block, signature=signature, choice=index)

    def _call(self, index: int, open: _OpenChoice, place: int, call: _ToolCall) -> Iterator[Event]:
        custom = call.custom if call.function is None else None  # Snowflake has both, one of them empty
        function = call.function or _Function()
        if place not in open.calls:
            kind: BlockKind = "tool_call" if custom is None else "custom_tool_call"
            name = function.name if custom is None else custom.name
            if not name:
                raise malformed("a tool call begins without a name")
            yield from self._close(index, open)
            open.calls[place] = block = self._next_block()
            yield BlockStart(block, kind, index, id=call.id or f"call_{block}", name=name)
            open.ids[call.id] = block
        if fragment := function.arguments if custom is None else custom.input:
            yield ToolArgsDelta(open.calls[place], fragment, index)

    def _cite(self, index: int, open: _OpenChoice, annotations: Iterable[Raw]) -> Iterator[Event]:
        for annotation in annotations:
            if open.block is None or open.kind != "text":
                yield from self._switch(index, open, "text")
            assert open.block is not None
            yield read_annotation(annotation, open.block, index)

    def _media(self, index: int, open: _OpenChoice, picture: Raw) -> Iterator[Event]:
        """A picture, in OpenRouter's shape; what is no inline picture means something to OpenAI's clients only."""
        yield from self._close(index, open)
        block, inline = self._next_block(), read_picture(picture)
        if inline is None:
            yield BlockStart(block, "other", index, raw=bytes(picture))
        else:
            media_type, data = inline
            yield BlockStart(block, "media", index, name=media_type, data=data)
        yield BlockEnd(block, index)

    def _finish(self, index: int, open: _OpenChoice, reason: str) -> Iterator[Event]:
        if self._sources and index == 0:
            yield from self._cite(index, open, self._sources)
        yield from self._close(index, open)
        for block in open.calls.values():
            yield BlockEnd(block, index)
        open.calls, open.ids = {}, {}
        raw_reason = self._outcome.finish.get(index, "")
        yield Finish(_REASONS[reason], raw_reason, index)

    def _next_block(self) -> int:
        self._blocks += 1
        return self._blocks - 1
