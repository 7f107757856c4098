"""A settled request as spans: one for the request, and one below it for each attempt.

Names follow OpenTelemetry's conventions for generative AI where these have one,
https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md; the rest begins with
`sealink.`. Prompts and answers are never part of a span.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from sealink.ledger.entry import Admission, Attempt, AttemptSpan, Settlement
from sealink.telemetry.traces.otlp import Event, Span, Value
from sealink.trace_context import TraceContext
from sealink.usage import Usage

EMBEDDINGS: Final = "embeddings"
MAX_CHARS: Final = 256
"""Characters that are kept of a name that a client has chosen."""

_NANO: Final = 10**9
_NS_PER_MS: Final = 10**6
_WENT_WRONG: Final = frozenset({"error", "timed_out", "stopped", "killed"})
_SERVER_ERROR: Final = 500
_GIVEN_UP: Final = frozenset({"cancelled", "hedge_lost"})
"""Codes of attempts that nothing was wrong with."""

Attributes = dict[str, Value | None]
Providers = Mapping[str, Mapping[str, Value]]
"""By a provider's name: the attributes of spans that are about it, such as its address."""


class RequestSpans:
    """The spans of one request. `trace` is its admission's."""

    def __init__(self, trace: TraceContext, admission: Admission, settlement: Settlement, providers: Providers) -> None:
        self._trace = trace
        self._admission = admission
        self._settlement = settlement
        self._providers = providers
        self._operation = EMBEDDINGS if admission.client == EMBEDDINGS else "chat"
        self._began_ns = int(admission.started_at * _NANO)

    def __iter__(self) -> Iterator[Span]:
        """The request's, then those of its attempts, in their order."""
        yield self._of_request()
        for attempt in self._settlement.attempts:
            if attempt.span is not None:
                yield self._of_attempt(attempt, attempt.span)

    def _of_request(self) -> Span:
        trace, admission, settlement = self._trace, self._admission, self._settlement
        model, cost = _cut(admission.model), settlement.cost_nano_usd
        attributes: Attributes = {
            "gen_ai.operation.name": self._operation,
            "gen_ai.request.model": model,
            "gen_ai.request.stream": admission.streamed or None,
            "gen_ai.response.model": settlement.served_model,
            "gen_ai.response.time_to_first_chunk": _seconds(settlement.ttft_ms),
            "http.response.status_code": settlement.status,
            "error.type": settlement.code,
            "sealink.request_id": admission.request_id,
            "sealink.key": admission.key,
            "sealink.task": _cut(admission.task_type),
            "sealink.client": admission.client,
            "sealink.ended": settlement.ended,
            "sealink.ended_by": settlement.ended_by,
            "sealink.attempts": len(settlement.attempts),
            "sealink.chunks": settlement.chunks or None,
            "sealink.longest_gap": _seconds(settlement.longest_gap_ms),
            "sealink.usage_source": settlement.usage_source,
            "sealink.cost_usd": None if cost is None else cost / _NANO,
            **_tokens(settlement.usage),
        }
        if settlement.provider is not None:
            attributes |= self._about(settlement.provider)
        return Span(
            trace_id=trace.trace_id,
            span_id=trace.span_id,
            parent_id=trace.parent_id,
            state=trace.state,
            name=f"{self._operation} {model}" if model else self._operation,
            kind="server",
            began_ns=self._began_ns,
            ended_ns=self._at(settlement.duration_ms or 0.0),
            attributes=attributes,
            events=[Event(name, self._at(at_ms)) for name, at_ms in settlement.timeline],
            is_error=settlement.status >= _SERVER_ERROR or settlement.ended in _WENT_WRONG,
        )

    def _of_attempt(self, attempt: Attempt, span: AttemptSpan) -> Span:
        trace, settlement = self._trace, self._settlement
        answers = attempt.code is None
        code = settlement.code if answers and settlement.ended_by == "upstream" else attempt.code
        first_ms = settlement.ttft_ms - span.began_ms if answers and settlement.ttft_ms is not None else None
        ended_ms = span.ended_ms if span.ended_ms is not None else settlement.duration_ms
        return Span(
            trace_id=trace.trace_id,
            span_id=span.id,
            parent_id=trace.span_id,
            state=trace.state,
            name=f"{self._operation} {attempt.model}",
            kind="client",
            began_ns=self._at(span.began_ms),
            ended_ns=self._at(span.began_ms if ended_ms is None else ended_ms),
            attributes={
                "gen_ai.operation.name": self._operation,
                "gen_ai.request.model": attempt.model,
                "gen_ai.request.stream": self._admission.streamed or None,
                "gen_ai.response.time_to_first_chunk": _seconds(first_ms),
                "error.type": code,
                **_tokens(settlement.usage if answers else attempt.usage),
                **self._about(attempt.provider),
            },
            is_error=code is not None and code not in _GIVEN_UP,
        )

    def _at(self, ms: float) -> int:
        """A time that is given in milliseconds since the request was admitted."""
        return self._began_ns + int(ms * _NS_PER_MS)

    def _about(self, provider: str) -> Mapping[str, Value]:
        return self._providers.get(provider) or {"gen_ai.provider.name": provider}


def _tokens(usage: Usage | None) -> Attributes:
    if usage is None:
        return {}
    return {
        "gen_ai.usage.input_tokens": usage.input_tokens,
        "gen_ai.usage.output_tokens": usage.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": usage.cached_read_tokens or None,
        "gen_ai.usage.cache_creation.input_tokens": usage.cached_write_tokens or None,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning_tokens or None,
    }


def _seconds(ms: float | None) -> float | None:
    return None if ms is None else ms / 1000


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:MAX_CHARS]
