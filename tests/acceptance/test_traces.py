"""Traces of a real SeaLink, as a collector gets them: a client's trace goes on through SeaLink to its providers."""

import asyncio
import json
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from acceptance.otlp_collector import Collector, attributes_of, collecting
from acceptance.sealink_process import KEY, SealinkProcess
from acceptance.usage_rows import usage_rows
from sealink.net.message import Request, Responder
from sealink.net.server import Handler
from sim.simulation import Simulation, running_sim

PATIENCE_S = 30.0
TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CONFIG = """
[traces]
endpoint = "{collector}/v1/traces"
export_every_s = 0.1
headers = {{ x-team = "gateway" }}
attributes = {{ "deployment.environment.name" = "tests" }}
[retry]
attempts = 1
[hedge]
max_share = 1
[heartbeat]
grace_s = 0.05
interval_s = 0.05
[[providers]]
name = "far"
dialect = "openai"
base_url = "{sim}/v1"
[[models]]
id = "m"
hedge_after_s = 0.3
targets = [
    {{ provider = "far", model = "sealink/sim+status=500" }},
    {{ provider = "far", model = "sealink/sim+stall@0" }},
    {{ provider = "far", model = "sealink/sim" }},
]
[[models]]
id = "one"
targets = [{{ provider = "far", model = "sealink/sim" }}]
[[keys]]
name = "dev"
key = "{key}"
"""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def asked() -> list[tuple[str, str]]:
    """`traceparent` and `tracestate` of each request at the provider."""
    return []


@pytest.fixture
def sim(asked: list[tuple[str, str]]) -> Iterator[Simulation]:
    def watched(handler: Handler) -> Handler:
        async def handle(request: Request, responder: Responder) -> None:
            asked.append((request.headers.get("traceparent", ""), request.headers.get("tracestate", "")))
            await asyncio.ensure_future(as_task(handler, request, responder))

        return handle

    with running_sim(watched=watched) as running:
        yield running


async def as_task(handler: Handler, request: Request, responder: Responder) -> None:
    answering = handler(request, responder)
    if answering is not None:
        await answering


def ask(sealink: SealinkProcess, model: str = "m", key: str = KEY, **headers: str) -> int:
    connection = HTTPConnection("127.0.0.1", sealink.port, timeout=PATIENCE_S)
    try:
        body = {"model": model, "stream": True, "max_tokens": 16, "messages": [{"role": "user", "content": "Hi"}]}
        connection.request(
            "POST", "/v1/chat/completions", json.dumps(body), {"authorization": f"Bearer {key}", **headers}
        )
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


def told(span: Span) -> dict[str, Any]:
    return attributes_of(span.attributes)


def test_a_fallback_with_a_hedge(
    tmp_path: Path, collector: Collector, sim: Simulation, asked: list[tuple[str, str]]
) -> None:
    config = CONFIG.format(collector=collector.url, sim=sim.url, key=KEY)
    with SealinkProcess(config, tmp_path) as sealink:
        assert ask(sealink, traceparent=f"00-{TRACE}-{PARENT}-01", tracestate="a=b") == 200
        request, failed, lost, answer = collector.wait_for(4)
        (row,) = usage_rows(tmp_path)
        assert f"trace_id={TRACE}" in sealink.log
    assert {(each.trace_id.hex(), each.trace_state) for each in collector.spans} == {(TRACE, "a=b")}
    assert (request.name, request.kind, request.parent_span_id.hex()) == ("chat m", Span.SPAN_KIND_SERVER, PARENT)
    assert {each.parent_span_id for each in (failed, lost, answer)} == {request.span_id}
    assert {each.kind for each in (failed, lost, answer)} == {Span.SPAN_KIND_CLIENT}
    assert asked == [(f"00-{TRACE}-{each.span_id.hex()}-01", "a=b") for each in (failed, lost, answer)]

    assert [told(each).get("error.type") for each in (request, failed, lost, answer)] == [
        None, row["attempts"][0]["code"], "hedge_lost", None,
    ]  # fmt: skip
    assert [each.status.code for each in (request, failed, lost, answer)] == [
        Status.STATUS_CODE_UNSET, Status.STATUS_CODE_ERROR, Status.STATUS_CODE_UNSET, Status.STATUS_CODE_UNSET,
    ]  # fmt: skip
    assert told(request)["sealink.request_id"] == row["request_id"]
    assert told(request)["gen_ai.usage.output_tokens"] == told(answer)["gen_ai.usage.output_tokens"] == 16
    assert told(answer)["server.address"] == "127.0.0.1"

    # One after the other, but for the hedge; all within the request.
    assert request.start_time_unix_nano <= failed.start_time_unix_nano <= failed.end_time_unix_nano
    assert failed.end_time_unix_nano <= lost.start_time_unix_nano
    assert answer.start_time_unix_nano - lost.start_time_unix_nano >= 0.299e9  # the timer counts whole milliseconds
    assert lost.end_time_unix_nano <= answer.end_time_unix_nano <= request.end_time_unix_nano
    events = [each.name for each in request.events]
    assert {"connected", "hedged", "headers", "first_content", "heartbeat", "last_byte"} <= set(events)
    times = [each.time_unix_nano for each in request.events]
    assert times == sorted(times)
    assert request.start_time_unix_nano <= times[0]
    assert times[-1] <= request.end_time_unix_nano

    assert collector.headers[0]["x-team"] == "gateway"
    assert collector.headers[0]["content-type"] == "application/x-protobuf"
    assert collector.resources[0]["service.name"] == "sealink"
    assert collector.resources[0]["deployment.environment.name"] == "tests"


def test_what_was_refused_and_what_is_not_sampled(
    tmp_path: Path, collector: Collector, sim: Simulation, asked: list[tuple[str, str]]
) -> None:
    """The last spans are sent before the process ends."""
    config = CONFIG.format(collector=collector.url, sim=sim.url, key=KEY).replace("every_s = 0.1", "every_s = 3600")
    with SealinkProcess(config, tmp_path) as sealink:
        assert ask(sealink, "one", traceparent=f"00-{TRACE}-{PARENT}-00") == 200
        assert ask(sealink, "none-such", traceparent=f"00-{TRACE}-{PARENT}-01") == 404
        assert ask(sealink, "one") == 200
        assert collector.spans == []
    refused, request, attempt = collector.spans
    assert (told(refused)["error.type"], refused.trace_id.hex()) == ("model_not_found", TRACE)
    assert request.trace_id.hex() != TRACE
    assert (request.parent_span_id, attempt.parent_span_id) == (b"", request.span_id)
    assert [parent[-2:] for parent, _ in asked] == ["00", "01"]
    assert asked[0][0].startswith(f"00-{TRACE}-")


def test_opentelemetrys_own_variables(tmp_path: Path, collector: Collector) -> None:
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=a%20b",
        "OTEL_SERVICE_NAME": "my-gateway",
        "OTEL_RESOURCE_ATTRIBUTES": "team=a,service.name=not-this",
    }
    with SealinkProcess(None, tmp_path, variables) as sealink:
        assert ask(sealink, "sealink/sim") == 200
    assert [span.name for span in collector.spans] == ["chat sealink/sim"] * 2
    assert collector.headers[0]["api-key"] == "a b"
    assert collector.resources[0]["service.name"] == "my-gateway"
    assert collector.resources[0]["team"] == "a"


def test_a_collector_that_is_away_harms_nothing(tmp_path: Path, sim: Simulation) -> None:
    with collecting() as gone:
        pass
    config = CONFIG.format(collector=gone.url, sim=sim.url, key=KEY)
    with SealinkProcess(config, tmp_path) as sealink:
        assert [ask(sealink, "one") for _ in range(3)] == [200] * 3
    assert sealink.log.count(f"traces do not reach {gone.url}/v1/traces: ") == 1


def test_where_they_are_off_nothing_is_passed_on(tmp_path: Path, sim: Simulation, asked: list[tuple[str, str]]) -> None:
    config = CONFIG.format(collector="http://127.0.0.1:1", sim=sim.url, key=KEY)
    with SealinkProcess(config[config.index("[retry]") :], tmp_path) as sealink:
        assert ask(sealink, "one", traceparent=f"00-{TRACE}-{PARENT}-01") == 200
        (row,) = usage_rows(tmp_path)
    assert asked == [("", "")]
    assert "span" not in row["attempts"][0]
