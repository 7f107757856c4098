"""One line per request, at its end. Prompts, answers and keys are never part of it; a key is named."""

import logging
import re
import time
from collections.abc import Callable, Hashable
from typing import Final

import msgspec

from sealink.ledger.entry import Admission, Settlement
from sealink.telemetry.log_format import FORMS, LogFormat

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


WriteLine = Callable[[str], None]

_VARYING: Final = {
    "request_id": "%s",
    "trace_id": "%s",
    "ttft_ms": "%.1f",
    "duration_ms": "%.1f",
    "longest_gap_ms": "%.1f",
    "chunks": "%d",
    "input_tokens": "%d",
    "output_tokens": "%d",
    "cost_usd": "%d.%09d",
}
"""What differs from line to line, in the line's order, and how it is written."""
_QUOTED: Final = re.compile('"(%(?:.1f|d|d.%09d))"')
_MAX_TEMPLATES: Final = 1024
_NANO: Final = 10**9


class RequestLog:
    """An Observer. A request that went wrong here or at the provider is logged as a warning, a fault of SeaLink's own
    as an error, any other end as information.

    What a line has in common with others, such as the names of key, model and target, is written once, and kept.
    """

    def __init__(self, write: WriteLine, form: LogFormat) -> None:
        self._write = write
        self.take_form(form)

    def take_form(self, form: LogFormat) -> None:
        """Write lines in another form from now on."""
        self._time, self._behind_time = FORMS[form]
        self._templates: dict[Hashable, str] = {}

    def settled(self, admission: Admission, settlement: Settlement) -> None:
        level = level_of(settlement)
        if log.isEnabledFor(level):
            self._write(self._time(time.time()) + self._rest(level, admission, settlement))

    def _rest(self, level: int, admission: Admission, settlement: Settlement) -> str:
        trace, usage, cost, chunks = admission.trace, settlement.usage, settlement.cost_nano_usd, settlement.chunks
        ttft_ms, duration_ms, gap_ms = settlement.ttft_ms, settlement.duration_ms, settlement.longest_gap_ms
        in_common = (
            admission.key,
            admission.team,
            admission.task_type,
            admission.client,
            admission.model,
            settlement.provider,
            settlement.served_model,
            settlement.status,
            settlement.ended,
            settlement.ended_by,
            settlement.code,
            len(settlement.attempts),
            settlement.usage_source,
            trace is None,
            ttft_ms is None,
            duration_ms is None,
            gap_ms is None,
            chunks == 0,
            usage is None,
            cost is None,
        )
        template = self._templates.get(in_common)
        if template is None:
            template = self._keep(in_common, level, line_of(admission, settlement))
        varying: list[object] = [admission.request_id]
        if trace is not None:
            varying.append(trace.trace_id)
        if ttft_ms is not None:
            varying.append(ttft_ms)
        if duration_ms is not None:
            varying.append(duration_ms)
        if gap_ms is not None:
            varying.append(gap_ms)
        if chunks:
            varying.append(chunks)
        if usage is not None:
            varying += (usage.input_tokens, usage.output_tokens)
        if cost is not None:
            varying += divmod(cost, _NANO)
        return template % tuple(varying)

    def _keep(self, in_common: Hashable, level: int, line: RequestLine) -> str:
        """The template of lines like this one."""
        if len(self._templates) >= _MAX_TEMPLATES:
            self._templates.clear()
        fields = {name: _in_template(name, value) for name, value in msgspec.structs.asdict(line).items()}
        known = {name: value for name, value in fields.items() if value is not None}
        self._templates[in_common] = template = _QUOTED.sub(r"\1", self._behind_time(level, known, log.name))
        return template


def _in_template(name: str, value: object) -> object:
    if value is not None and name in _VARYING:
        return _VARYING[name]
    return value.replace("%", "%%") if isinstance(value, str) else value


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
