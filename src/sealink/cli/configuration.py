"""Which config a command runs with."""

from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    from sealink.config import Config

DEFAULT_PATH = Path("sealink.toml")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="The config file. Default: ./sealink.toml if there is one, else the environment."),
]


def load_or_exit(path: Path | None) -> "Config":
    """The config of `path`, of ./sealink.toml, or of the environment. A mistake ends the command with 1."""
    from sealink.config import ConfigError, from_environment, load

    try:
        if path is None and not DEFAULT_PATH.exists():
            return from_environment()
        return load(path or DEFAULT_PATH)
    except ConfigError as error:
        fail(str(error))
    except OSError as error:  # nobody may look into this folder
        fail(f"{DEFAULT_PATH}: {error.strerror}")


def warn_unenforced(config: "Config") -> None:
    """Warn of settings that this version accepts and does not enforce."""
    for name in config.unenforced:
        typer.echo(f"warning: {name} is not enforced by this version", err=True)


def run_or_exit(main: Coroutine[Any, Any, None]) -> None:
    """Run a server to its end. One that cannot start ends the command with 1."""
    from sealink.app.process import CannotStart, run_on_best_loop
    from sealink.config import ConfigError

    try:
        run_on_best_loop(main)
    except (CannotStart, ConfigError) as error:
        fail(str(error))


def fail(message: str) -> NoReturn:
    """End the command with 1, and say why."""
    typer.echo(message, err=True)
    raise typer.Exit(1)
