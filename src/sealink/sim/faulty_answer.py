"""Faults in the content of an answer: its tokens and its closing frames."""

from collections.abc import Sequence
from typing import Final

from sealink.sim.answer import Answer
from sealink.sim.faults import Fault, named
from sealink.sim.wires.wire import AnswerStream, Closing, SimWire

MARKED: Final = "\ue000"
"""A placeholder in a token: faulty_body sends it without the last byte of its UTF-8."""

_LONG: Final = "harbour "


def with_faulty_tokens(answers: list[Answer], faults: Sequence[Fault]) -> list[Answer]:
    """The answers; the first one has an added token for each fault that consists of a token."""
    for fault in faults:
        if fault.name == "half-utf8":
            _insert(answers[0], f" caf{MARKED}", fault.place)
        elif fault.name == "long-frame":
            size = int(fault.value)
            _insert(answers[0], (_LONG * (size // len(_LONG) + 1))[:size], fault.place)
    return answers


def with_faulty_frames(stream: AnswerStream, faults: Sequence[Fault], wire: SimWire) -> AnswerStream:
    """The stream with closing frames left out or doubled, and tool call indices changed, as the faults ask."""
    missing = {part for fault, part in (("no-end-mark", "end"), ("no-finish", "finish")) if named(faults, fault)}
    doubled = {"usage"} if named(faults, "double-usage") else set()
    closing = [each for each in stream.closing if not missing.intersection(each.contains)]
    ticks = map(wire.same_index, stream.ticks) if named(faults, "tool-index") else stream.ticks
    return AnswerStream(stream.opening, ticks, [copy for each in closing for copy in _copies(each, doubled)])


def _copies(closing: Closing, doubled: set[str]) -> list[Closing]:
    return [closing] * (2 if doubled.intersection(closing.contains) else 1)


def _insert(answer: Answer, token: str, place: int) -> None:
    """Insert a token before the answer's token number `place`; at the end if the answer is shorter."""
    left = max(place, 0)
    for block in answer.blocks:
        if left <= len(block.tokens) or block is answer.blocks[-1]:
            block.tokens.insert(left, token)
            return
        left -= len(block.tokens)
