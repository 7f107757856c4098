"""`sealink usage`: how many tokens and how much money requests took, and how each ended."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from sealink.cli.configuration import ConfigOption, fail, load_or_exit

if TYPE_CHECKING:
    from sealink.cli.usage.tables import Parts
    from sealink.config.sections import Config
    from sealink.ledger.reports.report import Report
    from sealink.ledger.reports.selection import Selection

JsonOption = Annotated[bool, typer.Option("--json", help="For programs; money in nano-dollars.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="For spreadsheets; money in nano-dollars.")]
SinceOption = Annotated[str | None, typer.Option(metavar="TIME", help="From this date or time on, in UTC.")]
UntilOption = Annotated[str | None, typer.Option(metavar="TIME", help="Before this; a date is its 00:00 UTC.")]
KeyOption = Annotated[str | None, typer.Option(metavar="NAME", help="Of this key only.")]
TeamOption = Annotated[str | None, typer.Option(metavar="NAME", help="Of this team only.")]
ModelOption = Annotated[str | None, typer.Option(metavar="NAME", help="For this model only.")]
ProviderOption = Annotated[str | None, typer.Option(metavar="NAME", help="Answered by this provider only.")]
TaskOption = Annotated[str | None, typer.Option(metavar="TYPE", help="Of this task only.")]

DEFAULT_ROWS = 50
"""How many rows `sealink usage rows` shows by default."""

PIPED_WIDTH = 200
"""Columns of a table that does not go to a terminal."""

app = typer.Typer(help="Usage and cost, and how each request ended.")


@app.callback(invoke_without_command=True)
def summary(
    context: typer.Context,
    by: Annotated[
        str, typer.Option(metavar="A,B", help="What to group by: model, key, team, task, day (UTC), provider.")
    ] = "model",
    since: SinceOption = None,
    until: UntilOption = None,
    key: KeyOption = None,
    team: TeamOption = None,
    model: ModelOption = None,
    provider: ProviderOption = None,
    task: TaskOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    config: ConfigOption = None,
) -> None:
    """Usage, cost and price by model, key, team, task, day or provider; `rows` and `show` are about single requests,
    `statement` is a month's bill."""
    context.obj = config
    if context.invoked_subcommand is not None:
        return
    from sealink.ledger.reports.totals import by_of

    selection = _selection(since, until, key=key, team=team, model=model, provider=provider, task=task)
    try:
        groups_by = by_of(by)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--by") from error
    with _report(config) as (report, settings):
        found = report.summary(groups_by, selection)
    if as_json:
        _print_json({**msgspec.structs.asdict(found), "by": ",".join(found.by), "groups": found.named()})
    elif as_csv:
        from sealink.ledger.reports.csv_text import csv_text
        from sealink.ledger.reports.totals import Totals

        sys.stdout.write(csv_text([*found.by, *Totals.__struct_fields__], found.named()))
    else:
        from sealink.cli.usage import tables

        _print_tables(tables.summary(found, settings.usage.currency, settings.usage.usd_rate))


@app.command()
def rows(
    context: typer.Context,
    last: Annotated[int | None, typer.Option(min=1, help="Only the newest N. Default: all with --json.")] = None,
    since: SinceOption = None,
    until: UntilOption = None,
    key: KeyOption = None,
    team: TeamOption = None,
    model: ModelOption = None,
    provider: ProviderOption = None,
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """One line for each request that has ended, oldest first."""
    selection = _selection(since, until, key=key, team=team, model=model, provider=provider)
    with _report(config or context.obj) as (report, _):
        if as_json:
            for row in report.rows(last, selection):
                _print_json(row)
        else:
            from sealink.cli.usage import tables

            _print_tables(tables.rows(report.rows(last or DEFAULT_ROWS, selection)))


@app.command()
def show(
    context: typer.Context,
    request_id: Annotated[str, typer.Argument(metavar="ID", help="As in the header x-sealink-request-id.")],
    as_json: JsonOption = False,
    config: ConfigOption = None,
) -> None:
    """All that is known of one request, with its timeline."""
    with _report(config or context.obj) as (report, _):
        row = report.find(request_id)
    if row is None:
        fail(f"there is no request {request_id}")
    if as_json:
        _print_json(row)
    else:
        from sealink.cli.usage import tables

        _print_tables(tables.request(row))


@app.command()
def statement(
    context: typer.Context,
    month: Annotated[str, typer.Argument(metavar="MONTH", help="2026-01, in UTC.")],
    team: TeamOption = None,
    config: ConfigOption = None,
) -> None:
    """A month's usage as CSV: a line for each team, key, model and provider."""
    from sealink.ledger.reports import selection, statement
    from sealink.ledger.reports.csv_text import csv_text

    try:
        since, until = selection.month(month)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="MONTH") from error
    with _report(config or context.obj) as (report, settings):
        found = report.summary(statement.BY, selection.Selection(since=since, until=until, team=team))
    lines = statement.lines(month, found, settings.usage.currency, settings.usage.usd_rate)
    sys.stdout.write(csv_text(statement.COLUMNS, lines))


def _selection(since: str | None, until: str | None, **given: str | None) -> "Selection":
    """What the options select."""
    from sealink.ledger.reports.selection import Selection, moment

    times = []
    for name, text in (("since", since), ("until", until)):
        try:
            times.append(None if text is None else moment(text))
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint=f"--{name}") from error
    return msgspec.structs.replace(Selection(since=times[0], until=times[1]), **given)


@contextmanager
def _report(path: Path | None) -> "Iterator[tuple[Report, Config]]":
    """A report on the ledger of a config, and that. A store that cannot be read ends the command with 1."""
    from sealink.ledger.reports.report import open_report
    from sealink.store.errors import StoreError, StoreUnavailable

    config = load_or_exit(path)
    try:
        with open_report(config.store.url, Path(config.store.journal)) as report:
            yield report, config
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
