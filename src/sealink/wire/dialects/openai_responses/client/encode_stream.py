"""Events → a Responses stream: blocks become items.

    text, refusal       parts of a message; consecutive ones are parts of the same message
    reasoning           a reasoning item, its signature as `encrypted_content`
    redacted_reasoning  a reasoning item without text
    tool_call           a function_call; a custom_tool_call or tool_search_call if the client knows the tool as one
    custom_tool_call    a custom_tool_call
    media               an image_generation_call
    other               nothing: only clients of the upstream's own dialect know it

https://platform.openai.com/docs/api-reference/responses-streaming
"""

from typing import Any

from sealink.errors import SealinkError
from sealink.events import (
    BlockEnd,
    BlockMeta,
    BlockStart,
    Citation,
    Event,
    Finish,
    Logprobs,
    ReasoningDelta,
    StreamEnd,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    UsageSnapshot,
)
from sealink.request import ChatRequest, Tool
from sealink.usage import Usage
from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.openai_responses.client.blocks import (
    Block,
    CallBlock,
    Called,
    FreeTextBlock,
    TextBlock,
    ThinkingBlock,
    ToolSearchBlock,
)
from sealink.wire.dialects.openai_responses.client.errors import FAILED, failed_fields
from sealink.wire.dialects.openai_responses.client.items import Items
from sealink.wire.dialects.openai_responses.client.response_object import new_response
from sealink.wire.dialects.openai_responses.finish import finish_fields
from sealink.wire.dialects.openai_responses.signatures import FOREIGN_REDACTED
from sealink.wire.dialects.openai_responses.usage import usage_object
from sealink.wire.dialects.openai_responses.views import NUMBER_FIELD


class ResponseEncoder:
    """An Encoder. `identity` and the request's model stand in where the answer has none.

    `response` is the response object so far; it is whole once the answer has ended.
    """

    uniform_deltas = True
    number_field = NUMBER_FIELD

    def __init__(self, request: ChatRequest, identity: FallbackIdentity) -> None:
        self._tools = {tool.name: tool for tool in request.tools}
        self.response = new_response(request, f"resp_{identity.id}", request.model, identity.created)
        self._items = Items(self.response["id"])
        self._blocks: dict[int, Block] = {}
        self._signatures: dict[int, str] = {}
        self._chars = 0
        self._usage: Usage | None = None
        self._finish: Finish | None = None

    def encode(self, event: Event) -> bytes:
        """The frames that an event needs: none, one, or several."""
        if type(event) is TextDelta and not event.choice:  # nearly every event
            return self._blocks[event.block].add(event.text)
        return b"" if getattr(event, "choice", 0) else self._encode(event)  # this API has one choice

    def catch_up(self, delta: TextDelta | ReasoningDelta, frames: int) -> None:
        self.encode(delta)
        self._items.count(frames - 1)

    def fail(self, error: SealinkError) -> bytes:
        """The one frame that ends a stream which has already begun."""
        response = {**self.response, "output": self._items.done}
        return self._items.frame(FAILED, **failed_fields(error, response))

    def _encode(self, event: Event) -> bytes:
        match event:
            case ReasoningDelta(text=text) | ToolArgsDelta(fragment=text):
                return self._blocks[event.block].add(text)
            case BlockStart():
                return self._open(event)
            case BlockEnd():
                return self._close(event.block)
            case BlockMeta(signature=signature):
                self._signatures[event.block] = self._signatures.get(event.block, "") + signature
            case Citation():
                block = self._blocks[event.block]
                return block.cite(event) if isinstance(block, TextBlock) else b""
            case Logprobs():
                block = self._blocks[event.block]
                return block.add_logprobs(event.tokens) if isinstance(block, TextBlock) else b""
            case UsageSnapshot(usage=usage):
                self._usage = usage
            case Finish():
                self._finish = event
            case StreamStart():
                return self._start(event)
            case StreamEnd():
                return self._end()
        return b""

    def _start(self, event: StreamStart) -> bytes:
        fields = {"id": event.id, "model": event.model, "created_at": event.created}
        self.response |= {name: value for name, value in fields.items() if value not in (None, "")}
        self._items = Items(self.response["id"])
        created = self._items.frame("response.created", response=self.response)
        return created + self._items.frame("response.in_progress", response=self.response)

    def _open(self, event: BlockStart) -> bytes:
        items = self._items
        match event.kind:
            case "text" | "refusal":
                self._blocks[event.block] = TextBlock(items, event.kind, self._chars)
            case "reasoning":
                self._blocks[event.block] = ThinkingBlock(items)
            case "tool_call" | "custom_tool_call":
                return self._call(event)
            case "redacted_reasoning":
                return items.at_once("rs", "reasoning", summary=[], encrypted_content=FOREIGN_REDACTED + event.data)
            case "media" if event.name.startswith("image/"):
                return items.at_once("ig", "image_generation_call", **_image(event))
        return b""

    def _call(self, event: BlockStart) -> bytes:
        tool = self._tools.get(event.name, Tool(name=event.name))
        called = Called(event.id, tool.name, tool.namespace)
        if event.kind == "tool_call" and tool.is_tool_search:
            self._blocks[event.block] = ToolSearchBlock(self._items, event.id)
            return b""
        if event.kind == "tool_call" and tool.is_custom:
            self._blocks[event.block] = FreeTextBlock(self._items, called)
            return b""
        call = self._blocks[event.block] = CallBlock(self._items, called, is_custom=event.kind == "custom_tool_call")
        return call.added

    def _close(self, number: int) -> bytes:
        block = self._blocks.pop(number, None)
        if block is None:
            return b""
        if isinstance(block, TextBlock):
            self._chars += block.chars
        return block.close(self._signatures.pop(number, ""))

    def _end(self) -> bytes:
        """Closes the blocks that are still open; then the last frame, with the whole response."""
        out = b"".join([self._close(number) for number in list(self._blocks)])
        if self._finish is not None and self._finish.reason == "content_filter" and self._finish.detail:
            refusal = TextBlock(self._items, "refusal", self._chars)
            out += refusal.add(self._finish.detail) + refusal.close("")
        out += self._items.end_message()
        self.response |= self._ending()
        return out + self._items.frame(f"response.{self.response['status']}", response=self.response)

    def _ending(self) -> dict[str, Any]:
        return {
            **finish_fields(self._finish),
            "output": self._items.done,
            "usage": None if self._usage is None else usage_object(self._usage),
        }


def _image(event: BlockStart) -> dict[str, Any]:
    format = event.name.removeprefix("image/")
    return {"status": "completed", "output_format": format, "result": event.data}
