"""The simulated model as an Anthropic Messages upstream.

Written from Anthropic's API reference (messages, streaming, extended thinking) and recorded streams, not
with sealink.wire's dialects: SeaLink is proven against it.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec

from sealink.errors import InvalidRequest, SealinkError
from sealink.request import ToolChoice
from sealink.sim.answer import Answer, Block
from sealink.sim.ask import REASONING_TOKENS, Ask, Tool, Turn, read_conversation, text_tokens
from sealink.sim.wire import AnswerStream, Reply
from sealink.wire.sse import event_frame

MIN_THINKING_BUDGET: Final = 1024

Json = dict[str, Any]


class Message(msgspec.Struct):
    role: Literal["user", "assistant", "system"]
    content: str | list[Json]


class ToolParam(msgspec.Struct):
    """A client's tool has an `input_schema`; a server tool has none, and is never called here."""

    name: str
    input_schema: Json | None = None


class ToolChoiceParam(msgspec.Struct):
    type: Literal["auto", "any", "tool", "none"]
    name: str = ""
    disable_parallel_tool_use: bool = False


class Thinking(msgspec.Struct):
    type: Literal["enabled", "adaptive", "between_tools", "disabled"]
    budget_tokens: int | None = None
    display: Literal["summarized", "omitted"] | None = None


class OutputFormat(msgspec.Struct):
    type: Literal["json_schema"]
    schema: Json


class OutputConfig(msgspec.Struct):
    effort: Literal["low", "medium", "high", "xhigh", "max"] | None = None
    format: OutputFormat | None = None


class Body(msgspec.Struct):
    """The request's fields that the answer depends on; all others are accepted and change nothing."""

    model: str
    messages: Annotated[list[Message], msgspec.Meta(min_length=1)]
    max_tokens: Annotated[int, msgspec.Meta(ge=1)]
    system: str | list[Json] | None = None
    stream: bool = False
    stop_sequences: list[str] | None = None
    tools: list[ToolParam] | None = None
    tool_choice: ToolChoiceParam | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: OutputFormat | None = None


class CountBody(Body):
    """What /v1/messages/count_tokens takes: the same, but for `max_tokens`."""

    max_tokens: int = MIN_THINKING_BUDGET * 1000


_decoder = msgspec.json.Decoder(Body)
_count_decoder = msgspec.json.Decoder(CountBody)


class AnthropicWire:
    """Messages: a SimWire."""

    path = "/v1/messages"
    request_id_header = "request-id"

    @property
    def side_questions(self) -> Mapping[str, Callable[[bytes], bytes]]:
        return {"/v1/messages/count_tokens": self.count_tokens}

    def read(self, body: bytes) -> Ask:
        return _ask(_decoded(_decoder, body))

    def stream(self, ask: Ask, answers: list[Answer], reply: Reply) -> AnswerStream:
        answer = answers[0]
        opening = _message(ask, reply) | {"usage": _usage(ask, 1)}
        return AnswerStream(
            opening=_frame("message_start", message=opening),
            ticks=_ticks(ask, answer, reply),
            closing=_frame("message_delta", delta=_ending(answer), usage=_final_usage(ask, answer))
            + _frame("message_stop"),
        )

    def whole(self, ask: Ask, answers: list[Answer], reply: Reply) -> bytes:
        answer = answers[0]
        content = [_content(ask, block, at, reply) for at, block in enumerate(_told(answer))]
        usage = _usage(ask, answer.tokens) | _final_usage(ask, answer)
        message = _message(ask, reply) | {"content": content} | _ending(answer) | {"usage": usage}
        return msgspec.json.encode(message)

    def count_tokens(self, body: bytes) -> bytes:
        return msgspec.json.encode({"input_tokens": _ask(_decoded(_count_decoder, body)).prompt_tokens})

    def models(self, ids: Sequence[str]) -> bytes:
        first, last = (ids[0], ids[-1]) if ids else (None, None)
        data = [_model(id) for id in ids]
        return msgspec.json.encode({"data": data, "has_more": False, "first_id": first, "last_id": last})

    def model(self, id: str) -> bytes:
        return msgspec.json.encode(_model(id))

    def error(self, error: SealinkError, request_id: str) -> bytes:
        said = {"type": error.type, "message": error.message}
        return msgspec.json.encode({"type": "error", "error": said, "request_id": request_id})


# Requests


def _decoded(decoder: msgspec.json.Decoder[Body] | msgspec.json.Decoder[CountBody], body: bytes) -> Body:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        words, _, place = str(error).partition(" - at `$")
        missing = re.search(r"missing required field `(\w+)`", words)
        dotted = re.sub(r"\[(\d+)\]", r".\1", place.rstrip("`").lstrip("."))
        param = ".".join(filter(None, [dotted, missing[1] if missing else ""]))
        said = "Field required" if missing else words
        raise InvalidRequest(f"{param}: {said}" if param else said, param=param or None) from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise InvalidRequest(f"The request body is not valid JSON: {error}") from None


def _ask(body: Body) -> Ask:
    turns = [_turn(message) for message in body.messages]
    if body.system:
        turns.insert(0, Turn("system", _text_of(body.system)))
    conversation = read_conversation(turns)
    choice = _tool_choice(body)
    return Ask(
        model=body.model,
        conversation=conversation.text,
        prompt=conversation.prompt,
        prompt_tokens=conversation.tokens + text_tokens(msgspec.json.encode(body.tools).decode() if body.tools else ""),
        tool_results=conversation.tool_results,
        tools=[Tool(each.name, each.input_schema) for each in body.tools or [] if each.input_schema is not None],
        tool_choice=choice,
        parallel_tool_calls=not (body.tool_choice and body.tool_choice.disable_parallel_tool_use),
        schema=_schema(body),
        max_tokens=body.max_tokens,
        stops=body.stop_sequences or [],
        reasoning_tokens=_reasoning_tokens(body, choice),
        reasoning_hidden=body.thinking is not None and body.thinking.display == "omitted",
        stream=body.stream,
    )


def _turn(message: Message) -> Turn:
    blocks = message.content if isinstance(message.content, list) else []
    results = [_text_of(block.get("content")) for block in blocks if block.get("type") == "tool_result"]
    images = sum(block.get("type") in ("image", "document") for block in blocks)
    return Turn(message.role, _text_of(message.content), results, images)


def _text_of(content: object) -> str:
    if isinstance(content, str):
        return content
    blocks = content if isinstance(content, list) else []
    return " ".join(str(block["text"]) for block in blocks if isinstance(block, dict) and "text" in block)


def _tool_choice(body: Body) -> ToolChoice:
    choice = body.tool_choice
    if choice is None or choice.type == "auto" or choice.type == "none":
        return ToolChoice("none" if choice and choice.type == "none" else "auto")
    if not body.tools:
        raise InvalidRequest("tool_choice: tool_choice may only be specified while providing tools.")
    if choice.type == "any":
        return ToolChoice("required")
    if all(tool.name != choice.name for tool in body.tools):
        raise InvalidRequest(f"tool_choice.tool.name: Tool '{choice.name}' not found in provided tools")
    return ToolChoice("named", choice.name)


def _reasoning_tokens(body: Body, choice: ToolChoice) -> int:
    thinking = body.thinking
    if thinking is None or thinking.type in ("disabled", "between_tools"):
        return 0
    if choice.mode in ("required", "named"):
        raise InvalidRequest("Thinking may not be enabled when tool_choice forces tool use.")
    effort = (body.output_config and body.output_config.effort) or "high"
    if thinking.type == "adaptive":
        return REASONING_TOKENS[effort]
    return min(REASONING_TOKENS[effort], _budget(thinking, body.max_tokens))


def _budget(thinking: Thinking, max_tokens: int) -> int:
    budget = thinking.budget_tokens
    if budget is None:
        raise InvalidRequest("thinking.enabled.budget_tokens: Field required")
    if budget < MIN_THINKING_BUDGET:
        raise InvalidRequest(
            f"thinking.enabled.budget_tokens: Input should be greater than or equal to {MIN_THINKING_BUDGET}"
        )
    if budget >= max_tokens:
        raise InvalidRequest("`max_tokens` must be greater than `thinking.budget_tokens`.")
    return budget


def _schema(body: Body) -> Json | None:
    asked = (body.output_config and body.output_config.format) or body.output_format
    return asked.schema if asked else None


# Answers

_STOP_REASON: Final = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
}

_PING: Final = event_frame(b"ping", b'{"type": "ping"}')


def _frame(event: str, **fields: object) -> bytes:
    return event_frame(event.encode(), msgspec.json.encode({"type": event, **fields}))


def _message(ask: Ask, reply: Reply) -> Json:
    return {
        "model": ask.model,
        "id": f"msg_{reply.id}",
        "type": "message",
        "role": "assistant",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
    }


def _ending(answer: Answer) -> Json:
    return {"stop_reason": _STOP_REASON[answer.finish], "stop_sequence": answer.stop or None}


def _usage(ask: Ask, output_tokens: int) -> Json:
    return {
        "input_tokens": ask.prompt_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output_tokens,
        "service_tier": "standard",
    }


def _final_usage(ask: Ask, answer: Answer) -> Json:
    """Cumulative, as `message_delta` has it."""
    usage = {
        "input_tokens": ask.prompt_tokens,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": answer.tokens,
    }
    if answer.reasoning_tokens:
        return usage | {"output_tokens_details": {"thinking_tokens": answer.reasoning_tokens}}
    return usage


def _ticks(ask: Ask, answer: Answer, reply: Reply) -> Iterator[bytes]:
    """Each block's start goes with its first token, its end with its last one; a ping follows the first start."""
    ping = _PING
    for at, block in enumerate(_told(answer)):
        start = _frame("content_block_start", index=at, content_block=_content_start(block, at, reply)) + ping
        if block.kind == "tool_call":
            start += _block_delta(at, type="input_json_delta", partial_json="")
        for token in block.tokens[:-1]:
            yield start + _token_frame(ask, at, block, token)
            start = b""
        end = _frame("content_block_stop", index=at)
        if block.kind == "reasoning":
            end = _block_delta(at, type="signature_delta", signature=_signature(block)) + end
        last = b"".join(_token_frame(ask, at, block, token) for token in block.tokens[-1:])
        yield start + last + end
        ping = b""


def _told(answer: Answer) -> list[Block]:
    """The blocks that have something in them: a text that was stopped before its first token is not opened."""
    return [block for block in answer.blocks if block.tokens]


def _content_start(block: Block, at: int, reply: Reply) -> Json:
    match block.kind:
        case "text":
            return {"type": "text", "text": ""}
        case "reasoning":
            return {"type": "thinking", "thinking": "", "signature": ""}
        case "tool_call":
            return {"type": "tool_use", "id": _call_id(at, reply), "name": block.name, "input": {}}


def _token_frame(ask: Ask, at: int, block: Block, token: str) -> bytes:
    match block.kind:
        case "text":
            return _block_delta(at, type="text_delta", text=token)
        case "reasoning":
            return b"" if ask.reasoning_hidden else _block_delta(at, type="thinking_delta", thinking=token)
        case "tool_call":
            return _block_delta(at, type="input_json_delta", partial_json=token)


def _block_delta(at: int, **delta: str) -> bytes:
    return _frame("content_block_delta", index=at, delta=delta)


def _content(ask: Ask, block: Block, at: int, reply: Reply) -> Json:
    match block.kind:
        case "text":
            return {"type": "text", "text": block.text}
        case "reasoning":
            thinking = "" if ask.reasoning_hidden else block.text
            return {"type": "thinking", "thinking": thinking, "signature": _signature(block)}
        case "tool_call":
            return {"type": "tool_use", "id": _call_id(at, reply), "name": block.name, "input": _input(block.text)}


def _input(arguments: str) -> Json:
    """The arguments as an object; what was cut off by `max_tokens` is not one, and the call is then left empty."""
    try:
        return msgspec.json.decode(arguments, type=Json)
    except msgspec.DecodeError:
        return {}


def _signature(block: Block) -> str:
    return base64.b64encode(b"sealink-sim:" + hashlib.sha256(block.text.encode()).digest()).decode()


def _call_id(at: int, reply: Reply) -> str:
    return f"toolu_{hashlib.sha256(f'{reply.id}/{at}'.encode()).hexdigest()[:24]}"


def _model(id: str) -> Json:
    return {
        "type": "model",
        "id": id,
        "display_name": "SeaLink's simulated model",
        "created_at": "1970-01-01T00:00:00Z",
        "lifecycle": "active",
    }
