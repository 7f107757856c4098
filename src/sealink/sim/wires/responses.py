"""Answers in the format of OpenAI's Responses API.

Written from OpenAI's API reference (responses/create, responses-streaming) and recorded streams, and independent of
sealink.wire's dialects, because SeaLink is tested against it. Responses are not stored. The
summary of the thinking is always sent.
"""

import hashlib
import re
from collections.abc import Iterator
from itertools import count
from typing import Any, Final, Literal

import msgspec

from sealink.errors import SealinkError
from sealink.sim.answer import Answer, Block
from sealink.sim.ask import Ask
from sealink.sim.requests.responses import parse_request
from sealink.sim.wires.openai import OpenAIWire
from sealink.sim.wires.wire import AnswerStream, Closing, Reply
from sealink.wire.framing.sse import event_frame

Json = dict[str, Any]
Status = Literal["in_progress", "completed", "incomplete"]


class ResponsesWire(OpenAIWire):
    """The Responses API, as a SimWire. Models and errors have the format of Chat Completions."""

    def takes(self, path: str) -> bool:
        return path == "/v1/responses"

    def read(self, path: str, body: bytes) -> Ask:
        return parse_request(body)

    def stream(self, ask: Ask, answers: list[Answer], reply: Reply) -> AnswerStream:
        begun, ended = _response(ask, reply, "in_progress"), _ended(ask, answers[0], reply)
        opening = [_frame("response.created", 0, response=begun), _frame("response.in_progress", 1, response=begun)]
        last = len(opening) + sum(len(block.tokens) + _SHAPES[block.kind].around for block in answers[0].blocks)
        end = _frame(f"response.{ended['status']}", last, response=ended)
        return AnswerStream(
            opening=b"".join(opening),
            ticks=_ticks(answers[0], reply, count(len(opening))),
            closing=[Closing(end, ("finish", "usage", "end"))],
        )

    def whole(self, ask: Ask, answers: list[Answer], reply: Reply) -> bytes:
        return msgspec.json.encode(_ended(ask, answers[0], reply))

    def error_event(self, error: SealinkError) -> bytes:
        return _frame("error", 0, code=error.code or error.type, message=error.message, param=error.param)

    def same_index(self, tick: bytes) -> bytes:
        return _INDEX.sub(b'"output_index":0', tick)


class _Shape(msgspec.Struct, frozen=True):
    """How one kind of block is streamed.

    `place` is the index of the item's only part, for items that have parts; `around` the number of frames besides those
    of the tokens.
    """

    prefix: str
    pieces: str
    text: str
    part: str = ""
    place: Json = {}
    more: Json = {}

    @property
    def around(self) -> int:
        return 5 if self.part else 3


_SHAPES: Final = {
    "text": _Shape(
        "msg", "response.output_text", "text", "response.content_part", {"content_index": 0}, {"logprobs": []}
    ),
    "reasoning": _Shape(
        "rs", "response.reasoning_summary_text", "text", "response.reasoning_summary_part", {"summary_index": 0}
    ),
    "tool_call": _Shape("fc", "response.function_call_arguments", "arguments"),
}

_INDEX: Final = re.compile(rb'"output_index":\d+')


def _frame(event: str, number: int, **fields: object) -> bytes:
    return event_frame(event.encode(), msgspec.json.encode({"type": event, "sequence_number": number, **fields}))


def _response(ask: Ask, reply: Reply, status: Status) -> Json:
    choice = ask.tool_choice
    return {
        "id": f"resp_{reply.id}",
        "object": "response",
        "created_at": reply.created,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "max_output_tokens": ask.max_tokens,
        "model": ask.model,
        "output": [],
        "parallel_tool_calls": ask.parallel_tool_calls,
        "store": False,
        "tool_choice": {"type": "function", "name": choice.name} if choice.mode == "named" else choice.mode,
        "tools": [{"type": "function", "name": tool.name, "parameters": tool.schema} for tool in ask.tools],
        "usage": None,
    }


def _ended(ask: Ask, answer: Answer, reply: Reply) -> Json:
    output = [_item(block, at, reply, _status(answer, at)) for at, block in enumerate(answer.blocks)]
    status: Status = "incomplete" if answer.finish == "length" else "completed"
    return _response(ask, reply, status) | {"output": output, "usage": _usage(ask, answer)}


def _status(answer: Answer, at: int) -> Status:
    """The last item of an answer that was cut off is incomplete."""
    return "incomplete" if answer.finish == "length" and at == len(answer.blocks) - 1 else "completed"


def _usage(ask: Ask, answer: Answer) -> Json:
    return {
        "input_tokens": ask.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": answer.tokens,
        "output_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
        "total_tokens": ask.prompt_tokens + answer.tokens,
    }


def _ticks(answer: Answer, reply: Reply, numbers: Iterator[int]) -> Iterator[bytes]:
    """An item starts with its first token and ends with its last one."""
    for at, block in enumerate(answer.blocks):
        shape = _SHAPES[block.kind]
        where = {"item_id": _id(shape.prefix, at, reply), "output_index": at, **shape.place}
        begun = _item(block, at, reply, "in_progress")
        start = _frame("response.output_item.added", next(numbers), output_index=at, item=begun)
        if shape.part:
            start += _frame(f"{shape.part}.added", next(numbers), **where, part=_part(block, ""))
        for token in block.tokens[:-1]:
            yield start + _piece(block, where, token, numbers)
            start = b""
        last = _piece(block, where, block.tokens[-1], numbers)
        yield start + last + _end(block, where, _item(block, at, reply, _status(answer, at)), numbers)


def _piece(block: Block, where: Json, token: str, numbers: Iterator[int]) -> bytes:
    shape = _SHAPES[block.kind]
    return _frame(f"{shape.pieces}.delta", next(numbers), **where, delta=token, **shape.more)


def _end(block: Block, where: Json, item: Json, numbers: Iterator[int]) -> bytes:
    shape = _SHAPES[block.kind]
    end = _frame(f"{shape.pieces}.done", next(numbers), **where, **{shape.text: block.text}, **shape.more)
    if shape.part:
        end += _frame(f"{shape.part}.done", next(numbers), **where, part=_part(block, block.text))
    return end + _frame("response.output_item.done", next(numbers), output_index=where["output_index"], item=item)


def _item(block: Block, at: int, reply: Reply, status: Status) -> Json:
    begun = status == "in_progress"
    parts = [] if begun else [_part(block, block.text)]
    item: Json = {"id": _id(_SHAPES[block.kind].prefix, at, reply)}
    match block.kind:
        case "text":
            return item | {"type": "message", "status": status, "content": parts, "role": "assistant"}
        case "reasoning":
            return item | {"type": "reasoning", "summary": parts}
        case "tool_call":
            call = {"arguments": "" if begun else block.text, "call_id": _id("call", at, reply), "name": block.name}
            return item | {"type": "function_call", "status": status, **call}


def _part(block: Block, text: str) -> Json:
    if block.kind == "reasoning":
        return {"type": "summary_text", "text": text}
    return {"type": "output_text", "annotations": [], "logprobs": [], "text": text}


def _id(prefix: str, at: int, reply: Reply) -> str:
    return f"{prefix}_{hashlib.sha256(f'{reply.id}/{at}'.encode()).hexdigest()[:24]}"
