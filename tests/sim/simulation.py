"""The simulated model on a loopback port, in a thread of its own, so that a test may block."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sealink.net.server import Handler, Server, ServerLimits
from sealink.sim import SimDialect, SimSettings, sim_handler

AT_ONCE = SimSettings(ttft_s=0, tokens_per_s=0)


class Simulation:
    """`url` is without a path. `server` tells what it is doing."""

    def __init__(self, handler: Handler) -> None:
        self.server = Server(
            handler,
            limits=ServerLimits(),
            check_head=lambda request: 10_000_000,
            error_response=lambda error, request: ([], str(error).encode()),
        )
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="simulated model")

    def start(self) -> None:
        self._thread.start()
        host, port = asyncio.run_coroutine_threadsafe(self.server.start("127.0.0.1", 0), self._loop).result()[0]
        self.url = f"http://{host}:{port}"

    def stop(self) -> None:
        asyncio.run_coroutine_threadsafe(self.server.stop(grace_s=0), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@contextmanager
def running_sim(
    settings: SimSettings = AT_ONCE,
    dialect: SimDialect = "openai",
    watched: Callable[[Handler], Handler] = lambda handler: handler,
) -> Iterator[Simulation]:
    """A simulated provider. `watched` may put something around its handler."""
    simulation = Simulation(watched(sim_handler(settings, dialect)))
    simulation.start()
    try:
        yield simulation
    finally:
        simulation.stop()
