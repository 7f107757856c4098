"""The account of an exchange: what happens is noted on the way, and becomes its one settlement at the end."""

import time
from decimal import Decimal
from typing import Final

import msgspec
from msgspec import Raw

from sealink.catalog.rates import NANO
from sealink.errors import GatewayTimeout, InvalidRequest, SealinkError, UpstreamError
from sealink.gateway.metering import Charge, Meter, Metered
from sealink.ledger.entry import Admission, Attempt, AttemptSpan, Ended, EndedBy, Settlement
from sealink.ledger.timeline import MAX_OF_A_KIND, Moment, Timeline
from sealink.policy.routing import Target
from sealink.wire.stream.outcome import Outcome

LONG_GAP_S: Final = 1.0
"""Silences of the upstream longer than this are marked in the timeline."""

_NOTHING_SENT: Final = {"client_gone": 499, "cancelled": 499, "stopped": 503}
"""The status of a request that ended before its client was sent one. nginx logs 499 where the client has left."""


class LostHedge(msgspec.Struct):
    """An attempt that another one has beaten. `outcome` is None where its request was not even sent."""

    entry: Attempt
    target: Target
    outcome: Outcome | None


class Account:
    """The account of one request. Times in its timeline are milliseconds since it was opened; `queued_ms` is how long
    the request had waited for limits before."""

    def __init__(self, admission: Admission, meter: Meter, queued_ms: float | None = None) -> None:
        self.admission = admission
        self._queued_ms = queued_ms
        self._meter = meter
        self.outcome: Outcome | None = None
        self.first_choice: Target | None = None
        self.bytes_sent = 0
        self.heartbeats = 0
        self.status = 200
        self.longest_gap_s = 0.0
        self._opened_at_ns = time.monotonic_ns()
        self._timeline = Timeline()
        self._attempts: list[Attempt] = []
        self._lost: LostHedge | None = None
        self._target: Target | None = None
        self._ttft_ms: float | None = None
        self._ended: Ended | None = None
        self._left: Ended | None = None
        self._is_free = False
        self._ended_by: EndedBy = "upstream"
        self._code: str | None = None
        self._timeline.mark("admitted", 0.0)

    @property
    def elapsed_s(self) -> float:
        return (time.monotonic_ns() - self._opened_at_ns) / 1e9

    @property
    def fell_back(self) -> bool:
        """Whether another target than the first choice answers: that one failed, or its breaker was open."""
        return self._target is not self.first_choice

    @property
    def elapsed_ms(self) -> float:
        """To the microsecond."""
        return (time.monotonic_ns() - self._opened_at_ns) // 1000 / 1000

    @property
    def ttft_ms(self) -> float | None:
        """When the first content came; None before that."""
        return self._ttft_ms

    @property
    def target_names(self) -> tuple[str | None, str | None]:
        """The provider and the model of the target that answers, else of the one that was asked last."""
        if self._target is not None:
            return self._target.provider.name, self._target.model
        return (self._attempts[-1].provider, self._attempts[-1].model) if self._attempts else (None, None)

    def tokens_so_far(self) -> tuple[int, bool]:
        """The answer's tokens, and whether that is an estimate by the length of its text."""
        outcome = self.outcome
        if outcome is None:
            return 0, False
        estimated, usage = outcome.text.roughly_tokens, outcome.usage
        reported = usage.output_tokens if usage is not None else 0
        return (estimated, True) if estimated > reported else (reported, False)

    def mark(self, moment: Moment) -> None:
        """Something has happened just now."""
        at_ms = (time.monotonic_ns() - self._opened_at_ns) // 1000 / 1000
        timeline = self._timeline
        self.heartbeats += moment == "heartbeat"
        if len(timeline.marks) < MAX_OF_A_KIND:  # nearly always
            timeline.marks.append((moment, at_ms))
        else:
            timeline.mark(moment, at_ms)

    def gap_is_over(self) -> None:
        """A silence of more than LONG_GAP_S has ended."""
        self.mark("gap")

    def attempt(self, target: Target, span_id: str = "") -> Attempt:
        """An attempt begins. Returns its entry in the settlement, in which its record notes how it ended. `span_id` is
        that of a request that is traced."""
        span = None
        if span_id:
            span = AttemptSpan(span_id, self.elapsed_ms)
        entry = Attempt(target.provider.name, target.model, span=span)
        self._attempts.append(entry)
        return entry

    def attempt_ended(self, entry: Attempt) -> None:
        """Nothing more comes of an attempt."""
        if entry.span is not None:
            entry.span.ended_ms = self.elapsed_ms

    def answered(self, target: Target, outcome: Outcome) -> None:
        """An attempt has brought the answer, or its beginning."""
        self._target, self.outcome = target, outcome
        self.mark("first_content")
        _, self._ttft_ms = self._timeline.marks[-1]

    def answered_free(self, target: Target | None) -> None:
        """The answer has no tokens, and costs nothing. None: no target was needed for it."""
        self._target, self._is_free = target, True

    def timed_out(self, target: Target, outcome: Outcome) -> None:
        """An attempt came too late, whose upstream has said what the prompt counts: it is charged for, unless another
        attempt answers."""
        self._target, self.outcome = target, outcome

    def cancelled(self, target: Target, outcome: Outcome) -> None:
        """An attempt was given up before it brought anything. Its prompt may be charged for all the same."""
        self._target, self.outcome = target, outcome

    def lost(self, entry: Attempt, target: Target, outcome: Outcome, *, was_sent: bool) -> None:
        """A hedged attempt was beaten by another one. Its cost is reported separately from the answer's."""
        entry.code = "hedge_lost"
        self._lost = LostHedge(entry, target, outcome if was_sent else None)

    def end(self, ended: Ended, by: EndedBy, code: str | None = None) -> None:
        """How the exchange ends. Of several calls the first counts."""
        if self._ended is None:
            self._ended, self._ended_by, self._code = ended, by, code

    @property
    def is_cancelled(self) -> bool:
        return self._ended == "cancelled"

    def leave(self, ended: Ended) -> None:
        """The client has left, and the answer is read on: if it comes to its end, this is how the exchange ended."""
        self._left = ended

    def fail(self, error: SealinkError) -> None:
        """The exchange ends with an error."""
        if isinstance(error, InvalidRequest) and not self._attempts:
            self.end("refused", "client", error.code or error.type)
            return
        timed_out = isinstance(error, GatewayTimeout)
        at_fault: EndedBy = "client" if isinstance(error, InvalidRequest) else "sealink"
        by: EndedBy = "upstream" if isinstance(error, UpstreamError) or timed_out else at_fault
        self.end("timed_out" if timed_out else "error", by, error.code or error.type)

    def metered(self) -> Metered:
        """The answer's usage and cost, by what has come of it."""
        if self.outcome is None or self._target is None:
            return Metered(charge=Charge(0, 0)) if self._is_free else Metered()
        return self._meter.read(self.outcome, self._target)

    @property
    def price_usd(self) -> str | None:
        """The price of the answer in dollars; None where it is not known."""
        price = self.metered().charge.price_nano_usd
        return None if price is None else f"{(Decimal(price) / NANO).normalize():f}"

    def extras(self) -> Raw:
        """What a stream's last chunk says of it, as JSON. The stream has ended."""
        self._conclude()
        price = self.price_usd
        cost = {} if price is None else {"cost_usd": Raw(price.encode())}
        reason = {"code": self._code} if self.outcome is not None and self.outcome.cut is not None else {}
        return Raw(msgspec.json.encode({**cost, "ended_by": self._ended_by, **reason}))

    def settlement(self) -> Settlement:
        """How the request ended, and what it cost. Never fails."""
        self._conclude()
        outcome = self.outcome
        answer, target = self.metered(), self._target
        assert self._ended is not None
        return Settlement(
            request_id=self.admission.request_id,
            status=self._status_sent,
            ended=self._ended,
            ended_by=self._ended_by,
            code=self._code,
            provider=target.provider.name if target else None,
            served_model=target.model if target else None,
            attempts=self._attempts,
            usage=answer.usage,
            usage_source=answer.source,
            cost_nano_usd=answer.charge.cost_nano_usd,
            price_nano_usd=answer.charge.price_nano_usd,
            hedge_cost_nano_usd=self._hedge_cost(answer),
            queued_ms=self._queued_ms,
            ttft_ms=self._ttft_ms,
            duration_ms=self.elapsed_s * 1000,
            chunks=outcome.frames if outcome is not None else 0,
            longest_gap_ms=self.longest_gap_s * 1000 or None,
            bytes_sent=self.bytes_sent,
            timeline=self._timeline.marks,
        )

    @property
    def _status_sent(self) -> int:
        if self.bytes_sent or self._ended is None:
            return self.status
        return 500 if self._code == "internal_error" else _NOTHING_SENT.get(self._ended, self.status)

    def _conclude(self) -> None:
        """How the exchange ended, if nothing has said so yet."""
        if self.outcome is not None and self.outcome.error is not None:
            self.fail(self.outcome.error)
        if self.outcome is not None and self.outcome.cut is not None:
            self.end("done", "sealink", self.outcome.cut)
        if self._left is not None:
            self.end(self._left, "client")
        self.end("done", "upstream")

    def _hedge_cost(self, answer: Metered) -> int | None:
        """The cost of the lost hedge, which is noted with its attempt too. Its prompt was the same as the answer's."""
        lost = self._lost
        if lost is None:
            return None
        if lost.outcome is None:
            return 0
        spent = self._meter.read(lost.outcome, lost.target, answer.usage.input_tokens if answer.usage else None)
        entry = lost.entry
        entry.usage = spent.usage and msgspec.structs.replace(spent.usage, extras={})
        entry.usage_source, entry.cost_nano_usd = spent.source, spent.charge.cost_nano_usd
        return entry.cost_nano_usd
