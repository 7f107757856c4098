"""How regular expressions are written, as far as schemas use it.

That is: literals, classes, groups, alternatives, repetition, anchors. Look-around, back-references and word
boundaries are not covered: `parse` raises UnsupportedPattern.
"""

from typing import Final

from sealink.sim.pattern import PRINTABLE, Anchor, Chars, Choice, Node, Repeat, Sequence

MAX_NESTING: Final = 32
"""Groups within groups; a deeper pattern is not covered."""

MAX_LENGTH: Final = 10_000
"""Characters; a pattern whose shortest match is longer is not covered."""

_DIGITS = frozenset("0123456789")
_WORD = frozenset(c for c in PRINTABLE if c.isalnum()) | {"_"}
_SPACE = frozenset(" \t\n\r\f\v")
_CLASSES = {
    "d": (_DIGITS, False), "D": (_DIGITS, True), "w": (_WORD, False),
    "W": (_WORD, True), "s": (_SPACE, False), "S": (_SPACE, True),
}  # fmt: skip
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "f": "\f", "v": "\v", "0": "\0"}


class UnsupportedPattern(Exception):
    """The pattern is not one that this reader covers."""


def parse(pattern: str) -> Node:
    """Raises UnsupportedPattern for what this reader does not cover."""
    reader = _Reader(pattern)
    node = reader.choice()
    if not reader.at_end or _shortest(node) > MAX_LENGTH:
        raise UnsupportedPattern(pattern)
    return node


def _shortest(node: Node) -> int:
    """The length of the shortest match, in characters."""
    match node:
        case Chars():
            return 1
        case Anchor():
            return 0
        case Sequence(parts=parts):
            return sum(map(_shortest, parts))
        case Choice(options=options):
            return min(map(_shortest, options))
        case Repeat(part=part, least=least):
            return least * max(1, _shortest(part))


class _Reader:
    """Recursive descent over a pattern, a method for each level of precedence."""

    def __init__(self, pattern: str) -> None:
        self._pattern = pattern
        self._at = 0
        self._nesting = 0

    @property
    def at_end(self) -> bool:
        return self._at >= len(self._pattern)

    def choice(self) -> Node:
        options = [self._sequence()]
        while self._take("|"):
            options.append(self._sequence())
        return options[0] if len(options) == 1 else Choice(tuple(options))

    def _sequence(self) -> Node:
        parts = []
        while not self.at_end and self._peek() not in "|)":
            parts.append(self._repeated(self._atom()))
        return Sequence(tuple(parts))

    def _repeated(self, part: Node) -> Node:
        if self._take("*"):
            least, most = 0, None
        elif self._take("+"):
            least, most = 1, None
        elif self._take("?"):
            least, most = 0, 1
        elif self._peek() == "{":
            least, most = self._counts()
        else:
            return part
        self._take("?")  # lazy or greedy, the same texts match
        return Repeat(part, least, most)

    def _counts(self) -> tuple[int, int | None]:
        self._next()
        low, comma, high = self._until("}").partition(",")
        if not low.isdecimal() or not (high.isdecimal() or high == ""):
            raise UnsupportedPattern(self._pattern)
        least, most = int(low), int(high) if high else None
        if most is not None and most < least:
            raise UnsupportedPattern(self._pattern)
        return least, most if comma else least

    def _atom(self) -> Node:
        character = self._next()
        if character == "(":
            return self._group()
        if character == "[":
            return self._bracket()
        if character == "\\":
            return Chars(*self._escape())
        if character in "^$":
            return Anchor(character == "^")
        if character in "*+?":
            raise UnsupportedPattern(self._pattern)
        return Chars(frozenset("\n"), True) if character == "." else Chars(frozenset(character))

    def _group(self) -> Node:
        if self._take("?") and not self._take(":"):
            self._named_group()
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise UnsupportedPattern(self._pattern)
        node = self.choice()
        if not self._take(")"):
            raise UnsupportedPattern(self._pattern)
        self._nesting -= 1
        return node

    def _named_group(self) -> None:
        self._take("P")
        if not self._take("<") or self._peek() in ("=", "!", ""):
            raise UnsupportedPattern(self._pattern)
        self._until(">")

    def _bracket(self) -> Node:
        negated = self._take("^")
        union = self._range()
        while self._peek() != "]":
            union = _united(union, self._range())
        self._next()
        return Chars(union.members, union.negated != negated)

    def _range(self) -> Chars:
        first = self._member()
        if len(first.members) != 1 or self._peek() != "-" or self._pattern[self._at + 1 : self._at + 2] in ("]", ""):
            return first
        self._next()
        low, last = min(first.members), self._member()
        if len(last.members) != 1 or max(last.members) < low:
            raise UnsupportedPattern(self._pattern)
        return Chars(frozenset(map(chr, range(ord(low), ord(max(last.members)) + 1))))

    def _member(self) -> Chars:
        character = self._next()
        if character != "\\":
            return Chars(frozenset(character))
        return Chars(frozenset("\b")) if self._take("b") else Chars(*self._escape())

    def _escape(self) -> tuple[frozenset[str], bool]:
        character = self._next()
        if character in _CLASSES:
            return _CLASSES[character]
        if character in "xu":
            return frozenset(self._code(2 if character == "x" else 4)), False
        if character in _CONTROLS:
            return frozenset(_CONTROLS[character]), False
        if character.isalnum():
            raise UnsupportedPattern(self._pattern)
        return frozenset(character), False

    def _code(self, digits: int) -> str:
        code = self._pattern[self._at : self._at + digits]
        if len(code) < digits or any(c not in "0123456789abcdefABCDEF" for c in code):
            raise UnsupportedPattern(self._pattern)
        self._at += digits
        return chr(int(code, 16))

    def _peek(self) -> str:
        return self._pattern[self._at : self._at + 1]

    def _next(self) -> str:
        if self.at_end:
            raise UnsupportedPattern(self._pattern)
        self._at += 1
        return self._pattern[self._at - 1]

    def _take(self, wanted: str) -> bool:
        found = self._peek() == wanted
        self._at += found
        return found

    def _until(self, end: str) -> str:
        stop = self._pattern.find(end, self._at)
        if stop < 0:
            raise UnsupportedPattern(self._pattern)
        found = self._pattern[self._at : stop]
        self._at = stop + 1
        return found


def _united(left: Chars, right: Chars) -> Chars:
    """The characters in either set."""
    if left.negated and right.negated:
        return Chars(left.members & right.members, True)
    if left.negated or right.negated:
        outside, inside = (left, right) if left.negated else (right, left)
        return Chars(outside.members - inside.members, True)
    return Chars(left.members | right.members)
