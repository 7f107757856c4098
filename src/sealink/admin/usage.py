"""What the admin API tells of requests: sums, lists, single ones, and a month's statement."""

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, NamedTuple

from sealink.admin.operation import Call, CsvFile, Operation
from sealink.admin.shapes import (
    RequestList,
    RequestQuery,
    RequestRow,
    Statement,
    StatementQuery,
    UsageGroup,
    UsageQuery,
    UsageReport,
)
from sealink.errors import NotFound
from sealink.http.parameters import parse_parameter
from sealink.ledger.reports import statement
from sealink.ledger.reports.csv_text import csv_text
from sealink.ledger.reports.selection import Selection, moment, month, position_text, read_position
from sealink.ledger.reports.totals import Totals, by_of

if TYPE_CHECKING:
    from sealink.ledger.reports.report import Report

_SELECTED = ("key", "team", "model", "provider", "task", "ended", "code")


class Currency(NamedTuple):
    """The currency of display, and how much of it a dollar is."""

    name: str = "USD"
    usd_rate: float = 1.0


class UsageOperations:
    """`report` opens a report on the ledger; `currency` is what prices are shown in besides dollars."""

    def __init__(
        self, report: "Callable[[], AbstractContextManager[Report]]", currency: Callable[[], Currency]
    ) -> None:
        self._report = report
        self._currency = currency

    def usage(self, call: Call) -> UsageReport | CsvFile:
        """Sums of what the query selects."""
        query = call.query
        by = parse_parameter(by_of, query.by, "by")
        with self._report() as report:
            found = report.summary(by, _selection(query))
        if query.format == "csv":
            return CsvFile("usage.csv", csv_text([*found.by, *Totals.__struct_fields__], found.named()))
        groups = [UsageGroup(**group) for group in found.named()]  # type: ignore[arg-type]
        return UsageReport(found.by, groups, found.total, found.waiting, found.open, *self._currency())

    def requests(self, call: Call) -> RequestList:
        """Requests that have ended, the newest first."""
        query = call.query
        before = parse_parameter(read_position, query.after, "after") if query.after else None
        with self._report() as report:
            rows = report.page(_selection(query), query.limit + 1, before)
        is_last = len(rows) <= query.limit
        data = [_row(row) for row in rows[: query.limit]]
        return RequestList(data, None if is_last else _after(data[-1]))

    def request(self, call: Call) -> RequestRow:
        """A single one."""
        with self._report() as report:
            row = report.find(call.name)
        if row is None:
            raise NotFound(f"There is no request {call.name!r}.", code="request_not_found")
        return _row(row)

    def statement(self, call: Call) -> Statement | CsvFile:
        """A month's usage, a line for each team, key, model and provider."""
        since, until = parse_parameter(month, call.name, "month")
        with self._report() as report:
            found = report.summary(statement.BY, Selection(since=since, until=until, team=call.query.team))
        lines: Iterable[dict[str, object]] = statement.lines(call.name, found, *self._currency())
        if call.query.format == "csv":
            return CsvFile(f"statement-{call.name}.csv", csv_text(statement.COLUMNS, lines))
        return Statement([*lines])


def _selection(query: Any) -> Selection:
    times: dict[str, Any] = {
        name: None if (text := getattr(query, name)) is None else parse_parameter(moment, text, name)
        for name in ("since", "until")
    }
    return Selection(**times, **{name: getattr(query, name, None) for name in _SELECTED})


def _row(row: dict[str, Any]) -> RequestRow:
    return RequestRow(**row)


def _after(row: RequestRow) -> str:
    """Where the next part of a list begins."""
    assert row.started_at is not None
    return position_text((row.started_at, row.request_id))


def operations_on_usage(
    report: "Callable[[], AbstractContextManager[Report]]", currency: Callable[[], Currency]
) -> tuple[Operation, ...]:
    """The operations. `report` is called in threads only: it imports SQLAlchemy."""
    usage = UsageOperations(report, currency)
    requests, statements = "/admin/v1/requests", "/admin/v1/statements/{month}"
    return (
        Operation("GET", "/admin/v1/usage", "Sum usage, cost and price.", usage.usage, UsageReport, query=UsageQuery),
        Operation("GET", requests, "List requests.", usage.requests, RequestList, query=RequestQuery),
        Operation("GET", f"{requests}/{{id}}", "Show a request.", usage.request, RequestRow),
        Operation("GET", statements, "A month's bill.", usage.statement, Statement, query=StatementQuery),
    )
