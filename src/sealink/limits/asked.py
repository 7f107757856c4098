"""A question that is on its way to where it is decided. Who asks it is called with the answer, and needs no task."""

from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

Decided = TypeVar("Decided")


class Asked(msgspec.Struct, Generic[Decided], eq=False, kw_only=True):
    """`on_answer` is called once, when there is an answer: then it can be decided."""

    on_answer: Callable[[], None] | None = None

    def decide(self) -> Decided:
        """What is made of the answer."""
        raise NotImplementedError

    def give_up(self) -> None:
        """Nobody waits any longer: what is granted goes back."""
        raise NotImplementedError
