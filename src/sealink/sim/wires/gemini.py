"""Answers in the format of Gemini's generateContent, streamed with `alt=sse`.

Written from Google's API reference (generate-content, thought-signatures) and recorded streams, and independent of
sealink.wire's dialects, because SeaLink is tested against it. As Gemini 3 does, the simulated
model signs its first function call, or the end of its text; it rejects the result of a call without its signature.
"""

import base64
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import Any, Final

import msgspec

from sealink.errors import SealinkError
from sealink.sim.answer import Answer, Block
from sealink.sim.ask import Ask
from sealink.sim.requests.gemini import parse_request, takes
from sealink.sim.wires.wire import AnswerStream, Closing, Reply

Json = dict[str, Any]

Frame = Callable[[int, list[Json], Json], bytes]


class GeminiWire:
    """generateContent, as a SimWire."""

    models_paths: tuple[str, ...] = ("/v1beta/models", "/v1/models")
    request_id_header = "x-request-id"
    other_endpoints: Mapping[str, Callable[[bytes], bytes]] = {}

    def takes(self, path: str) -> bool:
        return takes(path)

    def read(self, path: str, body: bytes) -> Ask:
        return parse_request(path, body)

    def stream(self, ask: Ask, answers: list[Answer], reply: Reply) -> AnswerStream:
        frame = _framer(ask, reply)
        streams = [_choice_ticks(ask, at, each, reply, frame) for at, each in enumerate(answers)]
        ticks = (b"".join(tick) for tick in zip_longest(*streams, fillvalue=b""))
        return AnswerStream(opening=b"", ticks=ticks, closing=list(_closing(ask, answers, frame)))

    def whole(self, ask: Ask, answers: list[Answer], reply: Reply) -> bytes:
        candidates = [
            _candidate(at, [*_parts(ask, at, each, reply), *_last_parts(each)], {"finishReason": _FINISH[each.finish]})
            for at, each in enumerate(answers)
        ]
        payload = {"candidates": candidates, "usageMetadata": _usage(ask, answers), **_head(ask, reply)}
        return msgspec.json.format(msgspec.json.encode(payload), indent=2)

    def models(self, ids: Sequence[str]) -> bytes:
        return msgspec.json.encode({"models": [_model(id) for id in ids]})

    def model(self, id: str) -> bytes:
        return msgspec.json.encode(_model(id))

    def error(self, error: SealinkError, request_id: str) -> bytes:
        payload = {"code": error.status, "message": error.message, "status": _STATUS.get(error.status, "UNKNOWN")}
        return msgspec.json.encode({"error": payload})

    def error_event(self, error: SealinkError) -> bytes:
        return _sse(msgspec.json.decode(self.error(error, "")))

    def same_index(self, tick: bytes) -> bytes:
        return tick


_FINISH: Final = {"stop": "STOP", "stop_sequence": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP"}
_STATUS: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_NAMES_CALLS: Final = re.compile(r"gemini-[3-9]")
"""Models that give their function calls ids: those from Gemini 3 on."""


def _sse(payload: Json) -> bytes:
    return b"data: " + msgspec.json.encode(payload) + b"\r\n\r\n"


def _head(ask: Ask, reply: Reply) -> Json:
    return {"modelVersion": ask.model, "responseId": reply.id}


def _framer(ask: Ask, reply: Reply) -> Frame:
    """A function that makes the frame of a candidate's parts, with the number of tokens so far."""
    tokens = 0

    def frame(index: int, parts: list[Json], more: Json) -> bytes:
        nonlocal tokens
        tokens += 1
        running = {"promptTokenCount": ask.prompt_tokens, "totalTokenCount": ask.prompt_tokens + tokens}
        usage = more.pop("usageMetadata", running)
        return _sse({"candidates": [_candidate(index, parts, more)], "usageMetadata": usage, **_head(ask, reply)})

    return frame


def _candidate(index: int, parts: list[Json], more: Json) -> Json:
    return {"content": {"parts": parts, "role": "model"}, **more, "index": index}


def _usage(ask: Ask, answers: Sequence[Answer]) -> Json:
    thoughts = sum(each.reasoning_tokens for each in answers)
    tokens = sum(each.tokens for each in answers)
    usage = {
        "promptTokenCount": ask.prompt_tokens,
        "candidatesTokenCount": tokens - thoughts,
        "totalTokenCount": ask.prompt_tokens + tokens,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": ask.prompt_tokens}],
    }
    return usage | ({"thoughtsTokenCount": thoughts} if thoughts else {})


def _choice_ticks(ask: Ask, index: int, answer: Answer, reply: Reply, frame: Frame) -> Iterator[bytes]:
    """One item for each token. A call is sent whole, with its last token; a call that was cut off is not sent."""
    parts = iter(_parts(ask, index, answer, reply))
    for block in answer.blocks:
        if block.kind == "tool_call":
            yield from (b"" for _ in block.tokens[1:])
            yield frame(index, [next(parts)], {}) if _is_whole(block) else b""
        else:
            yield from (_text_tick(ask, index, block, token, frame) for token in block.tokens)
            if block.tokens and not _is_hidden(ask, block):
                next(parts)


def _text_tick(ask: Ask, index: int, block: Block, token: str, frame: Frame) -> bytes:
    return b"" if _is_hidden(ask, block) else frame(index, [_text_part(block, token)], {})


def _closing(ask: Ask, answers: Sequence[Answer], frame: Frame) -> Iterator[Closing]:
    """The last frame of each candidate; that of the last candidate has the usage. There is no end mark."""
    for index, answer in enumerate(answers):
        more: Json = {"finishReason": _FINISH[answer.finish]}
        is_last = index == len(answers) - 1
        if is_last:
            more["usageMetadata"] = _usage(ask, answers)
        yield Closing(
            frame(index, _last_parts(answer) or [{"text": ""}], more), ("finish", "usage") if is_last else ("finish",)
        )


def _parts(ask: Ask, index: int, answer: Answer, reply: Reply) -> list[Json]:
    parts: list[Json] = []
    for at, block in enumerate(answer.blocks):
        if block.kind == "tool_call":
            parts += [_call(ask, block, f"{reply.id}/{index}/{at}")] if _is_whole(block) else []
        elif block.tokens and not _is_hidden(ask, block):
            parts.append(_text_part(block, block.text))
    first = next((part for part in parts if "functionCall" in part), None)
    if first is not None:
        first["thoughtSignature"] = _signature(answer)
    return parts


def _last_parts(answer: Answer) -> list[Json]:
    """The part with the signature of a text, which follows the text."""
    has_call = any(block.kind == "tool_call" for block in answer.blocks)
    return [] if has_call else [{"text": "", "thoughtSignature": _signature(answer)}]


def _text_part(block: Block, text: str) -> Json:
    return {"text": text, "thought": True} if block.kind == "reasoning" else {"text": text}


def _call(ask: Ask, block: Block, place: str) -> Json:
    call: Json = {"name": block.name, "args": msgspec.Raw(block.text.encode())}
    if _NAMES_CALLS.search(ask.model):
        call["id"] = hashlib.sha256(place.encode()).hexdigest()[:8]
    return {"functionCall": call}


def _is_whole(block: Block) -> bool:
    try:
        msgspec.json.decode(block.text)
    except msgspec.DecodeError:
        return False
    return True


def _is_hidden(ask: Ask, block: Block) -> bool:
    return block.kind == "reasoning" and ask.reasoning_hidden


def _signature(answer: Answer) -> str:
    text = "".join(block.text for block in answer.blocks)
    return base64.b64encode(b"sealink-sim:" + hashlib.sha256(text.encode()).digest()).decode()


def _model(id: str) -> Json:
    return {
        "name": f"models/{id}",
        "version": "001",
        "displayName": "SeaLink's simulated model",
        "supportedGenerationMethods": ["generateContent"],
    }
