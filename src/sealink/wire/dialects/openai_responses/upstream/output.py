"""The items of a Responses upstream's answer → blocks.

Items may overlap; each is identified by `output_index`. A finished item repeats all of itself: what no delta has
brought becomes events then.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Raw

from sealink.events import (
    BlockEnd,
    BlockKind,
    BlockMeta,
    BlockStart,
    Event,
    Logprobs,
    ReasoningDelta,
    TextDelta,
    ToolArgsDelta,
)
from sealink.wire.dialects.openai_responses.annotations import read_annotation
from sealink.wire.dialects.openai_responses.signatures import Signature, write_signature
from sealink.wire.dialects.openai_responses.views import (
    ITEM,
    AnnotationAdded,
    ArgumentsPiece,
    InputPiece,
    Item,
    ItemOpened,
    Part,
    RefusalPiece,
    SummaryPiece,
    TextPiece,
    ThoughtPiece,
)
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.identifiers import UniqueIds
from sealink.wire.raw_json.fields import encode, is_null, name_of, text_of, utf8

_CALLS: Final[dict[str, BlockKind]] = {"function_call": "tool_call", "custom_tool_call": "custom_tool_call"}


class _Block(msgspec.Struct):
    """A block of an item. `starts_at`: how many characters of the answer's text precede it."""

    number: int
    kind: BlockKind
    starts_at: int = 0
    is_empty: bool = True
    citations: int = 0


class _Item(msgspec.Struct):
    """What has been seen of an item: its blocks by their content index (0 in all but messages).

    `thinks_in`: the type of a reasoning item's deltas. Its text counts once if it comes as a summary and in full.
    `is_run_by_server`: a call that is not for the client.
    """

    blocks: dict[int, _Block] = {}
    open: _Block | None = None
    done: bool = False
    is_run_by_server: bool = False
    thinks_in: type | None = None


class Output:
    """An answer's items so far. Raises UpstreamError, or what msgspec raises, on malformed ones.

    `server_call_ids`: what the ids of calls begin with that the upstream itself has run; "" if it has no such calls.
    """

    def __init__(self, server_call_ids: str = "") -> None:
        self.has_calls = False
        self._server_call_ids = server_call_ids
        self._items: dict[int, _Item] = {}
        self.last_begun = 0
        """The item that was opened last, or the first."""
        self._blocks = 0
        self._chars = 0
        self._call_ids = UniqueIds()

    # Deltas: the first of a block opens it.

    def text(self, event: TextPiece) -> Sequence[Event]:
        item = self._items.get(event.output_index)
        block = item.blocks.get(event.content_index) if item is not None else None
        if item is not None and block is not None and block is item.open and block.kind == "text":
            return self._text(block, event)
        opened = list(self._open_part(event.output_index, event.content_index, "text"))
        return [*opened, *self._text(self._items[event.output_index].blocks[event.content_index], event)]

    def _text(self, block: _Block, event: TextPiece) -> Sequence[Event]:
        logprobs = (Logprobs(block.number, encode(event.logprobs)),) if event.logprobs else ()
        if not event.delta:
            return logprobs
        block.is_empty = False
        self._chars += len(event.delta)
        return (TextDelta(block.number, event.delta), *logprobs)

    def add_text(self, number: int, text: str) -> None:
        """More of an open block's text has come than was given to `text`."""
        blocks = [item.open for item in self._items.values() if item.open is not None]
        self._chars += sum(len(text) for block in blocks if block.number == number and block.kind == "text")

    def refuse(self, event: RefusalPiece) -> Iterator[Event]:
        yield from self._open_part(event.output_index, event.content_index, "refusal")
        block = self._items[event.output_index].blocks[event.content_index]
        block.is_empty &= not event.delta
        if event.delta:
            yield TextDelta(block.number, event.delta)

    def think(self, event: SummaryPiece | ThoughtPiece) -> Iterator[Event]:
        item = self._item(event.output_index)
        item.thinks_in = item.thinks_in or type(event)
        if item.thinks_in is not type(event) or not event.delta:
            return
        yield from self._open_part(event.output_index, 0, "reasoning")
        item.blocks[0].is_empty = False
        yield ReasoningDelta(item.blocks[0].number, event.delta)

    def arguments(self, event: ArgumentsPiece | InputPiece) -> Iterator[Event]:
        item = self._item(event.output_index)
        if item.is_run_by_server:
            return
        block = item.open
        if block is None or block.kind not in _CALLS.values():
            raise malformed(f"arguments came for item {event.output_index}, which is not an open tool call.")
        if event.delta:
            block.is_empty = False
            yield ToolArgsDelta(block.number, event.delta)

    def annotate(self, event: AnnotationAdded) -> Iterator[Event]:
        yield from self._open_part(event.output_index, event.content_index, "text")
        yield self._citation(self._items[event.output_index].blocks[event.content_index], event.annotation)

    def _citation(self, block: _Block, raw: Raw) -> Event:
        block.citations += 1
        return read_annotation(raw, block.number, block.starts_at)

    # Items: opened, and finished.

    def _item(self, index: int) -> _Item:
        self.last_begun = max(self.last_begun, index)
        return self._items.setdefault(index, _Item())

    def _open_part(self, index: int, part: int, kind: BlockKind) -> Iterator[Event]:
        """A block of an item opens, unless it is open; the one before it closes."""
        item = self._item(index)
        if item.done:
            raise malformed(f"a delta came for item {index}, which is finished.")
        if part not in item.blocks:
            yield from self._open_block(item, part, BlockStart(self._blocks, kind))
        elif item.blocks[part] is not item.open or item.blocks[part].kind != kind:
            raise malformed(f"a delta came for part {part} of item {index}, which is not open.")

    def _open_block(self, item: _Item, part: int, event: BlockStart) -> Iterator[Event]:
        yield from self._close(item)
        item.open = item.blocks[part] = _Block(self._blocks, event.kind, self._chars)
        self._blocks += 1
        yield event

    def _close(self, item: _Item) -> Iterator[Event]:
        if item.open is not None:
            yield BlockEnd(item.open.number)
            item.open = None

    def open_item(self, event: ItemOpened) -> Iterator[Event]:
        known = self._item(event.output_index)
        if is_null(event.item) or known.blocks:
            return
        item = ITEM.decode(event.item)
        known.is_run_by_server = self._is_run_by_server(item)
        if item.type in _CALLS and item.name and not known.is_run_by_server:
            yield from self._open_call(known, item)

    def _is_run_by_server(self, item: Item) -> bool:
        """Whether the item is a call that the upstream has run itself, of the shape of a client's."""
        prefix = self._server_call_ids
        return bool(prefix) and item.type in _CALLS and (item.call_id or "").startswith(prefix)

    def _open_call(self, known: _Item, item: Item) -> Iterator[Event]:
        self.has_calls = True
        id = self._call_ids.take(item.call_id or name_of(item.id) or f"call_{self._blocks}")
        start = BlockStart(self._blocks, _CALLS[item.type], id=id, name=item.name or "")
        yield from self._open_block(known, 0, start)

    def finish_item(self, index: int, raw: Raw) -> Iterator[Event]:
        known, item = self._item(index), ITEM.decode(raw)
        if known.done:
            return
        match item.type:
            case "message":
                yield from self._finish_message(index, item)
            case "reasoning":
                yield from self._finish_reasoning(index, known, item)
            case "function_call" | "custom_tool_call" if not self._is_run_by_server(item):
                yield from self._finish_call(known, item)
            case "image_generation_call" if item.result:
                yield from self._open_block(known, 0, self._image(item))
            case _:
                yield from self._open_block(known, 0, BlockStart(self._blocks, "other", raw=utf8(raw)))
        yield from self._close(known)
        known.done = True

    def _image(self, item: Item) -> BlockStart:
        name = f"image/{item.output_format or 'png'}"
        return BlockStart(self._blocks, "media", name=name, data=item.result or "")

    def _finish_message(self, index: int, item: Item) -> Iterator[Event]:
        """Parts are known by their order: behind Bedrock the first one's index is 1 in its deltas."""
        known = self._item(index)
        seen, after = list(known.blocks.values()), max(known.blocks, default=-1) + 1
        for number, part in enumerate(item.content or ()):
            if number >= len(seen):
                yield from self._whole_part(index, after, part)
                after += 1
            elif seen[number] is known.open:
                for raw in (part.annotations or [])[seen[number].citations :]:
                    yield self._citation(seen[number], raw)

    def _whole_part(self, index: int, number: int, part: Part) -> Iterator[Event]:
        """A part of which no delta has come."""
        if part.text:
            yield from self.text(TextPiece(index, part.text, number, part.logprobs))
        elif part.refusal:
            yield from self.refuse(RefusalPiece(index, part.refusal, number))
        for raw in (part.annotations or ()) if part.text else ():
            yield self._citation(self._items[index].blocks[number], raw)

    def _finish_reasoning(self, index: int, known: _Item, item: Item) -> Iterator[Event]:
        text = _joined(item.summary) or _joined(item.content)
        signature = _signature_of(item)
        if text or signature:
            yield from self._open_part(index, 0, "reasoning")
            if known.blocks[0].is_empty and text:
                yield ReasoningDelta(known.blocks[0].number, text)
        if signature:
            yield BlockMeta(known.blocks[0].number, signature=signature)

    def _finish_call(self, known: _Item, item: Item) -> Iterator[Event]:
        if not known.blocks:
            if not item.name:
                raise malformed("a tool call has no name.")
            yield from self._open_call(known, item)
        text = item.input if item.type == "custom_tool_call" else text_of(item.arguments)
        if known.blocks[0].is_empty and text:
            yield ToolArgsDelta(known.blocks[0].number, text)

    def end(self, items: Sequence[Raw]) -> Iterator[Event]:
        """The answer ends with these items: they become events now if none has before, and open blocks close."""
        if not self._items:
            for index, raw in enumerate(items):
                yield from self.finish_item(index, raw)
        for item in self._items.values():
            yield from self._close(item)


def _signature_of(item: Item) -> str:
    """Full thinking that is not encrypted (DeepSeek, gpt-oss) goes back as it came, by its id; a summary alone cannot
    go back at all."""
    if item.encrypted_content:
        return write_signature(Signature(name_of(item.id) or "", item.encrypted_content))
    return write_signature(Signature(name_of(item.id) or "", "")) if _joined(item.content) else ""


def _joined(parts: list[Part] | None) -> str:
    return "".join(part.text or "" for part in parts or ())
