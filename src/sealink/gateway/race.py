"""Attempts side by side: the first to bring content answers, the others are given up."""

import asyncio
from typing import Generic, Self

from sealink.errors import SealinkError
from sealink.gateway.trial import A, Trial


class Race(Generic[A]):
    """`with Race() as race:` … and what still runs at the end is given up, whatever ended it.

    `failed` are those that dropped out, in that order; the others went on.
    """

    def __init__(self) -> None:
        self.failed: list[Trial[A]] = []
        self._running: dict[asyncio.Task[None], Trial[A]] = {}
        self._winner: Trial[A] | None = None
        self._error: SealinkError | None = None

    def __enter__(self) -> Self:
        return self

    def enter(self, trial: Trial[A]) -> None:
        """One more runs."""
        self._running[asyncio.create_task(trial.attempt.answer())] = trial

    async def is_over(self, within_s: float) -> bool:
        """Whether one has answered, or all have failed, in so many seconds."""
        done, _ = await asyncio.wait(self._running, timeout=within_s)
        return bool(done)

    async def winner(self) -> Trial[A]:
        """The first to answer. Raises the SealinkError of the last one to fail when all do."""
        while self._winner is None:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in self._running if task.done()]:
                self._hear(task)
            if self._error is not None and not self._running:
                raise self._error
        return self._winner

    def _hear(self, task: asyncio.Task[None]) -> None:
        trial = self._running[task]
        try:
            task.result()
        except SealinkError as error:
            del self._running[task]
            trial.failed(error)
            self.failed.append(trial)
            self._error = error
        else:
            self._winner = self._winner or trial

    def __exit__(self, *_: object) -> None:
        own = self._winner or next(iter(self._running.values()), None)
        for task, trial in self._running.items():
            if trial is not own:
                trial.lost()
            elif self._winner is None:  # nobody waits for either: what the first costs is the request's own
                trial.cancelled()
            task.cancel()
            task.add_done_callback(_is_of_no_interest)


def _is_of_no_interest(task: asyncio.Task[None]) -> None:
    """One that was given up may still fail; asyncio complains of errors that nobody looks at."""
    if not task.cancelled():
        task.exception()
