"""`sealink import litellm`: prints another gateway's config as a sealink.toml."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Print another gateway's config as a sealink.toml.")


@app.callback()
def gateways() -> None:
    """Print another gateway's config as a sealink.toml."""


@app.command()
def litellm(config: Annotated[Path, typer.Argument(help="The config.yaml of a LiteLLM proxy.")]) -> None:
    """A LiteLLM proxy's config. What could not be carried over is on standard error, and in the file as a comment."""
    from sealink.cli.configuration import fail
    from sealink.migration.litellm import NotAConfig, migrate

    try:
        migration = migrate(config.read_text())
    except (OSError, UnicodeDecodeError) as error:
        fail(f"{config}: {error.strerror if isinstance(error, OSError) else 'it is not text'}")
    except NotAConfig as error:
        fail(f"{config}: {error}")
    typer.echo(migration.toml, nl=False)
    for note in migration.notes:
        typer.echo(f"note: {note}", err=True)
