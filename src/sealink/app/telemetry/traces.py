"""The traces of one process: its requests' spans, on their way to the collector that [traces] names."""

import asyncio
import os
import socket
from collections.abc import Mapping
from functools import partial
from urllib.parse import urlsplit

from sealink import __version__
from sealink.config import Config, ProviderConfig
from sealink.gateway.refusals import BeginTrace
from sealink.net.client import UpstreamPool
from sealink.net.client.origin import DEFAULT_PORTS
from sealink.net.message import UpstreamRequest
from sealink.telemetry.alike import Kinds
from sealink.telemetry.gauge import Gauge
from sealink.telemetry.traces.export import SpanExport
from sealink.telemetry.traces.observer import TraceObserver
from sealink.telemetry.traces.otlp import Value
from sealink.telemetry.traces.request_spans import Providers, about_provider
from sealink.trace_context import context_of


class Traces:
    """`begin` gives the trace of a request; `observer` makes its spans."""

    def __init__(self, config: Config, pool: UpstreamPool, kinds: Kinds) -> None:
        self._pool = pool
        self._settings = settings = config.traces
        self._export = SpanExport(settings, self._post, _resource(config), __version__)
        self.observer = TraceObserver(self._export, kinds)
        self.begin: BeginTrace = partial(context_of, settings.sample_ratio)
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Put a config in force: spans tell where its providers are."""
        self.observer.take_providers(_providers(config))

    def gauge(self) -> Gauge:
        help_text = "Spans that no collector has taken, since the start."
        return Gauge("sealink_trace_spans_dropped", help_text, {(): float(self._export.dropped)})

    async def close(self) -> None:
        """Send what waits, if the collector takes it."""
        await self._export.close()

    async def _post(self, body: bytes) -> int:
        settings = self._settings
        headers = [("content-type", "application/x-protobuf"), ("user-agent", f"sealink/{__version__}")]
        headers += [(name.lower(), value) for name, value in settings.headers.items()]
        request = UpstreamRequest("POST", settings.endpoint, headers, body)
        async with asyncio.timeout(settings.timeout_s):
            response = await self._pool.send(request, connect_s=settings.timeout_s)
            try:
                while await response.read():
                    pass
            except BaseException:
                response.close()
                raise
        response.release()
        return response.status


def _resource(config: Config) -> Mapping[str, Value]:
    """What the collector is told about this process."""
    settings = config.traces
    return {
        "service.name": settings.service_name,
        "service.version": __version__,
        "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
        **settings.attributes,
    }


def _providers(config: Config) -> Providers:
    return {provider.name: _about(provider) for provider in config.providers}


def _about(provider: ProviderConfig) -> bytes:
    """A provider by the name that OpenTelemetry has for its vendor, and by its own; and its address."""
    values: dict[str, Value] = {}
    if (vendor := provider.known_vendor) is not None:
        values["gen_ai.provider.name"] = vendor.otel_name or vendor.name
    address = urlsplit(provider.base_url)
    if address.hostname:  # it is not simulated
        values["server.address"] = address.hostname
        values["server.port"] = address.port or DEFAULT_PORTS[address.scheme]
    return about_provider(provider.name, values)
