"""Several processes on one port: the kernel spreads new connections over them (SO_REUSEPORT)."""

import asyncio
import logging
import multiprocessing
import signal
import socket
import sys
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from typing import Final

import msgspec

from sealink.app.address import printable
from sealink.app.process import (
    CannotStart,
    cannot_listen,
    configure_logging,
    run_on_best_loop,
    serve_until_stopped,
    stop_notice,
)
from sealink.config import Config

log = logging.getLogger("sealink.workers")

_POLL_S: Final = 0.1


def supervise(config: Config, count: int, on_listening: Callable[[str], None]) -> None:
    """Run `count` workers until SIGTERM or SIGINT; one that dies before that is replaced.

    `on_listening` is called with the base URL once all accept connections. Raises CannotStart, or SystemExit if a
    worker cannot start: it has written why to standard error.
    """
    with _reserved(config) as reserved:
        port = reserved.getsockname()[1]
        config = msgspec.structs.replace(config, server=msgspec.structs.replace(config.server, port=port))
        workers = Workers(config, count)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, workers.stop_on)
        is_up = workers.are_listening()
        if is_up:
            on_listening(f"http://{printable(config.server.host)}:{port}/v1")
        workers.run()
    if not is_up:
        raise SystemExit(1)


def _reserved(config: Config) -> socket.socket:
    """A socket that is bound to the port, so that all workers have the same one. It does not listen."""
    host, port = config.server.host or None, config.server.port
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
        reserved = socket.socket(family, kind)
        try:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            reserved.bind(address)
        except BaseException:
            reserved.close()
            raise
    except OSError as error:
        raise cannot_listen(config, error) from error
    return reserved


class Workers:
    """The processes that do the work, each with the event that it sets when it accepts connections.

    The events are kept here: one that is garbage-collected is gone before its process has opened it.
    """

    def __init__(self, config: Config, count: int) -> None:
        self._config = config
        self._stopping = False
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[BaseProcess, Event] = {}
        for _ in range(count):
            self._spawn()

    def are_listening(self) -> bool:
        """Wait until every worker accepts connections. False if one has ended instead."""
        while all(process.is_alive() for process in self._processes):
            if all(listening.wait(_POLL_S) for listening in self._processes.values()):
                return True
        self.stop()
        return False

    def run(self) -> None:
        """Wait until all have stopped."""
        while self._processes:
            wait([process.sentinel for process in self._processes])
            for process in [process for process in self._processes if not process.is_alive()]:
                del self._processes[process]
                if not self._stopping:
                    log.warning("worker %s ended with %s, starting another", process.pid, process.exitcode)
                    self._spawn()

    def stop_on(self, number: int, *_: object) -> None:
        """A signal asks for it: say so, the first time."""
        if not self._stopping:
            log.info(stop_notice(self._config.server.drain_s, number))
        self.stop()

    def stop(self) -> None:
        """Ask all to finish what they are doing and stop."""
        self._stopping = True
        for process in self._processes:
            process.terminate()

    def _spawn(self) -> None:
        listening = self._context.Event()
        process = self._context.Process(target=_work, args=(self._config, listening))
        process.start()
        self._processes[process] = listening


def _work(config: Config, listening: Event) -> None:
    configure_logging(config.log)
    try:
        run_on_best_loop(_serve(config, listening))
    except CannotStart as error:
        sys.exit(str(error))


async def _serve(config: Config, listening: Event) -> None:
    """A worker's life. It stops when its parent dies: nobody would stop it, and it would keep the port."""
    loop, parent = asyncio.get_running_loop(), multiprocessing.parent_process()
    assert parent is not None

    def orphaned() -> None:
        loop.remove_reader(parent.sentinel)
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(parent.sentinel, orphaned)
    await serve_until_stopped(config, reuse_port=True, on_listening=lambda _: listening.set())
