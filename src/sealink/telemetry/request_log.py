"""One line per request, at its end. Prompts, answers and keys are never part of it; a key is named."""

import logging
from collections.abc import Callable
from typing import Final

import msgspec

from sealink.ledger.entry import Admission, Settlement

log: Final = logging.getLogger("sealink.requests")


class RequestLine(msgspec.Struct, omit_defaults=True):
    """A line's fields, in the order in which they are shown. What is not known is left out."""

    request_id: str
    trace_id: str | None = None
    key: str = ""
    team: str | None = None
    task: str | None = None
    client: str | None = None
    model: str | None = None
    target: str | None = None
    status: int | None = None
    ended: str | None = None
    ended_by: str | None = None
    code: str | None = None
    attempts: int | None = None
    queued_ms: float | None = None
    ttft_ms: float | None = None
    duration_ms: float | None = None
    longest_gap_ms: float | None = None
    chunks: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    usage: str | None = None
    cost_usd: msgspec.Raw | None = None


WriteLine = Callable[[int, RequestLine], None]
"""Takes the level, one of logging's, and the line."""

_NANO: Final = 10**9


class RequestLog:
    """An Observer. A request that went wrong here or at the provider is logged as a warning, a fault of SeaLink's own
    as an error, any other end as information."""

    def __init__(self, write: WriteLine) -> None:
        self._write = write

    def settled(self, admission: Admission, settlement: Settlement) -> None:
        level = level_of(settlement)
        if log.isEnabledFor(level):
            self._write(level, line_of(admission, settlement))


def level_of(settlement: Settlement) -> int:
    """How much the end of a request matters to an operator."""
    if settlement.code == "internal_error":
        return logging.ERROR
    went_wrong = settlement.ended in ("error", "timed_out", "stopped", "killed")
    return logging.WARNING if went_wrong and settlement.ended_by != "client" else logging.INFO


def line_of(admission: Admission, settlement: Settlement) -> RequestLine:
    """What is known of a request."""
    usage = settlement.usage
    return RequestLine(
        request_id=admission.request_id,
        trace_id=None if admission.trace is None else admission.trace.trace_id,
        key=admission.key,
        team=admission.team,
        task=admission.task_type,
        client=admission.client,
        model=admission.model,
        target=settlement.provider and f"{settlement.provider}:{settlement.served_model}",
        status=settlement.status,
        ended=settlement.ended,
        ended_by=settlement.ended_by,
        code=settlement.code,
        attempts=len(settlement.attempts) or None,
        queued_ms=settlement.queued_ms and round(settlement.queued_ms, 1),
        ttft_ms=settlement.ttft_ms and round(settlement.ttft_ms, 1),
        duration_ms=settlement.duration_ms and round(settlement.duration_ms, 1),
        longest_gap_ms=settlement.longest_gap_ms and round(settlement.longest_gap_ms, 1),
        chunks=settlement.chunks or None,
        input_tokens=None if usage is None else usage.input_tokens,
        output_tokens=None if usage is None else usage.output_tokens,
        usage=settlement.usage_source,
        cost_usd=_usd(settlement.cost_nano_usd),
    )


def _usd(nano: int | None) -> msgspec.Raw | None:
    """An exact number of dollars, as JSON."""
    return None if nano is None else msgspec.Raw(b"%d.%09d" % divmod(nano, _NANO))
