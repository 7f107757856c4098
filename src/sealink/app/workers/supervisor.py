"""Several processes on one port, and the one that starts them, stops them, and replaces those that die."""

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

import msgspec

from sealink.app.listening.shares import Shares
from sealink.app.listening.sockets import Sockets, base_url, open_tcp
from sealink.app.listening.systemd import READY, notify, notify_reloading, watchdog_pause_s
from sealink.app.listening.takeover import TAKEN_OVER
from sealink.app.process import (
    CannotStart,
    Service,
    cannot_listen,
    check_start,
    hangup_ignored,
    run_on_best_loop,
    serve_until_stopped,
    stop_notice,
)
from sealink.app.workers.restarts import Restarts
from sealink.app.workers.shared_config import SharedConfig
from sealink.app.workers.waiting import Waiting
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
    given: Sockets | None = None,
) -> None:
    """Run `count` workers until SIGTERM or SIGINT; one that dies before that is replaced.

    `on_listening` is called with the base URL once all accept connections. Raises CannotStart, or SystemExit if a
    worker cannot start: it has written why to standard error. `given` sockets are listened on, instead of those of the
    config. `load` reads the config again: each worker does so on SIGHUP.
    """
    check_start(config)
    try:
        shares = Shares(config, count, given)
    except OSError as error:
        raise cannot_listen(config, error) from error
    admin = shares.admin or _admin_sockets(config)
    with contextlib.closing(shares), TemporaryDirectory(prefix="sealink-") as folder, Waiting.begin() as waiting:
        load = partial(_load, load, shares.config)
        workers = Workers(shares, partial(_Life, load=load, siblings=Path(folder), admin=admin), waiting)
        signal.signal(signal.SIGHUP, workers.pass_on)
        for number in (signal.SIGTERM, signal.SIGINT, TAKEN_OVER):
            signal.signal(number, workers.stop_on)
        try:
            workers.start(count)
        except OSError as error:
            workers.stop()
            workers.run()
            raise cannot_listen(config, error) from error
        is_up = workers.are_listening()
        if is_up:
            workers.service = Service(shares.config, lambda: Sockets(workers.sockets(), admin))
            on_listening(base_url(shares.config.server, workers.sockets()))
        workers.run()
    for each in admin:
        each.close()
    if not is_up and not workers.were_asked_to_stop:
        raise SystemExit(1)


def _load(load: Callable[[], Config], running: Config) -> Config:
    """The config that `load` reads, with the address that was really taken."""
    config, server = load(), running.server
    address = {"host": server.host, "port": server.port} if config.server.port == 0 else {}
    return msgspec.structs.replace(config, server=msgspec.structs.replace(config.server, **address))


def _admin_sockets(config: Config) -> Sequence[socket.socket]:
    """The admin port's, kept open here, so that nobody is refused while it goes from one worker to another. None where
    another process has it: the worker whose turn it is waits for it then."""
    try:
        return open_tcp(config.admin.host, config.admin.port)
    except OSError:
        return ()


class Workers:
    """The processes that do the work, each with the event that it sets when it accepts connections, and with sockets
    of its own. `service` is what others know of them, once all accept connections. `were_asked_to_stop`: by a signal.

    The events are kept here: one that is garbage-collected is gone before its process has opened it. So are the
    sockets, for another SeaLink that takes over.
    """

    def __init__(self, shares: Shares, life: "Callable[..., _Life]", waiting: Waiting) -> None:
        config = shares.config
        self.service: Service | None = None
        self.were_asked_to_stop = False
        self._shares = shares
        self._config = config
        self._life = life
        self._waiting = waiting
        self._stopping = False
        self._context = multiprocessing.get_context("spawn")
        self._processes: dict[BaseProcess, Event] = {}
        self._sockets: dict[BaseProcess, list[socket.socket]] = {}
        self._started_at: dict[BaseProcess, float] = {}
        self._restarts = Restarts(config.server.restart_pause_s, config.server.max_restart_pause_s)

    def start(self, count: int) -> None:
        """Start so many, unless they are asked to stop meanwhile. Raises OSError."""
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

    def sockets(self) -> list[socket.socket]:
        """All that the workers listen on."""
        return [*self._shares.for_all, *(each for own in list(self._sockets.values()) for each in own)]

    def run(self) -> None:
        """Wait until all have stopped."""
        watchdog_s = watchdog_pause_s()
        while self._processes or (self._restarts and not self._stopping):
            self._waiting.wait(list(self._processes), _POLL_S if self._restarts else watchdog_s)
            if watchdog_s:
                notify("WATCHDOG=1")
            self._follow_up()

    def _follow_up(self) -> None:
        """Of those that have ended, and are due to be replaced."""
        for process in [process for process in self._processes if not process.is_alive()]:
            self._ended(process)
        if not self._stopping:
            for _ in range(self._restarts.take_due(time.monotonic())):
                self._replace()

    def _ended(self, process: BaseProcess) -> None:
        del self._processes[process]
        for each in self._sockets.pop(process):
            each.close()  # or connections would wait there in vain
        lived_s = time.monotonic() - self._started_at.pop(process)
        if not self._stopping:
            pause_s = self._restarts.ended(time.monotonic(), lived_s)
            when = f"in {pause_s:g} s" if pause_s else "now"
            log.warning("worker %s ended with %s, another is started %s", process.pid, process.exitcode, when)

    def _replace(self) -> None:
        """Start a worker in place of one that has ended; if there is no socket or no process for it, later."""
        try:
            self._spawn()
        except OSError as error:
            pause_s = self._restarts.ended(time.monotonic(), 0.0)
            log.warning("a worker cannot be started, this is tried again in %g s: %s", pause_s, error)

    def stop_on(self, number: int, *_: object) -> None:
        """A signal asks for it: say so, the first time."""
        if not self._stopping and self.service is not None:
            self.service.stop(number)
        elif not self._stopping:
            log.info(stop_notice(self._config.server.drain_s, number))
        self.were_asked_to_stop = True
        self.stop(TAKEN_OVER if number == TAKEN_OVER else signal.SIGTERM)

    def pass_on(self, number: int, *_: object) -> None:
        """A SIGHUP is for every worker. They say when they have read the config; systemd is not kept waiting."""
        notify_reloading()
        self._signal(number)
        notify(READY)

    def stop(self, number: int = signal.SIGTERM) -> None:
        """Ask all to finish what they are doing and stop."""
        self._stopping = True
        self._signal(number)

    def _signal(self, number: int) -> None:
        for process in self._processes:
            if process.pid is not None:
                with contextlib.suppress(ProcessLookupError):  # it has just ended
                    os.kill(process.pid, number)

    def _spawn(self) -> None:
        with contextlib.ExitStack() as undo:
            own = [undo.enter_context(each) for each in self._shares.deal()]
            with hangup_ignored():  # multiprocessing's resource tracker, which the first event starts, never handles it
                listening = self._context.Event()
                life = self._life(config=self._config, listening=listening, public=[*self._shares.for_all, *own])
                process = self._context.Process(target=_work, args=(life,))
                process.start()
            undo.pop_all()
        self._processes[process] = listening
        self._sockets[process] = own
        self._started_at[process] = time.monotonic()
        if self._stopping:  # the signal came while it was being started
            process.terminate()


class _Life(NamedTuple):
    """What a worker is given."""

    config: Config
    listening: Event
    public: Sequence[socket.socket]
    admin: Sequence[socket.socket]
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
        SharedConfig(life.siblings).newest() or life.config,
        sockets=Sockets(life.public, life.admin),
        with_admin=True,
        on_listening=lambda _: life.listening.set(),
        load=life.load,
        siblings=life.siblings,
    )
