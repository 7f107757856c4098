"""Ollama's answers → events: a stream's lines, or a whole answer, which is its last line with all in it.

https://docs.ollama.com/api/streaming. Fields that are read are those of the views; `created_at` only to make ids.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import HeaderList, UpstreamRejected
from sealink.events import (
    Event,
    Finish,
    FinishReason,
    Logprobs,
    ReasoningDelta,
    StreamEnd,
    StreamError,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    UsageSnapshot,
)
from sealink.usage import Usage
from sealink.wire.dialects.shared.flat_blocks import Blocks
from sealink.wire.dialects.shared.upstream_errors import malformed, rejected
from sealink.wire.framing.frame import Frame
from sealink.wire.raw_json.fields import NULL, UNREADABLE, parse_object, starts_with, utf8

NAME: Final = "ollama"

_REASONS: Final[dict[str, FinishReason]] = {"stop": "stop", "length": "length"}
"""Others (`load`, `unload`: a model was put into memory, or out of it, by an empty conversation) count as `stop`."""

_DURATIONS: Final[tuple[str, ...]] = ("total_duration", "load_duration", "prompt_eval_duration", "eval_duration")
_NOT_A_DIGIT = re.compile(r"\D")


class _Function(msgspec.Struct, gc=False):
    name: str
    arguments: Raw = Raw(b"{}")


class _Call(msgspec.Struct, gc=False):
    function: _Function
    id: str = ""


class _Message(msgspec.Struct, gc=False):
    content: str | None = None
    thinking: str | None = None
    tool_calls: list[_Call] | None = None


class _Line(msgspec.Struct, gc=False):
    model: str = ""
    created_at: str = ""
    message: _Message | None = None
    done: bool = False
    done_reason: str | None = None
    logprobs: Raw = NULL
    error: str | None = None


_LINE = msgspec.json.Decoder(_Line)


class ChatDecoder:
    """A Decoder."""

    stateless_deltas = False

    def __init__(self) -> None:
        self._started = False
        self._ended = False
        self._blocks = Blocks()
        self._has_calls = False

    def decode(self, frame: Frame) -> Sequence[Event]:
        """Raises UpstreamError (`upstream_malformed`) on a line that makes no sense."""
        if self._ended:
            return ()
        try:
            return list(self._read(_LINE.decode(frame.data), frame.data))
        except UNREADABLE as error:
            raise malformed(error) from error

    def close(self) -> Sequence[Event]:
        """Only a line that says `done` ends an answer."""
        return ()

    def _read(self, line: _Line, data: bytes) -> Iterator[Event]:
        if line.error is not None:
            self._ended = True
            yield StreamError(read_error(502, (), data))
            return
        if not self._started:
            self._started = True
            yield StreamStart("", line.model)
        yield from self._say(line)
        if line.done:
            yield from self._end(line, data)

    def _say(self, line: _Line) -> Iterator[Event]:
        said = line.message or _Message()
        if said.thinking:
            yield from self._blocks.enter("reasoning")
            yield ReasoningDelta(self._blocks.number, said.thinking)
        if said.content:
            yield from self._blocks.enter("text")
            yield TextDelta(self._blocks.number, said.content)
            if starts_with(line.logprobs, b"["):
                yield Logprobs(self._blocks.number, utf8(line.logprobs))
        for call in said.tool_calls or ():
            yield from self._call(call, line.created_at)

    def _call(self, call: _Call, created_at: str) -> Iterator[Event]:
        """A call comes whole. Older versions give it no id: the moment and the block make one, which no other
        call of the conversation has."""
        self._has_calls = True
        made_up = f"call_{_NOT_A_DIGIT.sub('', created_at)[:20]}_{self._blocks.number + 1}"
        yield from self._blocks.open("tool_call", id=call.id or made_up, name=call.function.name)
        yield ToolArgsDelta(self._blocks.number, utf8(call.function.arguments).decode())
        yield from self._blocks.close()

    def _end(self, line: _Line, data: bytes) -> Iterator[Event]:
        """Of a tool call Ollama says no more than that it stopped."""
        self._ended = True
        yield from self._blocks.close()
        yield from _usage(data)
        reason = _REASONS.get(line.done_reason or "", "stop")
        if reason == "stop" and self._has_calls:
            reason = "tool_calls"
        yield Finish(reason, raw_reason=line.done_reason or "")
        yield StreamEnd()


def decode_whole(body: bytes) -> list[Event]:
    """The events of a not-streamed answer. Raises UpstreamError if it is not one."""
    events = ChatDecoder().decode(Frame(body, body))
    match events[-1]:
        case StreamError(error=error):
            raise error
        case StreamEnd():
            return list(events)
    raise malformed("an answer that is not done.")


def read_error(status: int, headers: HeaderList, body: bytes) -> UpstreamRejected:
    """`{"error": "…"}`, as the body of an error status or as a line of a stream."""
    try:
        said = msgspec.json.decode(body, type=_Line).error
    except UNREADABLE:
        said = None
    return rejected(NAME, status, said or "", body, headers=headers)


class _Counts(msgspec.Struct):
    prompt_eval_count: int | None = None
    eval_count: int | None = None


def _usage(data: bytes) -> Iterator[Event]:
    """https://docs.ollama.com/api/usage: durations are in nanoseconds. Nothing where nothing was counted."""
    counts, fields = msgspec.json.decode(data, type=_Counts), parse_object(data)
    if counts.prompt_eval_count is not None or counts.eval_count is not None:
        extras = {name: fields[name] for name in _DURATIONS if name in fields}
        yield UsageSnapshot(Usage(counts.prompt_eval_count or 0, counts.eval_count or 0, extras=extras))
