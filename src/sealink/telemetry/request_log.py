"""One line per request, at its end. Prompts, answers and keys are never part of it; a key is named."""

import logging
from collections.abc import Callable
from typing import Any, Final

import msgspec

from sealink.ledger.entry import Admission, Settlement

log: Final = logging.getLogger("sealink.requests")

Fields = dict[str, Any]
WriteFields = Callable[[int, Fields], None]
"""Takes the level, one of logging's, and the fields of a line."""

_NANO: Final = 10**9


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


def fields_of(admission: Admission, settlement: Settlement) -> Fields:
    """What is known of a request, in the order in which it is shown. What is not known is left out."""
    usage = settlement.usage
    fields = {
        "request_id": admission.request_id,
        "trace_id": admission.trace and admission.trace.trace_id,
        "key": admission.key,
        "team": admission.team,
        "task": admission.task_type,
        "client": admission.client,
        "model": admission.model,
        "target": settlement.provider and f"{settlement.provider}:{settlement.served_model}",
        "status": settlement.status,
        "ended": settlement.ended,
        "ended_by": settlement.ended_by,
        "code": settlement.code,
        "attempts": len(settlement.attempts) or None,
        "ttft_ms": settlement.ttft_ms and round(settlement.ttft_ms, 1),
        "duration_ms": settlement.duration_ms and round(settlement.duration_ms, 1),
        "longest_gap_ms": settlement.longest_gap_ms and round(settlement.longest_gap_ms, 1),
        "chunks": settlement.chunks or None,
        "input_tokens": usage and usage.input_tokens,
        "output_tokens": usage and usage.output_tokens,
        "usage": settlement.usage_source,
        "cost_usd": _usd(settlement.cost_nano_usd),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _usd(nano: int | None) -> msgspec.Raw | None:
    """An exact number of dollars, as JSON."""
    return None if nano is None else msgspec.Raw(b"%d.%09d" % divmod(nano, _NANO))
