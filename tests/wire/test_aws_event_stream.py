"""AWS's binary event stream: checksums, bounds, any split. Messages are made here by its document."""

import contextlib
import struct
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.errors import UpstreamError
from sealink.wire.framing.aws_event_stream import AwsEventStreamFramer, Message
from wire.aws_messages import event, exception, message, message_of, text_header
from wire.upstream_line import cut_up

STREAM = (
    event("messageStart", {"role": "assistant"}) + event("x", {"t": "☃" * 40}) + exception("oops", {"message": "no"})
)


def read(chunks: list[bytes], max_frame_bytes: int = 10_000) -> list[Message]:
    framer = AwsEventStreamFramer(max_frame_bytes)
    return [message for chunk in chunks for message in framer.feed(chunk)] + list(framer.close())


def test_messages_with_what_happened_and_its_payload() -> None:
    first, second, third = read([STREAM])
    assert (first.event, first.data) == (b"messageStart", b'{"role": "assistant"}')
    assert first.headers[":message-type"] == "event"
    assert (second.event, third.event) == (b"x", b"oops")
    assert third.headers[":message-type"] == "exception"
    assert b"".join(each.raw for each in (first, second, third)) == STREAM


def test_the_specifications_own_message() -> None:
    """The test vector `payload_no_headers` of AWS's event-stream specification."""
    raw = bytes.fromhex("0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936")
    (read_message,) = read([raw])
    assert (read_message.data, read_message.headers, read_message.event) == (b"{'foo':'bar'}", {}, b"")


def test_a_message_without_a_payload_says_nothing() -> None:
    (empty,) = read([message({":event-type": "initial-response", ":message-type": "event"}, b"")])
    assert (empty.event, empty.data) == (b"initial-response", b"{}")


def test_headers_of_every_type_are_passed_over() -> None:
    others = [
        b"\x01a\x00",
        b"\x01b\x01",
        b"\x01c\x02\x07",
        b"\x01d\x03\x00\x07",
        b"\x01e\x04" + bytes(4),
        b"\x01f\x05" + bytes(8),
        b"\x01g\x06\x00\x03abc",
        b"\x01h\x08" + bytes(8),
        b"\x01i\x09" + bytes(16),
    ]
    (read_message,) = read([message_of(b"".join([*others, text_header(":event-type", "ping")]), b"{}")])
    assert read_message.headers == {":event-type": "ping"}


@given(st.lists(st.integers(0, 1000), max_size=8))
def test_any_split_reads_the_same(cuts: list[int]) -> None:
    assert read(cut_up(STREAM, cuts)) == read([STREAM])


def test_byte_by_byte() -> None:
    assert read([STREAM[at : at + 1] for at in range(len(STREAM))]) == read([STREAM])


@pytest.mark.parametrize("end", [0, 3, 11, 12, 40, len(STREAM) - 1])
def test_a_cut_message_is_none(end: int) -> None:
    assert read([STREAM[:end]]) == [each for each in read([STREAM]) if STREAM[:end].count(each.raw)]


@pytest.mark.parametrize("at", range(len(event("x", {"a": 1}))))
def test_a_flipped_bit_is_found(at: int) -> None:
    raw = bytearray(event("x", {"a": 1}))
    raw[at] ^= 0x10
    with pytest.raises(UpstreamError) as caught:
        read([bytes(raw)])
    assert caught.value.code == "upstream_malformed"
    assert "checksum" in caught.value.message


def test_messages_before_a_broken_one_are_read() -> None:
    messages = AwsEventStreamFramer().feed(event("first", {}) + event("x", {})[:-1] + b"\x00")
    assert next(messages).event == b"first"
    with pytest.raises(UpstreamError, match="checksum"):
        next(messages)


def with_lengths(size: int, headers_size: int) -> bytes:
    lengths = struct.pack(">II", size, headers_size)
    return lengths + struct.pack(">I", crc32(lengths))


@pytest.mark.parametrize(("size", "headers_size"), [(0, 0), (15, 0), (20, 5), (16, 2**32 - 1)])
def test_lengths_that_cannot_be(size: int, headers_size: int) -> None:
    with pytest.raises(UpstreamError) as caught:
        read([with_lengths(size, headers_size)])
    assert caught.value.code == "upstream_malformed"


def test_a_message_is_bounded_by_what_it_says_of_itself() -> None:
    raw = event("x", {"a": "b" * 100})
    assert read([raw], len(raw))
    with pytest.raises(UpstreamError) as caught:
        read([raw[:12]], len(raw) - 1)
    assert caught.value.code == "upstream_frame_too_large"


@pytest.mark.parametrize(
    "headers",
    [b"\x05ab", b"\x01a", b"\x01a\x07", b"\x01a\x07\x00", b"\x01a\x07\x00\x09abc", b"\x01a\x0a", b"\x01\xff\x00"],
)
def test_headers_that_make_no_sense(headers: bytes) -> None:
    with pytest.raises(UpstreamError) as caught:
        read([message_of(headers, b"{}")])
    assert caught.value.code == "upstream_malformed"


@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    with contextlib.suppress(UpstreamError):
        read([data])
