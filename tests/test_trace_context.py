"""W3C trace context: what a client may send, and what goes on to the upstream."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.trace_context import MAX_STATE_CHARS, context_of, new_span_id

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
REQUEST_ID = "req_0123456789abcdef123456789abcdef0"
GIVEN = f"00-{TRACE}-{PARENT}-01"


def test_a_clients_trace_goes_on() -> None:
    context = context_of(
        0.0, REQUEST_ID, {"traceparent": GIVEN, "tracestate": "congo=t61rcWkgMzE, rojo=00f067aa0ba902b7"}
    )
    assert (context.trace_id, context.parent_id, context.sampled) == (TRACE, PARENT, True)
    assert context.span_id == REQUEST_ID[20:]
    assert context.header_lines("b7ad6b7169203331").decode() == (
        f"traceparent: 00-{TRACE}-b7ad6b7169203331-01\r\ntracestate: congo=t61rcWkgMzE, rojo=00f067aa0ba902b7\r\n"
    )


@pytest.mark.parametrize(("flags", "sampled"), [("00", False), ("01", True), ("02", False), ("03", True)])
def test_the_client_says_whether_its_trace_is_sampled(flags: str, sampled: bool) -> None:
    context = context_of(1.0, REQUEST_ID, {"traceparent": f"00-{TRACE}-{PARENT}-{flags}"})
    assert context.sampled is sampled
    assert context.header_lines(PARENT).decode() == f"traceparent: 00-{TRACE}-{PARENT}-{'01' if sampled else '00'}\r\n"


@pytest.mark.parametrize("given", [f"cc-{TRACE}-{PARENT}-01", f"cc-{TRACE}-{PARENT}-01-what-is-to-come"])
def test_versions_to_come_are_read_as_far_as_they_are_known(given: str) -> None:
    assert context_of(0.0, REQUEST_ID, {"traceparent": given}).trace_id == TRACE


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "none",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-01-more",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-1",
        f"{GIVEN}, {GIVEN}",
        f"{GIVEN}\n",
    ],
)
def test_what_is_no_trace_begins_one(wrong: str) -> None:
    context = context_of(1.0, REQUEST_ID, {"traceparent": wrong, "tracestate": "a=b"})
    assert context.parent_id is None
    assert context.state == ""
    assert (context.trace_id, context.span_id) == (REQUEST_ID[4:], REQUEST_ID[20:])


@pytest.mark.parametrize("state", ["a" * (MAX_STATE_CHARS + 1), "a=\x7f", "a=ä"])
def test_a_state_that_could_harm_is_left_out(state: str) -> None:
    context = context_of(1.0, REQUEST_ID, {"traceparent": GIVEN, "tracestate": state})
    assert context.header_lines(PARENT).decode() == f"traceparent: 00-{TRACE}-{PARENT}-01\r\n"


@given(st.floats(0, 1), st.integers(0, 2**128 - 1).map(lambda number: f"req_{number:032x}"))
def test_a_share_of_new_traces_is_sampled(ratio: float, request_id: str) -> None:
    """Who sees the same id, and samples the same share, comes to the same."""
    context = context_of(ratio, request_id, {})
    assert context.sampled is (int(context.trace_id[16:], 16) < ratio * 2**64)
    assert context_of(0.0, REQUEST_ID, {}).sampled is False
    assert context_of(1.0, REQUEST_ID, {}).sampled is True


@given(st.text())
def test_whatever_a_client_sends(text: str) -> None:
    context = context_of(1.0, REQUEST_ID, {"traceparent": text, "tracestate": text})
    *lines, end = context.header_lines(context.span_id).split(b"\r\n")
    assert end == b""
    assert [line.partition(b": ")[0] for line in lines] == [b"traceparent", b"tracestate"][: 1 + bool(context.state)]
    assert all(line.decode("ascii").isprintable() for line in lines)


def test_ids_of_spans_have_sixteen_digits_and_are_never_zero() -> None:
    ids = {new_span_id() for _ in range(100)}
    assert len(ids) == 100
    assert all(len(each) == 16 and int(each, 16) for each in ids)


def test_a_clients_state_cannot_smuggle_a_header() -> None:
    context = context_of(1.0, REQUEST_ID, {"traceparent": GIVEN, "tracestate": "a\r\nx-evil: 1"})
    assert context.header_lines(PARENT).count(b"\r\n") == 1
