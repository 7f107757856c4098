"""OTLP's protobuf is read by its own messages as it was meant."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from sealink.telemetry.traces.otlp import attributes, double, encoded_span, event, export_request, head, integer, text
from sealink.trace_context import TraceContext

TIMES = st.integers(0, 2**63 - 1)
TEXTS = st.text(max_size=300)
INTEGERS, DOUBLES = st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False)
VALUES = st.one_of(TEXTS, st.booleans(), INTEGERS, DOUBLES)
SPAN_IDS = st.binary(min_size=8, max_size=8).map(bytes.hex)
TRACES = st.builds(
    TraceContext, st.binary(min_size=16, max_size=16).map(bytes.hex), SPAN_IDS, SPAN_IDS | st.none(), state=TEXTS
)


def values_of(pairs: Any) -> list[tuple[str, Any]]:
    return [(each.key, getattr(each.value, each.value.WhichOneof("value"))) for each in pairs]


def typed(values: dict[str, Any]) -> list[tuple[str, Any, type]]:
    return [(name, value, type(value)) for name, value in values.items()]


def exported(*spans: bytes) -> list[Span]:
    return list(
        ExportTraceServiceRequest.FromString(export_request({}, ("", ""), spans)).resource_spans[0].scope_spans[0].spans
    )


@given(TRACES, TIMES, TIMES, TEXTS, st.sampled_from(["server", "client"]), st.booleans())
def test_a_span_is_read_as_it_was_meant(
    trace: TraceContext, began_ns: int, ended_ns: int, name: str, kind: Any, is_error: bool
) -> None:
    parts = [head(name, kind, is_error=is_error)]
    (read,) = exported(encoded_span(trace, (trace.span_id, trace.parent_id), (began_ns, ended_ns), parts))
    assert (read.trace_id.hex(), read.span_id.hex()) == (trace.trace_id, trace.span_id)
    assert read.parent_span_id.hex() == (trace.parent_id or "")
    assert (read.trace_state, read.name) == (trace.state, name)
    assert (read.start_time_unix_nano, read.end_time_unix_nano) == (began_ns, ended_ns)
    assert read.kind == getattr(Span, f"SPAN_KIND_{kind.upper()}")
    assert read.status.code == (Status.STATUS_CODE_ERROR if is_error else Status.STATUS_CODE_UNSET)


@given(st.dictionaries(TEXTS, VALUES | st.none(), max_size=20))
def test_attributes_keep_their_types(values: dict[str, Any]) -> None:
    (read,) = exported(encoded_span(TraceContext("1" * 32, "2" * 16), ("2" * 16, None), (0, 0), [attributes(values)]))
    known = {name: value for name, value in values.items() if value is not None}
    assert typed(dict(values_of(read.attributes))) == typed(known)


@given(TEXTS, TEXTS, INTEGERS, DOUBLES, st.lists(st.tuples(TEXTS, TIMES), max_size=20))
def test_what_each_span_has_for_itself(
    name: str, said: str, number: int, amount: float, events: list[tuple[str, int]]
) -> None:
    parts = [text(name, said), integer(name, number), double(name, amount), *(event(*each) for each in events)]
    (read,) = exported(encoded_span(TraceContext("1" * 32, "2" * 16), ("2" * 16, None), (0, 0), parts))
    assert values_of(read.attributes) == [(name, said), (name, number), (name, amount)]
    assert [(each.name, each.time_unix_nano) for each in read.events] == events


@given(st.dictionaries(TEXTS, VALUES), TEXTS, TEXTS, st.integers(0, 5))
def test_an_export_says_who_has_made_it(resource: dict[str, Any], name: str, version: str, count: int) -> None:
    span = encoded_span(TraceContext("1" * 32, "2" * 16), ("2" * 16, None), (0, 0), [])
    (about,) = ExportTraceServiceRequest.FromString(
        export_request(resource, (name, version), [span] * count)
    ).resource_spans
    (made,) = about.scope_spans
    assert typed(dict(values_of(about.resource.attributes))) == typed(resource)
    assert (made.scope.name, made.scope.version, len(made.spans)) == (name, version, count)


def test_half_a_surrogate_pair_is_replaced() -> None:
    parts = [head("a\ud800", "server", is_error=False), text("b", "\ud800")]
    (read,) = exported(encoded_span(TraceContext("1" * 32, "2" * 16), ("2" * 16, None), (0, 0), parts))
    assert (read.name, values_of(read.attributes)) == ("a?", [("b", "?")])
