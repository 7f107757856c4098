"""Where traces go, and which."""

import msgspec

from sealink.amounts import Seconds, Share, Size


class TraceSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[traces]: spans of requests and attempts, sent to an OpenTelemetry collector by OTLP over HTTP. Off unless there
    is an `endpoint`."""

    endpoint: str = ""
    """The address of the collector, as `http://127.0.0.1:4318/v1/traces`. Default: the variable
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT, else OTEL_EXPORTER_OTLP_ENDPOINT with `/v1/traces` behind it."""
    headers: dict[str, str] = {}
    """Sent with each export: a key of the collector's, say. Default: OTEL_EXPORTER_OTLP_TRACES_HEADERS, else
    OTEL_EXPORTER_OTLP_HEADERS."""
    service_name: str = ""
    """The name of this SeaLink in traces. Default: OTEL_SERVICE_NAME, else `sealink`."""
    attributes: dict[str, str] = {}
    """What else is told of this SeaLink (`deployment.environment.name = "production"`). Default:
    OTEL_RESOURCE_ATTRIBUTES."""
    sample_ratio: Share = 1.0
    """The share of requests that are traced. Where a client says by `traceparent` whether its trace is sampled, that
    counts."""
    export_every_s: Seconds = 5.0
    """How long spans wait for others before they are sent."""
    timeout_s: Seconds = 10.0
    """How long one export may take."""
    max_batch: Size = 512
    """Spans of one export. As soon as so many wait they are sent."""
    max_waiting: Size = 8192
    """Spans that are kept while the collector is away; the oldest beyond are dropped, and counted."""

    @property
    def is_on(self) -> bool:
        return bool(self.endpoint)
