"""One SeaLink process's whole life: start, wait for a signal, stop."""

import asyncio
import contextlib
import errno
import gc
import logging
import math
import signal
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, Final

from sealink.app.app import App
from sealink.app.garbage import FullCollections
from sealink.app.listening.sockets import Sockets, on_port
from sealink.app.listening.systemd import READY, STOPPING, keep_alive, notify, notify_reloading
from sealink.app.listening.takeover import TAKEN_OVER, MeetingPlace
from sealink.config import Config, ConfigError
from sealink.ledger.journal import OwnedFolder
from sealink.net.server import CertificateError, ServerTls
from sealink.recorder.pool import Recorder
from sealink.store.errors import StoreTooNew

log = logging.getLogger("sealink.process")


class CannotStart(Exception):
    """The process cannot serve: its port is taken, its journal cannot be written. The message is for the operator."""


def run_on_best_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run a command's coroutine to its end: on uvloop where it has a build, else on asyncio's own loop."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


def raise_file_limit() -> None:
    """Let the process open as many files as it may. A stream takes two; most systems begin with 1,024."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS answers "unlimited", and refuses it
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def survive_hangup() -> None:
    """SIGHUP, by which other servers read their config again, ends a process that does not handle it."""
    if hasattr(signal, "SIGHUP"):  # not on Windows
        signal.signal(signal.SIGHUP, _log_hangup)


@contextlib.contextmanager
def hangup_ignored() -> Iterator[None]:
    """Processes that are started meanwhile ignore SIGHUP, which a terminal sends to all, until they handle it."""
    handler = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, handler)


def _log_hangup(*_: object) -> None:
    log.info("SIGHUP: nothing is done, SeaLink is starting.")


def reload_on_hangup(app: App, *, is_worker: bool = False) -> None:
    """From now on SIGHUP has the config read again. Of workers only the parent tells systemd."""
    tasks: set[asyncio.Task[None]] = set()

    def begin() -> None:
        task = asyncio.ensure_future(_reload(app) if is_worker else _reload_as_told(app))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    if hasattr(signal, "SIGHUP"):
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, begin)


async def _reload_as_told(app: App) -> None:
    notify_reloading()
    await _reload(app)
    notify(READY)


async def _reload(app: App) -> None:
    try:
        found = await app.reload()
    except ConfigError as error:
        log.error("The config is not reloaded, all is as it was:\n%s", error)
    else:
        log.info("The config is reloaded: %s", found)


async def _follow_siblings(app: App) -> None:
    try:
        await app.follow_siblings()
    except (ConfigError, OSError) as error:
        log.error("The config that other workers have reloaded is not in force here:\n%s", error)


def stop_notice(drain_s: float, number: int) -> str:
    """What the operator is told when the process is asked to stop."""
    if number == TAKEN_OVER:
        return f"Another SeaLink has taken over. Open streams have up to {drain_s:g} s to finish; SIGTERM ends them."
    again = "Ctrl-C again ends them" if number == signal.SIGINT else "a second SIGTERM or Ctrl-C ends them"
    return f"Stopping. Open streams have up to {drain_s:g} s to finish; {again} at once."


class Service:
    """A SeaLink that runs, as others see it: systemd, and the SeaLink that comes next."""

    def __init__(self, config: Config, sockets: Callable[[], Sockets]) -> None:
        """It is ready. `config` has the port that was really taken."""
        self._config = config
        self._place: MeetingPlace | None = None
        try:
            self._place = MeetingPlace(config.server, sockets)
        except OSError as error:
            log.warning("no other SeaLink can take over from this one: %s", error)
        notify(READY)

    def stop(self, number: int) -> None:
        """It stops, since a signal asks for it."""
        log.info(stop_notice(self._config.server.drain_s, number))
        if self._place is not None:
            self._place.close()
        if number != TAKEN_OVER:
            notify(STOPPING)


class StopSignals:
    """SIGTERM and SIGINT: the first asks the process to stop, a later one not to wait for open streams. TAKEN_OVER:
    another process has the sockets.

    Signals within AGAIN_S of the first count as one: a service manager or a terminal signals every process of a group,
    and so does the parent of workers.
    """

    AGAIN_S: Final = 1.0

    def __init__(self) -> None:
        self.first = asyncio.Event()
        self.second = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._first_at = math.inf
        self.number: int = signal.SIGTERM
        """Which the first was."""
        for number in (signal.SIGTERM, signal.SIGINT, TAKEN_OVER):
            self._loop.add_signal_handler(number, self._received, number)

    @property
    def is_taken_over(self) -> bool:
        """Whether another process has the sockets."""
        return self.number == TAKEN_OVER

    def _received(self, number: int) -> None:
        now = self._loop.time()
        if not self.first.is_set():
            self.number = number
            self._first_at = now
            self.first.set()
        elif now - self._first_at > self.AGAIN_S:
            self.second.set()


async def serve_until_stopped(
    config: Config,
    on_listening: Callable[[str], None],
    *,
    sockets: Sockets | None = None,
    with_admin: bool = False,
    recorder: Recorder | None = None,
    load: Callable[[], Config] | None = None,
    siblings: Path | None = None,
) -> None:
    """Listen until SIGTERM or SIGINT. `on_listening` is called with the base URL once connections are accepted.

    `sockets` are there already. `with_admin`: on the admin port too. `load` reads the config again, on SIGHUP.
    `siblings` is the folder in which the workers of one SeaLink meet. Raises CannotStart.
    """
    raise_file_limit()
    survive_hangup()
    signals = StopSignals()
    app = app_of(config, recorder, load=load, siblings=siblings)
    try:
        base_url = await app.start(sockets, with_admin=with_admin)
    except OSError as error:
        raise cannot_listen(config, error) from error
    except StoreTooNew as error:
        raise CannotStart(str(error)) from error
    collections = FullCollections(lambda: app.open_requests)
    collections.start()
    reload_on_hangup(app, is_worker=siblings is not None)
    if siblings is not None:
        await _follow_siblings(app)
    else:
        service = Service(on_port(config, app.sockets().public), app.sockets)
        watchdog = asyncio.ensure_future(keep_alive())
    on_listening(base_url)
    await app.loaded()
    gc.freeze()
    await signals.first.wait()
    if siblings is None:  # of several workers the parent does it
        service.stop(signals.number)
    await _stop(app, signals)
    collections.stop()
    if siblings is None:
        watchdog.cancel()


def cannot_listen(config: Config, error: OSError) -> CannotStart:
    """Why the process has no port."""
    is_taken = error.errno == errno.EADDRINUSE
    hint = ". If it is SeaLink that runs there, --takeover starts beside it and then has it stop" if is_taken else ""
    server = config.server
    where = f"unix:{server.unix_socket}" if server.unix_socket else f"{server.host}:{server.port}"
    return CannotStart(f"cannot listen on {where}: {error.strerror or error}{hint}")


def app_of(
    config: Config,
    recorder: Recorder | None = None,
    *,
    load: Callable[[], Config] | None = None,
    siblings: Path | None = None,
) -> App:
    """Raises CannotStart where its journal cannot be written, or its certificate cannot be used."""
    try:
        return App(config, recorder, load=load, siblings=siblings)
    except CertificateError as error:
        raise _cannot_use(error) from error
    except OSError as error:
        raise _cannot_write(error) from error


def check_start(config: Config) -> None:
    """Raises CannotStart where no journal can be written, or the certificate cannot be used, before each worker says
    so."""
    try:
        ServerTls.of(config.server.tls_cert, config.server.tls_key)
    except CertificateError as error:
        raise _cannot_use(error) from error
    try:
        folder = OwnedFolder.new(Path(config.store.journal))
        folder.path.rmdir()
    except OSError as error:
        raise _cannot_write(error) from error
    folder.release()


def _cannot_use(error: CertificateError) -> CannotStart:
    return CannotStart(f"[server] tls_cert: {error}")


def _cannot_write(error: OSError) -> CannotStart:
    return CannotStart(f"cannot write the journal of requests ([store] journal): {error}")


async def _stop(app: App, signals: StopSignals) -> None:
    """Stop; after a second signal, without waiting for open streams."""
    stopping = asyncio.ensure_future(app.stop(is_taken_over=signals.is_taken_over))
    again = asyncio.ensure_future(signals.second.wait())
    await asyncio.wait((stopping, again), return_when=asyncio.FIRST_COMPLETED)
    if again.done():
        app.hurry()
    again.cancel()
    await stopping
