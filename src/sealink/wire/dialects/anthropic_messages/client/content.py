"""The content of a client's messages: Anthropic's blocks → SeaLink's parts.

https://platform.claude.com/docs/en/api/messages/create. Documents of text become text parts, which every model reads.
What Anthropic's own servers did in an earlier turn (a search, code that ran) is left out and named as dropped.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import File, Part, Reasoning, RedactedReasoning, Text, ToolCall, ToolResult
from sealink.wire.dialects.shared import media
from sealink.wire.raw_json.fields import NULL, is_null, starts_with
from sealink.wire.raw_json.request_fields import missing, read_value, untranslatable

_SERVER_BLOCKS: Final = (
    *("server_tool_use", "mcp_tool_use", "mcp_tool_result", "fallback", "advisor_tool_result"),
    *("web_search_tool_result", "web_fetch_tool_result", "code_execution_tool_result", "tool_search_tool_result"),
    *("bash_code_execution_tool_result", "text_editor_code_execution_tool_result"),
)
"""What Anthropic's own servers did. The model's text that follows tells the result."""

_TEXT_OF_DOCUMENT: Final = "<document{}>\n{}\n</document>"


class _Source(msgspec.Struct):
    type: str = ""
    media_type: str = ""
    data: str = ""
    url: str = ""
    file_id: str = ""
    content: Raw = NULL


class _Block(msgspec.Struct):
    """Every field that is read of a block of any type."""

    type: str
    text: str | None = None
    source: Raw = NULL
    title: str | None = None
    context: str | None = None
    id: str | None = None
    name: str | None = None
    input: dict[str, Raw] | None = None
    tool_use_id: str | None = None
    content: Raw = NULL
    is_error: bool | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    citations: Raw = NULL
    tool_name: str | None = None
    cache_control: Raw = NULL


class ContentReader:
    """Reads the content of one request's messages. `left_out` collects the fields that no part can hold, by name."""

    def __init__(self) -> None:
        self.left_out: dict[str, Raw] = {}

    def read(self, raw: Raw, where: str) -> list[Part]:
        """Content is a text or a list of blocks. Raises InvalidRequest, naming the field."""
        if is_null(raw):
            raise missing(where)
        if not starts_with(raw, b"["):
            return [Text(text=read_value(raw, where, str))]
        blocks = read_value(raw, where, list[Raw])
        return [part for number, block in enumerate(blocks) for part in self._block(block, f"{where}[{number}]")]

    def _block(self, raw: Raw, where: str) -> list[Part]:
        block = read_value(raw, where, _Block)
        if block.type in _SERVER_BLOCKS:
            self.left_out[f"messages.content.{block.type}"] = raw
            return []
        read = _READERS.get(block.type)
        if read is None:
            raise untranslatable(f"A block of type {block.type!r}", f"{where}.type")
        parts = read(self, block, where)
        if parts and not is_null(block.cache_control):
            parts[-1].cache_control = block.cache_control
        return parts

    def text(self, block: _Block, where: str) -> list[Part]:
        return [Text(text=_required(block.text, f"{where}.text"))]

    def image(self, block: _Block, where: str) -> list[Part]:
        source = read_value(block.source, f"{where}.source", _Source)
        if source.type == "file":
            return [File(file_id=source.file_id)]
        if source.type not in ("base64", "url"):
            raise _unknown_source(source, where)
        if source.type == "url":
            return [media.linked_image(source.url)]
        return [media.inline(source.media_type, source.data)]

    def document(self, block: _Block, where: str) -> list[Part]:
        if not is_null(block.citations):
            self.left_out["messages.content.document.citations"] = block.citations
        source = read_value(block.source, f"{where}.source", _Source)
        name = block.title or ""
        match source.type:
            case "base64":
                return [media.inline(source.media_type, source.data, filename=name, fallback="application/pdf")]
            case "url":
                return [media.linked_file(source.url, filename=name, fallback="application/pdf")]
            case "file":
                return [File(filename=name, file_id=source.file_id)]
            case "text":
                return [_document(block, source.data)]
            case "content":
                return self._document_of_parts(block, self.read(source.content, f"{where}.source.content"))
        raise _unknown_source(source, where)

    def _document_of_parts(self, block: _Block, parts: list[Part]) -> list[Part]:
        text = "\n".join(part.text for part in parts if isinstance(part, Text))
        return [_document(block, text), *(part for part in parts if not isinstance(part, Text))]

    def search_result(self, block: _Block, where: str) -> list[Part]:
        if not is_null(block.citations):
            self.left_out["messages.content.search_result.citations"] = block.citations
        source = read_value(block.source, f"{where}.source", str)
        parts = self.read(block.content, f"{where}.content")
        return [_document(block, "\n".join(part.text for part in parts if isinstance(part, Text)), source)]

    def tool_use(self, block: _Block, where: str) -> list[Part]:
        id, name = _required(block.id, f"{where}.id"), _required(block.name, f"{where}.name")
        return [ToolCall(id=id, name=name, arguments=msgspec.json.encode(block.input or {}).decode())]

    def tool_result(self, block: _Block, where: str) -> list[Part]:
        id = _required(block.tool_use_id, f"{where}.tool_use_id")
        content = [] if is_null(block.content) else self.read(block.content, f"{where}.content")
        return [ToolResult(call_id=id, content=content, is_error=block.is_error or False)]

    def thinking(self, block: _Block, where: str) -> list[Part]:
        return [Reasoning(text=block.thinking or "", signature=block.signature or "")]

    def redacted_thinking(self, block: _Block, where: str) -> list[Part]:
        return [RedactedReasoning(data=_required(block.data, f"{where}.data"))]

    def compaction(self, block: _Block, where: str) -> list[Part]:
        """The summary that replaced an earlier part of the conversation."""
        return [Text(text=read_value(block.content, f"{where}.content", str | None) or "")]

    def tool_reference(self, block: _Block, where: str) -> list[Part]:
        return [Text(text=_required(block.tool_name, f"{where}.tool_name"))]


_READERS: Final[dict[str, Callable[[ContentReader, _Block, str], list[Part]]]] = {
    "text": ContentReader.text,
    "image": ContentReader.image,
    "document": ContentReader.document,
    "search_result": ContentReader.search_result,
    "tool_use": ContentReader.tool_use,
    "tool_result": ContentReader.tool_result,
    "thinking": ContentReader.thinking,
    "redacted_thinking": ContentReader.redacted_thinking,
    "compaction": ContentReader.compaction,
    "tool_reference": ContentReader.tool_reference,
}


def _required(value: str | None, where: str) -> str:
    if value is None:
        raise missing(where)
    return value


def _document(block: _Block, text: str, source: str = "") -> Part:
    """A document as text, with its title, source and context as attributes."""
    fields = {"title": block.title, "source": source, "context": block.context}
    attributes = "".join(f' {name}="{value}"' for name, value in fields.items() if value)
    return Text(text=_TEXT_OF_DOCUMENT.format(attributes, text))


def _unknown_source(source: _Source, where: str) -> InvalidRequest:
    return untranslatable(f"A source of type {source.type!r}", f"{where}.source.type")
