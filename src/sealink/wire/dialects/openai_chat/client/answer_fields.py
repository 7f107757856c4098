"""Fields that are alike in a chunk and in a whole completion."""

from collections.abc import Iterable
from typing import Any, Final

from msgspec import Raw

from sealink.events import BlockKind
from sealink.request import ChatRequest
from sealink.wire.dialects.openai_chat.client.messages import SIGNS_CONTENT
from sealink.wire.raw_json.fields import array_of, encode

CALLS: Final[dict[BlockKind, tuple[str, str]]] = {
    "tool_call": ("function", "arguments"),
    "custom_tool_call": ("custom", "input"),
}
"""A call's type, which is also the name of its object, and the field of that which has its text."""


def custom_tools(request: ChatRequest) -> set[str]:
    """The tools whose calls the client expects as free text, whatever form they have at the upstream."""
    return {tool.name for tool in request.tools if tool.is_custom}


def signed(kind: BlockKind, text: str, signature: str, id: str) -> dict[str, str]:
    """A block of `thinking_blocks`: thinking, or the signature of something else. `id` is a tool call's."""
    block = {"type": "thinking", "thinking": text, "signature": signature}
    return block if kind == "reasoning" else {**block, "signs": id or SIGNS_CONTENT}


def image(media_type: str, data: str) -> dict[str, Any]:
    """An image that the model has made. https://openrouter.ai/docs/features/multimodal/image-generation"""
    return {"type": "image_url", "image_url": {"url": f"data:{media_type};base64,{data}"}}


def logprobs(kind: BlockKind, arrays: Iterable[bytes]) -> dict[str, Any]:
    """https://platform.openai.com/docs/api-reference/chat/object#chat-object-choices-logprobs"""
    tokens = [Raw(encode(token)) for tokens in arrays for token in array_of(Raw(tokens)) or ()]
    return {"content": None, "refusal": None, "refusal" if kind == "refusal" else "content": tokens}
