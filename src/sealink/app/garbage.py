"""When Python's garbage collector looks at all there is, which stops every stream for that long: with many of them open
for a second and more, a tenth of a millisecond for each.

It is hardly needed: what a request leaves is freed at once, by counting references, and the few cycles among it are
found while they are young. By itself Python begins a full collection whenever a quarter has been added to what there
is, so just while many streams are opened. Here it waits until few are open, but not for ever.
"""

import asyncio
import gc
from collections.abc import Callable
from typing import Final

LOOK_EVERY_S: Final = 10.0
MANY_REQUESTS: Final = 200
"""While so many are open, a full collection is put off."""
DUE_AFTER: Final = 10
"""Collections of young objects, after which a full one is due. Between two of them some 7,000 objects are added."""
OVERDUE_AFTER: Final = 500
"""The same while many requests are open. To open 10,000 streams takes 170."""
_NEVER: Final = 2**31 - 1


class FullCollections:
    """Python's own full collections are off from `start` to `stop`. What is there at the start is never looked at
    again. `open_requests` tells how many there are."""

    def __init__(self, open_requests: Callable[[], int]) -> None:
        self._open_requests = open_requests
        self._before = gc.get_threshold()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        young, middle, _ = self._before
        gc.set_threshold(young, middle, _NEVER)
        gc.collect()
        gc.freeze()
        self._wait()

    def stop(self) -> None:
        gc.set_threshold(*self._before)
        if self._timer is not None:
            self._timer.cancel()

    def look(self) -> None:
        """Collect what is due."""
        _, _, since = gc.get_count()
        if since >= (DUE_AFTER if self._open_requests() < MANY_REQUESTS else OVERDUE_AFTER):
            gc.collect()

    def _wait(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(LOOK_EVERY_S, self._look_and_wait)

    def _look_and_wait(self) -> None:
        self.look()
        self._wait()
