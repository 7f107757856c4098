"""A time limit that a busy event loop does not use up.

A timer that fires late fires before the loop looks at its sockets. What has come over them in time would be given up
only because nobody had looked: nearly all of many connections that are opened at once by a process with too much to do.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

_HALVINGS: Final = 10


@asynccontextmanager
async def loop_timeout(limit_s: float) -> AsyncIterator[None]:
    """As asyncio.timeout: raises TimeoutError after `limit_s`. But however late the loop is, it comes round some more
    times before that.

    The limit is waited for in pieces, each of them half of what is left, and a piece that takes longer than it should
    counts as it should.
    """
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle
    async with asyncio.timeout(None) as timeout:

        def wait(left_s: float, halvings: int) -> None:
            nonlocal timer
            if halvings:
                timer = loop.call_later(left_s / 2, wait, left_s / 2, halvings - 1)
            else:
                timeout.reschedule(loop.time() + left_s)

        timer = loop.call_later(limit_s / 2, wait, limit_s / 2, _HALVINGS)
        try:
            yield
        finally:
            timer.cancel()
