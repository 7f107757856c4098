"""What can be asked, and is it healthy? Each model's targets in order, whether they are up, and what they cost."""

import asyncio
from typing import Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.admin.shapes import TargetState
from sealink.catalog.prices import PriceRules, current_rates
from sealink.catalog.rates import Rates
from sealink.console.rendering import backend_of, render
from sealink.policy.routing import ModelRoute, Target

MAX_MODELS: Final = 400
"""Models on one page; a search finds the others."""


class TargetRow(msgspec.Struct, frozen=True):
    """A target as it is shown. `state` is a breaker's, "" where it was not tried. `rates` is None where no price is
    known; money in nano-dollars for a million tokens."""

    target: Target
    state: str
    rates: Rates | None
    markup_percent: float


async def show(request: Request) -> Response:
    """The page; `?q=` has the models whose names, or whose targets' names, contain it."""
    backend, wanted = backend_of(request), request.query_params.get("q", "")
    states = {(each.provider, each.model): each for each in await backend.targets()}
    routes = [route for route in backend.routes() if wanted.lower() in _names(route)]
    rows = await asyncio.to_thread(_rows, routes[:MAX_MODELS], states, backend.prices())
    return render(request, "models.html", rows=rows, wanted=wanted, left_out=max(0, len(routes) - MAX_MODELS))


def _names(route: ModelRoute) -> str:
    targets = (f"{target.provider.name}:{target.model}" for target in route.targets)
    return " ".join([route.model, *targets]).lower()


def _rows(
    routes: list[ModelRoute], states: dict[tuple[str, str], TargetState], prices: PriceRules
) -> list[tuple[ModelRoute, list[TargetRow]]]:
    """Blocks: it may import the list of prices."""
    return [(route, [_row(target, states, prices) for target in route.targets]) for route in routes]


def _row(target: Target, states: dict[tuple[str, str], TargetState], prices: PriceRules) -> TargetRow:
    provider = target.provider
    state = states.get((provider.name, target.model))
    rule = prices.rule_for(provider.name, target.model)
    rates = rule.rates
    if rates is None and "*" not in target.model:
        listed = current_rates(provider.pricing.price_list, target.model)
        rates = None if listed is None else listed.of(0)
    return TargetRow(target, state.state if state else "", rates, rule.markup_millipercent / 1000)


ROUTES: Final = (Route("/models", show),)
