"""Is everything well? Requests, errors, tokens, cost, time to the first token; open streams; providers."""

import asyncio
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.console import charts, formats
from sealink.console.backend import Backend
from sealink.console.rendering import backend_of, render
from sealink.ledger.hourly_sums import ENDINGS
from sealink.ledger.reports.habits import habits_of_keys
from sealink.ledger.reports.over_time import RANGES, OverTime, Overview, Range, cost_since
from sealink.ledger.requests_table import RequestsTable
from sealink.policy.advice import advice_on

_DEFAULT: Final = "24h"
_DAY_S: Final = 86_400
_TOP_MODELS: Final = 4
"""Models with a colour of their own; the others are one."""
_MAX_HINTS: Final = 5

Hints = list[tuple[str, str]]
"""A key, and what would serve it better."""


async def show(request: Request) -> Response:
    """The page."""
    backend = backend_of(request)
    name = request.query_params.get("range", _DEFAULT)
    name = name if name in RANGES else _DEFAULT
    now = datetime.now(UTC)
    (found, today, hints), streams, targets = await asyncio.gather(
        asyncio.to_thread(read_overview, backend, request.app.state.over_time, RANGES[name], now),
        backend.streams(),
        backend.targets(),
    )
    return render(
        request,
        "overview.html",
        ranges=RANGES,
        chosen=name,
        found=found,
        failed=found.endings["failed"],
        today=today,
        hints=hints,
        streams=streams,
        charts=_charts(found, RANGES[name]),
        targets=sorted(targets, key=lambda target: (target.provider, target.model)),
    )


def read_overview(backend: Backend, over_time: OverTime, chosen: Range, now: datetime) -> tuple[Overview, int, Hints]:
    """What the page shows of a range, what today has cost, in nano-dollars, and hints on keys. Blocks, and raises as
    Store does."""
    table = RequestsTable(backend.store_url, timeout_s=5.0)
    try:
        table.migrate()
        with table.reading() as connection:
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            hints = [(each.key, told) for each in habits_of_keys(connection) for told in advice_on(each)]
            today = cost_since(connection, midnight)
            return over_time.read(connection, chosen, now), today, hints[:_MAX_HINTS]
    finally:
        table.close()


def _charts(found: Overview, chosen: Range) -> list[charts.Chart]:
    steps, seconds = found.steps, chosen.step.total_seconds()
    names = [step.begin.strftime("%m-%d" if seconds >= _DAY_S else "%m-%d %H:%M") for step in steps]
    tokens_in, tokens_out = found.tokens
    p50, p95 = map(formats.duration, found.ttft)
    dearest = [model for model, _ in found.cost.most_common(_TOP_MODELS)]
    cost: list[list[float | None]] = [[step.cost.get(model, 0) for step in steps] for model in dearest]
    if len(found.cost) > len(dearest):
        cost.append([sum(cost for model, cost in step.cost.items() if model not in dearest) for step in steps])
        dearest.append("others")
    rates: list[list[float | None]] = [
        [step.input_tokens / seconds for step in steps],
        [step.output_tokens / seconds for step in steps],
    ]
    return [
        charts.stacked(
            "Requests by ending",
            f"{formats.count(found.requests)} in all",
            charts.Values(
                ENDINGS, names, [[step.endings.get(each, 0) for step in steps] for each in ENDINGS], formats.count
            ),
        ),
        charts.lines(
            "Time to first token",
            f"p50 {p50}, p95 {p95}",
            charts.Values(
                ("p50", "p95"), names, [[each.ttft(0.5) for each in steps], [each.ttft(0.95) for each in steps]], _time
            ),
        ),
        charts.stacked(
            "Tokens per second",
            f"{formats.count(tokens_in)} in, {formats.count(tokens_out)} out",
            charts.Values(("input", "output"), names, rates, _per_second),
        ),
        charts.stacked(
            "Cost by model", formats.dollars(found.cost.total()), charts.Values(dearest, names, cost, _money)
        ),
    ]


def _time(ms: float | None) -> str:
    return "0" if ms == 0 else formats.duration(ms)


def _per_second(tokens: float | None) -> str:
    return formats.DASH if tokens is None else f"{tokens:,.1f}" if tokens < 100 else f"{tokens:,.0f}"


def _money(nano: float | None) -> str:
    return "$0" if not nano else formats.dollars(round(nano))


ROUTES: Final = (Route("/", show),)
