"""The text of a streamed answer so far, for counting its tokens when the provider's own count never comes."""

from collections.abc import Callable
from typing import Final

MAX_PIECES: Final = 256
"""Deltas of a choice that are kept before they are joined into one string, which takes less memory."""
MAX_CHARS: Final = 8 * 1024
"""Characters of a choice that are kept, once joined; beyond it they are counted and dropped."""
SAMPLE: Final = 16
"""The newest pieces, by which the length of all is told."""
CHARS_PER_TOKEN: Final = 4
"""Of English text, by OpenAI's rule of thumb: https://help.openai.com/en/articles/4936856"""
_PRECISION: Final = 1024


class StreamedText:
    """Text in the pieces that it came in. `append` adds one to the selected choice; it is called for every delta, and
    is a list's own method.

    The deltas of several choices (`n` > 1) come interleaved. Each choice is counted as a text of its own, since a token
    may span deltas; `choice` is the one that `append` adds to, and `pieces` are those of its text that are kept.
    """

    def __init__(self) -> None:
        self.choice = 0
        self.pieces: list[str] = []
        self.choices = {0: self.pieces}
        """The texts by choice: those that any has come of, and the first."""
        self._counted = 0
        self._roughly = 0
        self._first: str | None = None  # the first piece, while `_pace` holds: until the pieces are joined
        self._before = self._pace = 0  # tokens without the pieces, and in each of them, times _PRECISION
        self._kept: dict[int, str] = {}
        self._most_kept = 0
        self.append: Callable[[str], None] = self.pieces.append

    def select(self, choice: int) -> None:
        """What is appended from now on belongs to this choice."""
        self.choice = choice
        self.pieces = self.choices.setdefault(choice, [])
        self.append = self.pieces.append

    def keep(self, most: int) -> None:
        """From now on so many characters of a choice are not dropped, though they have been counted."""
        self._most_kept = most

    @property
    def kept(self) -> str:
        """The beginning of the text, choice by choice."""
        texts = (self._kept.get(choice, "") + "".join(pieces) for choice, pieces in self.choices.items())
        return "\n\n".join(text[: self._most_kept] for text in texts)

    def since(self, piece: int) -> str:
        """The selected choice's text from that piece on."""
        return "".join(self.pieces[piece:])

    def compact(self, count: Callable[[str], int]) -> None:
        """Bound the memory: join the pieces if they are many, and count and drop them if they are long."""
        if len(self.pieces) > MAX_PIECES:
            text = "".join(self.pieces)
            self.pieces[:] = [text]
            if len(text) > MAX_CHARS:
                self._count(count)

    @property
    def roughly_tokens(self) -> int:
        """About how many tokens have come, by the length of some of the pieces; never less than before. Whoever asks
        again and again pays little: what comes after is taken to be alike, until the pieces are joined."""
        pieces = self.pieces
        if pieces and pieces[0] is self._first and len(self.choices) == 1:
            self._roughly = roughly = (self._before + len(pieces) * self._pace) // _PRECISION
            return roughly
        chars = sum(map(_about_chars, self.choices.values()))
        roughly = self._counted + -(-chars // CHARS_PER_TOKEN)
        if roughly > self._roughly:
            self._roughly = roughly
        if len(pieces) > SAMPLE + 1:
            first = self._first = pieces[0]
            self._pace = (chars - len(first)) * _PRECISION // CHARS_PER_TOKEN // (len(pieces) - 1)
            self._before = self._roughly * _PRECISION - len(pieces) * self._pace
        return self._roughly

    def tokens(self, count: Callable[[str], int]) -> int:
        """The number of tokens in all of the text."""
        self._count(count)
        return self._counted

    def _count(self, count: Callable[[str], int]) -> None:
        self._first = None
        for choice, pieces in self.choices.items():
            text = "".join(pieces)
            self._counted += count(text)
            if self._most_kept:
                self._kept[choice] = (self._kept.get(choice, "") + text)[: self._most_kept]
            pieces.clear()


def _about_chars(pieces: list[str]) -> int:
    """The first piece can be many that were joined; the others are much alike."""
    others = len(pieces) - 1
    if others <= SAMPLE:
        return len("".join(pieces))
    return len(pieces[0]) + len("".join(pieces[-SAMPLE:])) * others // SAMPLE
