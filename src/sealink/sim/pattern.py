"""Regular expressions, read: strings that match one, and the question whether one does.

The patterns come from a client's JSON schema, so they are never handed to `re`, which a hostile one can
keep busy for hours: the matcher here follows all ways at once, in time bounded by pattern times text.
"""

from random import Random
from typing import Final

import msgspec

_ROOMY = 16  # an example grows by choice up to this many characters, and beyond only where it must

PRINTABLE: Final = frozenset(map(chr, range(0x20, 0x7F)))


class Chars(msgspec.Struct, frozen=True):
    """One character out of (or, `negated`, outside) a set."""

    members: frozenset[str]
    negated: bool = False

    def has(self, character: str) -> bool:
        return (character in self.members) != self.negated

    def examples(self) -> list[str]:
        return sorted(c for c in (PRINTABLE if self.negated else self.members) if self.has(c))


class Anchor(msgspec.Struct, frozen=True):
    """The start (`^`) or the end (`$`) of the text."""

    at_start: bool


class Sequence(msgspec.Struct, frozen=True):
    parts: tuple["Node", ...]


class Choice(msgspec.Struct, frozen=True):
    options: tuple["Node", ...]


class Repeat(msgspec.Struct, frozen=True):
    """`part` at least `least` and at most `most` times (None: no limit)."""

    part: "Node"
    least: int
    most: int | None


Node = Chars | Anchor | Sequence | Choice | Repeat


def matches(node: Node, text: str) -> bool:
    """Whether `text` holds a match anywhere, as JSON Schema's `pattern` asks."""
    return bool(_ends(node, text, set(range(len(text) + 1))))


def example(node: Node, rng: Random) -> str:
    """A text that matches, if the anchors stand where texts begin and end."""
    match node:
        case Chars():
            return rng.choice(node.examples() or [""])
        case Anchor():
            return ""
        case Sequence(parts=parts):
            return "".join(example(part, rng) for part in parts)
        case Choice(options=options):
            return example(rng.choice(options), rng)
        case Repeat():
            return _repeated_example(node, rng)


def _repeated_example(node: Repeat, rng: Random) -> str:
    text = "".join(example(node.part, rng) for _ in range(node.least))
    for _ in range(rng.randint(0, 3 if node.most is None else min(3, node.most - node.least))):
        more = example(node.part, rng)
        if not more or len(text) >= _ROOMY:
            break
        text += more
    return text


def _ends(node: Node, text: str, starts: set[int]) -> set[int]:
    """Where matches of `node` that begin at one of `starts` may end."""
    match node:
        case Chars():
            return {at + 1 for at in starts if at < len(text) and node.has(text[at])}
        case Anchor(at_start=at_start):
            return starts & {0 if at_start else len(text)}
        case Sequence(parts=parts):
            for part in parts:
                starts = _ends(part, text, starts)
            return starts
        case Choice(options=options):
            return set().union(*(_ends(option, text, starts) for option in options))
        case Repeat():
            return _repeated_ends(node, text, starts)


def _repeated_ends(node: Repeat, text: str, starts: set[int]) -> set[int]:
    for _ in range(node.least):
        after = _ends(node.part, text, starts)
        if after == starts:
            break
        starts = after
    found, times = set(starts), node.least
    while starts and (node.most is None or times < node.most):
        starts = _ends(node.part, text, starts) - found
        found |= starts
        times += 1
    return found
