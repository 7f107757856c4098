"""Ollama's answers → events: a stream's lines, or a whole answer, which is one line with everything in it.

https://docs.ollama.com/api/streaming. `created_at` is read only to make ids of.
"""

import re
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Raw

from sealink.events import (
    Event,
    Logprobs,
    ReasoningDelta,
    StreamEnd,
    StreamError,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    UsageSnapshot,
)
from sealink.wire.dialects.ollama_chat.finish import read_finish
from sealink.wire.dialects.ollama_chat.upstream.errors import read_error
from sealink.wire.dialects.ollama_chat.usage import read_usage
from sealink.wire.dialects.shared.flat_blocks import Blocks
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.json_array import json_objects
from sealink.wire.raw_json.fields import NULL, UNREADABLE, name_of, starts_with, utf8
from sealink.wire.stream.handler import EachFrameDecoded

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
    model: Raw = NULL
    created_at: Raw = NULL
    message: _Message | None = None
    done: bool = False
    done_reason: str | None = None
    logprobs: Raw = NULL
    error: str | None = None


_LINE = msgspec.json.Decoder(_Line)


class ChatDecoder(EachFrameDecoded):
    """A Decoder. Each line has its time."""

    def __init__(self) -> None:
        self._started = False
        self._ended = False
        self._blocks = Blocks()
        self._has_calls = False

    def decode(self, frame: Frame) -> Sequence[Event]:
        """Raises UpstreamError (`upstream_malformed`) on a line that cannot be read."""
        if self._ended:
            return ()
        try:
            return list(self._read(_LINE.decode(frame.data), frame.data))
        except UNREADABLE as error:
            return self._read_first_object(frame.data, error)

    def close(self) -> Sequence[Event]:
        """Only a line with `done` ends an answer; the end of the bytes does not."""
        return ()

    def _read_first_object(self, data: bytes, reason: Exception) -> Sequence[Event]:
        """A line with something behind its object. Raises UpstreamError if that is not what is wrong with it."""
        match json_objects(data):
            case [line] if line != data:
                return self.decode(Frame(line, line))
        raise malformed(reason) from reason

    def _read(self, line: _Line, data: bytes) -> Iterator[Event]:
        if line.error is not None:
            self._ended = True
            yield StreamError(read_error(None, (), data))
            return
        if not self._started:
            self._started = True
            yield StreamStart("", name_of(line.model) or "")
        yield from self._message(line)
        if line.done:
            yield from self._end(line, data)

    def _message(self, line: _Line) -> Iterator[Event]:
        message = line.message or _Message()
        if message.thinking:
            yield from self._blocks.enter("reasoning")
            yield ReasoningDelta(self._blocks.number, message.thinking)
        if message.content:
            yield from self._blocks.enter("text")
            yield TextDelta(self._blocks.number, message.content)
            if starts_with(line.logprobs, b"["):
                yield Logprobs(self._blocks.number, utf8(line.logprobs))
        for call in message.tool_calls or ():
            yield from self._call(call, name_of(line.created_at) or "")

    def _call(self, call: _Call, created_at: str) -> Iterator[Event]:
        """A call comes whole. Older versions give it no id: one that is unique in the conversation is made of the time
        and the block's number."""
        self._has_calls = True
        made_id = f"call_{_NOT_A_DIGIT.sub('', created_at)[:20]}_{self._blocks.number + 1}"
        yield from self._blocks.open("tool_call", id=call.id or made_id, name=call.function.name)
        yield ToolArgsDelta(self._blocks.number, utf8(call.function.arguments).decode())
        yield from self._blocks.close()

    def _end(self, line: _Line, data: bytes) -> Iterator[Event]:
        self._ended = True
        yield from self._blocks.close()
        if (usage := read_usage(data)) is not None:
            yield UsageSnapshot(usage)
        yield read_finish(line.done_reason or "", has_calls=self._has_calls)
        yield StreamEnd()


def decode_whole(body: bytes) -> list[Event]:
    """The events of a not-streamed answer. Raises UpstreamError if it is not one."""
    events = ChatDecoder().decode(Frame(body, body))
    match events[-1]:
        case StreamError(error=error):
            raise error
        case StreamEnd():
            return list(events)
    raise malformed("the answer is not done.")
