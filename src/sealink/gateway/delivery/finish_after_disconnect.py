"""Reading an answer to its end after its client has left, to learn its exact usage (`on_disconnect = "drain"`)."""

import asyncio
from collections.abc import Callable

import msgspec

from sealink.amounts import Count, Delay


class FinishSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[drain]: how far an answer is read on after its client has left, under `on_disconnect = "drain"`. Beyond that it
    is cancelled."""

    max_s: Delay = 120.0
    """For so long after the client has left."""
    max_tokens: Count = 16_384
    """So many tokens; each event of the client's stream counts as one."""
    max_streams: Count = 100
    """So many answers at once on each process."""


class Slots:
    """A number of places, each of which one stream can hold."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.taken = 0

    def take(self) -> bool:
        """Take a place, if one is free."""
        if self.taken >= self._limit:
            return False
        self.taken += 1
        return True

    def give_back(self) -> None:
        self.taken -= 1


class FinishAfterDisconnect:
    """Counts what is read of one answer after its client has left, and calls `cancel` when a limit is reached.

    It holds one of the slots until `stop`.
    """

    def __init__(self, settings: FinishSettings, slots: Slots, cancel: Callable[[], None]) -> None:
        self._slots = slots
        self._cancel = cancel
        self._events_left = settings.max_tokens
        self._deadline = asyncio.get_running_loop().call_later(settings.max_s, cancel)

    def count(self, data: bytes) -> None:
        """Some more events have been read."""
        self._events_left -= data.count(b"\n\n")
        if self._events_left < 0:
            self._cancel()

    def stop(self) -> None:
        self._deadline.cancel()
        self._slots.give_back()
