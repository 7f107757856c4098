"""A settled request as spans: one for the request, and one below it for each attempt.

Names follow OpenTelemetry's conventions for generative AI where these have one,
https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md; the rest begins with
`sealink.`. Prompts and answers are never part of a span.

What most requests have in common is written once, and kept: `_request_head`, `_attempt_head`.
"""

from collections.abc import Mapping
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


def spans_of(trace: TraceContext, admission: Admission, settlement: Settlement, providers: Providers) -> list[bytes]:
    """The request's span, then those of its attempts, in their order; each encoded. `trace` is the admission's."""
    attempts = [
        _attempt_span(admission, settlement, attempt, attempt.span, trace, providers)
        for attempt in settlement.attempts
        if attempt.span is not None
    ]
    return [_request_span(trace, admission, settlement, providers), *attempts]


def _request_span(trace: TraceContext, admission: Admission, settlement: Settlement, providers: Providers) -> bytes:
    began_ns = int(admission.started_at * _NANO)
    parts = [
        _request_head(
            _operation(admission),
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
        _about(settlement.provider, providers),
        _tokens(settlement.usage),
    ]
    if settlement.ttft_ms is not None:
        parts.append(double("gen_ai.response.time_to_first_chunk", settlement.ttft_ms / 1000))
    if settlement.longest_gap_ms is not None:
        parts.append(double("sealink.longest_gap", settlement.longest_gap_ms / 1000))
    if settlement.cost_nano_usd is not None:
        parts.append(double("sealink.cost_usd", settlement.cost_nano_usd / _NANO))
    if settlement.chunks:
        parts.append(integer("sealink.chunks", settlement.chunks))
    parts += [event(name, began_ns + int(at_ms * _NS_PER_MS)) for name, at_ms in settlement.timeline]
    ended_ns = began_ns + int((settlement.duration_ms or 0.0) * _NS_PER_MS)
    return encoded_span(trace, (trace.span_id, trace.parent_id), (began_ns, ended_ns), parts)


def _attempt_span(
    admission: Admission,
    settlement: Settlement,
    attempt: Attempt,
    span: AttemptSpan,
    trace: TraceContext,
    providers: Providers,
) -> bytes:
    answers, ttft_ms, began_ms, ended_ms = attempt.code is None, settlement.ttft_ms, span.began_ms, span.ended_ms
    code = settlement.code if answers and settlement.ended_by == "upstream" else attempt.code
    parts = [
        _attempt_head(_operation(admission), attempt.model, admission.streamed, code),
        _about(attempt.provider, providers),
        _tokens(settlement.usage if answers else attempt.usage),
    ]
    if answers and ttft_ms is not None:
        parts.append(double("gen_ai.response.time_to_first_chunk", (ttft_ms - began_ms) / 1000))
    if ended_ms is None:
        ended_ms = settlement.duration_ms or began_ms
    began_ns = int(admission.started_at * _NANO)
    times_ns = (began_ns + int(began_ms * _NS_PER_MS), began_ns + int(ended_ms * _NS_PER_MS))
    return encoded_span(trace, (span.id, trace.span_id), times_ns, parts)


def _operation(admission: Admission) -> str:
    return EMBEDDINGS if admission.client == EMBEDDINGS else "chat"


def _about(provider: str | None, providers: Providers) -> bytes:
    if provider is None:
        return b""
    return providers.get(provider) or about_provider(provider)


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


def _tokens(usage: Usage | None) -> bytes:
    if usage is None:
        return b""
    tokens = integer("gen_ai.usage.input_tokens", usage.input_tokens)
    tokens += integer("gen_ai.usage.output_tokens", usage.output_tokens)
    if usage.cached_read_tokens:
        tokens += integer("gen_ai.usage.cache_read.input_tokens", usage.cached_read_tokens)
    if usage.cached_write_tokens:
        tokens += integer("gen_ai.usage.cache_creation.input_tokens", usage.cached_write_tokens)
    if usage.reasoning_tokens:
        tokens += integer("gen_ai.usage.reasoning.output_tokens", usage.reasoning_tokens)
    return tokens


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:MAX_CHARS]
