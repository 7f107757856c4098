"""Events → a whole `chat.completion`: the fold of the stream. https://platform.openai.com/docs/api-reference/chat/object"""

from collections.abc import Iterable
from typing import Any, Final

from sealink.events import BlockKind, Event
from sealink.request import ChatRequest
from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.openai_chat.annotations import annotation
from sealink.wire.dialects.openai_chat.client.answer_fields import CALLS, custom_tools, image, logprobs, signed
from sealink.wire.dialects.openai_chat.usage import usage_object
from sealink.wire.dialects.shared.tool_arguments import free_text
from sealink.wire.raw_json.fields import encode
from sealink.wire.stream.fold import Block, ChoiceAnswer, fold
from sealink.wire.stream.plain_answer import PlainAnswer

_LOGPROBS_FIELDS: Final[dict[BlockKind, str]] = {"text": "content", "refusal": "refusal"}
"""The blocks that have log probabilities, and the field that those are in."""


def encode_whole(request: ChatRequest, events: Iterable[Event], identity: FallbackIdentity) -> bytes:
    """Raises the SealinkError that the answer brought. `identity` stands in where the answer has no id or time."""
    answer = fold(events)
    for choice in answer.choices.values():
        _unwrap(choice, custom_tools(request))
    body = {
        "id": answer.id or f"chatcmpl-{identity.id}",
        "object": "chat.completion",
        "created": identity.created if answer.created is None else answer.created,
        "model": answer.model or request.model,
        "choices": [_choice(index, choice) for index, choice in sorted(answer.choices.items())],
    }
    if answer.usage is not None:
        body["usage"] = usage_object(answer.usage)
    return encode(body)


def encode_plain(request: ChatRequest, answer: PlainAnswer, identity: FallbackIdentity) -> bytes:
    """The same of a plain answer."""
    message = {"role": "assistant", "content": answer.text, "refusal": None}
    body = {
        "id": answer.id or f"chatcmpl-{identity.id}",
        "object": "chat.completion",
        "created": identity.created if answer.created is None else answer.created,
        "model": answer.model or request.model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish.reason}],
    }
    if answer.usage is not None:
        body["usage"] = usage_object(answer.usage)
    return encode(body)


def _choice(index: int, choice: ChoiceAnswer) -> dict[str, Any]:
    message = _message(choice)
    reason = choice.finish.reason if choice.finish else "tool_calls" if "tool_calls" in message else "stop"
    return {"index": index, "message": message, "logprobs": _logprobs(choice), "finish_reason": reason}


def _logprobs(choice: ChoiceAnswer) -> dict[str, Any] | None:
    """The log probabilities of the choice's text and of its refusal; None if it has neither."""
    found = {}
    for kind, field in _LOGPROBS_FIELDS.items():
        arrays = [array for block in choice.blocks if block.kind == kind for array in block.logprobs]
        if arrays:
            found[field] = logprobs(kind, arrays)[field]
    return {"content": None, "refusal": None, **found} if found else None


def _message(choice: ChoiceAnswer) -> dict[str, Any]:
    text, calls = choice.text("text"), [_call(block) for block in choice.blocks if block.kind in CALLS]
    refusal = choice.text("refusal")
    if choice.finish is not None and choice.finish.reason == "content_filter":
        refusal += choice.finish.detail
    message = {
        "role": "assistant",
        "content": text if text or not (calls or refusal) else None,
        "refusal": refusal or None,
    }
    others = {
        "reasoning_content": choice.text("reasoning"),
        "thinking_blocks": list(filter(None, map(_thinking_block, choice.blocks))),
        "tool_calls": calls,
        "annotations": _annotations(choice.blocks),
        "images": [image(block.name, block.data) for block in choice.blocks if block.kind == "media"],
    }
    return message | {name: value for name, value in others.items() if value}


def _unwrap(choice: ChoiceAnswer, custom: set[str]) -> None:
    """Calls of custom tools that were functions to the upstream."""
    for block in choice.blocks:
        if block.kind == "tool_call" and block.name in custom:
            block.kind, block.text = "custom_tool_call", free_text(block.text)


def _call(block: Block) -> dict[str, Any]:
    kind, rest = CALLS[block.kind]
    text = block.text or ("{}" if block.kind == "tool_call" else "")
    return {"id": block.id, "type": kind, kind: {"name": block.name, rest: text}}


def _thinking_block(block: Block) -> dict[str, str] | None:
    """What a later turn needs to send the model's thinking back; thinking that is not signed cannot be."""
    if block.kind == "redacted_reasoning":
        return {"type": "redacted_thinking", "data": block.data}
    if not block.signature:
        return None
    text = block.text if block.kind == "reasoning" else ""
    return signed(block.kind, text, block.signature, block.id)


def _annotations(blocks: list[Block]) -> list[Any]:
    found: list[Any] = []
    chars = 0
    for block in blocks:
        if block.kind == "text":
            end = chars + len(block.text)
            found += [annotation(citation, chars, end) for citation in block.citations]
            chars = end
    return found
