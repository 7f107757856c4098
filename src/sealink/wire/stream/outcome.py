"""What is learned about an answer while it passes through."""

import msgspec

from sealink.errors import SealinkError
from sealink.events import (
    BlockStart,
    Event,
    Finish,
    ReasoningDelta,
    StreamEnd,
    StreamError,
    TextDelta,
    ToolArgsDelta,
    UsageSnapshot,
)
from sealink.usage import Provenance, Usage
from sealink.wire.stream.streamed_text import StreamedText


class Outcome(msgspec.Struct):
    """What a lane learned about an answer while moving it.

    `complete`: the upstream said that the answer is whole. `content_started`: a real delta (text,
    reasoning, a tool call, a refusal) has been seen, not just a role or a ping. `error`: what the client
    was, or must be, told. `finish`: the upstream's own words for how each choice ended.
    `text`: the words so far, for counting.
    """

    text: StreamedText = msgspec.field(default_factory=StreamedText)
    usage: Usage | None = None
    provenance: Provenance | None = None
    finish: dict[int, str] = {}
    frames: int = 0
    content_started: bool = False
    complete: bool = False
    error: SealinkError | None = None

    def say(self, words: str, choice: int = 0) -> None:
        """Some more of the answer itself has come."""
        self.content_started = True
        if choice != self.text.choice:
            self.text.turn_to(choice)
        self.text.say(words)


def observe(event: Event, outcome: Outcome) -> None:
    """What an event tells about the answer as a whole."""
    match event:
        case (
            TextDelta(text=words, choice=choice)
            | ReasoningDelta(text=words, choice=choice)
            | ToolArgsDelta(fragment=words, choice=choice)
        ):
            outcome.say(words, choice)
        case BlockStart(kind=kind):
            outcome.content_started |= kind not in ("text", "reasoning", "refusal")
        case UsageSnapshot(usage=usage, final=final):
            outcome.usage, outcome.provenance = usage, "provider" if final else "partial"
        case Finish(choice=choice, raw_reason=raw_reason):
            outcome.finish[choice] = raw_reason
        case StreamError(error=error):
            outcome.error = error
        case StreamEnd():
            outcome.complete = True
