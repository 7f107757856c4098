"""An answer as Anthropic's SDK would show it, folded from SeaLink's events; the tests of the decoder share it."""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from jiter import from_json

from sealink.events import (
    BlockMeta,
    BlockStart,
    Citation,
    Event,
    Finish,
    ReasoningDelta,
    StreamEnd,
    StreamError,
    StreamStart,
    TextDelta,
    ToolArgsDelta,
    UsageSnapshot,
)
from sealink.usage import Usage
from sealink.wire.dialects.anthropic_messages import UPSTREAM


@dataclass
class Answer:
    id: str = ""
    model: str = ""
    text: str = ""
    reasoning: str = ""
    signatures: dict[int, str] = field(default_factory=dict)
    redacted: list[str] = field(default_factory=list)
    citations: list[Any] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    calls: dict[int, dict[str, Any]] = field(default_factory=dict)
    finish: Finish | None = None
    usage: Usage | None = None
    error: Exception | None = None
    is_whole: bool = False

    @property
    def tool_calls(self) -> list[dict[str, Any]]:
        """Arguments that a token limit cut off are read as the SDK reads them: as far as they go."""
        return [
            {**call, "arguments": from_json(call["arguments"].encode(), partial_mode=True)}
            for call in self.calls.values()
        ]


def fold(events: Iterable[Event]) -> Answer:
    answer = Answer()
    for event in events:
        _add(answer, event)
    return answer


def _add(answer: Answer, event: Event) -> None:
    match event:
        case StreamStart(id=id, model=model):
            answer.id, answer.model = id, model
        case BlockStart(block=block, kind=kind):
            assert block == len(answer.kinds)
            answer.kinds.append(kind)
            if kind == "tool_call":
                answer.calls[block] = {"id": event.id, "name": event.name, "arguments": ""}
            elif kind == "redacted_reasoning":
                answer.redacted.append(event.data)
        case TextDelta(block=block, text=text):
            assert answer.kinds[block] == "text"
            answer.text += text
        case ReasoningDelta(block=block, text=text):
            assert answer.kinds[block] == "reasoning"
            answer.reasoning += text
        case ToolArgsDelta(block=block, fragment=fragment):
            answer.calls[block]["arguments"] += fragment
        case BlockMeta(block=block, signature=signature):
            answer.signatures[block] = signature
        case Citation(raw=raw):
            answer.citations.append(json.loads(raw))
        case UsageSnapshot(usage=usage):
            answer.usage = usage
        case Finish():
            assert answer.finish is None, "an answer finishes once"
            answer.finish = event
        case StreamError(error=error):
            answer.error = error
        case StreamEnd():
            answer.is_whole = True


def read_stream(chunks: Iterable[bytes]) -> list[Event]:
    """The events of a stream that comes in these chunks and then properly ends."""
    framer, decoder = UPSTREAM.framer(), UPSTREAM.decoder()
    events = [event for chunk in chunks for frame in framer.feed(chunk) for event in decoder.decode(frame)]
    events += [event for frame in framer.close() for event in decoder.decode(frame)]
    return events + list(decoder.close())


def comparable(events: list[Event]) -> list[Any]:
    """Exceptions are not equal to each other; their words are."""
    return [str(event.error) if isinstance(event, StreamError) else event for event in events]
