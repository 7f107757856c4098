"""Several processes on one port: the kernel spreads new connections over them (SO_REUSEPORT)."""

import logging
import multiprocessing
import signal
import socket
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Event
from typing import Final

import msgspec
import typer

from sealink.cli.process import configure_logging, greeting, run_on_best_loop, serve_until_stopped
from sealink.config import Config

log = logging.getLogger("sealink.workers")

_POLL_S: Final = 0.1


def supervise(config: Config, count: int) -> None:
    """Run `count` workers until SIGTERM or SIGINT; one that dies before that is replaced."""
    with socket.socket() as reserved:
        reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        reserved.bind((config.server.host, config.server.port))
        port = reserved.getsockname()[1]
        config = msgspec.structs.replace(config, server=msgspec.structs.replace(config.server, port=port))
        workers = Workers(config, count)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: workers.stop())
        if workers.are_listening():
            typer.echo(greeting(config, f"http://{config.server.host}:{port}/v1"))
        workers.run()


class Workers:
    """The processes that do the work."""

    def __init__(self, config: Config, count: int) -> None:
        self._config = config
        self._stopping = False
        self._context = multiprocessing.get_context("spawn")
        self._listening = [self._context.Event() for _ in range(count)]
        self._processes = [self._spawn(listening) for listening in self._listening]

    def are_listening(self) -> bool:
        """Wait until every worker takes connections. False if one has ended instead: it has said why."""
        while all(process.is_alive() for process in self._processes):
            if all(listening.wait(_POLL_S) for listening in self._listening):
                return True
        self.stop()
        return False

    def run(self) -> None:
        """Wait until all have stopped."""
        while self._processes:
            wait([process.sentinel for process in self._processes])
            for process in [process for process in self._processes if not process.is_alive()]:
                self._processes.remove(process)
                if not self._stopping:
                    log.warning("worker %s ended with %s, starting another", process.pid, process.exitcode)
                    self._processes.append(self._spawn(self._context.Event()))

    def stop(self) -> None:
        """Ask all to finish what they are doing and stop."""
        self._stopping = True
        for process in self._processes:
            process.terminate()

    def _spawn(self, listening: Event) -> BaseProcess:
        process = self._context.Process(target=_work, args=(self._config, listening))
        process.start()
        return process


def _work(config: Config, listening: Event) -> None:
    configure_logging()
    run_on_best_loop(serve_until_stopped(config, reuse_port=True, on_listening=lambda _: listening.set()))
