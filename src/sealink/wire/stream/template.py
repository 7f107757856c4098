"""A template recognises frames that differ from an earlier one only in their text, without parsing them.

In nine frames of ten only the delta's text is new. Such a frame is recognised by comparing the bytes before and after
the text, and is answered with the client's frame for the earlier one, with the new text put in.
"""

from typing import Final

import msgspec

from sealink.wire.raw_json.fields import encode

_QUOTE: Final = b'"'

MAX_USES: Final = 256
"""Frames in a row that a template answers. The next one is parsed, so that the text is compacted now and then."""


class Template(msgspec.Struct, gc=False):
    """The upstream's frame without its text (`before`, `after`), and the client's frame for it (`opening`, `closing`).

    `tail` is what follows the padding in a frame that has some: `after` then ends where a padding of any length begins.
    `quotes` is then the number of quotes behind the text. Without padding, the spaces in `after` may differ: Anthropic
    pads with them. `is_unchanged`: the client gets the upstream's own bytes. `text` is that of the last frame.
    """

    before: bytes
    after: bytes
    tail: bytes
    opening: bytes
    closing: bytes
    quotes: int
    is_unchanged: bool
    text: str = ""
    uses: int = 0

    def fill(self, data: bytes) -> bytes:
        """The client's frame if `data` is one whole frame that matches, and its text in `text`; else b""."""
        if not data.startswith(self.before) or self.uses == MAX_USES:
            return b""
        begin = len(self.before)
        end = data.find(_QUOTE, begin)
        rest = data[end:]
        if rest != self.after and not self._is_padded(rest):
            return b""
        raw = data[begin:end]
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            return b""
        if "\\" in text or not text.isprintable() or not text:
            return b""  # an escape, or a character that may need one: to be parsed
        self.text = text
        self.uses += 1
        if self.is_unchanged:
            return data
        return self.opening + raw + self.closing + (rest[len(self.after) :] if self.tail else b"")

    def _is_padded(self, rest: bytes) -> bool:
        if not self.tail:
            return rest.replace(b" ", b"") == self.after.replace(b" ", b"")
        return rest.startswith(self.after) and rest.endswith(self.tail) and rest.count(_QUOTE) == self.quotes


def template_of(frame: bytes, answer: bytes, text: str, padding_field: bytes = b"") -> Template | None:
    """The template of a frame and of the client's frame for it, if `text` is in each exactly once, escaped alike.

    `padding_field` is the beginning (`"name":"`) of a field whose value is random padding.
    """
    quoted = encode(text)
    before, found, after = frame.partition(quoted)
    if not found or quoted in after:
        return None
    opening, closing, tail, is_unchanged = before, after, b"", frame == answer
    if not is_unchanged:
        opening, found, closing = answer.partition(quoted)
        if not found or quoted in closing:
            return None
    if padding_field and padding_field in after:
        after, tail = _around_padding(after, padding_field)
        closing, closing_tail = _around_padding(closing, padding_field)
        if tail != closing_tail:
            return None
    quotes = 1 + after.count(_QUOTE) + tail.count(_QUOTE) if tail else 0
    return Template(
        before=before + _QUOTE,
        after=_QUOTE + after,
        tail=tail,
        opening=opening + _QUOTE,
        closing=_QUOTE + closing,
        quotes=quotes,
        is_unchanged=is_unchanged,
    )


def _around_padding(rest: bytes, padding_field: bytes) -> tuple[bytes, bytes]:
    """The bytes before the padding, its field's name included, and those after it."""
    head, _, padded = rest.partition(padding_field)
    return head + padding_field, padded[padded.find(_QUOTE) :]
