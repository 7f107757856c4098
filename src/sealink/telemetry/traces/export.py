"""Spans wait here for others, and are sent to a collector together."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from sealink.errors import SealinkError
from sealink.telemetry.traces.otlp import Value, export_request
from sealink.telemetry.traces.settings import TraceSettings

log = logging.getLogger("sealink.traces")

Post = Callable[[bytes], Awaitable[int]]
"""Sends an ExportTraceServiceRequest, and returns the status of the answer. Raises SealinkError or TimeoutError."""

_OK: Final = range(200, 300)
_COME_AGAIN: Final = frozenset({429, 502, 503, 504})
"""Statuses of collectors that may take the same spans later, https://opentelemetry.io/docs/specs/otlp/."""
MAX_PAUSE_S: Final = 60.0


class SpanExport:
    """Sends spans every `export_every_s`, or when there are `max_batch`. While the collector is away, the pauses double
    up to MAX_PAUSE_S, and the log says so once. Lives on one event loop, and takes no time of those who add spans.

    `dropped` are those that no collector has taken.
    """

    def __init__(self, settings: TraceSettings, post: Post, resource: Mapping[str, Value], version: str) -> None:
        self.dropped = 0
        self._settings = settings
        self._post = post
        self._resource = resource
        self._scope = ("sealink", version)
        self._waiting: deque[bytes] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._sending: asyncio.Task[None] | None = None
        self._setbacks = 0
        self._failing_since: float | None = None

    def add(self, spans: Sequence[bytes]) -> None:
        """Encoded spans wait to be sent."""
        waiting = self._waiting
        waiting += spans
        if self._timer is None or len(waiting) >= self._settings.max_batch:
            self._schedule()

    def _schedule(self) -> None:
        waiting = self._waiting
        while len(waiting) > self._settings.max_waiting:
            waiting.popleft()
            self.dropped += 1
        if self._sending is not None:
            return
        if len(waiting) >= self._settings.max_batch and not self._setbacks:
            self._begin()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._settings.export_every_s, self._begin)

    async def close(self) -> None:
        """Send what waits, once."""
        if self._timer is not None:
            self._timer.cancel()
        if self._sending is not None:
            await self._sending
        await self._send_all()
        if self._timer is not None:
            self._timer.cancel()
        self.dropped += len(self._waiting)
        self._waiting.clear()

    def _begin(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._sending = asyncio.get_running_loop().create_task(self._send_all())

    async def _send_all(self) -> None:
        """Batch by batch, until none is left or the collector takes no more."""
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._settings.max_batch))]
            if not await self._send(batch):
                self._waiting.extendleft(reversed(batch))
                pause_s = min(self._settings.export_every_s * 2.0 ** min(self._setbacks, 16), MAX_PAUSE_S)
                self._setbacks += 1
                self._timer = asyncio.get_running_loop().call_later(pause_s, self._begin)
                break
        self._sending = None

    async def _send(self, batch: list[bytes]) -> bool:
        """Whether a batch is done with: taken, or refused for good."""
        try:
            status = await self._post(export_request(self._resource, self._scope, batch))
        except TimeoutError:
            self._failed(f"no answer within {self._settings.timeout_s:g} s")
            return False
        except SealinkError as error:
            self._failed(str(error))
            return False
        if status in _OK:
            self._succeeded()
            return True
        self._failed(f"it answers with status {status}")
        if status in _COME_AGAIN:
            return False
        self.dropped += len(batch)
        return True

    def _failed(self, why: str) -> None:
        if self._failing_since is None:
            self._failing_since = time.monotonic()
            log.warning("traces do not reach %s: %s", self._settings.endpoint, why)

    def _succeeded(self) -> None:
        self._setbacks = 0
        if self._failing_since is not None:
            log.info("traces reach the collector again after %.0f s", time.monotonic() - self._failing_since)
            self._failing_since = None
