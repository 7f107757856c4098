"""A settled request as spans: one for the request, and one below it for each attempt.

Names follow OpenTelemetry's conventions for generative AI where these have one,
https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/gen-ai-spans.md; the rest begins with
`sealink.`. Prompts and answers are never part of a span.

What most requests have in common is written once, and kept: `_request_layout`, `_attempt_layout`.
"""

from collections.abc import Mapping
from functools import lru_cache
from math import floor
from typing import Final

from sealink.ledger.entry import Admission, Attempt, AttemptSpan, Settlement
from sealink.telemetry.traces.otlp import (
    Given,
    Layout,
    Value,
    attributes,
    double,
    events,
    head,
    ids_and_times,
    integer,
    span,
    state,
    text,
)
from sealink.trace_context import TraceContext
from sealink.usage import Usage

EMBEDDINGS: Final = "embeddings"
MAX_CHARS: Final = 256
"""Characters that are kept of a name that a client has chosen."""

_KEPT_LAYOUTS: Final = 1024
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
    request = _Request(trace, admission, settlement, providers)
    spans = [request.span()]
    for attempt in settlement.attempts:
        if attempt.span is not None:
            spans.append(request.span_of(attempt, attempt.span))  # noqa: PERF401 -- most have one
    return spans


class _Request:
    """A request whose spans are written."""

    def __init__(self, trace: TraceContext, admission: Admission, settlement: Settlement, providers: Providers) -> None:
        self._trace = trace
        self._admission = admission
        self._settlement = settlement
        self._providers = providers
        self._trace_id, self._span_id = bytes.fromhex(trace.trace_id), bytes.fromhex(trace.span_id)
        self._began_ns = floor(admission.started_at * _NANO)
        self._operation = EMBEDDINGS if admission.client == EMBEDDINGS else "chat"
        self._tokens = _tokens(settlement.usage)
        self._state = state(trace.state) if trace.state else b""

    def span(self) -> bytes:
        """That of the request itself."""
        admission, settlement, began_ns = self._admission, self._settlement, self._began_ns
        parent_id, request_id = self._trace.parent_id, admission.request_id.encode()
        ttft_ms, gap_ms, cost = settlement.ttft_ms, settlement.longest_gap_ms, settlement.cost_nano_usd
        layout = _request_layout(
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
            self._about(settlement.provider),
            parent_id is not None,
            len(request_id),
            ttft_ms is not None,
            gap_ms is not None,
            cost is not None,
        )
        given: list[Given] = [self._trace_id, self._span_id]
        if parent_id is not None:
            given.append(bytes.fromhex(parent_id))
        given += (began_ns, began_ns + floor((settlement.duration_ms or 0) * _NS_PER_MS), request_id)
        if ttft_ms is not None:
            given.append(ttft_ms / 1000)
        if gap_ms is not None:
            given.append(gap_ms / 1000)
        if cost is not None:
            given.append(cost / _NANO)
        chunks = integer("sealink.chunks", settlement.chunks) if settlement.chunks else b""
        return span(layout.filled(given), self._events(), self._tokens, chunks, self._state)

    def span_of(self, attempt: Attempt, times: AttemptSpan) -> bytes:
        """That of an attempt."""
        settlement, request_began_ns = self._settlement, self._began_ns
        began_ms, ended_ms, code = times.began_ms, times.ended_ms, attempt.code
        ttft_ms, tokens = None, self._tokens
        if code is not None:
            tokens = _tokens(attempt.usage)
        else:  # it brought the answer
            ttft_ms = settlement.ttft_ms
            if settlement.ended_by == "upstream":
                code = settlement.code
        if ended_ms is None:
            ended_ms = settlement.duration_ms or began_ms
        about, streamed = self._about(attempt.provider), self._admission.streamed
        layout = _attempt_layout(self._operation, attempt.model, streamed, code, about, ttft_ms is not None)
        given: list[Given] = [
            self._trace_id,
            bytes.fromhex(times.id),
            self._span_id,
            request_began_ns + floor(began_ms * _NS_PER_MS),
            request_began_ns + floor(ended_ms * _NS_PER_MS),
        ]
        if ttft_ms is not None:
            given.append((ttft_ms - began_ms) / 1000)
        return span(layout.filled(given), tokens, self._state)

    def _events(self) -> bytes:
        began_ns, names, times_ns = self._began_ns, [], []
        for name, at_ms in self._settlement.timeline:
            names.append(name)
            times_ns.append(began_ns + floor(at_ms * _NS_PER_MS))
        return events(tuple(names)).filled(times_ns)

    def _about(self, provider: str | None) -> bytes:
        if provider is None:
            return b""
        return self._providers.get(provider) or about_provider(provider)


@lru_cache(maxsize=_KEPT_LAYOUTS)
def _request_layout(
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
    about: bytes,
    has_parent: bool,
    id_size: int,
    has_ttft: bool,
    has_gap: bool,
    has_cost: bool,
) -> Layout:
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
    return Layout(
        *ids_and_times(has_parent=has_parent),
        head(f"{operation} {model}" if model else operation, "server", is_error=is_error),
        attributes(values),
        *text("sealink.request_id", id_size),
        about,
        *(double("gen_ai.response.time_to_first_chunk") if has_ttft else ()),
        *(double("sealink.longest_gap") if has_gap else ()),
        *(double("sealink.cost_usd") if has_cost else ()),
    )


@lru_cache(maxsize=_KEPT_LAYOUTS)
def _attempt_layout(
    operation: str, model: str, streamed: bool, code: str | None, about: bytes, has_ttft: bool
) -> Layout:
    model = model[:MAX_CHARS]
    values: dict[str, Value | None] = {
        "gen_ai.operation.name": operation,
        "gen_ai.request.model": model,
        "gen_ai.request.stream": streamed or None,
        "error.type": code,
    }
    is_error = code is not None and code not in _GIVEN_UP
    return Layout(
        *ids_and_times(has_parent=True),
        head(f"{operation} {model}", "client", is_error=is_error),
        attributes(values),
        about,
        *(double("gen_ai.response.time_to_first_chunk") if has_ttft else ()),
    )


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
