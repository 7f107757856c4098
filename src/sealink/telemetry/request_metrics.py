"""Counters and histograms over all requests of one process.

A settlement is counted by a few additions to plain objects: the Prometheus client's own metrics, with a lock and a
lookup for each, would cost several times as much.
"""

from collections import Counter
from itertools import pairwise
from typing import Final

import msgspec

from sealink.ledger.entry import Admission, Attempt, Settlement
from sealink.telemetry.alike import Kinds
from sealink.telemetry.histogram import FIRST_TOKEN_SECONDS, GAP_SECONDS, SECONDS, TOKEN_SECONDS, Histogram
from sealink.usage import Usage

MAX_SERIES: Final = 1000
"""Pairs of model and provider that are told apart. A model's pattern lets clients choose names; those beyond this many
are counted together, as OTHER."""
OTHER: Final = "other"
EMBEDDINGS: Final = "embeddings"
_NANO: Final = 1e9
_REFUSED_FOR_NOW: Final = frozenset({402, 429, 503})
"""Statuses of refusals that come after the model was found."""


class Series(msgspec.Struct):
    """The requests for one model that one provider answered. `provider` is "" where none did; `operation` is "chat" or
    "embeddings".

    `requests` and `refused` are by their other labels; `tokens` by type; amounts of money in dollars.
    """

    model: str
    provider: str
    operation: str
    requests: Counter[tuple[int, str]] = msgspec.field(default_factory=Counter)
    failures: Counter[str] = msgspec.field(default_factory=Counter)
    tokens: Counter[str] = msgspec.field(default_factory=Counter)
    cost_usd: float = 0.0
    price_usd: float = 0.0
    retries: int = 0
    fallbacks: int = 0
    hedges: int = 0
    queue_s: Histogram = msgspec.field(default_factory=lambda: Histogram(SECONDS))
    duration_s: Histogram = msgspec.field(default_factory=lambda: Histogram(SECONDS))
    ttft_s: Histogram = msgspec.field(default_factory=lambda: Histogram(FIRST_TOKEN_SECONDS))
    output_token_s: Histogram = msgspec.field(default_factory=lambda: Histogram(TOKEN_SECONDS))
    longest_gap_s: Histogram = msgspec.field(default_factory=lambda: Histogram(GAP_SECONDS))

    def settled(self, settlement: Settlement) -> None:
        self.requests[settlement.status, settlement.ended] += 1
        if settlement.code is not None:
            self.failures[settlement.code] += 1
        if settlement.queued_ms is not None:
            self.queue_s.observe(settlement.queued_ms / 1000)
        if settlement.duration_ms is not None:
            self.duration_s.observe(settlement.duration_ms / 1000)
        if settlement.cost_nano_usd:
            self.cost_usd += settlement.cost_nano_usd / _NANO
        if settlement.price_nano_usd:
            self.price_usd += settlement.price_nano_usd / _NANO
        if settlement.usage is not None:
            self._count_tokens(settlement.usage)
        if len(settlement.attempts) > 1:
            self._count_attempts(settlement.attempts)

    def streamed(self, settlement: Settlement) -> None:
        """What is observed of a stream alone."""
        ttft_ms, duration_ms, usage = settlement.ttft_ms, settlement.duration_ms, settlement.usage
        if settlement.longest_gap_ms is not None:
            self.longest_gap_s.observe(settlement.longest_gap_ms / 1000)
        if ttft_ms is None:
            return
        self.ttft_s.observe(ttft_ms / 1000)
        if usage is not None and usage.output_tokens > 1 and duration_ms is not None:
            self.output_token_s.observe((duration_ms - ttft_ms) / 1000 / (usage.output_tokens - 1))

    def _count_tokens(self, usage: Usage) -> None:
        tokens = self.tokens
        tokens["input"] += usage.input_tokens
        tokens["output"] += usage.output_tokens
        if usage.cached_read_tokens:
            tokens["cached_read"] += usage.cached_read_tokens
        if usage.cached_write_tokens:
            tokens["cached_write"] += usage.cached_write_tokens
        if usage.reasoning_tokens:
            tokens["reasoning"] += usage.reasoning_tokens

    def _count_attempts(self, attempts: list[Attempt]) -> None:
        for earlier, later in pairwise(attempts):
            if "hedge_lost" in (earlier.code, later.code):
                self.hedges += 1
            elif (earlier.provider, earlier.model) == (later.provider, later.model):
                self.retries += 1
            else:
                self.fallbacks += 1

    def add(self, other: "Series") -> None:
        """Count another process's requests too."""
        for name in ("requests", "failures", "tokens"):
            getattr(self, name).update(getattr(other, name))
        for name in ("cost_usd", "price_usd", "retries", "fallbacks", "hedges"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        for name in ("queue_s", "duration_s", "ttft_s", "output_token_s", "longest_gap_s"):
            getattr(self, name).add(getattr(other, name))


class RequestMetrics:
    """An Observer: counts the requests under way, and those that have ended."""

    def __init__(self, kinds: Kinds | None = None) -> None:
        self._kinds = kinds if kinds is not None else Kinds()
        self._series: dict[tuple[str, str, str], Series] = {}
        self.open_streams = 0
        self.open_requests = 0

    def __getstate__(self) -> dict[str, object]:
        """What another process is told: not what has been written of requests."""
        return {**vars(self), "_kinds": Kinds()}

    @property
    def series(self) -> list[Series]:
        return list(self._series.values())

    def add(self, other: "RequestMetrics") -> None:
        """Count another process's requests too."""
        self.open_streams += other.open_streams
        self.open_requests += other.open_requests
        for series in other.series:
            self._series_of(series.model, series.provider, series.operation).add(series)

    def admitted(self, admission: Admission) -> None:
        self.open_requests += 1
        if admission.streamed:
            self.open_streams += 1

    def settled(self, admission: Admission, settlement: Settlement) -> None:
        self.open_requests -= 1
        kind = self._kinds.of(admission, settlement)
        series = kind.series
        if series is None:
            series = self._series_for(admission, settlement)
            if settlement.attempts:  # so that all of this kind are routed
                kind.series = series
        series.settled(settlement)
        if admission.streamed:
            self.open_streams -= 1
            series.streamed(settlement)

    def _series_for(self, admission: Admission, settlement: Settlement) -> Series:
        model = (admission.model or "") if _is_routed(settlement) else ""
        operation = "embeddings" if admission.client == EMBEDDINGS else "chat"
        return self._series_of(model, settlement.provider or "", operation)

    def _series_of(self, model: str, provider: str, operation: str) -> Series:
        series = self._series.get((model, provider, operation))
        if series is not None:
            return series
        if len(self._series) >= MAX_SERIES:
            model, provider = OTHER, provider and OTHER
        return self._series.setdefault((model, provider, operation), Series(model, provider, operation))


def _is_routed(settlement: Settlement) -> bool:
    """Whether the model is one that exists here: clients can invent any number of others."""
    is_found = settlement.status in _REFUSED_FOR_NOW or settlement.queued_ms is not None
    return bool(settlement.attempts) or is_found
