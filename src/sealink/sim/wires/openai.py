"""Answers in the format of OpenAI's Chat Completions.

Written from OpenAI's API reference (chat/create, chat/streaming) and recorded streams, and independent of
sealink.wire's dialects, because SeaLink is tested against it. `reasoning_content` is DeepSeek's field.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

import msgspec

from sealink.errors import SealinkError
from sealink.sim.answer import Answer, Block
from sealink.sim.ask import Ask
from sealink.sim.requests.openai import parse_request
from sealink.sim.wires.wire import AnswerStream, Closing, Reply
from sealink.wire.framing.sse import DONE, data_frame

Json = dict[str, Any]


class OpenAIWire:
    """Chat Completions, as a SimWire."""

    models_paths: tuple[str, ...] = ("/v1/models",)
    request_id_header = "x-request-id"
    other_endpoints: Mapping[str, Callable[[bytes], bytes]] = {}

    def takes(self, path: str) -> bool:
        return path == "/v1/chat/completions"

    def read(self, path: str, body: bytes) -> Ask:
        return parse_request(body)

    def stream(self, ask: Ask, answers: list[Answer], reply: Reply) -> AnswerStream:
        frame = _framer(ask, reply)
        return AnswerStream(
            opening=b"".join(frame(_delta(at, _first_delta(each))) for at, each in enumerate(answers)),
            ticks=_ticks(answers, reply, frame),
            closing=_closing(ask, answers, frame),
        )

    def whole(self, ask: Ask, answers: list[Answer], reply: Reply) -> bytes:
        completion = {
            **_head(ask, reply, "chat.completion"),
            "choices": [_choice(at, each, reply) for at, each in enumerate(answers)],
            "usage": _usage(ask, answers),
            **_TAIL,
        }
        return msgspec.json.encode(completion)

    def models(self, ids: Sequence[str]) -> bytes:
        return msgspec.json.encode({"object": "list", "data": [_model(id) for id in ids]})

    def model(self, id: str) -> bytes:
        return msgspec.json.encode(_model(id))

    def error(self, error: SealinkError, request_id: str) -> bytes:
        payload = {"message": error.message, "type": error.type, "param": error.param, "code": error.code}
        return msgspec.json.encode({"error": payload})

    def error_event(self, error: SealinkError) -> bytes:
        return data_frame(self.error(error, ""))

    def same_index(self, tick: bytes) -> bytes:
        return _CALL_INDEX.sub(rb"\g<1>0", tick)


_TAIL: Final = {"service_tier": "default", "system_fingerprint": "fp_sealink_sim"}

_CALL_INDEX: Final = re.compile(rb'("tool_calls":\[\{"index":)\d+')

_FINISH: Final = {"stop": "stop", "stop_sequence": "stop", "length": "length", "tool_calls": "tool_calls"}


def _head(ask: Ask, reply: Reply, kind: str) -> Json:
    return {"id": f"chatcmpl-{reply.id}", "object": kind, "created": reply.created, "model": ask.model}


def _framer(ask: Ask, reply: Reply) -> Callable[[Json], bytes]:
    """A function that makes a chunk's frame from `choices` and `usage`; the other fields are the same in all chunks."""
    shared: Json = {**_head(ask, reply, "chat.completion.chunk"), **_TAIL, "choices": []}
    if ask.include_usage:
        shared["usage"] = None
    return lambda own: data_frame(msgspec.json.encode({**shared, **own}))


def _delta(choice: int, delta: Json, finish_reason: str | None = None) -> Json:
    return {"choices": [{"index": choice, "delta": delta, "logprobs": None, "finish_reason": finish_reason}]}


def _first_delta(answer: Answer) -> Json:
    has_text = any(block.kind == "text" for block in answer.blocks)
    return {"role": "assistant", "content": "" if has_text else None, "refusal": None}


def _ticks(answers: list[Answer], reply: Reply, frame: Callable[[Json], bytes]) -> Iterator[bytes]:
    """The first tokens of all choices, then their second tokens, and so on."""
    streams = [_choice_ticks(at, each, reply, frame) for at, each in enumerate(answers)]
    return (b"".join(tick) for tick in zip_longest(*streams, fillvalue=b""))


def _choice_ticks(choice: int, answer: Answer, reply: Reply, frame: Callable[[Json], bytes]) -> Iterator[bytes]:
    calls = 0
    for block in answer.blocks:
        start = b""
        if block.kind == "tool_call":
            start = frame(_delta(choice, {"tool_calls": [{"index": calls, **_call(block, choice, calls, reply, "")}]}))
            calls += 1
        for token in block.tokens:
            yield start + frame(_delta(choice, _token_delta(block, calls - 1, token)))
            start = b""


def _token_delta(block: Block, call: int, token: str) -> Json:
    match block.kind:
        case "text":
            return {"content": token}
        case "reasoning":
            return {"reasoning_content": token}
        case "tool_call":
            return {"tool_calls": [{"index": call, "function": {"arguments": token}}]}


def _call(block: Block, choice: int, call: int, reply: Reply, arguments: str) -> Json:
    digest = hashlib.sha256(f"{reply.id}/{choice}/{call}".encode()).hexdigest()
    return {"id": f"call_{digest[:24]}", "type": "function", "function": {"name": block.name, "arguments": arguments}}


def _closing(ask: Ask, answers: list[Answer], frame: Callable[[Json], bytes]) -> list[Closing]:
    ends = [Closing(frame(_delta(at, {}, _FINISH[each.finish])), ("finish",)) for at, each in enumerate(answers)]
    usage = frame({"choices": [], "usage": _usage(ask, answers)})
    return [*ends, *([Closing(usage, ("usage",))] if ask.include_usage else []), Closing(DONE, ("end",))]


def _choice(at: int, answer: Answer, reply: Reply) -> Json:
    texts = [block.text for block in answer.blocks if block.kind == "text"]
    thinking = "".join(block.text for block in answer.blocks if block.kind == "reasoning")
    calls = [block for block in answer.blocks if block.kind == "tool_call"]
    message: Json = {"role": "assistant", "content": "".join(texts) if texts else None}
    if thinking:
        message["reasoning_content"] = thinking
    if calls:
        message["tool_calls"] = [_call(block, at, number, reply, block.text) for number, block in enumerate(calls)]
    message |= {"refusal": None, "annotations": []}
    return {"index": at, "message": message, "logprobs": None, "finish_reason": _FINISH[answer.finish]}


def _usage(ask: Ask, answers: list[Answer]) -> Json:
    completion = sum(answer.tokens for answer in answers)
    return {
        "prompt_tokens": ask.prompt_tokens,
        "completion_tokens": completion,
        "total_tokens": ask.prompt_tokens + completion,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": sum(answer.reasoning_tokens for answer in answers),
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _model(id: str) -> Json:
    return {"id": id, "object": "model", "created": 0, "owned_by": "sealink-simulated"}
