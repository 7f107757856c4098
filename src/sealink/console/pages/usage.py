"""Where did the money go? Sums of a time by model, key, team, task, day or provider; and the same as a CSV file."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from typing import Final, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.console.backend import Backend
from sealink.console.pages.requests import selection_of
from sealink.console.rendering import backend_of, render
from sealink.http.parameters import parse_parameter
from sealink.ledger.reports.csv_text import csv_text
from sealink.ledger.reports.past_days import PastDays
from sealink.ledger.reports.report import open_report
from sealink.ledger.reports.selection import Selection
from sealink.ledger.reports.totals import BYS, By, Summary, Totals, by_of

FILTERS: Final = ("key", "team", "model", "provider", "task", "since", "until")
MAX_GROUPS: Final = 200
"""On the page; the file has all."""
_DAYS: Final = 30


def default_since() -> datetime:
    """When the last thirty days have begun, today being one of them."""
    return datetime.combine(datetime.now(UTC).date() - timedelta(days=_DAYS - 1), time.min, UTC)


class Asked(NamedTuple):
    """What is to be summed, and how it was asked for."""

    by: tuple[By, ...]
    selection: Selection
    given: dict[str, str]


def _asked(request: Request) -> Asked:
    """Unless it says otherwise, the last 30 days by model."""
    query = request.query_params
    given = {name: value for name in FILTERS if (value := query.get(name, "").strip())}
    if "since" not in query:
        given["since"] = str(default_since().date())
    names = ",".join(dict.fromkeys(name for name in (query.get("by") or "model", query.get("then", "")) if name))
    return Asked(parse_parameter(by_of, names, "by"), selection_of(given), given)


async def show(request: Request) -> Response:
    """The page."""
    asked = _asked(request)
    found = await asyncio.to_thread(_summary, backend_of(request), asked, request.app.state.past_days)
    groups = sorted(found.groups.items(), key=lambda group: -group[1].cost_nano_usd)
    if "day" in asked.by:
        groups = sorted(found.groups.items(), key=lambda group: [name or "" for name in group[0]], reverse=True)
    return render(
        request,
        "usage.html",
        asked=asked,
        total=found.total,
        groups=groups[:MAX_GROUPS],
        left_out=max(0, len(groups) - MAX_GROUPS),
        bys=BYS,
        largest=max((totals.cost_nano_usd for _, totals in groups), default=0),
        waiting=found.waiting,
    )


async def file(request: Request) -> Response:
    """All groups, for a spreadsheet."""
    text = await asyncio.to_thread(_csv, backend_of(request), _asked(request), request.app.state.past_days)
    headers = {"content-disposition": 'attachment; filename="usage.csv"'}
    return Response(text, media_type="text/csv", headers=headers)


def _summary(backend: Backend, asked: Asked, past: PastDays) -> Summary:
    with open_report(backend.store_url, backend.journal) as report:
        return report.summary(asked.by, asked.selection, past)


def _csv(backend: Backend, asked: Asked, past: PastDays) -> str:
    found = _summary(backend, asked, past)
    return csv_text([*found.by, *Totals.__struct_fields__], found.named())


ROUTES: Final = (Route("/usage", show), Route("/usage/csv", file))
