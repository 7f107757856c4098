"""What a request and its attempts look like as spans."""

import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from sealink.ledger.entry import Admission, Attempt, AttemptSpan, Settlement
from sealink.telemetry.alike import Kind
from sealink.telemetry.traces.otlp import export_request
from sealink.telemetry.traces.request_spans import MAX_CHARS, about_provider, spans_of
from sealink.trace_context import TraceContext
from sealink.usage import Usage

pytestmark = pytest.mark.usefixtures("filled_in")

TRACE = TraceContext("1" * 32, "2" * 16, "3" * 16, state="a=b")
ADMISSION = Admission(
    request_id="req_1", key="dev", model="fast", client="openai", streamed=True, started_at=1_700_000_000.0, trace=TRACE
)
SETTLEMENT = Settlement(
    request_id="req_1",
    provider="second",
    served_model="gpt-4o",
    attempts=[
        Attempt("first", "m", "upstream_refused", span=AttemptSpan("a" * 16, 1.0, 5.0)),
        Attempt("first", "m", "hedge_lost", usage=Usage(7, 0), span=AttemptSpan("b" * 16, 6.0, 60.0)),
        Attempt("second", "gpt-4o", span=AttemptSpan("c" * 16, 10.0, 200.0)),
    ],
    usage=Usage(45, 230, cached_read_tokens=10, reasoning_tokens=20),
    usage_source="provider",
    cost_nano_usd=3_412_500,
    ttft_ms=60.0,
    duration_ms=200.0,
    longest_gap_ms=81.5,
    chunks=120,
    timeline=[("admitted", 0.0), ("first_content", 60.0), ("last_byte", 199.0)],
)
ADDRESS = {"gen_ai.provider.name": "openai", "server.address": "api.example", "server.port": 443}
PROVIDERS = {"second": about_provider("second", ADDRESS)}
BEGAN_NS = 1_700_000_000 * 10**9


def spans(settlement: Settlement = SETTLEMENT, admission: Admission = ADMISSION) -> list[Span]:
    body = export_request({}, ("", ""), spans_of(admission, settlement, Kind(), PROVIDERS))
    return list(ExportTraceServiceRequest.FromString(body).resource_spans[0].scope_spans[0].spans)


def told(span: Span) -> dict[str, object]:
    return {each.key: getattr(each.value, each.value.WhichOneof("value")) for each in span.attributes}


def is_error(span: Span) -> bool:
    return span.status.code == Status.STATUS_CODE_ERROR


def times_ms(span: Span) -> tuple[float, float]:
    return (span.start_time_unix_nano - BEGAN_NS) / 10**6, (span.end_time_unix_nano - BEGAN_NS) / 10**6


def test_a_request_and_its_attempts_are_a_tree() -> None:
    request, *attempts = spans()
    ids = (request.trace_id.hex(), request.span_id.hex(), request.parent_span_id.hex())
    assert ids == (TRACE.trace_id, TRACE.span_id, TRACE.parent_id)
    assert (request.name, request.kind, is_error(request)) == ("chat fast", Span.SPAN_KIND_SERVER, False)
    assert [each.span_id.hex()[0] for each in attempts] == ["a", "b", "c"]
    assert {(each.parent_span_id, each.trace_id, each.trace_state, each.kind) for each in attempts} == {
        (request.span_id, request.trace_id, "a=b", Span.SPAN_KIND_CLIENT)
    }
    assert [(each.name, is_error(each)) for each in attempts] == [
        ("chat m", True), ("chat m", False), ("chat gpt-4o", False),
    ]  # fmt: skip
    assert [times_ms(each) for each in (request, *attempts)] == [(0, 200), (1, 5), (6, 60), (10, 200)]


def test_what_is_told_of_a_request() -> None:
    request = spans()[0]
    assert told(request) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "fast",
        "gen_ai.request.stream": True,
        "gen_ai.response.model": "gpt-4o",
        "gen_ai.response.time_to_first_chunk": 0.06,
        "gen_ai.usage.input_tokens": 45,
        "gen_ai.usage.output_tokens": 230,
        "gen_ai.usage.cache_read.input_tokens": 10,
        "gen_ai.usage.reasoning.output_tokens": 20,
        "http.response.status_code": 200,
        "server.address": "api.example",
        "server.port": 443,
        "sealink.attempts": 3,
        "sealink.chunks": 120,
        "sealink.client": "openai",
        "sealink.cost_usd": 0.0034125,
        "sealink.ended": "done",
        "sealink.ended_by": "upstream",
        "sealink.key": "dev",
        "sealink.longest_gap": 0.0815,
        "sealink.provider": "second",
        "sealink.request_id": "req_1",
        "sealink.usage_source": "provider",
    }
    assert [(each.name, (each.time_unix_nano - BEGAN_NS) / 10**6) for each in request.events] == [
        ("admitted", 0), ("first_content", 60), ("last_byte", 199),
    ]  # fmt: skip


def test_what_is_told_of_attempts() -> None:
    _, failed, lost, answer = spans()
    assert told(failed) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "first",
        "sealink.provider": "first",
        "gen_ai.request.model": "m",
        "gen_ai.request.stream": True,
        "error.type": "upstream_refused",
    }
    assert (told(lost)["error.type"], told(lost)["gen_ai.usage.input_tokens"]) == ("hedge_lost", 7)
    assert told(answer)["gen_ai.response.time_to_first_chunk"] == 0.05
    assert told(answer)["gen_ai.usage.output_tokens"] == 230
    assert "error.type" not in told(answer)


def test_a_stream_that_broke_off_is_its_attempts_error_too() -> None:
    cut = msgspec.structs.replace(SETTLEMENT, ended="error", ended_by="upstream", code="upstream_truncated")
    request, *_, answer = spans(cut)
    assert (is_error(request), is_error(answer), told(answer)["error.type"]) == (True, True, "upstream_truncated")
    left = msgspec.structs.replace(SETTLEMENT, ended="client_gone", ended_by="client", status=499)
    request, *_, answer = spans(left)
    assert (is_error(request), is_error(answer)) == (False, False)


def test_a_request_that_was_refused_has_one_span() -> None:
    admission = msgspec.structs.replace(ADMISSION, model=None)
    refused = Settlement(request_id="req_1", ended="refused", ended_by="client", code="invalid_json", status=400)
    (request,) = spans(refused, admission)
    assert (request.name, is_error(request), times_ms(request)) == ("chat", False, (0, 0))
    assert told(request)["error.type"] == "invalid_json"


def test_a_name_that_a_client_has_chosen_is_cut() -> None:
    (request, *_) = spans(admission=msgspec.structs.replace(ADMISSION, model="x" * 1000))
    assert told(request)["gen_ai.request.model"] == "x" * MAX_CHARS


def test_embeddings_are_an_operation_of_their_own() -> None:
    request, *attempts = spans(admission=msgspec.structs.replace(ADMISSION, client="embeddings", streamed=False))
    assert {each.name.split()[0] for each in (request, *attempts)} == {"embeddings"}
    assert "gen_ai.request.stream" not in told(request)


def test_what_is_kept_of_a_kind_makes_the_same_spans() -> None:
    """Of requests that differ only in ids, times and amounts."""
    kind = Kind()
    trace = TraceContext("4" * 32, "5" * 16)
    numbers = {"ttft_ms": None, "longest_gap_ms": None, "cost_nano_usd": None, "usage": None, "chunks": 0}
    others = [
        (ADMISSION, SETTLEMENT),
        (msgspec.structs.replace(ADMISSION, trace=trace), msgspec.structs.replace(SETTLEMENT, **numbers)),
        (ADMISSION, msgspec.structs.replace(SETTLEMENT, usage=Usage(1, 2, cached_write_tokens=3), timeline=[])),
    ]
    for admission, settlement in others:
        assert spans_of(admission, settlement, kind, PROVIDERS) == spans_of(admission, settlement, Kind(), PROVIDERS)
    assert len(kind.attempt_spans) == 3
