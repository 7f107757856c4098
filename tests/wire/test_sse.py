"""Framing: every line end, every split, nothing else is a line end, and one unfinished frame at most."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.errors import UpstreamError
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import DONE, SseFramer, data_frame, event_frame, parse_frame

STREAM = (
    "\ufeffdata: a\n\n: note\ndata:b\r\nevent: x\r\n\r\n\ndata: 1\rdata: 2\r\rdata: \u2028é\n\nid: 7\nretry: 5\n\n"
    + "data: end"
)

WORDS = [b"data: x", b"\n", b"\r", b"\r\n", b":", b"\xef\xbb\xbf", b"event: e", b"a"]


def frames_of(pieces: list[bytes]) -> list[tuple[bytes, bytes]]:
    framer = SseFramer()
    frames = [frame for piece in pieces for frame in framer.feed(piece)]
    return [(frame.event, frame.data) for frame in [*frames, *framer.close()]]


EXPECTED = [
    (b"", b"a"),
    (b"x", b"b"),
    (b"", b"1\n2"),
    (b"", "\u2028é".encode()),
    (b"", b""),
    (b"", b"end"),
]


def test_whole() -> None:
    assert frames_of([STREAM.encode()]) == EXPECTED


def test_every_two_way_split() -> None:
    data = STREAM.encode()
    for cut in range(len(data) + 1):
        assert frames_of([data[:cut], data[cut:]]) == EXPECTED, cut


def test_byte_by_byte() -> None:
    assert frames_of([bytes([byte]) for byte in STREAM.encode()]) == EXPECTED


@given(st.lists(st.sampled_from(WORDS)), st.data())
def test_any_text_in_any_pieces(words: list[bytes], data: st.DataObject) -> None:
    """Invariant: the frames do not depend on how the bytes were cut."""
    text = b"".join(words)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[begin:end] for begin, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert frames_of(pieces) == frames_of([text])


@given(st.lists(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n")), min_size=1))
def test_what_is_written_is_read(texts: list[str]) -> None:
    wire = b"".join(data_frame(text.encode()) for text in texts)
    assert [data.decode() for _, data in frames_of([wire])] == texts


def test_events_have_names() -> None:
    assert parse_frame(event_frame(b"ping", b"{}")) == Frame(b"event: ping\ndata: {}\n\n", b"{}", b"ping")


@pytest.mark.parametrize(
    ("raw", "plain"),
    [
        (DONE, True),
        (b"data:x\n\n", False),
        (b"data: x\r\n\r\n", False),
        (b"id: 1\ndata: x\n\n", False),
        (b"\ndata: x\n\n", False),
        (b": note\n\n", False),
    ],
)
def test_plain_frames(raw: bytes, plain: bool) -> None:
    assert parse_frame(raw).is_plain is plain


def test_a_frame_has_a_limit_and_the_frames_before_it_come_out() -> None:
    framer = SseFramer(max_frame_bytes=100)
    assert [frame.data for frame in framer.feed(data_frame(b"ok") + b"data: " + b"x" * 200)] == [b"ok"]
    with pytest.raises(UpstreamError) as refused:
        framer.feed(b"x")
    assert refused.value.code == "upstream_frame_too_large"


def test_a_large_frame_in_small_pieces_costs_no_square() -> None:
    framer = SseFramer()
    framer_feeds = 16_000
    for _ in range(framer_feeds):
        assert list(framer.feed(b"x" * 512)) == []
    (frame,) = framer.feed(b"\n\n")
    assert len(frame.raw) == framer_feeds * 512 + 2


@pytest.mark.parametrize(
    ("raw", "event", "data"),
    [
        (b"event: e\ndata: d\n\n", b"e", b"d"),
        (b"event:  e\ndata:  d\n\n", b" e", b" d"),
        (b"event: \ndata: \n\n", b"", b""),
        (b"event: e\ndata:d\n\n", b"e", b"d"),
        (b"event: e\n: data: d\n\n", b"e", b""),
        (b"event: e\nid: 1\n\n", b"e", b""),
        (b"event: e\r\ndata: d\n\n", b"e", b"d"),
        (b"event: e\n\ndata: d\n\n", b"e", b"d"),
    ],
)
def test_named_frames(raw: bytes, event: bytes, data: bytes) -> None:
    assert parse_frame(raw) == Frame(raw, data, event)


def test_what_stands_before_the_first_event_is_not_of_it() -> None:
    """Recording simonw/llm test_tools_streaming_variant_c: one space before all."""
    assert SseFramer().feed(b" data: d\n\n") == [Frame(b"data: d\n\n", b"d")]


@given(
    st.lists(
        st.sampled_from([b"event: e", b"event:e", b"event: ", b"data: a", b"data:a", b"data: ", b": a"]), max_size=4
    )
)
def test_line_ends_make_no_difference(lines: list[bytes]) -> None:
    """Invariant: a frame says the same whichever way its lines end, so the short way reads what the long way does."""
    raw = b"\n".join([*lines, b"", b""])
    long_way = parse_frame(raw.replace(b"\n", b"\r\n"))
    assert (parse_frame(raw).event, parse_frame(raw).data) == (long_way.event, long_way.data)
