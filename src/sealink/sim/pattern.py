"""A string that matches a regular expression, as JSON Schema's `pattern` asks for.

The parser of the standard library's `re` reads the expression. It is never matched here: `re` may need hours for an
expression from a client.
"""

import re
import string
import warnings
from collections.abc import Iterator
from random import Random
from re import _constants as op  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any, Final

MAX_OPTIONAL_REPEATS: Final = 3
"""The most repetitions beyond those that the expression requires."""

_PRINTABLE: Final = frozenset(map(chr, range(0x20, 0x7F)))
_DIGITS: Final = frozenset(string.digits)
_WORD: Final = frozenset(string.ascii_letters + string.digits + "_")
_SPACE: Final = frozenset(" \t\n")
_SURROGATES: Final = frozenset(map(chr, range(0xD800, 0xE000)))
_CATEGORIES: Final = {
    op.CATEGORY_DIGIT: _DIGITS, op.CATEGORY_NOT_DIGIT: _PRINTABLE - _DIGITS,
    op.CATEGORY_WORD: _WORD, op.CATEGORY_NOT_WORD: _PRINTABLE - _WORD,
    op.CATEGORY_SPACE: _SPACE, op.CATEGORY_NOT_SPACE: _PRINTABLE - _SPACE,
}  # fmt: skip


class UnsupportedPattern(Exception):
    """No string can be written for the expression."""


def matching_characters(pattern: str, rng: Random) -> Iterator[str]:
    """The characters of a string that matches `pattern`, and "" for each repetition: the caller may stop at any point.

    Look-around and word boundaries are ignored. Raises UnsupportedPattern.
    """
    try:
        with warnings.catch_warnings(action="ignore"):  # of sets that look nested
            nodes = parser.parse(re.sub(r"\(\?<(?=\w)", "(?P<", pattern))  # JavaScript's named groups
        yield from _characters(nodes, rng)
    except (re.error, RecursionError, OverflowError) as error:
        raise UnsupportedPattern(str(error)) from None


def _characters(nodes: Any, rng: Random) -> Iterator[str]:
    """The characters of a match of parsed nodes, each of which is an operation and its argument."""
    for node in nodes:
        match node:
            case (op.MAX_REPEAT | op.MIN_REPEAT | op.POSSESSIVE_REPEAT, (least, most, part)):
                for _ in range(rng.randint(least, min(most, least + MAX_OPTIONAL_REPEATS))):
                    yield ""
                    yield from _characters(part, rng)
            case (op.SUBPATTERN, (*_, part)) | (op.ATOMIC_GROUP, part):
                yield from _characters(part, rng)
            case (op.BRANCH, (_, options)):
                yield from _characters(rng.choice(options), rng)
            case (op.AT | op.ASSERT | op.ASSERT_NOT, _):
                pass
            case _:
                allowed = _allowed(node) - _SURROGATES
                if not allowed:
                    raise UnsupportedPattern("no character is allowed in one place")
                yield rng.choice(sorted(allowed & _PRINTABLE or allowed))


def _allowed(node: tuple[Any, Any]) -> frozenset[str]:
    """The characters that a node allows: of complements those in ASCII, of long ranges the first."""
    match node:
        case (op.LITERAL, code):
            return frozenset(chr(code))
        case (op.NOT_LITERAL, code):
            return _PRINTABLE - {chr(code)}
        case (op.RANGE, (first, last)):
            return frozenset(map(chr, range(first, min(last, first + 0xFF) + 1)))
        case (op.CATEGORY, name):
            return _CATEGORIES[name]
        case (op.ANY, _):
            return _PRINTABLE
        case (op.IN, [(op.NEGATE, _), *members]):
            return _PRINTABLE.difference(*map(_allowed, members))
        case (op.IN, members):
            return frozenset().union(*map(_allowed, members))
    raise UnsupportedPattern(f"{node[0]} is not supported")
