"""OTLP's protobuf is read by its own messages as it was meant."""

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from sealink.telemetry.traces.otlp import (
    DOUBLE,
    ID,
    TIME,
    Layout,
    attributes,
    double,
    events,
    export_request,
    head,
    ids_and_times,
    integer,
    span,
    state,
    text,
)

TIMES = st.integers(0, 2**63 - 1)
TEXTS = st.text(max_size=300)
INTEGERS, DOUBLES = st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False)
VALUES = st.one_of(TEXTS, st.booleans(), INTEGERS, DOUBLES)
IDS, TRACE_IDS = st.binary(min_size=8, max_size=8), st.binary(min_size=16, max_size=16)


def values_of(pairs: Any) -> list[tuple[str, Any]]:
    return [(each.key, getattr(each.value, each.value.WhichOneof("value"))) for each in pairs]


def typed(values: dict[str, Any]) -> list[tuple[str, Any, type]]:
    return [(name, value, type(value)) for name, value in values.items()]


def exported(*spans: bytes) -> list[Span]:
    return list(
        ExportTraceServiceRequest.FromString(export_request({}, ("", ""), spans)).resource_spans[0].scope_spans[0].spans
    )


@given(
    TRACE_IDS, IDS, st.none() | IDS, TIMES, TIMES, TEXTS, TEXTS, st.sampled_from(["server", "client"]), st.booleans()
)
def test_a_span_is_read_as_it_was_meant(
    trace_id: bytes,
    span_id: bytes,
    parent_id: bytes | None,
    began_ns: int,
    ended_ns: int,
    name: str,
    given_state: str,
    kind: Any,
    is_error: bool,
) -> None:
    layout = Layout(*ids_and_times(has_parent=parent_id is not None), head(name, kind, is_error=is_error))
    ids = [trace_id, span_id] if parent_id is None else [trace_id, span_id, parent_id]
    (read,) = exported(span(layout.filled([*ids, began_ns, ended_ns]), state(given_state)))
    assert (read.trace_id, read.span_id, read.parent_span_id) == (trace_id, span_id, parent_id or b"")
    assert (read.trace_state, read.name) == (given_state, name)
    assert (read.start_time_unix_nano, read.end_time_unix_nano) == (began_ns, ended_ns)
    assert read.kind == getattr(Span, f"SPAN_KIND_{kind.upper()}")
    assert read.status.code == (Status.STATUS_CODE_ERROR if is_error else Status.STATUS_CODE_UNSET)


@given(st.dictionaries(TEXTS, VALUES | st.none(), max_size=20))
def test_attributes_keep_their_types(values: dict[str, Any]) -> None:
    (read,) = exported(span(attributes(values)))
    known = {name: value for name, value in values.items() if value is not None}
    assert typed(dict(values_of(read.attributes))) == typed(known)


@given(st.lists(st.tuples(TEXTS, TEXTS, INTEGERS, DOUBLES), min_size=2, max_size=2), TEXTS)
def test_spans_of_one_layout_have_each_their_own(each: list[tuple[str, str, int, float]], fixed: str) -> None:
    """Texts are of one size, since the layout's is."""
    for name, said, number, amount in each:
        data = said.encode()
        layout = Layout(*text(name, len(data)), head(fixed, "server", is_error=False), *double(name))
        (read,) = exported(span(layout.filled([data, amount] if data else [amount]), integer(name, number)))
        assert (read.name, values_of(read.attributes)) == (fixed, [(name, said), (name, amount), (name, number)])


@given(st.lists(st.tuples(TEXTS, TIMES), max_size=20))
def test_events_are_read_as_they_were_meant(happened: list[tuple[str, int]]) -> None:
    (read,) = exported(span(events(tuple(name for name, _ in happened)).filled([at for _, at in happened])))
    assert [(each.name, each.time_unix_nano) for each in read.events] == happened


def test_a_layout_is_filled_again_and_again() -> None:
    layout = Layout(TIME, b"a", b"b", ID, DOUBLE, b"c")
    for number in (1, 2):
        filled = layout.filled([number, b"12345678", float(number)])
        assert filled == struct.pack("<Q2s8sds", number, b"ab", b"12345678", number, b"c")
    with pytest.raises(ValueError, match="attempt to assign"):
        layout.filled([1])


@given(st.dictionaries(TEXTS, VALUES), TEXTS, TEXTS, st.integers(0, 5))
def test_an_export_says_who_has_made_it(resource: dict[str, Any], name: str, version: str, count: int) -> None:
    (about,) = ExportTraceServiceRequest.FromString(
        export_request(resource, (name, version), [span(b"")] * count)
    ).resource_spans
    (made,) = about.scope_spans
    assert typed(dict(values_of(about.resource.attributes))) == typed(resource)
    assert (made.scope.name, made.scope.version, len(made.spans)) == (name, version, count)


@pytest.mark.parametrize("size", [100, 2000, 3000, 300_000])
def test_spans_of_any_size(size: int) -> None:
    long, short = exported(span(head("x" * size, "server", is_error=False)), span(head("y", "server", is_error=False)))
    assert (long.name, short.name) == ("x" * size, "y")


def test_half_a_surrogate_pair_is_replaced() -> None:
    (read,) = exported(span(head("a\ud800", "server", is_error=False), attributes({"b": "\ud800"})))
    assert (read.name, values_of(read.attributes)) == ("a?", [("b", "?")])
