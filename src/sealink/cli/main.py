"""The `sealink` command."""

from typing import Annotated

import typer

from sealink import __version__
from sealink.cli.access.keys import app as keys
from sealink.cli.access.teams import app as teams
from sealink.cli.chat import chat
from sealink.cli.check import check
from sealink.cli.endpoints.bench import bench
from sealink.cli.endpoints.doctor import doctor
from sealink.cli.migration.commands import app as migration
from sealink.cli.providers import providers
from sealink.cli.record import record
from sealink.cli.reload import reload
from sealink.cli.serve import serve
from sealink.cli.sim import SimCommand, sim
from sealink.cli.usage.commands import app as usage

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.command()(serve)
app.command()(reload)
app.command()(check)
app.command()(chat)
app.command()(providers)
app.command()(record)
app.command()(bench)
app.command()(doctor)
app.command(cls=SimCommand)(sim)
app.add_typer(usage, name="usage")
app.add_typer(keys, name="keys")
app.add_typer(teams, name="teams")
app.add_typer(migration, name="import")


def _print_version(is_asked: bool) -> None:
    if is_asked:
        from sealink.wire.stream.plain_reads import pass_on_in_c

        typer.echo(f"sealink {__version__}, {'in plain Python' if pass_on_in_c is None else 'with its accelerator'}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version, and whether the accelerator was built.",
        ),
    ] = False,
) -> None:
    """SeaLink: a streaming-first LLM gateway."""


def main() -> None:
    """The entry point of the console script."""
    app()
