"""Answers in the format of Anthropic's Messages API.

Written from Anthropic's API reference (messages, streaming, extended thinking) and recorded streams, and
independent of sealink.wire's dialects, because SeaLink is tested against it.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from sealink.errors import SealinkError
from sealink.sim.answer import Answer, Block
from sealink.sim.ask import Ask
from sealink.sim.requests.anthropic import parse_count_request, parse_request
from sealink.sim.wires.wire import AnswerStream, Closing, Reply
from sealink.wire.framing.sse import event_frame

Json = dict[str, Any]


class AnthropicWire:
    """The Messages API, as a SimWire."""

    models_paths: tuple[str, ...] = ("/v1/models",)
    request_id_header = "request-id"

    @property
    def other_endpoints(self) -> Mapping[str, Callable[[bytes], bytes]]:
        return {"/v1/messages/count_tokens": self.count_tokens}

    def takes(self, path: str) -> bool:
        return path == "/v1/messages"

    def read(self, path: str, body: bytes) -> Ask:
        return parse_request(body)

    def stream(self, ask: Ask, answers: list[Answer], reply: Reply) -> AnswerStream:
        answer = answers[0]
        opening = _message(ask, reply) | {"usage": _usage(ask, 1)}
        return AnswerStream(
            opening=_frame("message_start", message=opening),
            ticks=_ticks(ask, answer, reply),
            closing=[
                Closing(
                    _frame("message_delta", delta=_ending(answer), usage=_final_usage(ask, answer)), ("finish", "usage")
                ),
                Closing(_frame("message_stop"), ("end",)),
            ],
        )

    def whole(self, ask: Ask, answers: list[Answer], reply: Reply) -> bytes:
        answer = answers[0]
        content = [_content(ask, block, at, reply) for at, block in enumerate(_nonempty_blocks(answer))]
        usage = _usage(ask, answer.tokens) | _final_usage(ask, answer)
        message = _message(ask, reply) | {"content": content} | _ending(answer) | {"usage": usage}
        return msgspec.json.encode(message)

    def count_tokens(self, body: bytes) -> bytes:
        return msgspec.json.encode({"input_tokens": parse_count_request(body).prompt_tokens})

    def models(self, ids: Sequence[str]) -> bytes:
        first, last = (ids[0], ids[-1]) if ids else (None, None)
        data = [_model(id) for id in ids]
        return msgspec.json.encode({"data": data, "has_more": False, "first_id": first, "last_id": last})

    def model(self, id: str) -> bytes:
        return msgspec.json.encode(_model(id))

    def error(self, error: SealinkError, request_id: str) -> bytes:
        payload = {"type": error.type, "message": error.message}
        return msgspec.json.encode({"type": "error", "error": payload, "request_id": request_id})

    def error_event(self, error: SealinkError) -> bytes:
        return _frame("error", error={"type": error.type, "message": error.message})

    def same_index(self, tick: bytes) -> bytes:
        return _INDEX.sub(b'"index":0', tick)


_STOP_REASON: Final = {
    "stop": "end_turn",
    "stop_sequence": "stop_sequence",
    "length": "max_tokens",
    "tool_calls": "tool_use",
}

_INDEX: Final = re.compile(rb'"index":\d+')

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
    """The usage in `message_delta`, which is cumulative."""
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
    """A block starts with its first token and ends with its last one. A ping follows the start of the first block."""
    ping = _PING
    for at, block in enumerate(_nonempty_blocks(answer)):
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


def _nonempty_blocks(answer: Answer) -> list[Block]:
    """The blocks that have tokens: a text that a stop sequence ended before its first token is left out."""
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
    """The arguments as an object; an empty one if `max_tokens` cut them off."""
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
