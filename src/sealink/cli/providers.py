"""`sealink providers`: which vendors are known by name, and what is known of them."""

import sys
from typing import Annotated

import typer

PIPED_WIDTH = 200
"""Columns of a table that does not go to a terminal."""


def providers(
    as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    as_page: Annotated[bool, typer.Option("--markdown", help="As docs/providers.md.")] = False,
) -> None:
    """The vendors that are known by name, with their addresses and the variables of their keys."""
    from sealink.cli import providers_page

    if as_json:
        typer.echo(providers_page.as_json())
    elif as_page:
        typer.echo(providers_page.page(), nl=False)
    else:
        from rich.console import Console

        width = None if sys.stdout.isatty() else PIPED_WIDTH
        Console(width=width, markup=False, emoji=False, highlight=False).print(providers_page.table())
