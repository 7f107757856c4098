"""A translator that ends its stream when nothing more may be spent on it, as if the answer had reached its limit."""

from collections.abc import Callable
from typing import Protocol

from sealink.catalog.tokens import count_tokens
from sealink.events import Event, Finish, ReasoningDelta, StreamEnd, TextDelta, ToolArgsDelta, UsageSnapshot
from sealink.usage import Usage
from sealink.wire.framing.frame import Frame
from sealink.wire.stream.handler import Decoder, Encoder, Skipped
from sealink.wire.stream.translator import Translator


class RunningMeter(Protocol):
    """Of one stream: from the tokens that have come and the provider's running usage to the usage at which the stream
    ends now; None: it goes on. It need not be asked while no more than `left` tokens come besides those that it is
    given."""

    def __call__(self, tokens: int, reported: Usage | None, /) -> Usage | None: ...
    def left(self, tokens: int, /) -> int: ...


class MeteredTranslator(Translator):
    """A StreamHandler. It looks at each frame with which the money may be spent. `cut_as` is the code of the reason."""

    def __init__(self, decoder: Decoder, encoder: Encoder, meter: RunningMeter, cut_as: Callable[[], str]) -> None:
        super().__init__(decoder, encoder)
        self._may_skip_deltas &= not decoder.varying.counts  # those are the provider's running usage
        self._meter = meter
        self._cut_as = cut_as
        self._tokens = 0
        self._choices: set[int] = set()

    def handle(self, frame: Frame) -> bytes:
        out = super().handle(frame)
        outcome = self.outcome
        if outcome.complete or outcome.error is not None or not outcome.content_started:
            return out
        usage = self._meter(self._tokens, outcome.usage)
        return out if usage is None else out + self._cut(usage)

    @property
    def most_skipped(self) -> int:
        """A token has one byte at least."""
        return self._meter.left(self._tokens)

    def catch_up(self, skipped: Skipped) -> None:
        self._tokens += count_tokens(skipped.text)
        super().catch_up(skipped)

    def _encode(self, event: Event) -> bytes:
        if isinstance(event, TextDelta | ReasoningDelta):
            self._tokens += count_tokens(event.text)
            self._choices.add(event.choice)
        elif isinstance(event, ToolArgsDelta):
            self._tokens += count_tokens(event.fragment)
            self._choices.add(event.choice)
        return super()._encode(event)

    def _cut(self, usage: Usage) -> bytes:
        """The ending of an answer that was cut at its length."""
        self.outcome.cut = self._cut_as()
        self.delta_text = ""
        unfinished = sorted((self._choices or {0}) - self.outcome.finish_reasons.keys())
        events = [
            *(Finish("length", "length", choice) for choice in unfinished),
            UsageSnapshot(usage, False),
            StreamEnd(),
        ]
        return b"".join([self._encode(event) for event in events])
