"""The shape that the frames of one stream repeat: all of a frame but its words.

Nine frames in ten differ from the one before in their words alone. Such a frame is known by comparing its two
ends, and gets the answer that the one before got, with its own words: nothing of it needs to be parsed.
"""

from typing import Final

import msgspec

_QUOTE: Final = b'"'

MAX_USES: Final = 256
"""So many frames in a row are known by their shape; then one is read, and what has piled up is counted."""


class Template(msgspec.Struct, gc=False):
    """A frame around its words (`before`, `after`) and the client's frame for it (`opening`, `closing`).

    `tail` ends a frame whose `after` is followed by padding, a string of any length; `quotes` is how many quotes there
    are from the end of the words on. Without padding, spaces in `after` may come and go, as Anthropic has them do.
    `is_relay`: the client's frame is the upstream's own.
    """

    before: bytes
    after: bytes
    tail: bytes
    opening: bytes
    closing: bytes
    quotes: int
    is_relay: bool
    words: str = ""
    uses: int = 0

    def fill(self, data: bytes) -> bytes:
        """The client's frame for a whole frame of this shape, its words in `words`; b"" for any other bytes."""
        if not data.startswith(self.before) or self.uses == MAX_USES:
            return b""
        begin = len(self.before)
        end = data.find(_QUOTE, begin)
        rest = data[end:]
        if rest != self.after and not self._is_padded(rest):
            return b""
        raw = data[begin:end]
        try:
            words = raw.decode()
        except UnicodeDecodeError:
            return b""
        if "\\" in words or not words.isprintable() or not words:
            return b""  # an escape, or a character that needs a second look
        self.words = words
        self.uses += 1
        if self.is_relay:
            return data
        return self.opening + raw + self.closing + (rest[len(self.after) :] if self.tail else b"")

    def _is_padded(self, rest: bytes) -> bool:
        if not self.tail:
            return rest.replace(b" ", b"") == self.after.replace(b" ", b"")
        return rest.startswith(self.after) and rest.endswith(self.tail) and rest.count(_QUOTE) == self.quotes


def template_of(frame: bytes, answer: bytes, words: str, padding: bytes = b"") -> Template | None:
    """The shape of a frame and of the client's frame for it, if `words` stand once in each, and unescaped.

    `padding` opens the field, `"name":"`, whose value is noise.
    """
    quoted = _QUOTE + words.encode() + _QUOTE
    if "\\" in words or not words.isprintable() or frame.count(quoted) != 1 or answer.count(quoted) != 1:
        return None
    before, after = frame.split(quoted)
    opening, closing = answer.split(quoted)
    tail = b""
    if padding and padding in after:
        after, tail = _before_padding(after, padding)
        closing, closing_tail = _before_padding(closing, padding)
        if tail != closing_tail:
            return None
    quotes = 1 + after.count(_QUOTE) + tail.count(_QUOTE)
    return Template(
        before=before + _QUOTE,
        after=_QUOTE + after,
        tail=tail,
        opening=opening + _QUOTE,
        closing=_QUOTE + closing,
        quotes=quotes,
        is_relay=frame == answer,
    )


def _before_padding(rest: bytes, padding: bytes) -> tuple[bytes, bytes]:
    """What stands before the padding, its field's name included, and after it."""
    head, _, padded = rest.partition(padding)
    return head + padding, padded[padded.find(_QUOTE) :]
