"""A question that is on its way to where it is decided. Who asks it is called with the answer, and needs no task."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Generic, TypeVar

import msgspec

Decided = TypeVar("Decided")


class Asked(msgspec.Struct, Generic[Decided], eq=False, kw_only=True):
    """`on_answer` is called once, when there is an answer: then it can be decided."""

    on_answer: Callable[[], None] | None = None

    async def wait_for_answer(self) -> None:
        """Wait until there is one. Cancelled, it is given up."""
        answered = asyncio.get_running_loop().create_future()
        self.on_answer = partial(answered.set_result, None)
        try:
            await answered
        except asyncio.CancelledError:
            self.give_up()
            raise

    def decide(self) -> Decided:
        """What is made of the answer."""
        raise NotImplementedError

    def give_up(self) -> None:
        """Nobody waits any longer: what is granted goes back."""
        raise NotImplementedError
