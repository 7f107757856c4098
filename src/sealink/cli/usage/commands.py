"""`sealink usage`: how many tokens and how much money requests took, and how each ended."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from sealink.cli.configuration import ConfigOption, fail, load_or_exit
from sealink.ledger.totals import By

if TYPE_CHECKING:
    from sealink.cli.usage.tables import Parts
    from sealink.ledger.report import Report

JsonOption = Annotated[bool, typer.Option("--json", help="For programs; money in nano-dollars.")]

DEFAULT_ROWS = 50
"""How many rows `sealink usage rows` shows by default."""

PIPED_WIDTH = 200
"""Columns of a table that does not go to a terminal."""

app = typer.Typer(help="Usage and cost, and how each request ended.")


@app.callback(invoke_without_command=True)
def summary(
    context: typer.Context,
    by: Annotated[By, typer.Option(help="What to group by; days are days in UTC.")] = "model",
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """Usage and cost by model, key, task or day; `rows` and `show` are about single requests."""
    context.obj = config
    if context.invoked_subcommand is not None:
        return
    with _report(config) as report:
        found = report.summary(by)
    if as_json:
        groups = [{by: name, **msgspec.structs.asdict(totals)} for name, totals in found.groups.items()]
        _print_json({**msgspec.structs.asdict(found), "groups": groups})
    else:
        from sealink.cli.usage import tables

        _print_tables(tables.summary(found))


@app.command()
def rows(
    context: typer.Context,
    last: Annotated[int | None, typer.Option(min=1, help="Only the newest N. Default: all with --json.")] = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """One line for each request that has ended, oldest first."""
    with _report(config or context.obj) as report:
        if as_json:
            for row in report.rows(last):
                _print_json(row)
        else:
            from sealink.cli.usage import tables

            _print_tables(tables.rows(report.rows(last or DEFAULT_ROWS)))


@app.command()
def show(
    context: typer.Context,
    request_id: Annotated[str, typer.Argument(metavar="ID", help="As in the header x-sealink-request-id.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """All that is known of one request, with its timeline."""
    with _report(config or context.obj) as report:
        row = report.find(request_id)
    if row is None:
        fail(f"there is no request {request_id}")
    if as_json:
        _print_json(row)
    else:
        from sealink.cli.usage import tables

        _print_tables(tables.request(row))


@contextmanager
def _report(config: Path | None) -> "Iterator[Report]":
    """A report on the ledger of a config. A store that cannot be read ends the command with 1."""
    from sealink.ledger.report import open_report
    from sealink.store.errors import StoreError, StoreUnavailable

    store = load_or_exit(config).store
    try:
        with open_report(store.url, Path(store.journal)) as report:
            yield report
    except StoreError as error:
        fail(str(error))
    except StoreUnavailable as error:
        fail(f"cannot read the store: {error}")


def _print_json(value: object) -> None:
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def _print_tables(parts: "Parts") -> None:
    from rich.console import Console

    width = None if sys.stdout.isatty() else PIPED_WIDTH
    console = Console(width=width, markup=False, emoji=False, highlight=False)  # what clients send is not markup
    for part in parts:
        console.print(part)
