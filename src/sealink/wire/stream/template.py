"""A template recognises frames that differ from an earlier one only in their text, without parsing them.

In nine frames of ten only the delta's text is new. Such a frame is recognised by comparing the bytes before and after
the text, and is answered with the client's frame for the earlier one, with the new text put in. Some dialects vary
something else, too, in a way that can be foreseen: they number their frames, pad them, or count the tokens so far.
"""

import re
from typing import Final, Literal

import msgspec

from sealink.wire.raw_json.fields import UNREADABLE, encode

_QUOTE: Final = b'"'
_STRING: Final = msgspec.json.Decoder(str)
_STRING_END: Final = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
_BACKSLASH: Final = ord("\\")
_DIGITS: Final = re.compile(rb"[0-9]*")
_PADDING: Final = re.compile(rb'[^"]*')
_OBJECT: Final = re.compile(rb"\{(?:[^{}]|\{[^{}]*\})*\}")
"""An object of JSON with objects in it, but none in these."""
_AS_ZEROS: Final = bytes.maketrans(b"123456789", b"000000000")


class Varying(msgspec.Struct, frozen=True):
    """What varies from frame to frame besides the text; each is the beginning of a field (`"name":`), or b"".

    `padding`: its value is random padding (`"name":"`). `counts`: the numbers in its object change. `number`: it is one
    more in each of the upstream's frames; `answer_number`: in each of the client's.
    """

    padding: bytes = b""
    counts: bytes = b""
    number: bytes = b""
    answer_number: bytes = b""


UNVARYING: Final = Varying()

_Part = Literal["before", "after", "tail", "opening", "closing"]


class _Number(msgspec.Struct, gc=False):
    """A number in one part of a template, between these bytes; `next` is the next frame's."""

    part: _Part
    left: bytes
    right: bytes
    next: int


class Template(msgspec.Struct):
    """The next frame of the upstream without its text (`before`, `after`), and the client's frame for it (`opening`,
    `closing`). `is_unchanged`: the client gets the upstream's own bytes.

    Where something varies in length behind the text, `after` ends before it and `tail` begins behind it: padding, which
    has no quotes and may be empty, or counts, of which `counts` are the last frame's. If the client's frame is padded,
    too, `closing` ends like `after`. Where nothing does, the spaces in `after` may differ: Anthropic pads with them.
    `text` is that of the last frame.
    """

    before: bytes
    after: bytes
    opening: bytes
    closing: bytes
    is_unchanged: bool
    tail: bytes = b""
    counts: bytes = b""
    pads_answer: bool = False
    numbers: list[_Number] = []
    text: str = ""

    @property
    def rest(self) -> bytes:
        """What follows the text in the upstream's next frame, if what may vary does not, or is left out."""
        return self.after + self.counts + self.tail

    @property
    def answer_rest(self) -> bytes:
        """What follows the text in the client's frame for it."""
        return self.closing + self.tail if self.pads_answer else self.closing

    def fill(self, data: bytes) -> bytes:
        """The client's frame if `data` is one whole frame that matches, and its text in `text`; else b""."""
        if not data.startswith(self.before):
            return b""
        begin = len(self.before)
        end = _end_of_string(data, begin)
        raw, rest = data[begin:end], data[end:]
        if not raw or (rest != self.after and not self._varies(rest)):
            return b""
        try:
            text = _STRING.decode(_QUOTE + raw + _QUOTE)
        except UNREADABLE:
            return b""
        self.text = text
        if self.is_unchanged:
            return data
        return self.opening + encode(text)[1:-1] + self.closing + (rest[len(self.after) :] if self.pads_answer else b"")

    def advance(self) -> None:
        """Expect the frame behind the next: with the next numbers."""
        for number in self.numbers:
            number.next += 1
            setattr(self, number.part, b"%b%d%b" % (number.left, number.next, number.right))

    def _varies(self, rest: bytes) -> bool:
        """Whether what follows the text is as it should be, but for what may vary."""
        after, tail = self.after, self.tail
        if not tail:
            return rest.replace(b" ", b"") == after.replace(b" ", b"")
        if len(rest) < len(after) + len(tail) or not (rest.startswith(after) and rest.endswith(tail)):
            return False
        varied = rest[len(after) : -len(tail)]
        if not self.counts:
            return _QUOTE not in varied
        if varied.translate(_AS_ZEROS) != self.counts.translate(_AS_ZEROS):
            return False
        self.counts = varied
        return True


def template_of(frame: bytes, answer: bytes, text: str, varying: Varying = UNVARYING) -> Template | None:
    """The template of the frame behind this one, if `text` is in the frame and in the client's frame for it exactly
    once, escaped alike."""
    is_unchanged = frame == answer
    halves = _around_text(frame, text)
    answers = halves if is_unchanged else _around_text(answer, text)
    if halves is None or answers is None:
        return None
    template = Template(*halves, *answers, is_unchanged=is_unchanged)
    if not _set_apart(template, varying):
        return None
    numbers = _numbers(template, ("before", "after", "tail"), varying.number)
    answered = [] if template.is_unchanged else _numbers(template, ("opening", "closing"), varying.answer_number)
    if numbers is None or answered is None:
        return None
    template.numbers = [*numbers, *answered]
    template.advance()
    return template


def _around_text(frame: bytes, text: str) -> tuple[bytes, bytes] | None:
    """The frame before and behind the text, quotes included."""
    quoted = encode(text)
    before, found, after = frame.partition(quoted)
    return (before + _QUOTE, _QUOTE + after) if found and quoted not in after else None


def _set_apart(template: Template, varying: Varying) -> bool:
    """Divide what follows the text around what may vary in it. False: the client's frame varies in another way."""
    if varying.padding and varying.padding in template.after:
        template.after, _, template.tail = _around(varying.padding, _PADDING, template.after)
        if not template.is_unchanged and varying.padding in template.closing:
            template.pads_answer = True
            template.closing, _, tail = _around(varying.padding, _PADDING, template.closing)
            return tail == template.tail
    elif varying.counts and varying.counts in template.after:
        template.after, template.counts, template.tail = _around(varying.counts, _OBJECT, template.after)
    return True


def _around(field: bytes, value: re.Pattern[bytes], data: bytes) -> tuple[bytes, bytes, bytes]:
    """The bytes up to a field's value, the value, and the bytes behind it."""
    begin = data.find(field) + len(field)
    found = value.match(data, begin)
    end = begin if found is None else found.end()
    return data[:begin], data[begin:end], data[end:]


def _numbers(template: Template, parts: tuple[_Part, ...], field: bytes) -> list[_Number] | None:
    """The number of the frame, if it has one; None if it cannot be told."""
    if not field:
        return []
    found: list[_Number] = []
    for part in parts:
        data: bytes = getattr(template, part)
        if field in data:
            left, digits, right = _around(field, _DIGITS, data)
            found.append(_Number(part, left, right, int(digits or b"-1")))
    is_one = len(found) == 1 and found[0].next >= 0
    return found if is_one or not found else None


def _end_of_string(data: bytes, begin: int) -> int:
    """Where the quote is that ends a string of JSON, of which `begin` is the first byte; -1 if it has none."""
    end = data.find(_QUOTE, begin)
    if end > begin and data[end - 1] == _BACKSLASH:
        found = _STRING_END.match(data, begin)
        end = -1 if found is None else found.end() - 1
    return end
