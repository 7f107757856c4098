"""Blocking calls that may hang, off the event loop, in threads that the end of the process does not wait for.

The threads of asyncio's executor are few, so that a few calls that hang hold up all others, and they are joined
at exit.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class SingleFlight(Generic[T]):
    """A blocking call that is made once at a time: those who ask while it runs wait for the same result.

    A call that hangs takes one thread, however many requests give it up and are followed by others.
    """

    def __init__(self, call: Callable[[], T]) -> None:
        self._call = call
        self._running: asyncio.Future[T] | None = None

    async def result(self) -> T:
        """What the call returns or raises."""
        if self._running is None or self._running.done():
            self._running = in_daemon_thread(self._call)
        return await asyncio.shield(self._running)


def in_daemon_thread(call: Callable[[], T]) -> "asyncio.Future[T]":
    """What `call` returns or raises, from a thread of its own. The caller bounds how many there are at once."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    future.add_done_callback(_is_known)

    def run() -> None:
        try:
            result = call()
        except Exception as error:  # noqa: BLE001 - it is raised where the result is awaited
            report(future.set_exception, error)
        else:
            report(future.set_result, result)

    def report(settle: Callable[..., None], outcome: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any longer
            loop.call_soon_threadsafe(lambda: None if future.done() else settle(outcome))

    threading.Thread(target=run, name="sealink-call", daemon=True).start()
    return future


def _is_known(future: "asyncio.Future[T]") -> None:
    """A failure that nobody waits for any longer is no oversight, of which asyncio would warn."""
    if not future.cancelled():
        future.exception()
