"""The content blocks of an answer → events: a stream's, which open, grow and close, or a whole answer's.

https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ContentBlockDelta.html. Blocks of text and of
reasoning open with their first delta. A citation comes before its text, or without a text: its event comes at the
block's end.
"""

import base64
import binascii
from collections.abc import Iterator
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
    TextDelta,
    ToolArgsDelta,
    Unmodelled,
)
from sealink.wire.dialects.bedrock_converse.upstream.errors import NAME
from sealink.wire.dialects.bedrock_converse.views import (
    CITED_SOURCE,
    STRING,
    Content,
    ImageSource,
    Location,
    Reasoning,
    ReasoningText,
    Web,
)
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.identifiers import UniqueIds
from sealink.wire.raw_json.fields import NULL, utf8

SERVER_TOOL: Final = "server_tool_use"
"""The type of a call that Bedrock itself has run: the client must not run it."""


class _Open(msgspec.Struct):
    """A block that has not been closed. `data` collects content whose event comes at the block's end."""

    number: int
    kind: BlockKind
    starts_at: int = 0
    media_type: str = ""
    data: list[str] = []
    citations: list[Raw] = []


class Blocks:
    """The blocks of one answer, numbered as they open."""

    def __init__(self) -> None:
        self._open: dict[int, _Open] = {}
        self._count = 0
        self._chars = 0
        self._last_text = (0, 0)
        self._call_ids = UniqueIds()

    def start(self, index: int, start: Content, raw: bytes) -> Iterator[Event]:
        """A block whose start tells its kind: a tool call, an image, or one that only Bedrock has."""
        if index in self._open:
            raise malformed(f"block {index} opens twice.")
        if start.tool_use is not None and start.tool_use.type != SERVER_TOOL:
            call = start.tool_use
            if not call.name:
                raise malformed("a tool call has no name.")
            block = self._begin(index, "tool_call")
            id = self._call_ids.take(call.tool_use_id or f"tooluse_{block.number}")
            yield BlockStart(block.number, "tool_call", id=id, name=call.name)
        elif start.image is not None:
            self._begin(index, "media").media_type = f"image/{start.image.format or 'png'}"
        elif start.tool_use is not None or start.tool_result != NULL:
            yield from self._other(index, raw)

    def extend(self, index: int, delta: Content, raw: bytes) -> Iterator[Event]:
        block = self._open.get(index)
        if delta.text is not None:
            yield from self._text(index, block, delta.text)
        elif delta.tool_use is not None and block is not None and block.kind == "tool_call":
            if fragment := STRING.decode(delta.tool_use.input):
                yield ToolArgsDelta(block.number, fragment)
        elif delta.reasoning_content is not None:
            yield from self._reasoning(index, block, delta.reasoning_content)
        elif delta.citation != NULL:
            yield from self._text(index, block, "")
            self._open[index].citations.append(delta.citation)
        elif delta.image is not None and block is not None and block.kind == "media":
            block.data.append((delta.image.source or ImageSource()).bytes or "")
        else:
            yield Unmodelled(utf8(raw))

    def stop(self, index: int) -> Iterator[Event]:
        block = self._open.pop(index, None)
        if block is None:
            return
        if block.kind == "media":
            yield BlockStart(block.number, "media", name=block.media_type, data="".join(block.data))
        elif block.kind == "redacted_reasoning":
            yield BlockStart(block.number, block.kind, data=read_redacted("".join(block.data)))
        elif block.kind == "text":
            yield from self._cite(block)
        yield BlockEnd(block.number)

    def stop_all(self) -> Iterator[Event]:
        for index in list(self._open):
            yield from self.stop(index)

    def whole(self, index: int, content: Content, raw: bytes) -> Iterator[Event]:
        """A block of an answer that was not streamed: the same events as in a stream."""
        if content.tool_use is not None:
            yield from self.start(index, content, raw)
            if content.tool_use.type != SERVER_TOOL and content.tool_use.input != NULL:
                yield ToolArgsDelta(self._open[index].number, utf8(content.tool_use.input).decode())
        elif content.image is not None:
            yield from self.start(index, content, raw)
            yield from self.extend(index, content, raw)
        elif content.citations_content is not None:
            cited = content.citations_content
            yield from self.extend(index, Content(text="".join(part.text for part in cited.content)), raw)
            self._open[index].citations += cited.citations
        elif content.text is not None or content.reasoning_content is not None:
            yield from self.extend(index, content, raw)
        else:
            yield from self._other(index, raw)
        yield from self.stop(index)

    def _begin(self, index: int, kind: BlockKind) -> _Open:
        block = self._open[index] = _Open(self._count, kind, self._chars)
        self._count += 1
        return block

    def _other(self, index: int, raw: bytes) -> Iterator[Event]:
        yield BlockStart(self._begin(index, "other").number, "other", raw=utf8(raw))

    def _text(self, index: int, block: _Open | None, text: str) -> Iterator[Event]:
        if block is None:
            block = self._begin(index, "text")
            yield BlockStart(block.number, "text")
        if block.kind != "text":
            raise malformed(f"a text delta is for block {index}, which is not text.")
        if text:
            self._chars += len(text)
            yield TextDelta(block.number, text)

    def _reasoning(self, index: int, block: _Open | None, reasoning: Reasoning) -> Iterator[Event]:
        redacted = reasoning.redacted_content is not None
        kind: BlockKind = "redacted_reasoning" if redacted else "reasoning"
        if block is None:
            block = self._begin(index, kind)
            if not redacted:
                yield BlockStart(block.number, kind)
        if block.kind != kind:
            raise malformed(f"a reasoning delta is for block {index}, which is not of that kind.")
        if reasoning.redacted_content is not None:
            block.data.append(reasoning.redacted_content)
            return
        whole = reasoning.reasoning_text or ReasoningText(reasoning.text or "", reasoning.signature)
        if whole.text:
            yield ReasoningDelta(block.number, whole.text)
        if whole.signature:
            yield BlockMeta(block.number, signature=whole.signature)

    def _cite(self, block: _Open) -> Iterator[Event]:
        """A block of citations without text cites the text before it
        (recording bedrock/ruby_llm-web_search_with_bedrock_amazon_nova-2-lite-v1_0_streams_grounded_turns-9edab6)."""
        if self._chars > block.starts_at:
            self._last_text = (block.starts_at, self._chars)
        for raw in block.citations:
            yield read_citation(raw, block.number, *self._last_text)


def read_citation(raw: Raw, block: int, start: int, end: int) -> Citation:
    """https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_CitationsDelta.html"""
    cited = CITED_SOURCE.decode(raw)
    web = (cited.location or Location()).web or Web()
    source = cited.source or ""
    return Citation(
        block,
        url=web.url or (source if source.startswith(("http://", "https://")) else ""),
        title=cited.title or web.domain,
        quote="".join(part.text for part in cited.source_content),
        start=start,
        end=end,
        raw=utf8(raw),
        dialect=NAME,
    )


def read_redacted(blob: str) -> str:
    """Redacted thinking as Anthropic sends it: Bedrock encodes Anthropic's base64 in base64 once more.

    Another vendor's gets this dialect's name in front.
    """
    try:
        return base64.b64decode(blob, validate=True).decode("ascii")
    except (binascii.Error, UnicodeDecodeError):
        return f"{NAME}:{blob}"
