"""Requests that differ only in ids, times and amounts: most of what is written about them is the same, and is kept."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from sealink.ledger.entry import Admission, Settlement
from sealink.telemetry.layout import Layout

if TYPE_CHECKING:
    from sealink.telemetry.request_metrics import Series

MAX_KINDS: Final = 1024
"""How many kinds of requests are known at a time. Beyond, all are forgotten: clients can invent any number of names."""
MAX_ATTEMPTS: Final = 64
"""How many layouts of attempts are kept of one kind: a provider can invent any number of codes."""
MAX_CHARS: Final = 1024
"""Of all the names that make a kind. Longer ones are not kept."""

Attempted = tuple[str, str, str | None]
"""The provider, the model and the code of an attempt."""


class Kind:
    """What has been found out about requests of one kind, so that the next takes less: which metrics count them; the
    line of the log; the request's span; the spans of attempts, by target and code."""

    __slots__ = ("attempt_spans", "line", "request_span", "series")

    def __init__(self) -> None:
        self.series: Series | None = None
        self.line: Layout | None = None
        self.request_span: Layout | None = None
        self.attempt_spans: dict[Attempted, Layout] = {}

    def keep_attempt(self, attempted: Attempted, layout: Layout) -> None:
        """Have it for the next of this kind."""
        if len(self.attempt_spans) < MAX_ATTEMPTS and _are_short(attempted):
            self.attempt_spans[attempted] = layout


class Kinds:
    """Tells of which kind a request is. The observers ask of the same request in turn: it is looked up once."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[object, ...], Kind] = {}
        self._last: Settlement | None = None
        self._kind = Kind()

    def forget(self) -> None:
        """Write everything anew from now on."""
        self._kinds.clear()
        self._last = None

    def of(self, admission: Admission, settlement: Settlement) -> Kind:
        """The kind of a settled request."""
        if settlement is self._last:
            return self._kind
        in_common = (
            admission.key,
            admission.team,
            admission.task_type,
            admission.client,
            admission.model,
            admission.streamed,
            settlement.provider,
            settlement.served_model,
            settlement.status,
            settlement.ended,
            settlement.ended_by,
            settlement.code,
            len(settlement.attempts),
            settlement.usage_source,
            len(admission.request_id),
        )
        kind = self._kinds.get(in_common)
        if kind is None:
            kind = self._new(in_common)
        self._last, self._kind = settlement, kind
        return kind

    def _new(self, in_common: tuple[object, ...]) -> Kind:
        kind = Kind()
        if _are_short(in_common):
            if len(self._kinds) >= MAX_KINDS:
                self._kinds.clear()
            self._kinds[in_common] = kind
        return kind


def _are_short(names: Iterable[object]) -> bool:
    return sum(len(each) for each in names if isinstance(each, str)) <= MAX_CHARS
