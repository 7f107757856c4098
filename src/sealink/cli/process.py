"""One SeaLink process's whole life: start, say where, wait for a signal, stop."""

import asyncio
import contextlib
import gc
import logging
import signal
from collections.abc import Callable, Coroutine
from typing import Any

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


def stop_signal() -> asyncio.Event:
    """Set when the process is told to stop, by SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    return stopped


async def serve_until_stopped(
    config: Config,
    on_listening: Callable[[str], None],
    *,
    reuse_port: bool = False,
    recorder: Recorder | None = None,
) -> None:
    """Listen until SIGTERM or SIGINT. `on_listening` is told the base URL once connections are taken."""
    raise_file_limit()
    stopped = stop_signal()
    app = App(config, recorder)
    try:
        base_url = await app.start(reuse_port=reuse_port)
    except OSError as error:
        typer.echo(f"cannot listen on {config.server.host}:{config.server.port}: {error.strerror}", err=True)
        raise SystemExit(1) from error
    gc.collect()
    gc.freeze()  # what start-up made stays: the collector need not walk over it again and again
    on_listening(base_url)
    await stopped.wait()
    await app.stop()


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
