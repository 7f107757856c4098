"""OpenAI's answers → events: a stream's chunks, or a whole completion.

What an upstream sends is normalised first, as for an OpenAI client, so that everything read here has OpenAI's shape.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec
from msgspec import Raw

from sealink.events import (
    BlockEnd,
    BlockKind,
    BlockMeta,
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
from sealink.wire.dialects.openai_chat import views
from sealink.wire.dialects.openai_chat.annotations import read_annotation, read_sources
from sealink.wire.dialects.openai_chat.client.parts import read_picture
from sealink.wire.dialects.openai_chat.signatures import Piece, Signature, is_signed, read_pieces, written
from sealink.wire.dialects.openai_chat.upstream.frames import VARYING, Chunk
from sealink.wire.dialects.openai_chat.upstream.normalize_stream import StreamNormalizer
from sealink.wire.dialects.openai_chat.upstream.normalize_whole import normalize_whole
from sealink.wire.dialects.openai_chat.upstream.plain_answer import PlainChunk, text_alone
from sealink.wire.dialects.openai_chat.usage import read_usage
from sealink.wire.dialects.shared.flat_blocks import Blocks
from sealink.wire.dialects.shared.upstream_errors import check_choices, malformed
from sealink.wire.framing.frame import Frame
from sealink.wire.raw_json.fields import Fields, encode, is_null, text_of
from sealink.wire.stream.handler import StatelessDeltas

_REASONS: Final[dict[str, FinishReason]] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "function_call": "tool_calls",
}


def _ignore_text(text: str, choice: int) -> None:
    """The events have the text."""


_WITHOUT_JSON: Final = (b"", b"[DONE]")
"""The data of frames that are not chunks: comments, and the end marker."""


class ChatDecoder(StatelessDeltas):
    """A Decoder: one stream's frames → events."""

    varying = VARYING

    def __init__(self) -> None:
        self._stream = StreamNormalizer(_ignore_text, usage_asked=True, choices_asked=1, keeps_plain=True)
        self._answer = _AnswerReader(self._stream.finish_reasons)

    def decode(self, frame: Frame) -> Iterable[Event]:
        chunks = self._stream.normalize(frame)
        plain = self._stream.plain
        if plain is not None and len(chunks) == 1 and (more := self._answer.more_text(plain)) is not None:
            return (more,)  # nearly every frame
        return self._read(chunks)

    def close(self) -> Iterable[Event]:
        return self._read(self._stream.finish())

    def _read(self, chunks: list[Chunk]) -> Iterator[Event]:
        for chunk in chunks:
            if not isinstance(chunk, Frame):
                yield from self._answer.read(chunk)
            elif chunk.data not in _WITHOUT_JSON:
                yield from self._answer.read(chunk.data)
        if self._stream.error is not None:
            yield from self._answer.finish()
            yield StreamError(self._stream.error)
        elif self._stream.is_complete:
            yield from self._answer.finish()
            yield StreamEnd()


def decode_whole(body: bytes) -> list[Event]:
    """The events of a not-streamed answer. Raises UpstreamError if it is not one."""
    answer = normalize_whole(body)
    reader = _AnswerReader(answer.finish_reasons)
    return [*reader.read(answer.fields if answer.is_changed else answer.body), *reader.finish(), StreamEnd()]


class _NewCall(msgspec.Struct):
    """A call whose block is not open yet: more of its name may come until its arguments begin.

    `fragments` came before the name (the old `function_call`; of `tool_calls` the name comes first).
    """

    place: int
    kind: BlockKind
    id: str
    name: str
    extra_content: Raw
    fragments: list[str] = []


class _Open:
    """A choice's open blocks: the current one, and those of its calls, by their index and by their id.

    `piece` is the last one of `reasoning_details`, and `piece_at` the block that it is in. `finish` is the finish
    reason of a choice with calls, which counts at the end of the stream: arguments may come behind it. `stop` is the
    stop string that ended it.
    """

    __slots__ = ("blocks", "calls", "finish", "ids", "new_call", "piece", "piece_at", "stop")

    def __init__(self, index: int) -> None:
        self.blocks = Blocks(index)
        self.calls: dict[int, int] = {}
        self.ids: dict[str, int] = {}
        self.new_call: _NewCall | None = None
        self.finish: str | None = None
        self.stop = ""
        self.piece = Piece({})
        self.piece_at = -1


def _logprobs(blocks: Blocks, logprobs: views.Logprobs) -> Iterator[Event]:
    tokens = logprobs.content if blocks.kind == "text" else logprobs.refusal if blocks.kind == "refusal" else None
    if tokens:
        yield Logprobs(blocks.number, encode(tokens), blocks.choice)


def _add_text(blocks: Blocks, kind: BlockKind, text: str) -> Iterator[Event]:
    if blocks.kind != kind:
        yield from blocks.open(kind)
    more = ReasoningDelta if kind == "reasoning" else TextDelta
    yield more(blocks.number, text, blocks.choice)


def _reasoning(open: _Open, message: views.Message, *, is_whole: bool) -> Iterator[Event]:
    """The reasoning, in the pieces of `reasoning_details` where the vendor sends those too."""
    pieces = [] if is_null(message.reasoning_details) else read_pieces(message.reasoning_details)
    if message.reasoning_content and not any(piece.text for piece in pieces):
        yield from _add_text(open.blocks, "reasoning", message.reasoning_content)
    for piece in pieces:
        yield from _piece(open, piece, is_whole=is_whole)


def _piece(open: _Open, piece: Piece, *, is_whole: bool) -> Iterator[Event]:
    blocks = open.blocks
    if not piece.has_place_for_text:
        yield from _signature_block(blocks, Signature(detail=piece.rest))
        return
    has_more = True
    if is_whole or blocks.kind != "reasoning":
        if piece.is_empty and not is_whole:
            return
        yield from blocks.open("reasoning")
    elif open.piece_at == blocks.number:
        if open.piece.is_continued_by(piece):
            has_more = open.piece.add(piece)
            piece.rest = open.piece.rest
        else:
            yield from blocks.open("reasoning")
    open.piece, open.piece_at = piece, blocks.number
    if has_more:
        blocks.signature = written(Signature(detail=piece.rest))
    if piece.text:
        yield ReasoningDelta(blocks.number, piece.text, blocks.choice)


def _signature_block(blocks: Blocks, signature: Signature) -> Iterator[Event]:
    """A signature in a block of its own."""
    yield from blocks.open("reasoning")
    blocks.signature = written(signature)
    yield from blocks.close()


def _signed(open: _Open, thinking: views.Thinking) -> Iterator[Event]:
    blocks = open.blocks
    if thinking.type == "redacted_thinking":
        yield from blocks.whole("redacted_reasoning", data=thinking.data or "")
    elif thinking.signs is not None:
        yield from _signed_other(open, thinking.signs, thinking.signature or "")
    else:
        yield from blocks.enter("reasoning")
        yield BlockMeta(blocks.number, signature=thinking.signature or "", choice=blocks.choice)
        yield from blocks.close()


def _signed_other(open: _Open, signs: str, signature: str) -> Iterator[Event]:
    """The signature of a call that is still open, or of the text."""
    block = open.ids.get(signs)
    if block is None and open.blocks.kind is not None:
        block = open.blocks.number
    if block is not None:
        yield BlockMeta(block, signature=signature, choice=open.blocks.choice)


def _call(open: _Open, place: int, call: views.ToolCall) -> Iterator[Event]:
    custom = call.custom if call.function is None else None  # Snowflake sends both, one of them empty
    function = call.function or views.Function()
    name, fragment = (function.name, function.arguments) if custom is None else (custom.name, custom.input)
    if place in open.calls:
        if fragment:
            yield ToolArgsDelta(open.calls[place], fragment, open.blocks.choice)
        return
    new = open.new_call
    if new is None or new.place != place:
        yield from _open_call(open)
        kind: BlockKind = "tool_call" if custom is None else "custom_tool_call"
        new = open.new_call = _NewCall(place, kind, call.id, "", call.extra_content)
    new.name += name
    if fragment:
        new.fragments.append(fragment)
    if new.fragments and new.name:
        yield from _open_call(open)


def _open_call(open: _Open) -> Iterator[Event]:
    """The block of the call that is not open yet, if there is one."""
    call, open.new_call = open.new_call, None
    if call is None:
        return
    if not call.name:
        raise malformed("a tool call has no name.")
    id = call.id or f"call_{call.name}"  # the old `function_call` has none
    yield from open.blocks.open_beside(call.kind, id=id, name=call.name)
    block = open.calls[call.place] = open.ids[id] = open.blocks.number
    if is_signed(call.extra_content):
        signature = written(Signature(extra_content=call.extra_content, call_id=id))
        yield BlockMeta(block, signature, open.blocks.choice)
    if call.fragments:
        yield ToolArgsDelta(block, "".join(call.fragments), open.blocks.choice)


def _cite(blocks: Blocks, annotations: Iterable[Raw]) -> Iterator[Event]:
    for annotation in annotations:
        yield from blocks.enter("text")
        yield read_annotation(annotation, blocks.number, blocks.choice)


def _media(blocks: Blocks, picture: Raw) -> Iterator[Event]:
    """An image in OpenRouter's shape; one that is not inline is only for OpenAI's clients."""
    inline = read_picture(picture)
    if inline is None:
        yield from blocks.whole("other", raw=bytes(picture))
    else:
        media_type, data = inline
        yield from blocks.whole("media", name=media_type, data=data)


class _AnswerReader:
    """Chunks of OpenAI's shape → events. `finish_reasons` are those of the upstream, by choice."""

    def __init__(self, finish_reasons: dict[int, str]) -> None:
        self._finish_reasons = finish_reasons
        self._started = False
        self._choices: dict[int, _Open] = {}
        self._sources: list[Raw] = []

    def more_text(self, chunk: PlainChunk) -> TextDelta | None:
        """The only event of a chunk that continues an open block of text; None for any other chunk."""
        index = chunk.choices[0].index
        open = self._choices.get(index)
        if open is None or open.new_call is not None or open.blocks.kind != "text":
            return None
        text = text_alone(chunk)
        return TextDelta(open.blocks.number, text, index) if text else None

    def read(self, data: bytes | Fields) -> Iterator[Event]:
        """The events of a chunk, given as JSON or as fields."""
        try:
            chunk = views.CHUNK.decode(data) if isinstance(data, bytes) else views.chunk_of(data)
        except (ValueError, RecursionError) as error:
            raise malformed(str(error)) from error
        if not self._started:
            self._started = True
            yield StreamStart(chunk.id, chunk.model, chunk.created or None)
        self._sources = read_sources(chunk.search_results, chunk.citations) or self._sources
        for choice in chunk.choices:
            yield from self._choice(choice)
        if chunk.usage:
            yield UsageSnapshot(read_usage(chunk.usage, text_of(chunk.service_tier)))

    def _choice(self, choice: views.Choice) -> Iterator[Event]:
        message = choice.message or choice.delta
        open = self._choices.get(choice.index)
        if open is None:
            check_choices(len(self._choices))
            open = self._choices[choice.index] = _Open(choice.index)
        blocks, is_whole = open.blocks, choice.message is not None
        if open.new_call is not None and open.new_call.name and not (message.tool_calls or message.function_call):
            yield from _open_call(open)
        yield from _reasoning(open, message, is_whole=is_whole)
        for thinking in message.thinking_blocks or ():
            yield from _signed(open, thinking)
        if message.content:
            yield from _add_text(blocks, "text", message.content)
        if message.refusal:
            yield from _add_text(blocks, "refusal", message.refusal)
        if is_signed(message.extra_content):
            yield from _signature_block(blocks, Signature(extra_content=message.extra_content))
        if choice.logprobs is not None:
            yield from _logprobs(blocks, choice.logprobs)
        yield from _cite(blocks, message.annotations or ())
        for picture in message.images or ():
            yield from _media(blocks, picture)
        for position, call in enumerate(message.tool_calls or ()):
            # In a whole answer the index is ignored: Ollama sent 0 for every call.
            place = position if call.index is None or is_whole else call.index
            yield from _call(open, place, call)
        if message.function_call is not None:
            yield from _call(open, 0, views.ToolCall(function=message.function_call))
        if choice.finish_reason is not None:
            open.finish = choice.finish_reason
            open.stop = text_of(choice.stop_reason) or text_of(choice.matched_stop) or ""
            if not open.calls and open.new_call is None and choice.finish_reason != "tool_calls":
                yield from self._finish(open)

    def finish(self) -> Iterator[Event]:
        """How the choices with calls have ended, when all has been read."""
        for open in self._choices.values():
            yield from self._finish(open)

    def _finish(self, open: _Open) -> Iterator[Event]:
        reason, open.finish = open.finish, None
        if reason is None:
            return
        yield from _open_call(open)
        index = open.blocks.choice
        if self._sources and index == 0:
            yield from _cite(open.blocks, self._sources)
        yield from open.blocks.close()
        for block in open.calls.values():
            yield BlockEnd(block, index)
        open.calls, open.ids = {}, {}
        detail = open.stop if reason == "stop" else ""
        yield Finish(_REASONS[reason], self._finish_reasons.get(index, ""), index, detail)
