"""A streamed answer's text, counted without keeping all of it."""

from sealink.catalog.tokens import count_tokens
from sealink.wire.stream.outcome import Outcome
from sealink.wire.stream.streamed_text import MAX_CHARS, MAX_PIECES, StreamedText

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
