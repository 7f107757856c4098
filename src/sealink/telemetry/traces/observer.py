"""The observer that makes spans of requests."""

from sealink.ledger.entry import Admission, Settlement
from sealink.telemetry.alike import Kinds
from sealink.telemetry.traces.export import SpanExport
from sealink.telemetry.traces.request_spans import Providers, spans_of


class TraceObserver:
    """An Observer. Spans are made when a request is settled, so that its chunks pay nothing."""

    def __init__(self, export: SpanExport, kinds: Kinds) -> None:
        self._providers: Providers = {}
        self._export = export
        self._kinds = kinds

    def take_providers(self, providers: Providers) -> None:
        """Tell this about providers from now on."""
        self._providers = providers
        self._kinds.forget()

    def settled(self, admission: Admission, settlement: Settlement) -> None:
        trace = admission.trace
        if trace is not None and trace.sampled:
            kind = self._kinds.of(admission, settlement)
            self._export.add(spans_of(admission, settlement, kind, self._providers))
