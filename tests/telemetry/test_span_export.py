"""Spans on their way to a collector: together, again where it is away, and no more than there is room for."""

import asyncio
import logging

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from fake_clock import on_fake_clock
from sealink.errors import SealinkError, UpstreamError
from sealink.telemetry.layout import Layout
from sealink.telemetry.traces.export import MAX_PAUSE_S, SpanExport
from sealink.telemetry.traces.otlp import SPAN, head
from sealink.telemetry.traces.settings import TraceSettings

SETTINGS = TraceSettings(endpoint="http://collector/v1/traces", export_every_s=5, max_batch=4, max_waiting=10)


class Collector:
    """Answers what a test says, and remembers the names of the spans, and when they came."""

    def __init__(self, *answers: int | SealinkError | TimeoutError) -> None:
        self.answers = list(answers)
        self.asked_at: list[float] = []
        self.taken: list[list[str]] = []

    async def post(self, body: bytes) -> int:
        self.asked_at.append(asyncio.get_running_loop().time())
        answer = self.answers.pop(0) if self.answers else 200
        if isinstance(answer, Exception):
            raise answer
        if answer == 200:
            request = ExportTraceServiceRequest.FromString(body)
            self.taken.append([span.name for span in request.resource_spans[0].scope_spans[0].spans])
        return answer

    def export(self) -> SpanExport:
        return SpanExport(SETTINGS, self.post, {"service.name": "sealink"}, "1")


def add(export: SpanExport, *names: str) -> None:
    for name in names:
        export.add([Layout([head(name, "server", is_error=False)], SPAN).filled((), 0)])


@on_fake_clock
async def test_spans_wait_for_one_another() -> None:
    collector = Collector()
    export = collector.export()
    add(export, "a")
    await asyncio.sleep(2)
    add(export, "b")
    await asyncio.sleep(10)
    assert (collector.asked_at, collector.taken) == ([5.0], [["a", "b"]])
    add(export, "c")
    await asyncio.sleep(10)
    assert (collector.asked_at, collector.taken[1:]) == ([5.0, 17.0], [["c"]])
    await export.close()


@on_fake_clock
async def test_a_batch_that_is_full_goes_at_once() -> None:
    collector = Collector()
    export = collector.export()
    add(export, *"abcdef")
    await asyncio.sleep(1)
    assert (collector.asked_at, collector.taken) == ([0.0, 0.0], [list("abcd"), list("ef")])
    await export.close()
    assert len(collector.taken) == 2


@on_fake_clock
async def test_at_the_end_what_waits_is_sent() -> None:
    collector = Collector()
    export = collector.export()
    add(export, "a")
    await export.close()
    assert (collector.taken, export.dropped) == ([["a"]], 0)


@on_fake_clock
async def test_a_collector_that_is_away_is_asked_ever_later_and_told_of_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "sealink.traces")
    away = UpstreamError("refused", code="upstream_refused")
    collector = Collector(away, TimeoutError(), 503, 429, away, away)
    export = collector.export()
    add(export, *"ab")
    await asyncio.sleep(4 * MAX_PAUSE_S)
    pauses = [late - soon for soon, late in zip(collector.asked_at, collector.asked_at[1:], strict=False)]
    assert pauses == [5.0, 10.0, 20.0, 40.0, MAX_PAUSE_S, MAX_PAUSE_S]
    assert (collector.taken, export.dropped) == ([["a", "b"]], 0)
    assert caplog.messages == [
        "traces do not reach http://collector/v1/traces: refused",
        "traces reach the collector again after 195 s",
    ]
    await export.close()


@on_fake_clock
async def test_of_too_many_that_wait_the_oldest_are_dropped() -> None:
    collector = Collector(*[503] * 3)
    export = collector.export()
    add(export, *"abcd")
    await asyncio.sleep(1)
    add(export, *"efghijkl")
    assert export.dropped == 2
    await asyncio.sleep(60)
    assert "".join(map("".join, collector.taken)) == "cdefghijkl"
    await export.close()


@on_fake_clock
async def test_what_is_refused_for_good_is_dropped() -> None:
    collector = Collector(401)
    export = collector.export()
    add(export, *"abcdef")
    await asyncio.sleep(1)
    assert (collector.taken, export.dropped) == ([["e", "f"]], 4)
    await export.close()


@on_fake_clock
async def test_at_the_end_nobody_waits_for_a_collector_that_is_away() -> None:
    collector = Collector(*[503] * 9)
    export = collector.export()
    add(export, *"ab")
    await export.close()
    assert (len(collector.asked_at), export.dropped) == (1, 2)
    await asyncio.sleep(100)
    assert len(collector.asked_at) == 1
