"""What `sealink usage` shows to people."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec
from rich.table import Table

from sealink.ledger.entry import Attempt
from sealink.ledger.reports.totals import Summary, Totals
from sealink.ledger.row import Row

Parts = Iterable[Table | str]

NONE = "-"
"""In a cell without a value."""


def summary(found: Summary, currency: str = "USD", usd_rate: float = 1.0) -> Parts:
    """A line for each group, and remarks on the sums. Where the currency of display is another than the dollar, prices
    stand in it, too."""
    numbers = ["Requests", "Not done", "Input", "Cached", "Output", "Reasoning", "Cost", "Price"]
    rate = None if currency == "USD" else usd_rate
    numbers += [] if rate is None else [currency]
    table = _table(*(each.capitalize() for each in found.by), numbers=numbers, show_footer=True)
    footers = ["Total", *[""] * (len(found.by) - 1), *_cells(found.total, rate)]
    for column, cell in zip(table.columns, footers, strict=True):
        column.footer = cell
    for group, totals in found.groups.items():
        table.add_row(*(NONE if name is None else name for name in group), *_cells(totals, rate))
    yield table
    total = found.total
    if total.cost_nano_usd:
        yield f"{total.estimated_cost_nano_usd / total.cost_nano_usd:.1%} of the cost is estimated"
    if total.hedge_cost_nano_usd:
        yield f"additional cost of hedged attempts that lost: {_usd(total.hedge_cost_nano_usd)}"
    if total.unpriced:
        yield f"requests without a known cost: {total.unpriced}"
    if found.waiting:
        yield f"counted above and not yet in the store: {found.waiting}"
    if found.open:
        yield f"not counted, open or left by a process that died: {found.open}"


def rows(found: Iterable[Row]) -> Parts:
    """A line for each request."""
    table = _table("Started", "Request", "Key", "Model", "Ended", numbers=("Input", "Output", "Cost", "ms"))
    for row in found:
        texts = (row[name] or NONE for name in ("request_id", "key", "model", "ended"))
        tokens = (_number(row[name]) for name in ("input_tokens", "output_tokens"))
        table.add_row(
            _time(row["started_at"]), *texts, *tokens, _usd(row["cost_nano_usd"]), _number(row["duration_ms"])
        )
    yield table


def request(row: Row) -> Parts:
    """All facts, the targets that were tried, and the timeline."""
    facts = Table(show_header=False, box=None)
    for name, value in row.items():
        if value is not None and name not in ("attempts", "timeline"):
            facts.add_row(name, _time(value) if isinstance(value, datetime) else str(value))
    yield facts
    if row["attempts"]:
        attempts = _table("Tried", "Model", "Error", numbers=("Input", "Output", "Cost"))
        for attempt in msgspec.convert(row["attempts"], list[Attempt]):
            tokens = (attempt.usage.input_tokens, attempt.usage.output_tokens) if attempt.usage else (None, None)
            texts = attempt.provider, attempt.model, attempt.code or NONE
            attempts.add_row(*texts, *map(_number, tokens), _usd(attempt.cost_nano_usd))
        yield attempts
    if row["timeline"]:
        timeline = _table("Event", numbers=("ms",))
        for moment, at_ms in row["timeline"]:
            timeline.add_row(moment, f"{at_ms:,.1f}")
        yield timeline


def _cells(totals: Totals, rate: float | None) -> list[str]:
    counts = (
        totals.requests,
        totals.not_done,
        totals.input_tokens,
        totals.cached_read_tokens,
        totals.output_tokens,
        totals.reasoning_tokens,
    )
    money = [_usd(totals.cost_nano_usd), _usd(totals.price_nano_usd)]
    money += [] if rate is None else [f"{totals.price_nano_usd * rate / 1e9:,.6f}"]
    return [*(f"{count:,}" for count in counts), *money]


def _table(*texts: str, numbers: Sequence[str], show_footer: bool = False) -> Table:
    table = Table(box=None, show_footer=show_footer)
    for text in texts:
        table.add_column(text, overflow="fold")
    for number in numbers:
        table.add_column(number, justify="right", no_wrap=True)
    return table


def _usd(nano: int | None) -> str:
    return NONE if nano is None else f"${nano / 1e9:,.6f}"


def _number(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"


def _time(value: datetime | None) -> str:
    return NONE if value is None else value.strftime("%Y-%m-%d %H:%M:%S")
