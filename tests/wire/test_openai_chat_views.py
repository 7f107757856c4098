"""A chunk that is read from its fields is the one that is read from its bytes, and is wrong in the same words."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.wire.dialects.openai_chat.views import CHUNK, Chunk, chunk_of
from sealink.wire.raw_json.fields import parse_object

VALUES: st.SearchStrategy[Any] = st.none() | st.integers() | st.text() | st.lists(st.integers(), max_size=2)
DELTAS = st.dictionaries(st.sampled_from(["content", "refusal", "tool_calls", "annotations", "x"]), VALUES)
CHOICES = st.fixed_dictionaries({"index": st.integers(0, 9) | VALUES, "delta": DELTAS | VALUES})
CHUNKS = st.dictionaries(
    st.sampled_from(["id", "model", "created", "usage", "citations", "choices", "x"]),
    VALUES | st.lists(CHOICES, max_size=2),
)


def result_of(read: Any, given: Any) -> Chunk | str:
    try:
        chunk: Chunk = read(given)
    except msgspec.ValidationError as error:
        return str(error)
    return chunk


@given(CHUNKS)
def test_fields_are_read_as_bytes_are(chunk: dict[str, Any]) -> None:
    data = msgspec.json.encode(chunk)
    assert result_of(chunk_of, parse_object(data)) == result_of(CHUNK.decode, data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'{"choices":[],"id":1}', "Expected `str`, got `int` - at `$.id`"),
        (b'{"choices":[{"index":0,"delta":{"content":1}}]}', "got `int` - at `$.choices[0].delta.content`"),
        (b"{}", "Object missing required field `choices`"),
    ],
)
def test_what_is_wrong_is_named_by_its_path(data: bytes, message: str) -> None:
    assert str(result_of(chunk_of, parse_object(data))).endswith(message)
