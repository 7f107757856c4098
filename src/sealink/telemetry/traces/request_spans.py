"""A settled request as spans: one for the request, and one below it for each attempt.

Names follow OpenTelemetry's conventions for generative AI where these have one,
https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md; the rest begins with
`sealink.`. Prompts and answers are never part of a span.

What most requests have in common is written once, and kept: `_request_head`, `_attempt_head`.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from sealink.ledger.entry import Admission, Attempt, AttemptSpan, Settlement
from sealink.telemetry.traces.otlp import Value, attributes, double, encoded_span, event, head, integer, text
from sealink.trace_context import TraceContext
from sealink.usage import Usage

EMBEDDINGS: Final = "embeddings"
MAX_CHARS: Final = 256
"""Characters that are kept of a name that a client has chosen."""

_KEPT_HEADS: Final = 1024
_NANO: Final = 10**9
_NS_PER_MS: Final = 10**6
_WENT_WRONG: Final = frozenset({"error", "timed_out", "stopped", "killed"})
_SERVER_ERROR: Final = 500
_GIVEN_UP: Final = frozenset({"cancelled", "hedge_lost"})
"""Codes of attempts that nothing was wrong with."""

Providers = Mapping[str, bytes]
"""By a provider's name: the attributes of spans that are about it, such as its address."""


def about_provider(name: str, values: Mapping[str, Value] | None = None) -> bytes:
    """What spans tell about a provider; of one that is not configured any longer, only its name is known."""
    return attributes({"gen_ai.provider.name": name, **(values or {}), "sealink.provider": name})


class RequestSpans:
    """The spans of one request, encoded. `trace` is its admission's."""

    def __init__(self, trace: TraceContext, admission: Admission, settlement: Settlement, providers: Providers) -> None:
        self._trace = trace
        self._admission = admission
        self._settlement = settlement
        self._providers = providers
        self._operation = EMBEDDINGS if admission.client == EMBEDDINGS else "chat"
        self._began_ns = int(admission.started_at * _NANO)

    def __iter__(self) -> Iterator[bytes]:
        """The request's, then those of its attempts, in their order."""
        yield self._of_request()
        for attempt in self._settlement.attempts:
            if attempt.span is not None:
                yield self._of_attempt(attempt, attempt.span)

    def _of_request(self) -> bytes:
        trace, admission, settlement = self._trace, self._admission, self._settlement
        began_ns = self._began_ns
        parts = [
            _request_head(
                self._operation,
                admission.key,
                admission.team,
                admission.model,
                admission.client,
                admission.streamed,
                admission.task_type,
                settlement.served_model,
                settlement.status,
                settlement.ended,
                settlement.ended_by,
                settlement.code,
                settlement.usage_source,
                len(settlement.attempts),
            ),
            text("sealink.request_id", admission.request_id),
        ]
        if settlement.provider is not None:
            parts.append(self._about(settlement.provider))
        if settlement.usage is not None:
            _add_tokens(parts, settlement.usage)
        if settlement.ttft_ms is not None:
            parts.append(double("gen_ai.response.time_to_first_chunk", settlement.ttft_ms / 1000))
        if settlement.longest_gap_ms is not None:
            parts.append(double("sealink.longest_gap", settlement.longest_gap_ms / 1000))
        if settlement.cost_nano_usd is not None:
            parts.append(double("sealink.cost_usd", settlement.cost_nano_usd / _NANO))
        if settlement.chunks:
            parts.append(integer("sealink.chunks", settlement.chunks))
        parts += [event(name, began_ns + int(at_ms * _NS_PER_MS)) for name, at_ms in settlement.timeline]
        return encoded_span(
            trace,
            (trace.span_id, trace.parent_id),
            (began_ns, self._at(settlement.duration_ms or 0.0)),
            parts,
        )

    def _of_attempt(self, attempt: Attempt, span: AttemptSpan) -> bytes:
        settlement, answers = self._settlement, attempt.code is None
        code = settlement.code if answers and settlement.ended_by == "upstream" else attempt.code
        parts = [
            _attempt_head(self._operation, attempt.model, self._admission.streamed, code),
            self._about(attempt.provider),
        ]
        usage = settlement.usage if answers else attempt.usage
        if usage is not None:
            _add_tokens(parts, usage)
        if answers and settlement.ttft_ms is not None:
            parts.append(double("gen_ai.response.time_to_first_chunk", (settlement.ttft_ms - span.began_ms) / 1000))
        ended_ms = span.ended_ms if span.ended_ms is not None else settlement.duration_ms or span.began_ms
        return encoded_span(
            self._trace, (span.id, self._trace.span_id), (self._at(span.began_ms), self._at(ended_ms)), parts
        )

    def _at(self, ms: float) -> int:
        """A time that is given in milliseconds since the request was admitted."""
        return self._began_ns + int(ms * _NS_PER_MS)

    def _about(self, provider: str) -> bytes:
        return self._providers.get(provider) or about_provider(provider)


@lru_cache(maxsize=_KEPT_HEADS)
def _request_head(
    operation: str,
    key: str,
    team: str | None,
    model: str | None,
    client: str,
    streamed: bool,
    task: str | None,
    served_model: str | None,
    status: int,
    ended: str,
    ended_by: str,
    code: str | None,
    usage_source: str | None,
    attempts: int,
) -> bytes:
    model = _cut(model)
    values: dict[str, Value | None] = {
        "gen_ai.operation.name": operation,
        "gen_ai.request.model": model,
        "gen_ai.request.stream": streamed or None,
        "gen_ai.response.model": served_model,
        "http.response.status_code": status,
        "error.type": code,
        "sealink.key": key,
        "sealink.team": team,
        "sealink.task": _cut(task),
        "sealink.client": client,
        "sealink.ended": ended,
        "sealink.ended_by": ended_by,
        "sealink.attempts": attempts,
        "sealink.usage_source": usage_source,
    }
    is_error = status >= _SERVER_ERROR or ended in _WENT_WRONG
    return head(f"{operation} {model}" if model else operation, "server", is_error=is_error) + attributes(values)


@lru_cache(maxsize=_KEPT_HEADS)
def _attempt_head(operation: str, model: str, streamed: bool, code: str | None) -> bytes:
    model = model[:MAX_CHARS]
    values: dict[str, Value | None] = {
        "gen_ai.operation.name": operation,
        "gen_ai.request.model": model,
        "gen_ai.request.stream": streamed or None,
        "error.type": code,
    }
    is_error = code is not None and code not in _GIVEN_UP
    return head(f"{operation} {model}", "client", is_error=is_error) + attributes(values)


def _add_tokens(parts: list[bytes], usage: Usage) -> None:
    parts += (
        integer("gen_ai.usage.input_tokens", usage.input_tokens),
        integer("gen_ai.usage.output_tokens", usage.output_tokens),
    )
    if usage.cached_read_tokens:
        parts.append(integer("gen_ai.usage.cache_read.input_tokens", usage.cached_read_tokens))
    if usage.cached_write_tokens:
        parts.append(integer("gen_ai.usage.cache_creation.input_tokens", usage.cached_write_tokens))
    if usage.reasoning_tokens:
        parts.append(integer("gen_ai.usage.reasoning.output_tokens", usage.reasoning_tokens))


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:MAX_CHARS]
