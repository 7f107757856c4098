"""What happened to this one? Requests that have ended, by whatever selects them; and each as a waterfall."""

import asyncio
from typing import Any, Final, get_args

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.console.backend import Backend
from sealink.console.formats import path_part
from sealink.console.rendering import backend_of, render, see
from sealink.console.waterfall import waterfall
from sealink.errors import NotFound
from sealink.http.parameters import parse_parameter
from sealink.ledger.entry import Ended
from sealink.ledger.reports.report import open_report, position_of
from sealink.ledger.reports.selection import Position, Selection, moment, position_text, read_position
from sealink.ledger.row import Row
from sealink.policy.advice import advice_on_answer

PAGE_ROWS: Final = 50
FILTERS: Final = ("key", "team", "model", "provider", "task", "ended", "code", "since", "until")


async def show_all(request: Request) -> Response:
    """The newest that fit; `?q=` leads to the one of that id."""
    given = {name: value for name in FILTERS if (value := request.query_params.get(name, "").strip())}
    wanted = request.query_params.get("q", "").strip()
    if wanted:
        return see(f"/requests/{path_part(wanted)}")
    selection = selection_of(given)
    place = request.query_params.get("before", "")
    before = parse_parameter(read_position, place, "before") if "," in place else None
    rows = await asyncio.to_thread(_page, backend_of(request), selection, before)
    next_before = position_text(position_of(rows[PAGE_ROWS - 1])) if len(rows) > PAGE_ROWS else ""
    return render(
        request,
        "requests.html",
        rows=rows[:PAGE_ROWS],
        given=given,
        endings=get_args(Ended),
        next_before=next_before,
        is_first=before is None,
    )


async def show(request: Request) -> Response:
    """One request: its waterfall, its attempts, its usage and cost."""
    request_id = request.path_params["id"]
    row = await asyncio.to_thread(_find, backend_of(request), request_id)
    if row is None:
        raise NotFound(f"There is no request {request_id!r}.")
    told = advice_on_answer(
        is_streamed=row["streamed"] is not False,
        is_structured=row["structured"] is True,
        took_ms=row["duration_ms"] or 0.0,
    )
    bars = waterfall(row["timeline"], row["duration_ms"])
    return render(request, "request.html", row=row, bars=bars, told=told)


def selection_of(given: dict[str, str]) -> Selection:
    """The requests that a page's filters select. Raises InvalidRequest for what is no time."""
    values: dict[str, Any] = dict(given)
    for name in ("since", "until"):
        if name in values:
            values[name] = parse_parameter(moment, values[name], name)
    return Selection(**values)


def _page(backend: Backend, selection: Selection, before: Position | None) -> list[Row]:
    with open_report(backend.store_url, backend.journal) as report:
        return report.page(selection, PAGE_ROWS + 1, before)


def _find(backend: Backend, request_id: str) -> Row | None:
    with open_report(backend.store_url, backend.journal) as report:
        return report.find(request_id)


ROUTES: Final = (Route("/requests", show_all), Route("/requests/{id:path}", show))
