"""Reading an answer on after its client has left, for its exact usage."""

import asyncio
from collections.abc import Callable

import msgspec

from sealink.amounts import Count, Delay


class DrainSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How far an answer is read on for a client that has left, under `on_disconnect = "drain"`.

    `max_s` seconds, `max_tokens` (each event of the client's stream counts as one), and `max_streams` answers at once
    on this process; beyond that the answer is cancelled.
    """

    max_s: Delay = 120.0
    max_tokens: Count = 16_384
    max_streams: Count = 100


class Slots:
    """So many at once."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.taken = 0

    def take(self) -> bool:
        if self.taken >= self._limit:
            return False
        self.taken += 1
        return True

    def give_back(self) -> None:
        self.taken -= 1


class Drain:
    """One answer that is read on after its client has left, until it ends or has had enough."""

    def __init__(self, settings: DrainSettings, slots: Slots, cancel: Callable[[], None]) -> None:
        self._slots = slots
        self._cancel = cancel
        self._events_left = settings.max_tokens
        self._deadline = asyncio.get_running_loop().call_later(settings.max_s, cancel)

    def moved(self, data: bytes) -> None:
        """Some more events have been read."""
        self._events_left -= data.count(b"\n\n")
        if self._events_left < 0:
            self._cancel()

    def stop(self) -> None:
        self._deadline.cancel()
        self._slots.give_back()
