"""The `sealink` command."""

import typer

from sealink.cli.chat import chat
from sealink.cli.check import check
from sealink.cli.providers import providers
from sealink.cli.record import record
from sealink.cli.serve import serve
from sealink.cli.sim import FAULTS_HELP, sim
from sealink.cli.usage import app as usage

app = typer.Typer(help="SeaLink: a streaming-first LLM gateway.", no_args_is_help=True, add_completion=False)
app.command()(serve)
app.command()(check)
app.command()(chat)
app.command()(providers)
app.command()(record)
app.command(epilog=FAULTS_HELP)(sim)
app.add_typer(usage, name="usage")


def main() -> None:
    """The entry point of the console script."""
    app()
