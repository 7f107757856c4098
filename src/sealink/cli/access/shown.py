"""What `sealink keys` and `sealink teams` print."""

import sys
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Final

import msgspec
import typer

if TYPE_CHECKING:
    from sealink.access.records import KeyRecord, TeamRecord
    from sealink.limits.standing import Standing

Columns = Sequence[str]
KEY_COLUMNS: Final = ("name", "status", "prefix", "team", "user", "models", "expires", "created_at", "set_in")
TEAM_COLUMNS: Final = ("name", "status", "created_at", "set_in")
_PIPED_WIDTH: Final = 200


def print_json(value: object) -> None:
    """One line of JSON."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def print_secret(record: "KeyRecord", secret: str, *, as_json: bool) -> None:
    """A key's new secret, as the last line: it is not shown again."""
    if as_json:
        fields = msgspec.structs.asdict(record)
        print_json({"name": fields.pop("name"), "key": secret, **fields})
    else:
        typer.echo(f"The key {record.name!r}. It is shown this once:")
        typer.echo(secret)


def print_record(record: "KeyRecord | TeamRecord", standing: "Standing | None" = None, *, as_json: bool) -> None:
    """All that is known of a key or team; what is not set is left out."""
    fields = msgspec.structs.asdict(record)
    if as_json:
        print_json(fields if standing is None else {**fields, "standing": standing})
        return
    for name, value in {**fields, **_lines(standing)}.items():
        if value not in (None, (), {}, False):
            typer.echo(f"{name:20} {_text(value)}")


def _lines(standing: "Standing | None") -> dict[str, object]:
    """What is left, by names for people."""
    if standing is None:
        return {}
    lines: dict[str, object] = {f"{name} left": str(left) for name, left in standing.remaining.items()}
    if (budget := standing.budget) is not None:
        lines |= {"budget spent": _usd(budget.spent_usd), "budget left": _usd(budget.left_usd)}
        lines["budget resets at"] = budget.resets_at
    if (balance := standing.balance) is not None:
        lines |= {"balance spent": _usd(balance.spent_usd), "balance left": _usd(balance.left_usd)}
    return lines


def _usd(usd: float) -> str:
    return f"{usd:.6f} USD"


def print_list(records: "Sequence[KeyRecord | TeamRecord]", columns: Columns, *, as_json: bool) -> None:
    """A line for each."""
    if as_json:
        print_json(records)
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(box=None)
    for column in columns:
        table.add_column(column.replace("_", " ").capitalize(), overflow="fold")
    for record in records:
        table.add_row(*(_text(getattr(record, column)) for column in columns))
    width = None if sys.stdout.isatty() else _PIPED_WIDTH
    Console(width=width, markup=False, emoji=False, highlight=False).print(table)


def _text(value: object) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return ",".join(value)
    if isinstance(value, dict):
        return ",".join(f"{name}={text}" for name, text in value.items())
    return "" if value is None else str(value)
