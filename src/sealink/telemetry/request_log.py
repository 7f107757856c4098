"""One line per request, at its end. Prompts, answers and keys are never part of it; a key is named."""

import logging
from collections.abc import Callable
from typing import Final

import msgspec

from sealink.ledger.entry import Admission, Settlement
from sealink.telemetry.log_format import Fields

log: Final = logging.getLogger("sealink.requests")

WriteFields = Callable[[int, Fields], None]
"""Takes the level, one of logging's, and the fields of a line."""

_NANO: Final = 10**9


class RequestFields(Fields, kw_only=True):
    """A request's line. Times are in milliseconds."""

    request_id: str
    trace_id: str | None = None
    key: str
    team: str | None = None
    task: str | None = None
    client: str
    model: str | None = None
    target: str | None = None
    status: int
    ended: str
    ended_by: str
    code: str | None = None
    attempts: int | None = None
    ttft_ms: float | None = None
    duration_ms: float | None = None
    longest_gap_ms: float | None = None
    chunks: int | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    usage: str | None = None
    cost_usd: msgspec.Raw | None = None


class RequestLog:
    """An Observer. A request that went wrong here or at the provider is logged as a warning, a fault of SeaLink's own
    as an error, any other end as information."""

    def __init__(self, write: WriteFields) -> None:
        self._write = write

    def admitted(self, admission: Admission) -> None:
        """A request is logged at its end only."""

    def settled(self, admission: Admission, settlement: Settlement) -> None:
        level = level_of(settlement)
        if log.isEnabledFor(level):
            self._write(level, fields_of(admission, settlement))


def level_of(settlement: Settlement) -> int:
    """How much the end of a request matters to an operator."""
    if settlement.code == "internal_error":
        return logging.ERROR
    went_wrong = settlement.ended in ("error", "timed_out", "stopped", "killed")
    return logging.WARNING if went_wrong and settlement.ended_by != "client" else logging.INFO


def fields_of(admission: Admission, settlement: Settlement) -> RequestFields:
    """What is known of a request."""
    usage = settlement.usage
    return RequestFields(
        request_id=admission.request_id,
        trace_id=admission.trace.trace_id if admission.trace is not None else None,
        key=admission.key,
        team=admission.team,
        task=admission.task_type,
        client=admission.client,
        model=admission.model,
        target=f"{settlement.provider}:{settlement.served_model}" if settlement.provider else None,
        status=settlement.status,
        ended=settlement.ended,
        ended_by=settlement.ended_by,
        code=settlement.code,
        attempts=len(settlement.attempts) or None,
        ttft_ms=_rounded(settlement.ttft_ms),
        duration_ms=_rounded(settlement.duration_ms),
        longest_gap_ms=_rounded(settlement.longest_gap_ms),
        chunks=settlement.chunks or None,
        input_tokens=usage.input_tokens if usage is not None else None,
        output_tokens=usage.output_tokens if usage is not None else None,
        usage=settlement.usage_source,
        cost_usd=_usd(settlement.cost_nano_usd),
    )


def _rounded(ms: float | None) -> float | None:
    return None if ms is None else round(ms, 1)


def _usd(nano: int | None) -> msgspec.Raw | None:
    """An exact number of dollars, as JSON."""
    return None if nano is None else msgspec.Raw(b"%d.%09d" % divmod(nano, _NANO))
