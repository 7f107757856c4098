"""What a stream has said so far, counted in tokens: what a client owes that left before the provider's count came."""

from collections.abc import Callable
from typing import Final

MAX_PIECES: Final = 256
"""So many deltas of a choice are kept before they are joined: a short string takes several times its characters."""
MAX_CHARS: Final = 8 * 1024
"""So many characters of a choice are kept, once they are joined, before they are counted and forgotten."""


class StreamedText:
    """Text in pieces as it came. `say` takes one more; it is on the path of every delta, and only appends.

    Several choices (`n` > 1) come in turns. Each is a text of its own, or their words would cut each other to pieces;
    `choice` is the one whose turn it is.
    """

    def __init__(self) -> None:
        self.choice = 0
        self._pieces: list[str] = []
        self._texts = {0: self._pieces}
        self._counted = 0
        self.say: Callable[[str], None] = self._pieces.append

    def turn_to(self, choice: int) -> None:
        """The next words are this choice's."""
        self.choice = choice
        self._pieces = self._texts.setdefault(choice, [])
        self.say = self._pieces.append

    @property
    def pieces(self) -> int:
        """How many pieces of the choice are kept."""
        return len(self._pieces)

    def since(self, piece: int) -> str:
        """What the choice has said from that piece on."""
        return "".join(self._pieces[piece:])

    def settle(self, count: Callable[[str], int]) -> None:
        """Keep memory bounded: join what has piled up, and count it, if it is much."""
        if len(self._pieces) > MAX_PIECES:
            words = "".join(self._pieces)
            self._pieces[:] = [words]
            if len(words) > MAX_CHARS:
                self._count(count)

    def tokens(self, count: Callable[[str], int]) -> int:
        """All that was said, in tokens."""
        self._count(count)
        return self._counted

    def _count(self, count: Callable[[str], int]) -> None:
        for pieces in self._texts.values():
            self._counted += count("".join(pieces))
            pieces.clear()
