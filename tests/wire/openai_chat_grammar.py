"""The grammar of an OpenAI chat-completion stream, as OpenAI's reference and SeaLink's own rules have it.

https://platform.openai.com/docs/api-reference/chat-streaming
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

FINISH_REASONS = {"stop", "length", "tool_calls", "content_filter", "function_call"}
DONE = b"data: [DONE]"
CONTENT = ("content", "reasoning_content", "refusal", "tool_calls", "function_call")


def complaints(body: bytes, *, include_usage: bool) -> list[str]:
    """What a client could object to in a whole stream that ended well or in an error; nothing if it is clean."""
    return list(_Reader(include_usage).read(body))


@dataclass
class _Choice:
    started: bool = False
    finish: str | None = None
    calls: list[str] = field(default_factory=list)
    listed: dict[str, int] = field(default_factory=dict)


class _Reader:
    def __init__(self, include_usage: bool) -> None:
        self.include_usage = include_usage
        self.usage_chunks = 0
        self.choices: dict[int, _Choice] = {}

    def read(self, body: bytes) -> Iterator[str]:
        frames = body.split(b"\n\n")
        if frames.pop():
            yield f"it does not end with a blank line: {body[-60:]!r}"
        while frames and not frames[0]:
            yield "an empty event"
            frames.pop(0)
        if not frames:
            yield "nothing at all"
        for number, frame in enumerate(frames):
            is_last = number == len(frames) - 1
            for complaint in self._frame(frame, is_last):
                yield f"frame {number}: {complaint}: {frame[:300]!r}"

    def _frame(self, frame: bytes, is_last: bool) -> Iterator[str]:
        lines = [line for line in frame.split(b"\n") if not line.startswith(b":")]
        if len(lines) != 1 or not lines[0].startswith(b"data: ") or b"\r" in frame:
            yield "not one `data: ` line"
            return
        if lines[0] == DONE:
            yield from self._end(is_last)
            return
        try:
            chunk = json.loads(lines[0][6:].decode(), parse_constant=_refuse)
        except ValueError as error:
            yield f"not JSON ({error})"
            return
        if not isinstance(chunk, dict):
            yield "not an object"
        elif chunk.get("error"):
            yield from self._error(chunk, is_last)
        else:
            yield from self._chunk(chunk)
            if is_last:
                yield "the end is neither [DONE] nor an error"

    def _end(self, is_last: bool) -> Iterator[str]:
        if not is_last:
            yield "[DONE] is not the last"
        if not self.choices:
            yield "no choice ever"
        for index, choice in self.choices.items():
            if choice.finish is None:
                yield f"choice {index} has no finish reason"

    def _error(self, chunk: dict[str, Any], is_last: bool) -> Iterator[str]:
        error = chunk["error"]
        if not is_last:
            yield "something follows an error"
        if chunk.keys() != {"error"} or not {"message", "type", "param", "code"} <= error.keys():
            yield "not OpenAI's error object"
        elif not isinstance(error["message"], str) or not error["message"]:
            yield "an error without words"

    def _chunk(self, chunk: dict[str, Any]) -> Iterator[str]:
        if chunk.get("object") != "chat.completion.chunk":
            yield f"object {chunk.get('object')!r}"
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            yield "no choices"
            return
        yield from self._usage(chunk, choices)
        if not choices and not chunk.get("usage") and "moderation" not in chunk:
            yield "empty choices"
        for choice in choices:
            yield from self._choice(choice)

    def _usage(self, chunk: dict[str, Any], choices: list[Any]) -> Iterator[str]:
        if not self.include_usage and _says_usage(chunk):
            yield "usage was not asked for"
        if not chunk.get("usage"):
            return
        self.usage_chunks += 1
        if self.usage_chunks > 1:
            yield "usage again"
        if choices:
            yield "usage on a chunk with choices"
        if not self.choices or any(choice.finish is None for choice in self.choices.values()):
            yield "usage before the end"

    def _choice(self, said: Any) -> Iterator[str]:
        if (
            not isinstance(said, dict)
            or not isinstance(said.get("index"), int)
            or not isinstance(said.get("delta"), dict)
        ):
            yield "a choice without index or delta"
            return
        choice, delta = self.choices.setdefault(said["index"], _Choice()), said["delta"]
        if not choice.started and delta.get("role") != "assistant":
            yield "no role in the first delta"
        choice.started = True
        if choice.finish is not None and any(delta.get(name) for name in CONTENT):
            yield "content after the end"
        if not isinstance(said.get("logprobs"), dict | None):
            yield f"logprobs {said['logprobs']!r}"
        if "message" in said or said.get("error"):
            yield "a message or an error in a choice"
        yield from self._delta(delta, choice)
        yield from self._finish(said.get("finish_reason"), choice)

    def _finish(self, reason: Any, choice: _Choice) -> Iterator[str]:
        if reason is None:
            return
        if reason not in FINISH_REASONS:
            yield f"finish reason {reason!r}"
        if choice.finish is not None:
            yield "a second finish reason"
        choice.finish = reason

    def _delta(self, delta: dict[str, Any], choice: _Choice) -> Iterator[str]:
        for name in ("content", "reasoning_content", "refusal"):
            if not isinstance(delta.get(name), str | None):
                yield f"{name} is not text"
        if isinstance(delta.get("reasoning"), str) and delta["reasoning"] and not delta.get("reasoning_content"):
            yield "reasoning that is not in reasoning_content"
        call = delta.get("function_call")
        if not isinstance(call, dict | None) or (call is not None and not any(call.values())):
            yield "no function_call"
        for name, items in delta.items():
            if isinstance(items, list) and not all(
                isinstance(item.get("index"), int) for item in items if isinstance(item, dict)
            ):
                yield f"{name} without index"
        for call in delta.get("tool_calls") or ():
            yield from _call(call, choice.calls)


def _call(call: dict[str, Any], calls: list[str]) -> Iterator[str]:
    index, body = call.get("index"), call.get("function", call.get("custom"))
    if not isinstance(index, int) or not isinstance(body, dict):
        yield "a tool call without index or function"
        return
    if not isinstance(body.get("arguments", ""), str):
        yield "arguments are not text"
    if index < len(calls):
        if "id" in call or "name" in body or call.get("type", "function") != "function":
            yield "id, name or type are told again"
        return
    if index != len(calls):
        yield f"call {index} comes after {len(calls)} calls"
    calls.append(call.get("id"))
    if not call.get("id") or not body.get("name") or call.get("type") not in ("function", "custom"):
        yield "a call begins without id, name or type"
    if "arguments" not in body and "input" not in body:
        yield "a call begins without arguments"


def _says_usage(chunk: dict[str, Any]) -> bool:
    """Where a vendor puts it when asked; what Vercel tells of its own upstreams is there unasked."""
    return "usage" in chunk or "usage" in (chunk.get("x_groq") or {})


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
