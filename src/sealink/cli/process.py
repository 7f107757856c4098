"""One SeaLink process's whole life: start, say where, wait for a signal, stop."""

import asyncio
import contextlib
import gc
import logging
import math
import signal
from collections.abc import Callable, Coroutine
from typing import Any, Final

import typer

from sealink import __version__
from sealink.app import App
from sealink.config import GENERATED_KEY, Config
from sealink.recorder.pool import Recorder


def run_on_best_loop(main: Coroutine[Any, Any, None]) -> None:
    """Run a command's coroutine to its end: on uvloop where it has a build, else on asyncio's own loop."""
    try:
        import uvloop
    except ImportError:
        asyncio.run(main)
    else:
        uvloop.run(main)


def configure_logging() -> None:
    """Log to standard error, one line a record."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")


def raise_file_limit() -> None:
    """Let the process open as many files as it may. A stream takes two; most systems begin with 1,024."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):  # macOS says "unlimited", and takes less
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class StopSignals:
    """SIGTERM and SIGINT: the first tells the process to stop, a later one not to wait for open streams.

    Those that come within AGAIN_S are one: a service manager, or a terminal, tells every process of a group, and so
    does the parent of workers.
    """

    AGAIN_S: Final = 1.0

    def __init__(self) -> None:
        self.told = asyncio.Event()
        self.told_again = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._first_at = math.inf
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self.tell)

    def tell(self) -> None:
        now = self._loop.time()
        if not self.told.is_set():
            self._first_at = now
            self.told.set()
        elif now - self._first_at > self.AGAIN_S:
            self.told_again.set()


async def serve_until_stopped(
    config: Config,
    on_listening: Callable[[str], None],
    *,
    reuse_port: bool = False,
    recorder: Recorder | None = None,
) -> None:
    """Listen until SIGTERM or SIGINT. `on_listening` is told the base URL once connections are taken."""
    raise_file_limit()
    signals = StopSignals()
    app = _app(config, recorder)
    try:
        base_url = await app.start(reuse_port=reuse_port)
    except OSError as error:
        raise cannot_listen(config, error) from error
    gc.collect()
    gc.freeze()  # what start-up made stays: the collector need not walk over it again and again
    on_listening(base_url)
    await signals.told.wait()
    await _stop(app, signals)


def cannot_listen(config: Config, error: OSError) -> SystemExit:
    """The end of a process that has no port; it says why."""
    typer.echo(f"cannot listen on {config.server.host}:{config.server.port}: {error.strerror}", err=True)
    return SystemExit(1)


def _app(config: Config, recorder: Recorder | None) -> App:
    try:
        return App(config, recorder)
    except OSError as error:
        typer.echo(f"cannot write the journal of requests ([store] journal): {error}", err=True)
        raise SystemExit(1) from error


async def _stop(app: App, signals: StopSignals) -> None:
    """Stop, and no longer wait for open streams once told again."""
    stopping = asyncio.ensure_future(app.stop())
    again = asyncio.ensure_future(signals.told_again.wait())
    await asyncio.wait((stopping, again), return_when=asyncio.FIRST_COMPLETED)
    if again.done():
        app.hurry()
    again.cancel()
    await stopping


def greeting(config: Config, base_url: str) -> str:
    """Where SeaLink listens, the key to use, and one line to paste.

    A key is shown only if it was made up for this run; one that the user keeps elsewhere stays there.
    """
    key = config.keys[0]
    generated = key.name == GENERATED_KEY
    secret = key.key if generated else "$SEALINK_API_KEY"
    model = next((model.id for model in config.models if "*" not in model.id), "MODEL")
    body = f'{{"model": "{model}", "stream": true, "messages": [{{"role": "user", "content": "Hello!"}}]}}'
    return "\n".join(
        [
            f"SeaLink {__version__} listens on {base_url}",
            f"key: {secret}" if generated else f"key: the one named {key.name!r}",
            "try: "
            f'curl -N {base_url}/chat/completions -H "Authorization: Bearer {secret}"'
            f" -H 'Content-Type: application/json' -d '{body}'",
        ]
    )
