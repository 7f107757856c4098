"""Lines of JSON, cut out of a byte stream that comes in any pieces."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.errors import UpstreamError
from sealink.wire.framing.ndjson import NdjsonFramer
from wire.upstream_line import cut_up

LINES = b'{"a":1}\n\n{"b":"\xe2\x98\x83"}\r\n  \n{"c":3}\n{"d":'


def read(chunks: list[bytes], max_frame_bytes: int = 1000) -> list[bytes]:
    framer = NdjsonFramer(max_frame_bytes)
    frames = [frame for chunk in chunks for frame in framer.feed(chunk)] + framer.close()
    return [frame.data for frame in frames]


def test_lines_blank_ones_apart() -> None:
    assert read([LINES]) == [b'{"a":1}', b'{"b":"\xe2\x98\x83"}', b'{"c":3}', b'{"d":']


def test_a_frame_keeps_its_line_as_it_stood() -> None:
    (frame,) = NdjsonFramer().feed(b'{"a":1} \r\n')
    assert (frame.raw, frame.data) == (b'{"a":1} \r\n', b'{"a":1}')


@given(st.lists(st.integers(0, 100), max_size=8))
def test_any_split_reads_the_same(cuts: list[int]) -> None:
    assert read(cut_up(LINES, cuts)) == read([LINES])


def test_nothing_is_left_after_the_end() -> None:
    framer = NdjsonFramer()
    assert framer.feed(b'{"a"') == []
    assert [frame.data for frame in framer.close()] == [b'{"a"']
    assert framer.close() == []


def test_an_unfinished_line_is_bounded() -> None:
    assert read([b"x" * 10], 10) == [b"x" * 10]
    with pytest.raises(UpstreamError) as caught:
        read([b"x" * 6, b"x" * 5], 10)
    assert caught.value.code == "upstream_frame_too_large"
