"""What a running SeaLink tells of its requests: numbers, a line of the log for each, spans; and their content, where it
is wanted."""

import asyncio
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sealink.config import Config
from sealink.gateway.observers import Observer
from sealink.gateway.refusals import BeginTrace
from sealink.net.client import UpstreamPool
from sealink.telemetry.alike import Kinds
from sealink.telemetry.content_log import ContentLog, ContentSettings
from sealink.telemetry.gauge import Gauge
from sealink.telemetry.log_format import configure_logging
from sealink.telemetry.log_lines import LogLines
from sealink.telemetry.request_log import RequestLog
from sealink.telemetry.request_metrics import RequestMetrics

if TYPE_CHECKING:
    from sealink.app.telemetry.traces import Traces


class RequestTelemetry:
    """`observers` are told of each request. Spans are exported by `pool`."""

    def __init__(self, config: Config, pool: UpstreamPool) -> None:
        kinds = Kinds()
        self.metrics = RequestMetrics(kinds)
        self.content = ContentLog(Path(config.server.data_dir), _content_settings(config))
        self._log_lines = LogLines(sys.stderr, _call_later)
        self._log = RequestLog(self._log_lines.write, config.log.format, kinds)
        self._traces = _traces_of(config, pool, kinds)

    @property
    def observers(self) -> Sequence[Observer]:
        return [self.metrics, self._log, *([self._traces.observer] if self._traces is not None else [])]

    @property
    def begin_trace(self) -> BeginTrace | None:
        """None where requests are not traced."""
        return self._traces.begin if self._traces is not None else None

    @property
    def gauges(self) -> Sequence[Gauge]:
        return [self._traces.gauge()] if self._traces is not None else []

    def start(self) -> None:
        """Look after files that are to be deleted."""
        self.content.start(_call_later)

    def configure(self, config: Config) -> None:
        """Put a newer config in force."""
        configure_logging(config.log.format, config.log.level)
        self._log.take_form(config.log.format)
        self.content.take_settings(_content_settings(config))
        if self._traces is not None:
            self._traces.configure(config)

    async def export(self) -> None:
        """Send the spans that wait, if the collector takes them."""
        if self._traces is not None:
            await self._traces.close()

    def close(self) -> None:
        """Write the lines that wait."""
        self._log_lines.close()


def _traces_of(config: Config, pool: UpstreamPool, kinds: Kinds) -> "Traces | None":
    """None where there is no collector: nothing is imported for it then."""
    if not config.traces.is_on:
        return None
    from sealink.app.telemetry.traces import Traces

    return Traces(config, pool, kinds)


def _content_settings(config: Config) -> ContentSettings:
    log = config.log
    return ContentSettings(log.content, log.redact, log.content_max_chars, log.content_keep_days)


def _call_later(delay_s: float, call: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(delay_s, call)
