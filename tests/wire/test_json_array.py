"""A JSON array in any pieces is the same elements, each as it stood."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.errors import UpstreamError
from sealink.wire.framing.json_array import JsonArrayFramer

ARRAY = '[{"a": "}]{[\\"\\\\"},\r\n{"b": [1, {"c": "é\u2028"}], "d": {}}\n,\n{"e": "\\\\"}]\n'
ELEMENTS = [{"a": '}]{["\\'}, {"b": [1, {"c": "é\u2028"}], "d": {}}, {"e": "\\"}]

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def elements_of(pieces: list[bytes]) -> list[bytes]:
    framer = JsonArrayFramer()
    frames = [frame for piece in pieces for frame in framer.feed(piece)] + framer.close()
    return [frame.data for frame in frames]


def test_whole() -> None:
    assert [json.loads(element) for element in elements_of([ARRAY.encode()])] == ELEMENTS


def test_every_two_way_split_and_byte_by_byte() -> None:
    data = ARRAY.encode()
    whole = elements_of([data])
    for cut in range(len(data) + 1):
        assert elements_of([data[:cut], data[cut:]]) == whole, cut
    assert elements_of([bytes([byte]) for byte in data]) == whole


def test_an_element_comes_out_as_soon_as_it_is_whole() -> None:
    framer = JsonArrayFramer()
    assert framer.feed(b'[{"a":1}')[0].data == b'{"a":1}'
    assert framer.feed(b',{"b":') == []
    assert framer.feed(b"2}]")[0].data == b'{"b":2}'
    assert framer.close() == []


def test_an_object_alone_is_an_element() -> None:
    assert elements_of([b' {"error": {"code": 429}}\n']) == [b'{"error": {"code": 429}}']


def test_what_was_not_finished_comes_at_the_end() -> None:
    assert elements_of([b'[{"a":1},\n{"b"']) == [b'{"a":1}', b'{"b"']
    assert elements_of([b"[\n"]) == elements_of([b"[]"]) == elements_of([]) == []


def test_raw_bytes_add_up_to_the_array() -> None:
    framer = JsonArrayFramer()
    frames = framer.feed(ARRAY.encode()) + framer.close()
    assert b"".join(frame.raw for frame in frames) == ARRAY.encode()[: -len("]\n")]


def test_an_element_without_end_is_given_up() -> None:
    framer = JsonArrayFramer(max_element_bytes=10)
    framer.feed(b'[{"a": "' + b"x" * 20)
    with pytest.raises(UpstreamError, match="more than 10 bytes") as caught:
        framer.feed(b"x")
    assert caught.value.code == "upstream_frame_too_large"


@given(st.lists(st.dictionaries(st.text(max_size=4), _VALUES, min_size=1, max_size=3)), st.data())
def test_any_array_in_any_pieces(values: list[object], data: st.DataObject) -> None:
    body = json.dumps(values, indent=data.draw(st.sampled_from([None, 1])), ensure_ascii=data.draw(st.booleans()))
    text = body.encode(errors="surrogatepass")
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[begin:end] for begin, end in pairwise([0, *cuts, len(text)])]
    assert [json.loads(element) for element in elements_of(pieces)] == values


@given(st.lists(st.binary(max_size=12)))
def test_any_bytes_in_any_pieces(pieces: list[bytes]) -> None:
    assert elements_of(pieces) == elements_of([b"".join(pieces)])
