"""Events → the chunks of an OpenAI stream. https://platform.openai.com/docs/api-reference/chat-streaming

Besides OpenAI's own fields, reasoning is sent as `reasoning_content`, and signed reasoning once more, whole, as
`thinking_blocks`: what the client must send back in a later turn so that the model can continue from it. So does the
signature of a text or a tool call, which says there what it `signs`. Pictures go out as OpenRouter's `images`.
"""

from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.errors import SealinkError
from sealink.events import (
    BlockEnd,
    BlockKind,
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
from sealink.request import ChatRequest
from sealink.usage import Usage
from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.openai_chat.annotations import annotation
from sealink.wire.dialects.openai_chat.client.answer_fields import CALLS, custom_tools, image, logprobs, signed
from sealink.wire.dialects.openai_chat.client.errors import error_frame
from sealink.wire.dialects.openai_chat.usage import usage_object
from sealink.wire.dialects.shared.tool_arguments import free_text
from sealink.wire.framing.sse import DONE, data_frame
from sealink.wire.raw_json.fields import encode

_TEXT_FIELDS: Final[dict[BlockKind, bytes]] = {
    "text": b'"content":',
    "refusal": b'"refusal":',
    "reasoning": b'"reasoning_content":',
}


class _Block(msgspec.Struct):
    """An open block. `opening` and `closing` are all of its deltas' bytes but the text itself.

    `wrapped`: the arguments in which an upstream that has only functions gives a custom tool's free text.
    """

    kind: BlockKind
    opening: bytes
    closing: bytes
    id: str = ""
    is_empty: bool = True
    thinking: list[str] = []
    wrapped: list[str] | None = None
    signature: str = ""
    starts_at: int = 0


class _Choice(msgspec.Struct):
    """What the client has been sent of a choice: characters of text, and how many calls, thinking blocks, …"""

    started: bool = False
    finished: bool = False
    chars: int = 0
    calls: int = 0
    thinking_blocks: int = 0
    annotations: int = 0
    images: int = 0


class ChunkEncoder:
    """An Encoder. `identity` and the request's model stand in where the answer has none."""

    uniform_deltas = True
    number_field = b""

    def __init__(self, request: ChatRequest, identity: FallbackIdentity) -> None:
        self._id = f"chatcmpl-{identity.id}"
        self._model = request.model
        self._created = identity.created
        self._usage_asked = request.include_usage
        self._custom_tools = custom_tools(request)
        self._usage: Usage | None = None
        self._choices: dict[int, _Choice] = {}
        self._blocks: dict[tuple[int, int], _Block] = {}

    def encode(self, event: Event) -> bytes:
        """The frames that an event needs: none, one, or at the end several."""
        if type(event) is TextDelta:
            block = self._blocks[event.choice, event.block]
            if block.is_empty:
                return self._first_text(event, block)
            self._choices[event.choice].chars += len(event.text)
            return block.opening + encode(event.text) + block.closing
        return self._encode(event)

    def fail(self, error: SealinkError) -> bytes:
        """The one error frame, and no `[DONE]` after it."""
        return error_frame(error)

    def catch_up(self, delta: TextDelta | ReasoningDelta, frames: int) -> None:
        self.encode(delta)

    def _encode(self, event: Event) -> bytes:
        match event:
            case ReasoningDelta():
                return self._reasoning(event)
            case ToolArgsDelta():
                return self._arguments(event)
            case StreamStart():
                self._id, self._model = event.id or self._id, event.model or self._model
                self._created = self._created if event.created is None else event.created
            case BlockStart():
                return self._open(event)
            case BlockMeta(signature=signature):
                self._blocks[event.choice, event.block].signature += signature
            case Citation():
                return self._cite(event)
            case Logprobs():
                return self._logprobs(event)
            case BlockEnd():
                return self._close(event)
            case UsageSnapshot(usage=usage):
                self._usage = usage
            case Finish():
                return self._finish(event)
            case StreamEnd():
                return self._end()
        return b""

    def _first_text(self, event: TextDelta, block: _Block) -> bytes:
        """The first delta of a block, which may be the choice's first one, that has the role."""
        if not event.text:
            return b""
        block.is_empty = False
        self._choice(event.choice).chars += len(event.text)
        return self._delta(event.choice, {"refusal" if block.kind == "refusal" else "content": event.text})

    def _reasoning(self, event: ReasoningDelta) -> bytes:
        block = self._blocks[event.choice, event.block]
        block.thinking.append(event.text)
        if not block.is_empty:
            return block.opening + encode(event.text) + block.closing
        block.is_empty = not event.text
        return self._delta(event.choice, {"reasoning_content": event.text}) if event.text else b""

    def _arguments(self, event: ToolArgsDelta) -> bytes:
        block = self._blocks[event.choice, event.block]
        block.is_empty &= not event.fragment
        if block.wrapped is not None:
            block.wrapped.append(event.fragment)
            return b""
        return block.opening + encode(event.fragment) + block.closing if event.fragment else b""

    def _open(self, event: BlockStart) -> bytes:
        choice = self._choice(event.choice)
        is_wrapped = event.kind == "tool_call" and event.name in self._custom_tools
        kind, rest = CALLS["custom_tool_call"] if is_wrapped else CALLS.get(event.kind, ("", ""))
        opens = _TEXT_FIELDS.get(event.kind, b"")
        if kind:
            opens = b'"tool_calls":[{"index":%d,"%b":{"%b":' % (choice.calls, kind.encode(), rest.encode())
        block = _Block(event.kind, *self._around(event.choice, opens), id=event.id, starts_at=choice.chars)
        block.wrapped = [] if is_wrapped else None
        self._blocks[event.choice, event.block] = block
        if kind:
            fields = {"index": choice.calls, "id": event.id, "type": kind, kind: {"name": event.name, rest: ""}}
            choice.calls += 1
            return self._delta(event.choice, {"tool_calls": [fields]})
        if event.kind == "redacted_reasoning":
            return self._thinking_block(event.choice, {"type": "redacted_thinking", "data": event.data})
        if event.kind == "media":
            choice.images += 1
            return self._delta(
                event.choice, {"images": [{"index": choice.images - 1, **image(event.name, event.data)}]}
            )
        return b""

    def _logprobs(self, event: Logprobs) -> bytes:
        kind = self._blocks[event.choice, event.block].kind
        return self._delta(event.choice, {}, logprobs=logprobs(kind, [event.tokens]))

    def _cite(self, event: Citation) -> bytes:
        block, choice = self._blocks[event.choice, event.block], self._choice(event.choice)
        fields = {"index": choice.annotations, **annotation(event, block.starts_at, choice.chars)}
        choice.annotations += 1
        return self._delta(event.choice, {"annotations": [fields]})

    def _close(self, event: BlockEnd) -> bytes:
        block = self._blocks.pop((event.choice, event.block))
        out = b""
        if block.wrapped is not None:
            out = block.opening + encode(free_text("".join(block.wrapped))) + block.closing
        elif block.kind == "tool_call" and block.is_empty:  # a call without arguments: the model gave an empty object
            out = block.opening + b'"{}"' + block.closing
        if block.signature:
            fields = signed(block.kind, "".join(block.thinking), block.signature, block.id)
            out += self._thinking_block(event.choice, fields)
        return out

    def _thinking_block(self, choice: int, fields: dict[str, str]) -> bytes:
        """By its `index` the stock SDK keeps one block apart from the next."""
        state = self._choice(choice)
        index, state.thinking_blocks = state.thinking_blocks, state.thinking_blocks + 1
        return self._delta(choice, {"thinking_blocks": [{"index": index, **fields}]})

    def _finish(self, event: Finish) -> bytes:
        choice = self._choice(event.choice)
        if choice.finished:
            return b""
        refused = event.reason == "content_filter" and event.detail
        out = self._delta(event.choice, {"refusal": event.detail}) if refused else b""
        choice.finished = True
        return out + self._delta(event.choice, {}, event.reason)

    def _end(self) -> bytes:
        out = [self._finish(_left_out(index, choice)) for index, choice in self._choices.items()]
        if self._usage_asked and self._usage is not None:
            out.append(data_frame(encode(self._envelope() | {"choices": [], "usage": usage_object(self._usage)})))
        return b"".join(out) + DONE

    def _choice(self, index: int) -> _Choice:
        if index not in self._choices:
            self._choices[index] = _Choice()
        return self._choices[index]

    def _delta(
        self,
        index: int,
        fields: dict[str, Any],
        finish_reason: str | None = None,
        logprobs: dict[str, Any] | None = None,
    ) -> bytes:
        """A chunk with one delta; the choice's first one has the role, and content even if it is none."""
        choice = self._choice(index)
        if not choice.started:
            choice.started = True
            fields = {"role": "assistant", "content": None, **fields}
        entry = {"index": index, "delta": fields, "logprobs": logprobs, "finish_reason": finish_reason}
        usage = {"usage": None} if self._usage_asked else {}
        return data_frame(encode(self._envelope() | {"choices": [entry]} | usage))

    def _around(self, index: int, opens: bytes) -> tuple[bytes, bytes]:
        """The same chunk's bytes before and after its text, for a delta that begins with `opens`."""
        entry = {"index": index, "delta": Raw(b"{\0}"), "logprobs": None, "finish_reason": None}
        usage = {"usage": None} if self._usage_asked else {}
        before, _, after = encode(self._envelope() | {"choices": [entry]} | usage).partition(b"\0")
        closes = b"}}]" if opens.startswith(b'"tool_calls"') else b""
        return b"data: " + before + opens, closes + after + b"\n\n"

    def _envelope(self) -> dict[str, Any]:
        fields = {"id": self._id, "object": "chat.completion.chunk"}
        return {**fields, "created": self._created, "model": self._model}


def _left_out(index: int, choice: _Choice) -> Finish:
    """The finish of a choice whose upstream ended its answer without a finish reason."""
    return Finish("tool_calls" if choice.calls else "stop", choice=index)
