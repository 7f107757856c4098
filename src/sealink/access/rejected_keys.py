"""Requests without a key that is known: they have no row, so they are counted here, and told in the log.

One line a minute for each client address, however many requests it sends: the first at once, what follows together.
"""

import asyncio
import logging
from typing import Final

log = logging.getLogger("sealink.access")

EVERY_S: Final = 60.0
MAX_ADDRESSES: Final = 1000
"""So many addresses are told apart at a time; the requests of all others are counted together."""
OTHERS: Final = "other addresses"


class RejectedKeys:
    """Counts them. Needs a running event loop."""

    def __init__(self) -> None:
        self.total = 0
        self._untold: dict[str, int] = {}
        """By address: the requests since its last line, which was written less than EVERY_S ago."""
        self._timer: asyncio.TimerHandle | None = None

    def count(self, address: str) -> None:
        """A request from this address was refused for its key."""
        self.total += 1
        if address not in self._untold and len(self._untold) >= MAX_ADDRESSES:
            address = OTHERS
        untold = self._untold.get(address)
        if untold is not None:
            self._untold[address] = untold + 1
            return
        self._untold[address] = 0
        _tell(address, 1)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._minute_is_over)

    def _minute_is_over(self) -> None:
        """Tell what has come of each address, and forget those that have sent nothing more."""
        again = {address: number for address, number in self._untold.items() if number}
        for address, number in again.items():
            _tell(address, number)
        self._untold = dict.fromkeys(again, 0)
        self._timer = asyncio.get_running_loop().call_later(EVERY_S, self._minute_is_over) if again else None


def _tell(address: str, number: int) -> None:
    requests = "a request" if number == 1 else f"{number} requests"
    log.warning("%s from %s refused (401): without an API key, or with one that is not known.", requests, address)
