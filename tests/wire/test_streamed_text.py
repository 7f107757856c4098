"""A streamed answer's text, counted without keeping all of it."""

import pytest

from sealink.catalog.tokens import count_tokens
from sealink.wire.stream.outcome import Outcome
from sealink.wire.stream.streamed_text import CHARS_PER_TOKEN, MAX_CHARS, MAX_PIECES, SAMPLE, StreamedText

PIECES = ["The", " harb", "our", " is", " qu", "iet", ","]
TEXT = "".join(PIECES)
WORD = "w" * (MAX_CHARS // MAX_PIECES)
PIECES_COUNTED = MAX_PIECES + 1


def test_tokens_may_span_pieces() -> None:
    outcome = Outcome()
    for piece in PIECES:
        outcome.add_text(piece)
    assert outcome.content_started
    assert outcome.text.tokens(count_tokens) == count_tokens(TEXT)


def test_interleaved_choices_are_counted_as_texts_of_their_own() -> None:
    outcome = Outcome()
    for piece in PIECES:
        for choice in range(3):
            outcome.add_text(piece, choice)
    assert outcome.text.tokens(count_tokens) == 3 * count_tokens(TEXT)


def test_at_most_max_pieces_are_kept() -> None:
    text = StreamedText()
    for _ in range(3):
        for _ in range(MAX_PIECES + 1):
            text.append("a")
        text.compact(count_tokens)
        assert len(text.pieces) == 1
    assert text.since(0) == "a" * 3 * (MAX_PIECES + 1)


def test_at_most_max_chars_are_kept() -> None:
    kept, counted = StreamedText(), list[str]()

    def count(text: str) -> int:
        counted.append(text)
        return len(text)

    for choice in range(2):
        kept.select(choice)
        for _ in range(PIECES_COUNTED):
            kept.compact(count)
            assert "".join(counted) == WORD * PIECES_COUNTED * choice
            kept.append(WORD)
        kept.compact(count)
    assert "".join(counted) == WORD * PIECES_COUNTED * 2
    assert kept.tokens(count) == len("".join(counted))


def test_what_is_kept_is_kept_though_it_is_counted() -> None:
    text = StreamedText()
    text.keep(3 * MAX_CHARS)
    for letter in "abcd":
        for _ in range(MAX_PIECES + 1):
            text.append(letter * (MAX_CHARS // MAX_PIECES))
        text.compact(count_tokens)
        assert len(text.pieces) == 0
    text.select(1)
    text.append("short")
    text.tokens(count_tokens)
    first, second = text.kept.split("\n\n")
    assert (len(first), first[0], first[-1], second) == (3 * MAX_CHARS, "a", "c", "short")


@pytest.mark.parametrize("looks_every", [1, 50, 400])
def test_roughly_so_many_tokens_never_fewer_whenever_it_is_looked(looks_every: int) -> None:
    """Whatever was joined, counted and dropped in between; pieces have three lengths, in turn."""
    text, seen, chars = StreamedText(), 0, 0
    for number in range(6000):
        piece = PIECES[number % 3]
        chars += len(piece)
        text.append(piece)
        text.compact(lambda joined: len(joined) // CHARS_PER_TOKEN)
        if number % looks_every == 0:
            assert text.roughly_tokens >= seen
            seen = text.roughly_tokens
            assert seen == pytest.approx(chars / CHARS_PER_TOKEN, rel=0.1, abs=3)


def test_roughly_so_many_tokens_of_several_choices() -> None:
    text = StreamedText()
    for _ in range(2 * SAMPLE):
        text.append("word")
    assert text.roughly_tokens == 2 * SAMPLE
    text.select(1)
    for _ in range(2 * SAMPLE):
        text.append("word")
    assert text.roughly_tokens == 4 * SAMPLE
