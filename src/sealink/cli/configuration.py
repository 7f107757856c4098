"""Which config a command runs with."""

from collections.abc import Coroutine, Iterable
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


def load_or_exit(path: Path | None, *, warn: bool = False, mistakes: Iterable[str] = ()) -> "Config":
    """The config of `path`, of ./sealink.toml, or of the environment. Mistakes in it, and `mistakes` that were found
    elsewhere, end the command with 1."""
    from sealink.config import ConfigError

    mistakes = list(mistakes)
    try:
        config, warnings = _loaded(path)
    except ConfigError as error:
        mistakes.insert(0, str(error))
    if mistakes:
        fail("\n".join(mistakes))
    if warn:
        for warning in warnings:
            typer.echo(f"warning: {warning}", err=True)
    return config


def _loaded(path: Path | None) -> tuple["Config", list[str]]:
    from sealink.config import ConfigError, from_environment, load_with_warnings

    try:
        is_there = path is not None or DEFAULT_PATH.exists()
    except OSError as error:  # nobody may look into this folder
        raise ConfigError(f"{DEFAULT_PATH}: {error.strerror}") from error
    if not is_there:
        return from_environment(), []
    return load_with_warnings(path or DEFAULT_PATH)


def load_to_serve(path: Path | None) -> tuple["Config", str]:
    """As `load_or_exit`, with warnings, and with the key of earlier runs where none is configured. Where that cannot
    be kept, the text says why."""
    return _with_kept_key(load_or_exit(path, warn=True))


def load_to_serve_again(path: Path | None) -> tuple["Config", list[str]]:
    """As `load_to_serve`, for a server that runs: the config, and its warnings. Raises ConfigError."""
    config, warnings = _loaded(path)
    return _with_kept_key(config)[0], warnings


def _with_kept_key(config: "Config") -> tuple["Config", str]:
    from msgspec.structs import replace

    from sealink.app.dev_key import FILE, kept_key
    from sealink.config import GENERATED_KEY

    (key, *others), folder = config.keys, Path(config.server.data_dir)
    if key.name != GENERATED_KEY:
        return config, ""
    try:
        secret = kept_key(folder, key.key)
    except OSError as error:
        return config, f"the key is for this run only: cannot keep it in {folder / FILE}: {error.strerror}"
    return replace(config, keys=(replace(key, key=secret), *others)), ""


def greet(config: "Config", note: str, base_url: str) -> None:
    """Say where SeaLink listens, and how to use it."""
    from sealink.app.greeting import greeting

    if note:
        typer.echo(f"warning: {note}", err=True)
    typer.echo(greeting(config, base_url))


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
