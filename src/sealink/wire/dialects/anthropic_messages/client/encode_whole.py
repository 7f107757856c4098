"""Events → a whole message: the fold of the stream. https://platform.claude.com/docs/en/api/messages/create"""

from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from msgspec import Raw

from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.anthropic_messages.client.answer_fields import (
    CALL_KINDS,
    TEXT_KINDS,
    UNTOLD_KINDS,
    citation,
    content_block,
    picture,
    stop,
    usage_object,
)
from sealink.wire.dialects.anthropic_messages.upstream.turns import FREE_TEXT
from sealink.wire.dialects.shared.tool_arguments import NO_ARGUMENTS
from sealink.wire.raw_json.fields import encode, parse_object
from sealink.wire.stream.fold import Block, ChoiceAnswer, fold


def whole_message(request: ChatRequest, events: Iterable[Event], identity: FallbackIdentity) -> bytes:
    """Raises the SealinkError that the answer brought. `birth` stands in where the answer has no id."""
    answer = fold(events)
    choice = answer.choices.get(0) or ChoiceAnswer()
    has_calls = any(block.kind in CALL_KINDS for block in choice.blocks)
    message = {
        "id": answer.id or f"msg_{identity.id}",
        "type": "message",
        "role": "assistant",
        "model": answer.model or request.model,
        "content": [said for block in choice.blocks if block.kind not in UNTOLD_KINDS for said in _blocks(block)],
        **stop(choice.finish, request.sampling.stop or (), has_calls=has_calls),
        "usage": usage_object(answer.usage),
    }
    return encode(message)


def _blocks(block: Block) -> Iterator[dict[str, Any]]:
    """A block, and behind it its signature if it is no thinking."""
    said = content_block(block.kind, id=block.id, name=block.name, data=block.data)
    if block.kind in TEXT_KINDS:
        said["text"] = block.text
        if block.citations:
            said["citations"] = [citation(source) for source in block.citations]
    elif block.kind == "media":
        said["text"] = picture(block.name, block.data)
    elif block.kind in CALL_KINDS:
        said["input"] = _input(block)
    elif block.kind == "reasoning":
        said |= {"thinking": block.text, "signature": block.signature}
    yield said
    if block.signature and block.kind != "reasoning":
        yield content_block("reasoning", id="", name="", data="") | {"signature": block.signature}


def _input(block: Block) -> Raw | dict[str, Any]:
    """A call's arguments as an object. Those that are none (free text, or cut off by a limit) are one of text."""
    if block.kind == "tool_call":
        if block.text.strip() in NO_ARGUMENTS:
            return {}
        try:
            return Raw(msgspec.json.encode(parse_object(block.text.encode())))
        except (ValueError, RecursionError):
            pass
    return {FREE_TEXT: block.text}
