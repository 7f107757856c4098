"""Several processes on one port: the kernel spreads new connections over them (SO_REUSEPORT)."""

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple

import msgspec

from sealink.app.address import printable
from sealink.app.process import (
    CannotStart,
    cannot_listen,
    check_journal,
    hangup_ignored,
    run_on_best_loop,
    serve_until_stopped,
    stop_notice,
)
from sealink.config import Config
from sealink.telemetry.log_format import configure_logging

log = logging.getLogger("sealink.workers")

_POLL_S: Final = 0.1


def supervise(
    config: Config,
    count: int,
    on_listening: Callable[[str], None],
    *,
    load: Callable[[], Config],
    takes_over: bool = False,
) -> None:
    """Run `count` workers until SIGTERM or SIGINT; one that dies before that is replaced.

    `on_listening` is called with the base URL once all accept connections. Raises CannotStart, or SystemExit if a
    worker cannot start: it has written why to standard error. With `takes_over` the port may be one that the workers
    of another process listen on; new connections are then spread over both. `load` reads the config again: each
    worker does so on SIGHUP.
    """
    check_journal(config)
    with _reserved(config, takes_over=takes_over) as reserved, TemporaryDirectory(prefix="sealink-") as folder:
        port = reserved.getsockname()[1]
        config = _on_port(config, port)
        workers = Workers(config, partial(_Life, load=partial(_load, load, port), siblings=Path(folder)))
        signal.signal(signal.SIGHUP, workers.pass_on)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, workers.stop_on)
        workers.start(count)
        is_up = workers.are_listening()
        if is_up:
            on_listening(f"http://{printable(config.server.host)}:{port}/v1")
        workers.run()
    if not is_up and not workers.were_asked_to_stop:
        raise SystemExit(1)


def _on_port(config: Config, port: int) -> Config:
    """The config with the port that was really taken."""
    return msgspec.structs.replace(config, server=msgspec.structs.replace(config.server, port=port))


def _load(load: Callable[[], Config], port: int) -> Config:
    return _on_port(load(), port)


def _reserved(config: Config, *, takes_over: bool) -> socket.socket:
    """A socket that is bound to the port, so that all workers have the same one. It does not listen."""
    host, port = config.server.host or None, config.server.port
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[
            0
        ]
        if not takes_over:
            _check_is_free(family, kind, address)
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


def _check_is_free(family: socket.AddressFamily, kind: socket.SocketKind, address: Any) -> None:
    """Raises OSError if anybody listens there: with SO_REUSEPORT the kernel lets other workers' ports be shared."""
    with socket.socket(family, kind) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections that linger are no obstacle
        probe.bind(address)


class Restarts:
    """When workers that have ended are started anew: at once, but ever later while they do not last.

    Times are in seconds of one clock. A worker that lives as long as the longest pause ends the pauses.
    """

    def __init__(self, pause_s: float, max_pause_s: float) -> None:
        self._pause_s = pause_s
        self._max_pause_s = max_pause_s
        self._setbacks = 0
        self._due: list[float] = []

    def __bool__(self) -> bool:
        """Whether any worker is to be started anew."""
        return bool(self._due)

    def ended(self, now: float, lived_s: float) -> float:
        """A worker has ended. Returns the pause until another is due."""
        self._setbacks = self._setbacks + 1 if lived_s < self._max_pause_s else 0
        pause_s = min(self._pause_s * 2.0 ** min(self._setbacks - 1, 32), self._max_pause_s) if self._setbacks else 0.0
        self._due.append(now + pause_s)
        return pause_s

    def take_due(self, now: float) -> int:
        """How many are to be started now."""
        count = sum(due <= now for due in self._due)
        self._due = [due for due in self._due if due > now]
        return count


class Workers:
    """The processes that do the work, each with the event that it sets when it accepts connections. One of them has
    the admin port. `were_asked_to_stop`: by a signal.

    The events are kept here: one that is garbage-collected is gone before its process has opened it.
    """

    def __init__(self, config: Config, life: "Callable[..., _Life]") -> None:
        self.were_asked_to_stop = False
        self._config = config
        self._life = life
        self._stopping = False
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[BaseProcess, Event] = {}
        self._with_admin: BaseProcess | None = None
        self._started_at: dict[BaseProcess, float] = {}
        self._restarts = Restarts(config.server.restart_pause_s, config.server.max_restart_pause_s)

    def start(self, count: int) -> None:
        """Start so many, unless they are asked to stop meanwhile."""
        for _ in range(count):
            if not self._stopping:
                self._spawn()

    def are_listening(self) -> bool:
        """Wait until every worker accepts connections. False if one has ended instead, or all are to stop."""
        while not self._stopping and all(process.is_alive() for process in self._processes):
            if all(listening.wait(_POLL_S) for listening in self._processes.values()):
                return True
        self.stop()
        return False

    def run(self) -> None:
        """Wait until all have stopped."""
        while self._processes or (self._restarts and not self._stopping):
            wait([process.sentinel for process in self._processes], _POLL_S if self._restarts else None)
            for process in [process for process in self._processes if not process.is_alive()]:
                self._ended(process)
            if not self._stopping:
                for _ in range(self._restarts.take_due(time.monotonic())):
                    self._spawn()

    def _ended(self, process: BaseProcess) -> None:
        del self._processes[process]
        lived_s = time.monotonic() - self._started_at.pop(process)
        if not self._stopping:
            pause_s = self._restarts.ended(time.monotonic(), lived_s)
            when = f"in {pause_s:g} s" if pause_s else "now"
            log.warning("worker %s ended with %s, another is started %s", process.pid, process.exitcode, when)

    def stop_on(self, number: int, *_: object) -> None:
        """A signal asks for it: say so, the first time."""
        if not self._stopping:
            log.info(stop_notice(self._config.server.drain_s, number))
        self.were_asked_to_stop = True
        self.stop()

    def pass_on(self, number: int, *_: object) -> None:
        """A signal is for every worker."""
        for process in self._processes:
            if process.pid is not None:
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    os.kill(process.pid, number)

    def stop(self) -> None:
        """Ask all to finish what they are doing and stop."""
        self._stopping = True
        for process in self._processes:
            process.terminate()

    def _spawn(self) -> None:
        with_admin = self._with_admin not in self._processes
        with hangup_ignored():  # multiprocessing's resource tracker, which the first event starts, never handles it
            listening = self._context.Event()
            life = self._life(config=self._config, listening=listening, with_admin=with_admin)
            process = self._context.Process(target=_work, args=(life,))
            process.start()
        if with_admin:
            self._with_admin = process
        self._processes[process] = listening
        self._started_at[process] = time.monotonic()
        if self._stopping:  # the signal came while it was being started
            process.terminate()


class _Life(NamedTuple):
    """What a worker is given."""

    config: Config
    listening: Event
    with_admin: bool
    load: Callable[[], Config]
    siblings: Path


def _work(life: _Life) -> None:
    configure_logging(life.config.log.format, life.config.log.level)
    try:
        run_on_best_loop(_serve(life))
    except CannotStart as error:
        sys.exit(str(error))


async def _serve(life: _Life) -> None:
    """A worker's life. It stops when its parent dies: nobody would stop it, and it would keep the port."""
    loop, parent = asyncio.get_running_loop(), multiprocessing.parent_process()
    assert parent is not None

    def orphaned() -> None:
        loop.remove_reader(parent.sentinel)
        signal.raise_signal(signal.SIGTERM)

    loop.add_reader(parent.sentinel, orphaned)
    await serve_until_stopped(
        life.config,
        reuse_port=True,
        with_admin=life.with_admin,
        on_listening=lambda _: life.listening.set(),
        load=life.load,
        siblings=life.siblings,
    )
