"""Events → a whole `chat.completion`: the fold of the stream. https://platform.openai.com/docs/api-reference/chat/object"""

from collections.abc import Iterable
from typing import Any

from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import Birth
from sealink.wire.dialects.openai_chat.annotations import annotation
from sealink.wire.dialects.openai_chat.usage import usage_object
from sealink.wire.fold import Block, ChoiceAnswer, fold
from sealink.wire.raw_json import encode


def completion(request: ChatRequest, events: Iterable[Event], birth: Birth) -> bytes:
    """Raises the SealinkError that the answer brought. `birth` stands in where the answer has no id or time."""
    answer = fold(events)
    said = {
        "id": answer.id or f"chatcmpl-{birth.id}",
        "object": "chat.completion",
        "created": birth.created if answer.created is None else answer.created,
        "model": answer.model or request.model,
        "choices": [_choice(index, choice) for index, choice in sorted(answer.choices.items())],
    }
    if answer.usage is not None:
        said["usage"] = usage_object(answer.usage)
    return encode(said)


def _choice(index: int, choice: ChoiceAnswer) -> dict[str, Any]:
    message = _message(choice)
    reason = choice.finish.reason if choice.finish else "tool_calls" if "tool_calls" in message else "stop"
    return {"index": index, "message": message, "logprobs": None, "finish_reason": reason}


def _message(choice: ChoiceAnswer) -> dict[str, Any]:
    text, calls = choice.text("text"), [_call(block) for block in choice.blocks if block.kind == "tool_call"]
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
    }
    return message | {name: value for name, value in others.items() if value}


def _call(block: Block) -> dict[str, Any]:
    return {"id": block.id, "type": "function", "function": {"name": block.name, "arguments": block.text or "{}"}}


def _thinking_block(block: Block) -> dict[str, str] | None:
    """What a later turn needs to send the model's thinking back; thinking that is not signed cannot be."""
    if block.kind == "redacted_reasoning":
        return {"type": "redacted_thinking", "data": block.data}
    if block.kind != "reasoning" or not block.signature:
        return None
    return {"type": "thinking", "thinking": block.text, "signature": block.signature}


def _annotations(blocks: list[Block]) -> list[Any]:
    found: list[Any] = []
    chars = 0
    for block in blocks:
        if block.kind == "text":
            end = chars + len(block.text)
            found += [annotation(citation, chars, end) for citation in block.citations]
            chars = end
    return found
