"""Which config a command runs with."""

from pathlib import Path
from typing import Annotated

import typer

from sealink.config import Config, ConfigError, from_environment, load, proxies_from

DEFAULT_PATH = Path("sealink.toml")

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="The config file. Default: ./sealink.toml if there is one, else the environment."),
]


def load_or_exit(path: Path | None) -> Config:
    """The config of `path`, of ./sealink.toml, or of the environment. A mistake ends the command with 1."""
    try:
        proxies_from()
        if path is None and not DEFAULT_PATH.exists():
            return from_environment()
        return load(path or DEFAULT_PATH)
    except ConfigError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error


def warn_unenforced(config: Config) -> None:
    """Say which settings this version reads and does not act on."""
    for name in config.unenforced:
        typer.echo(f"warning: {name} is not enforced by this version", err=True)
