"""The observer that makes spans of requests."""

from sealink.ledger.entry import Admission, Settlement
from sealink.telemetry.traces.export import SpanExport
from sealink.telemetry.traces.request_spans import Providers, spans_of


class TraceObserver:
    """An Observer. Spans are made when a request is settled, so that its chunks pay nothing."""

    def __init__(self, export: SpanExport) -> None:
        self.providers: Providers = {}
        self._export = export

    def settled(self, admission: Admission, settlement: Settlement) -> None:
        trace = admission.trace
        if trace is not None and trace.sampled:
            self._export.add(spans_of(trace, admission, settlement, self.providers))
