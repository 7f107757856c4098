"""One line per request, at its end. Prompts, answers and keys are never part of it; a key is named."""

import logging
import time
from collections.abc import Callable
from math import floor
from typing import Final

import msgspec

from sealink.ledger.entry import Admission, Settlement
from sealink.telemetry.alike import Kind, Kinds
from sealink.telemetry.layout import Gap, GapKind, Layout, Part
from sealink.telemetry.log_format import FORMS, LogFormat, raw_fields

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


WriteLine = Callable[[bytes], None]

_VARYING: Final[dict[str, GapKind]] = {
    "request_id": "text",
    "trace_id": "text",
    "queued_ms": "tenths",
    "ttft_ms": "tenths",
    "duration_ms": "tenths",
    "longest_gap_ms": "tenths",
    "chunks": "integer",
    "input_tokens": "integer",
    "output_tokens": "integer",
    "cost_usd": "usd",
}
"""What differs from line to line, in the line's order, and how it is written."""
_NANO: Final = 10**9


class RequestLog:
    """An Observer. A request that went wrong here or at the provider is logged as a warning, a fault of SeaLink's own
    as an error, any other end as information.

    What a line has in common with others, such as the names of key, model and target, is written once, and kept.
    """

    def __init__(self, write: WriteLine, form: LogFormat, kinds: Kinds | None = None) -> None:
        self._write = write
        self._kinds = kinds if kinds is not None else Kinds()
        self.take_form(form)

    def take_form(self, form: LogFormat) -> None:
        """Write lines in another form from now on."""
        self._form = FORMS[form]
        self._second, self._second_said = 0, ""
        self._kinds.forget()

    def settled(self, admission: Admission, settlement: Settlement) -> None:
        is_plain = settlement.code is None and settlement.ended == "done"  # nearly always
        if not log.isEnabledFor(logging.INFO if is_plain else level_of(settlement)):
            return
        kind = self._kinds.of(admission, settlement)
        layout = kind.line or self._keep(kind, admission, settlement)
        trace, usage = admission.trace, settlement.usage
        in_second = time.time() - self._second
        if not 0 <= in_second < 1:
            in_second = self._begin_second()
        values = (
            self._second_said,
            in_second,
            admission.request_id,
            None if trace is None else trace.trace_id,
            settlement.queued_ms,
            settlement.ttft_ms,
            settlement.duration_ms,
            settlement.longest_gap_ms,
            settlement.chunks or None,
            None if usage is None else usage.input_tokens,
            None if usage is None else usage.output_tokens,
            settlement.cost_nano_usd,
        )
        self._write(layout.filled(values, 0))

    def _begin_second(self) -> float:
        """Write the time anew. Returns what has passed of its second."""
        now = time.time()
        self._second = floor(now)
        self._second_said = self._form.second(self._second)
        return now - self._second

    def _keep(self, kind: Kind, admission: Admission, settlement: Settlement) -> Layout:
        """The layout of lines like this one."""
        form = self._form
        known = raw_fields(line_of(admission, settlement))
        before, behind = form.around_millis
        parts: list[Part] = [Gap("text"), Gap("millis", before.encode()), behind.encode()]
        parts.append(form.head(level_of(settlement), log.name).encode())
        for name in RequestLine.__struct_fields__:
            if name in _VARYING:
                parts.append(form.gap(name, _VARYING[name]))
            elif name in known:
                parts.append(form.field(name, known[name]).encode())
        kind.line = Layout([*parts, form.end.encode()])
        return kind.line


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
