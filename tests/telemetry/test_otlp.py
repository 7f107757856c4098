"""OTLP's protobuf is read by its own messages as it was meant."""

from math import floor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from sealink.telemetry.layout import Layout, Part
from sealink.telemetry.traces.otlp import (
    BEGIN,
    END,
    EVENTS,
    PARENT_ID,
    SPAN,
    SPAN_ID,
    STATE,
    TRACE_ID,
    attributes,
    billionth,
    export_request,
    head,
    integer,
    text,
    thousandth,
)

pytestmark = pytest.mark.usefixtures("filled_in")

TIMES_MS = st.floats(0, 1e9)
TEXTS = st.text(max_size=300)
INTEGERS, DOUBLES = st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False)
VALUES = st.one_of(TEXTS, st.booleans(), INTEGERS, DOUBLES)
IDS, TRACE_IDS = (st.binary(min_size=size, max_size=size).map(bytes.hex) for size in (8, 16))
STATES = st.text(st.characters(max_codepoint=0x7E, min_codepoint=0x20))
BEGAN_NS = 1_700_000_000 * 10**9


def values_of(pairs: Any) -> list[tuple[str, Any]]:
    return [(each.key, getattr(each.value, each.value.WhichOneof("value"))) for each in pairs]


def typed(values: dict[str, Any]) -> list[tuple[str, Any, type]]:
    return [(name, value, type(value)) for name, value in values.items()]


def exported(*spans: bytes) -> list[Span]:
    return list(
        ExportTraceServiceRequest.FromString(export_request({}, ("", ""), spans)).resource_spans[0].scope_spans[0].spans
    )


def at_ns(at_ms: float) -> int:
    return BEGAN_NS + floor(at_ms * 10**6)


def layout_of(*parts: Part) -> Layout:
    return Layout(parts, SPAN)


@given(
    TRACE_IDS, IDS, st.none() | IDS, TIMES_MS, TIMES_MS, TEXTS, STATES, st.sampled_from(["server", "client"]),
    st.booleans(),
)  # fmt: skip
def test_a_span_is_read_as_it_was_meant(
    trace_id: str,
    span_id: str,
    parent_id: str | None,
    began_ms: float,
    ended_ms: float,
    name: str,
    state: str,
    kind: Any,
    is_error: bool,
) -> None:
    layout = layout_of(TRACE_ID, SPAN_ID, PARENT_ID, BEGIN, END, head(name, kind, is_error=is_error), STATE)
    (read,) = exported(layout.filled((trace_id, span_id, parent_id, began_ms, ended_ms, state), BEGAN_NS))
    ids = (read.trace_id.hex(), read.span_id.hex(), read.parent_span_id.hex())
    assert ids == (trace_id, span_id, parent_id or "")
    assert (read.trace_state, read.name) == (state, name)
    assert (read.start_time_unix_nano, read.end_time_unix_nano) == (at_ns(began_ms), at_ns(ended_ms))
    assert read.kind == getattr(Span, f"SPAN_KIND_{kind.upper()}")
    assert read.status.code == (Status.STATUS_CODE_ERROR if is_error else Status.STATUS_CODE_UNSET)


@given(st.dictionaries(TEXTS, VALUES | st.none(), max_size=20))
def test_attributes_keep_their_types(values: dict[str, Any]) -> None:
    (read,) = exported(layout_of(attributes(values)).filled((), 0))
    known = {name: value for name, value in values.items() if value is not None}
    assert typed(dict(values_of(read.attributes))) == typed(known)


@given(TEXTS, TEXTS, INTEGERS, DOUBLES, st.integers(0, 2**62))
def test_attributes_that_differ_from_span_to_span(name: str, said: str, number: int, ms: float, nano: int) -> None:
    parts = (text("t", len(said.encode())), integer(name), thousandth("s"), billionth("usd"))
    (read,) = exported(layout_of(*parts).filled((said, number, ms, nano), 0))
    assert values_of(read.attributes) == [("t", said), (name, number), ("s", ms / 1000), ("usd", nano / 10**9)]


@pytest.mark.parametrize(("number", "told"), [(None, []), (0, []), (7, [("n", 7)])])
def test_a_number_that_is_not_there_is_no_attribute(number: int | None, told: list[tuple[str, int]]) -> None:
    (read,) = exported(layout_of(integer("n", may_be_zero=False)).filled((number,), 0))
    assert values_of(read.attributes) == told


@given(st.lists(st.tuples(TEXTS, TIMES_MS), max_size=20))
def test_events_are_read_as_they_were_meant(happened: list[tuple[str, float]]) -> None:
    (read,) = exported(layout_of(EVENTS).filled((happened,), BEGAN_NS))
    assert [(each.name, each.time_unix_nano) for each in read.events] == [(name, at_ns(ms)) for name, ms in happened]


@given(st.dictionaries(TEXTS, VALUES), TEXTS, TEXTS, st.integers(0, 5))
def test_an_export_says_who_has_made_it(resource: dict[str, Any], name: str, version: str, count: int) -> None:
    (about,) = ExportTraceServiceRequest.FromString(
        export_request(resource, (name, version), [layout_of().filled((), 0)] * count)
    ).resource_spans
    (made,) = about.scope_spans
    assert typed(dict(values_of(about.resource.attributes))) == typed(resource)
    assert (made.scope.name, made.scope.version, len(made.spans)) == (name, version, count)


@pytest.mark.parametrize("size", [100, 2000, 3000, 300_000])
def test_spans_of_any_size(size: int) -> None:
    long, short = exported(
        *(layout_of(head(name, "server", is_error=False)).filled((), 0) for name in ("x" * size, "y"))
    )
    assert (long.name, short.name) == ("x" * size, "y")


def test_half_a_surrogate_pair_is_replaced() -> None:
    (read,) = exported(layout_of(head("a\ud800", "server", is_error=False), attributes({"b": "\ud800"})).filled((), 0))
    assert (read.name, values_of(read.attributes)) == ("a?", [("b", "?")])
