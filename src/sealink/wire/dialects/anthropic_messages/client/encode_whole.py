"""Events → a whole message: the fold of the stream. https://platform.claude.com/docs/en/api/messages/create"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Raw

from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.anthropic_messages.client.content_blocks import (
    CALL_KINDS,
    TEXT_KINDS,
    UNWRITTEN_KINDS,
    citation_object,
    content_block,
    markdown_image,
)
from sealink.wire.dialects.anthropic_messages.finish import finish_fields
from sealink.wire.dialects.anthropic_messages.usage import usage_object
from sealink.wire.dialects.shared.tool_arguments import FREE_TEXT_ARGUMENT, NO_ARGUMENTS
from sealink.wire.raw_json.fields import encode, parse_object
from sealink.wire.stream.fold import Block, ChoiceAnswer, fold
from sealink.wire.stream.plain_answer import PlainAnswer


def encode_whole(request: ChatRequest, events: Iterable[Event], identity: FallbackIdentity) -> bytes:
    """Raises the SealinkError that ended the answer, if one did. `identity` gives an id to an answer without one."""
    answer = fold(events)
    choice = answer.choices.get(0) or ChoiceAnswer()
    has_calls = any(block.kind in CALL_KINDS for block in choice.blocks)
    message = {
        "id": answer.id or f"msg_{identity.id}",
        "type": "message",
        "role": "assistant",
        "model": answer.model or request.model,
        "content": [each for block in choice.blocks if block.kind not in UNWRITTEN_KINDS for each in _content(block)],
        **finish_fields(choice.finish, request.sampling.stop or (), has_calls=has_calls),
        "usage": usage_object(answer.usage),
    }
    return encode(message)


def encode_plain(request: ChatRequest, answer: PlainAnswer, identity: FallbackIdentity) -> bytes:
    """The same of a plain answer."""
    message = {
        "id": answer.id or f"msg_{identity.id}",
        "type": "message",
        "role": "assistant",
        "model": answer.model or request.model,
        "content": [{"type": "text", "text": answer.text}],
        **finish_fields(answer.finish, request.sampling.stop or (), has_calls=False),
        "usage": usage_object(answer.usage),
    }
    return encode(message)


def _content(block: Block) -> Iterator[dict[str, Any]]:
    """A block. The signature of a block that is not thinking follows in an empty thinking block."""
    written = content_block(block.kind, id=block.id, name=block.name, data=block.data)
    if block.kind in TEXT_KINDS:
        written["text"] = block.text
        if block.citations:
            written["citations"] = [citation_object(source) for source in block.citations]
    elif block.kind == "media":
        written["text"] = markdown_image(block.name, block.data)
    elif block.kind in CALL_KINDS:
        written["input"] = _input(block)
    elif block.kind == "reasoning":
        written |= {"thinking": block.text, "signature": block.signature}
    yield written
    if block.signature and block.kind != "reasoning":
        yield content_block("reasoning", id="", name="", data="") | {"signature": block.signature}


def _input(block: Block) -> Raw | dict[str, Any]:
    """A call's arguments as an object. Arguments that are no object (free text, or cut off by a token limit) become
    its one text."""
    if block.kind == "tool_call":
        if block.text.strip() in NO_ARGUMENTS:
            return {}
        try:
            return Raw(msgspec.json.encode(parse_object(block.text.encode())))
        except (ValueError, RecursionError):
            pass
    return {FREE_TEXT_ARGUMENT: block.text}
