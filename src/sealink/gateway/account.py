"""What an exchange is going to be settled as: gathered on the way, written to the ledger once."""

import time
from collections.abc import Callable
from typing import Final, Protocol

import msgspec

from sealink.catalog.prices import price_nano_usd
from sealink.catalog.tokens import count_tokens, estimate_tokens
from sealink.errors import GatewayTimeout, InvalidRequest, SealinkError, UpstreamError
from sealink.ledger.entry import Admission, Attempt, Ended, EndedBy, Settlement
from sealink.ledger.timeline import Moment, Timeline
from sealink.policy.routing import Target
from sealink.usage import Provenance, Usage
from sealink.wire.dialect import Outcome

LONG_GAP_S: Final = 1.0
"""Silences of the upstream longer than this are marked in the timeline."""


class Ledger(Protocol):
    """Where requests are written down: ledger.Ledger, or a test's list."""

    def admit(self, admission: Admission) -> None: ...
    def settle(self, settlement: Settlement) -> None: ...


class Account:
    """One request's. Times in the timeline are milliseconds since the account was opened."""

    def __init__(self, admission: Admission) -> None:
        self.admission = admission
        self.outcome = Outcome()
        self.bytes_sent = 0
        self.longest_gap_s = 0.0
        self._opened_at = time.monotonic()
        self._timeline = Timeline()
        self._attempts: list[Attempt] = []
        self._target: Target | None = None
        self._ttft_ms: float | None = None
        self._ended: Ended | None = None
        self._left: Ended | None = None
        self._ended_by: EndedBy = "upstream"
        self._code: str | None = None
        self.mark("admitted")

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._opened_at

    @property
    def fell_back(self) -> bool:
        """Whether the answer is not the first target's."""
        first, last = self._attempts[0], self._attempts[-1]
        return (first.provider, first.model) != (last.provider, last.model)

    def mark(self, moment: Moment) -> None:
        self._timeline.mark(moment, self.elapsed_s * 1000)

    def tried(self, target: Target, error: SealinkError) -> None:
        """An attempt failed before it had brought anything."""
        self._attempts.append(Attempt(target.provider.name, target.model, error.code or error.type))

    def answered(self, target: Target, outcome: Outcome) -> None:
        """An attempt brings the answer."""
        self._attempts.append(Attempt(target.provider.name, target.model))
        self._target, self.outcome = target, outcome
        self._ttft_ms = self.elapsed_s * 1000
        self.mark("first_content")

    def end(self, ended: Ended, by: EndedBy, code: str | None = None) -> None:
        """How it ends. The first word counts."""
        if self._ended is None:
            self._ended, self._ended_by, self._code = ended, by, code

    @property
    def is_cancelled(self) -> bool:
        return self._ended == "cancelled"

    def leave(self, ended: Ended) -> None:
        """The client has left; if the answer comes to its end all the same, this is how it ended."""
        self._left = ended

    def fail(self, error: SealinkError) -> None:
        """It ends with an error."""
        timed_out = isinstance(error, GatewayTimeout)
        at_fault: EndedBy = "client" if isinstance(error, InvalidRequest) else "sealink"
        by: EndedBy = "upstream" if isinstance(error, UpstreamError) or timed_out else at_fault
        self.end("timed_out" if timed_out else "error", by, error.code or error.type)

    def settlement(self, prompt: Callable[[], str]) -> Settlement:
        """The whole account. `prompt` gives the text that is counted where no provider has said how long it is."""
        if self.outcome.error is not None:
            self.fail(self.outcome.error)
        if self._left is not None:
            self.end(self._left, "client")
        self.end("done", "upstream")
        usage, source = self._usage(prompt)
        target = self._target
        assert self._ended is not None
        return Settlement(
            request_id=self.admission.request_id,
            ended=self._ended,
            ended_by=self._ended_by,
            code=self._code,
            provider=target.provider.name if target else None,
            served_model=target.model if target else None,
            attempts=self._attempts,
            usage=usage,
            usage_source=source,
            cost_nano_usd=self._cost(usage),
            ttft_ms=self._ttft_ms,
            duration_ms=self.elapsed_s * 1000,
            chunks=self.outcome.frames,
            longest_gap_ms=self.longest_gap_s * 1000 or None,
            bytes_sent=self.bytes_sent,
            timeline=self._timeline.marks,
        )

    def _cost(self, usage: Usage | None) -> int | None:
        if usage is None or self._target is None:
            return None
        if self._target.provider.simulated:
            return 0
        return price_nano_usd(usage, self._target.provider.name, self._target.model)

    def _usage(self, prompt: Callable[[], str]) -> tuple[Usage | None, Provenance | None]:
        """The provider's count if it is the last word; else what it had said, and what was relayed, counted."""
        said, outcome = self.outcome.usage, self.outcome
        if self._target is None:
            return None, None
        if outcome.complete and outcome.provenance == "provider":
            return said, "provider"
        if said is None:
            return self._estimate(prompt), "estimated"
        relayed = outcome.text.tokens(count_tokens)
        if said.output_tokens >= relayed:
            return said, "partial"
        return msgspec.structs.replace(said, output_tokens=relayed), "estimated"

    def _estimate(self, prompt: Callable[[], str]) -> Usage:
        return Usage(input_tokens=estimate_tokens(prompt()), output_tokens=self.outcome.text.tokens(count_tokens))
