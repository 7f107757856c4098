"""Hedged attempts: several run side by side, the first to bring content answers, the others are given up."""

import asyncio
from typing import Generic, Self

from sealink.errors import SealinkError
from sealink.gateway.failover.attempt import A
from sealink.gateway.failover.attempt_record import AttemptRecord


class HedgedAttempts(Generic[A]):
    """`with HedgedAttempts() as hedged:` … and those that still run at the end are given up, whatever ended it.

    `failed` are those that have failed, in that order; the others went on.
    """

    def __init__(self) -> None:
        self.failed: list[AttemptRecord[A]] = []
        self._running: dict[asyncio.Task[None], AttemptRecord[A]] = {}
        self._winner: AttemptRecord[A] | None = None
        self._error: SealinkError | None = None

    def __enter__(self) -> Self:
        return self

    def run(self, record: AttemptRecord[A]) -> None:
        """Start one more attempt."""
        self._running[asyncio.create_task(record.attempt.answer())] = record

    async def one_is_done(self, within_s: float) -> bool:
        """Whether one has answered or failed in so many seconds."""
        done, _ = await asyncio.wait(self._running, timeout=within_s)
        return bool(done)

    async def winner(self) -> AttemptRecord[A]:
        """The first to answer. Raises the SealinkError of the last one to fail when all do."""
        while self._winner is None:
            await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            for task in [task for task in self._running if task.done()]:
                self._take_result(task)
            if self._error is not None and not self._running:
                raise self._error
        return self._winner

    def _take_result(self, task: asyncio.Task[None]) -> None:
        record = self._running[task]
        try:
            task.result()
        except SealinkError as error:
            del self._running[task]
            record.failed(error)
            self.failed.append(record)
            self._error = error
        else:
            self._winner = self._winner or record

    def __exit__(self, *_: object) -> None:
        own = self._winner or next(iter(self._running.values()), None)
        for task, record in self._running.items():
            if record is not own:
                record.lost()
            elif self._winner is None:  # nobody waits for any of them: the first one's cost is the request's own
                record.cancelled()
            task.cancel()
            task.add_done_callback(_take_exception)


def _take_exception(task: asyncio.Task[None]) -> None:
    """An attempt that was given up may still fail; asyncio would complain of an error that nobody has looked at."""
    if not task.cancelled():
        task.exception()
