"""What was relayed, counted without keeping it."""

from sealink.catalog.tokens import count_tokens
from sealink.wire.stream.outcome import Outcome
from sealink.wire.stream.streamed_text import MAX_CHARS, MAX_PIECES, StreamedText

PIECES = ["The", " harb", "our", " is", " qu", "iet", ","]
TEXT = "".join(PIECES)
WORD = "w" * (MAX_CHARS // MAX_PIECES)
PIECES_COUNTED = MAX_PIECES + 1


def test_words_are_counted_across_the_borders_of_pieces() -> None:
    outcome = Outcome()
    for piece in PIECES:
        outcome.say(piece)
    assert outcome.content_started
    assert outcome.text.tokens(count_tokens) == count_tokens(TEXT)


def test_choices_that_come_in_turns_are_texts_of_their_own() -> None:
    outcome = Outcome()
    for piece in PIECES:
        for choice in range(3):
            outcome.say(piece, choice)
    assert outcome.text.tokens(count_tokens) == 3 * count_tokens(TEXT)


def test_no_more_than_so_many_pieces_are_kept() -> None:
    text = StreamedText()
    for _ in range(3):
        for _ in range(MAX_PIECES + 1):
            text.say("a")
        text.settle(count_tokens)
        assert text.pieces == 1
    assert text.since(0) == "a" * 3 * (MAX_PIECES + 1)


def test_no_more_than_so_many_characters_are_kept() -> None:
    text, counted = StreamedText(), list[str]()

    def count(words: str) -> int:
        counted.append(words)
        return len(words)

    for choice in range(2):
        text.turn_to(choice)
        for _ in range(PIECES_COUNTED):
            text.settle(count)
            assert "".join(counted) == WORD * PIECES_COUNTED * choice
            text.say(WORD)
        text.settle(count)
    assert "".join(counted) == WORD * PIECES_COUNTED * 2
    assert text.tokens(count) == len("".join(counted))
