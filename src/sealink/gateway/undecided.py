"""A request that a gate has not decided on yet: it has asked elsewhere, or has the request wait in line.

    asked ──▶ the answer comes: a call decides, and goes on ──▶ let in, or refused
                              └─ there is more to wait for ──▶ a task

Nearly always the answer decides, and no task is needed.
"""

import asyncio
from collections.abc import Awaitable, Callable, Generator, Iterator
from typing import Any

import msgspec

from sealink.errors import SealinkError, ShuttingDown
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.gate import Gate, Waiting
from sealink.gateway.refusals import Refusals
from sealink.limits.asked import Asked
from sealink.net.message import Request, Responder


class Undecided(msgspec.Struct, eq=False):
    """It is awaited; or it holds the client's response until it goes on (`then`). `_waiting` is what a gate waits for,
    `_rest` are the gates behind that one."""

    _request: Request
    _responder: Responder
    _admitted: AdmittedRequest
    _waiting: Waiting
    _rest: Iterator[Gate]
    _refusals: Refusals
    _begin: Callable[[AdmittedRequest], None] | None = None
    _refuse: Callable[[SealinkError], None] | None = None
    _task: asyncio.Task[None] | None = None

    def __await__(self) -> Generator[Any, None, AdmittedRequest]:
        return self._awaited().__await__()

    def then(self, begin: Callable[[AdmittedRequest], None], refuse: Callable[[SealinkError], None]) -> None:
        """`begin` is called with it when it is let in, and takes hold of the response; else `refuse` tells the
        client."""
        self._begin = begin
        self._refuse = refuse
        self._responder.hold(self)
        if isinstance(self._waiting, Asked):
            self._waiting.on_answer = self._answered
        else:
            self._wait(self._waiting)

    # What the server tells who holds a response.

    def client_gone(self) -> None:
        self._stop()

    def client_ready(self) -> None:
        """Nothing was written yet."""

    def shut_down(self) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
        elif isinstance(self._waiting, Asked):
            self._waiting.give_up()
            self._broken_off()

    # Straight: by calls.

    def _answered(self) -> None:
        assert isinstance(self._waiting, Asked)
        try:
            waiting = self._waiting.decide() or self._ask_rest()
        except Exception as error:  # noqa: BLE001 -- it is the answer, or is logged by the server
            self._failed(error)
            return
        if waiting is None:
            self._let_in()
        elif isinstance(waiting, Asked):
            self._waiting = waiting
            waiting.on_answer = self._answered
        else:
            self._wait(waiting)

    def _ask_rest(self) -> Waiting | None:
        """What the next gate waits for that does not decide at once."""
        for gate in self._rest:
            waiting = gate.admit(self._admitted)
            if waiting is not None:
                return waiting
        return None

    def _let_in(self) -> None:
        self._admitted.renew = None
        assert self._begin is not None
        try:
            self._begin(self._admitted)
        except Exception as error:  # noqa: BLE001 -- it is the answer, or is logged by the server
            self._end(error)

    def _failed(self, error: Exception) -> None:
        """It is not let in."""
        if isinstance(error, SealinkError):
            self._record(error)
        self._end(error)

    def _end(self, error: Exception) -> None:
        if isinstance(error, SealinkError):
            assert self._refuse is not None
            self._refuse(error)
            self._responder.let_go()
        else:
            self._responder.let_go(error)

    # Round: in a task.

    def _wait(self, waiting: Awaitable[None]) -> None:
        self._task = asyncio.ensure_future(self._go_on(waiting))
        self._task.add_done_callback(self._task_done)

    async def _go_on(self, waiting: Waiting) -> None:
        await self._decided(waiting)
        self._task = None
        self._let_in()

    def _task_done(self, task: asyncio.Task[None]) -> None:
        if task.cancelled():
            self._broken_off()
        elif isinstance(error := task.exception(), Exception):
            self._failed(error)

    def _broken_off(self) -> None:
        self._refusals.record_broken_off(self._admitted, is_client_gone=self._responder.gone)
        self._end(ShuttingDown())  # which a client that has gone is not told

    async def _awaited(self) -> AdmittedRequest:
        try:
            await self._decided(self._waiting)
        except SealinkError as error:
            self._record(error)
            raise
        except asyncio.CancelledError:
            self._refusals.record_broken_off(self._admitted, is_client_gone=self._responder.gone)
            raise
        return self._admitted

    async def _decided(self, waiting: Waiting) -> None:
        """It is let in by all gates. Raises the SealinkError of one that refuses it."""
        further: Waiting | None = waiting
        while further is not None:
            await _decision(further)
            further = self._ask_rest()

    def _record(self, error: SealinkError) -> None:
        admitted, asked = self._admitted, self._admitted.request
        self._refusals.record(error, self._request, admitted.key, asked.client, asked.head, admitted.queued_ms)


async def _decision(waiting: Waiting) -> None:
    """Wait until one gate has let a request in. Raises the SealinkError by which it refuses it."""
    if isinstance(waiting, Asked):
        await waiting.wait_for_answer()
        further = waiting.decide()
        if further is not None:
            await further
    else:
        await waiting
