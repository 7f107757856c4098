"""The conversation: SeaLink's messages → Bedrock's `system` and `messages`.

https://docs.aws.amazon.com/bedrock/latest/userguide/conversation-inference-call.html. All system messages are moved to
the front; user and assistant must alternate.
"""

import base64
from collections.abc import Sequence
from typing import Final

from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import (
    Audio,
    File,
    Image,
    Message,
    Part,
    Reasoning,
    RedactedReasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)
from sealink.wire.dialects.bedrock_converse.upstream.errors import NAME
from sealink.wire.dialects.bedrock_converse.upstream.media import (
    Block,
    DocumentNames,
    write_audio,
    write_file,
    write_image,
)
from sealink.wire.dialects.shared.claude.thinking import TurnStart, is_claude_signature
from sealink.wire.dialects.shared.tool_arguments import arguments_object
from sealink.wire.dialects.shared.turns import Turn, alternating_turns
from sealink.wire.dialects.shared.unsupported import unsupported
from sealink.wire.raw_json.fields import object_of, text_of

_SIGNATURE_PREFIX: Final = f"{NAME}:"

Group = list[Block]
"""A block, and the cache point that follows it."""


class Conversation:
    """Writes the messages of one conversation."""

    def __init__(self, *, takes_cache_points: bool) -> None:
        self._takes_cache_points = takes_cache_points
        self._names = DocumentNames()

    def system(self, messages: Sequence[Message]) -> list[Block]:
        """The texts of all system messages, in their order. Raises InvalidRequest for anything else."""
        system = [message for message in messages if message.role == "system"]
        for message in system:
            if not all(isinstance(part, Text) for part in message.parts):
                raise InvalidRequest(
                    f"{message.where} cannot be passed on: Bedrock takes only text in a system message.",
                    param=message.where,
                )
        return [block for message in system for group in self._groups(message) for block in group]

    def turns(self, messages: Sequence[Message]) -> list[Turn[Group]]:
        """User and assistant alternate."""
        turns = alternating_turns(messages, self._groups, is_tool_result=lambda group: "toolResult" in group[0])
        _trim_prefill(turns)
        return turns

    def _groups(self, message: Message) -> list[Group]:
        written = [(part, self._block(part, message.where)) for part in message.parts]
        return [[block, *self.cache_point(part.cache_control)] for part, block in written if block is not None]

    def cache_point(self, cache_control: Raw | None) -> list[Block]:
        """The cache point that follows a block with Anthropic's `cache_control`.

        https://docs.aws.amazon.com/bedrock/latest/userguide/prompt-caching.html"""
        if cache_control is None or not self._takes_cache_points:
            return []
        ttl = text_of((object_of(cache_control) or {}).get("ttl"))
        return [{"cachePoint": {"type": "default"} | ({"ttl": ttl} if ttl else {})}]

    def _block(self, part: Part, where: str) -> Block | None:
        """The block of a part; None for parts that Bedrock would refuse and that can be left out."""
        match part:
            case Text(text=text) | Refusal(text=text):
                return {"text": text} if text.strip() else None  # "The text field in the ContentBlock … is blank"
            case Reasoning():
                return _thinking(part)
            case RedactedReasoning(data=data):
                return {"reasoningContent": {"redactedContent": _redacted_content(data)}}
            case ToolCall():
                called = {"toolUseId": part.id, "name": part.name, "input": arguments_object(part, where)}
                return {"toolUse": called}
            case ToolResult():
                return self._tool_result(part, where)
        return self._media(part, where)

    def _media(self, part: Part, where: str) -> Block:
        match part:
            case Image():
                return write_image(part, where)
            case File():
                return write_file(part, self._names, where)
            case Audio():
                return write_audio(part, where)
        raise unsupported(where, "Bedrock", type(part).__name__.lower())

    def _tool_result(self, result: ToolResult, where: str) -> Block:
        content = [self._result_block(part, where) for part in result.content] or [{"text": ""}]
        written: Block = {"toolUseId": result.call_id, "content": content}
        if result.is_error:
            written["status"] = "error"
        return {"toolResult": written}

    def _result_block(self, part: Part, where: str) -> Block:
        return {"text": part.text} if isinstance(part, Text) else self._media(part, where)


def blocks_of(turn: Turn[Group]) -> list[Block]:
    """A turn's blocks and cache points, one after the other."""
    return [block for group in turn.content for block in group]


def start_of(turn: Turn[Group]) -> TurnStart:
    """How a turn begins, for the rules of thinking."""
    first = turn.content[0][0]
    if "reasoningContent" in first:
        return TurnStart(turn.role, "thinking")
    return TurnStart(turn.role, "tool_result" if "toolResult" in first else "other")


def has_tool_blocks(turns: Sequence[Turn[Group]]) -> bool:
    """Whether tools were called in earlier turns."""
    return any("toolUse" in block or "toolResult" in block for turn in turns for block in blocks_of(turn))


def _thinking(part: Reasoning) -> Block | None:
    """Thinking that Claude signed, wherever it was served. All other thinking would be refused, and is left out."""
    if not is_claude_signature(part.signature):
        return None
    return {"reasoningContent": {"reasoningText": {"text": part.text, "signature": part.signature}}}


def _redacted_content(data: str) -> str:
    """The counterpart of `blocks.read_redacted`: Bedrock takes Anthropic's base64 in base64 once more."""
    if data.startswith(_SIGNATURE_PREFIX):
        return data.removeprefix(_SIGNATURE_PREFIX)
    return base64.b64encode(data.encode()).decode()


def _trim_prefill(turns: list[Turn[Group]]) -> None:
    """Claude refuses a prefilled answer (a last turn of the assistant's) that ends in white space."""
    if turns and turns[-1].role == "assistant" and "text" in turns[-1].content[-1][0]:
        block = turns[-1].content[-1][0]
        block["text"] = block["text"].rstrip()
