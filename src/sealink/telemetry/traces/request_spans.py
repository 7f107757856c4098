"""A settled request as spans: one for the request, and one below it for each attempt.

Names follow OpenTelemetry's conventions for generative AI where these have one,
https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md; the rest begins with
`sealink.`. Prompts and answers are never part of a span.

What requests of one kind have in common is written once, and kept: `_request_layout`, `_attempt_layout`.
"""

from collections.abc import Mapping
from math import floor
from typing import Final

from sealink.ledger.entry import Admission, Attempt, Settlement
from sealink.telemetry.alike import Kind
from sealink.telemetry.layout import Layout, Values
from sealink.telemetry.traces.otlp import (
    BEGIN,
    END,
    EVENTS,
    PARENT_ID,
    SPAN,
    SPAN_ID,
    STATE,
    TRACE_ID,
    Value,
    attributes,
    billionth,
    head,
    integer,
    text,
    thousandth,
)

EMBEDDINGS: Final = "embeddings"
MAX_CHARS: Final = 256
"""Characters that are kept of a name that a client has chosen."""

_NANO: Final = 10**9
_WENT_WRONG: Final = frozenset({"error", "timed_out", "stopped", "killed"})
_SERVER_ERROR: Final = 500
_TOKENS: Final = (
    integer("gen_ai.usage.input_tokens"),
    integer("gen_ai.usage.output_tokens"),
    integer("gen_ai.usage.cache_read.input_tokens", may_be_zero=False),
    integer("gen_ai.usage.cache_creation.input_tokens", may_be_zero=False),
    integer("gen_ai.usage.reasoning.output_tokens", may_be_zero=False),
)
_GIVEN_UP: Final = frozenset({"cancelled", "hedge_lost"})
"""Codes of attempts that nothing was wrong with."""

Providers = Mapping[str, bytes]
"""By a provider's name: the attributes of spans that are about it, such as its address."""


def about_provider(name: str, values: Mapping[str, Value] | None = None) -> bytes:
    """What spans tell about a provider; of one that is not configured any longer, only its name is known."""
    return attributes({"gen_ai.provider.name": name, **(values or {}), "sealink.provider": name})


class _NoUsage:
    """Nothing is known about it."""

    input_tokens = output_tokens = cached_read_tokens = cached_write_tokens = reasoning_tokens = None


_NO_USAGE: Final = _NoUsage()


def spans_of(admission: Admission, settlement: Settlement, kind: Kind, providers: Providers) -> list[bytes]:
    """The spans of a request that is traced: its own, then those of its attempts, in their order; each encoded."""
    trace = admission.trace
    assert trace is not None
    usage, began_ns = settlement.usage or _NO_USAGE, floor(admission.started_at * _NANO)
    layout = kind.request_span
    if layout is None:
        layout = kind.request_span = _request_layout(admission, settlement, providers)
    values: Values = (
        trace.trace_id,
        trace.span_id,
        trace.parent_id,
        trace.state,
        0.0,
        settlement.duration_ms or 0.0,
        admission.request_id,
        settlement.ttft_ms,
        settlement.longest_gap_ms,
        settlement.cost_nano_usd,
        settlement.chunks,
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_read_tokens,
        usage.cached_write_tokens,
        usage.reasoning_tokens,
        settlement.timeline,
    )
    spans = [layout.filled(values, began_ns)]
    for attempt in settlement.attempts:
        times = attempt.span
        if times is None:
            continue
        began_ms, ended_ms, code = times.began_ms, times.ended_ms, attempt.code
        if code is None:  # it brought the answer
            ttft_ms, tokens = settlement.ttft_ms, usage
        else:
            ttft_ms, tokens = None, attempt.usage or _NO_USAGE
        attempted = attempt.provider, attempt.model, code
        layout = kind.attempt_spans.get(attempted)
        if layout is None:
            layout = _attempt_layout(admission, settlement, attempt, providers)
            kind.keep_attempt(attempted, layout)
        values = (
            trace.trace_id,
            times.id,
            trace.span_id,
            trace.state,
            began_ms,
            settlement.duration_ms or began_ms if ended_ms is None else ended_ms,
            None if ttft_ms is None else ttft_ms - began_ms,
            tokens.input_tokens,
            tokens.output_tokens,
            tokens.cached_read_tokens,
            tokens.cached_write_tokens,
            tokens.reasoning_tokens,
        )
        spans.append(layout.filled(values, began_ns))
    return spans


def _request_layout(admission: Admission, settlement: Settlement, providers: Providers) -> Layout:
    operation, model, provider = _operation(admission), _cut(admission.model), settlement.provider
    values: dict[str, Value | None] = {
        "gen_ai.operation.name": operation,
        "gen_ai.request.model": model,
        "gen_ai.request.stream": admission.streamed or None,
        "gen_ai.response.model": settlement.served_model,
        "http.response.status_code": settlement.status,
        "error.type": settlement.code,
        "sealink.key": admission.key,
        "sealink.team": admission.team,
        "sealink.task": _cut(admission.task_type),
        "sealink.client": admission.client,
        "sealink.ended": settlement.ended,
        "sealink.ended_by": settlement.ended_by,
        "sealink.attempts": len(settlement.attempts),
        "sealink.usage_source": settlement.usage_source,
    }
    is_error = settlement.status >= _SERVER_ERROR or settlement.ended in _WENT_WRONG
    parts = (
        *(TRACE_ID, SPAN_ID, PARENT_ID, STATE, BEGIN, END),
        head(f"{operation} {model}" if model else operation, "server", is_error=is_error),
        attributes(values),
        b"" if provider is None else providers.get(provider) or about_provider(provider),
        text("sealink.request_id", len(admission.request_id)),
        thousandth("gen_ai.response.time_to_first_chunk"),
        thousandth("sealink.longest_gap"),
        billionth("sealink.cost_usd"),
        integer("sealink.chunks", may_be_zero=False),
        *_TOKENS,
        EVENTS,
    )
    return Layout(parts, SPAN)


def _attempt_layout(admission: Admission, settlement: Settlement, attempt: Attempt, providers: Providers) -> Layout:
    operation, model, code = _operation(admission), attempt.model[:MAX_CHARS], attempt.code
    if code is None and settlement.ended_by == "upstream":
        code = settlement.code
    values: dict[str, Value | None] = {
        "gen_ai.operation.name": operation,
        "gen_ai.request.model": model,
        "gen_ai.request.stream": admission.streamed or None,
        "error.type": code,
    }
    is_error = code is not None and code not in _GIVEN_UP
    parts = (
        *(TRACE_ID, SPAN_ID, PARENT_ID, STATE, BEGIN, END),
        head(f"{operation} {model}", "client", is_error=is_error),
        attributes(values),
        providers.get(attempt.provider) or about_provider(attempt.provider),
        thousandth("gen_ai.response.time_to_first_chunk"),
        *_TOKENS,
    )
    return Layout(parts, SPAN)


def _operation(admission: Admission) -> str:
    return EMBEDDINGS if admission.client == EMBEDDINGS else "chat"


def _cut(text: str | None) -> str | None:
    return None if text is None else text[:MAX_CHARS]
