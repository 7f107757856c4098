"""OTLP's protobuf is read by its own messages as it was meant."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span as ProtoSpan
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from sealink.telemetry.traces.otlp import Event, Span, Value, encoded_span, export_request

TIMES = st.integers(0, 2**63 - 1)
TEXTS = st.text(max_size=300)
VALUES = st.one_of(TEXTS, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False), st.none())
SPANS = st.builds(
    Span,
    trace_id=st.binary(min_size=16, max_size=16).map(bytes.hex),
    span_id=st.binary(min_size=8, max_size=8).map(bytes.hex),
    parent_id=st.none() | st.binary(min_size=8, max_size=8).map(bytes.hex),
    state=TEXTS,
    name=TEXTS,
    kind=st.sampled_from(["server", "client"]),
    began_ns=TIMES,
    ended_ns=TIMES,
    attributes=st.dictionaries(TEXTS, VALUES, max_size=20),
    events=st.lists(st.builds(Event, TEXTS, TIMES), max_size=20),
    is_error=st.booleans(),
)


def value_of(value: Any) -> Value:
    """What an AnyValue holds."""
    return getattr(value, value.WhichOneof("value"))  # type: ignore[no-any-return]


@given(st.lists(SPANS, max_size=4), st.dictionaries(TEXTS, VALUES.filter(lambda value: value is not None)))
def test_every_span_is_read_as_it_was_meant(spans: list[Span], resource: dict[str, Any]) -> None:
    body = export_request(resource, ("sealink", "1.2.3"), map(encoded_span, spans))
    request = ExportTraceServiceRequest.FromString(body)
    (about,) = request.resource_spans
    (made,) = about.scope_spans
    assert {each.key: value_of(each.value) for each in about.resource.attributes} == resource
    assert (made.scope.name, made.scope.version) == ("sealink", "1.2.3")
    assert len(made.spans) == len(spans)
    for read, meant in zip(made.spans, spans, strict=True):
        assert (read.trace_id.hex(), read.span_id.hex()) == (meant.trace_id, meant.span_id)
        assert read.parent_span_id.hex() == (meant.parent_id or "")
        assert (read.trace_state, read.name) == (meant.state, meant.name)
        assert (read.start_time_unix_nano, read.end_time_unix_nano) == (meant.began_ns, meant.ended_ns)
        assert read.kind == getattr(ProtoSpan, f"SPAN_KIND_{meant.kind.upper()}")
        attributes = {each.key: value_of(each.value) for each in read.attributes}
        assert attributes == {name: value for name, value in meant.attributes.items() if value is not None}
        assert [type(value) for value in attributes.values()] == [
            type(value) for value in meant.attributes.values() if value is not None
        ]
        assert [(each.name, each.time_unix_nano) for each in read.events] == [
            (each.name, each.at_ns) for each in meant.events
        ]
        assert read.status.code == (Status.STATUS_CODE_ERROR if meant.is_error else Status.STATUS_CODE_UNSET)


def test_half_a_surrogate_pair_is_replaced() -> None:
    span = Span(trace_id="1" * 32, span_id="2" * 16, name="a\ud800", kind="server", began_ns=0, ended_ns=0)
    request = ExportTraceServiceRequest.FromString(export_request({}, ("s", ""), [encoded_span(span)]))
    assert request.resource_spans[0].scope_spans[0].spans[0].name == "a?"
