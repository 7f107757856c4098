"""What has been learned about an answer while it was moved to the client."""

import msgspec

from sealink.errors import SealinkError, UpstreamError
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
    """What is known about one answer.

    `text`: the text so far, for counting tokens. `finish_reasons`: by choice, as the upstream spelled them.
    `content_started`: real content (text, reasoning, a tool call, a refusal) has come, not just a role or a ping.
    `complete`: the upstream has marked the answer as whole. `error`: what the client has been told, or must be.
    `cut`: why SeaLink has ended the answer before its upstream did.
    """

    text: StreamedText = msgspec.field(default_factory=StreamedText)
    usage: Usage | None = None
    provenance: Provenance | None = None
    finish_reasons: dict[int, str] = {}
    frames: int = 0
    content_started: bool = False
    complete: bool = False
    error: SealinkError | None = None
    cut: str | None = None

    def add_text(self, text: str, choice: int = 0) -> None:
        """More of the answer itself has come; "" for content that is not text."""
        self.content_started = True
        if choice != self.text.choice:
            self.text.select(choice)
        self.text.append(text)


def is_empty(outcome: Outcome) -> bool:
    """Whether a complete answer has nothing in it: no content, no reason to finish, and no token that was charged."""
    has_tokens = outcome.usage is not None and outcome.usage.output_tokens > 0
    return not outcome.content_started and not has_tokens and not any(outcome.finish_reasons.values())


def empty_answer() -> UpstreamError:
    """The error for such an answer: it is a failure of the upstream's, which may do better if asked again."""
    return UpstreamError("The upstream ended the answer without any content.", code="upstream_empty")


def observe(event: Event, outcome: Outcome) -> None:
    """Record what an event says about the answer as a whole."""
    match event:
        case (
            TextDelta(text=text, choice=choice)
            | ReasoningDelta(text=text, choice=choice)
            | ToolArgsDelta(fragment=text, choice=choice)
        ):
            outcome.add_text(text, choice)
        case BlockStart(kind=kind):
            outcome.content_started |= kind not in ("text", "reasoning", "refusal")
        case UsageSnapshot(usage=usage, final=final):
            outcome.usage, outcome.provenance = usage, "provider" if final else "partial"
        case Finish(choice=choice, raw_reason=raw_reason, detail=detail):
            outcome.content_started |= bool(detail)  # a refusal, in words
            outcome.finish_reasons[choice] = raw_reason
        case StreamError(error=error):
            outcome.error = error
        case StreamEnd():
            outcome.complete = True
