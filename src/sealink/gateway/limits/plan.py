"""What requests of one kind have in common under limits: worked out for the first of them, and kept."""

from collections.abc import Mapping
from typing import Final

from sealink.access.credential import Balance
from sealink.access.keys import ApiKey, Team
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.limits.left_headers import left_headers
from sealink.limits import plain_slots
from sealink.limits.counters import Counters
from sealink.limits.plain_slots import LaidOut, Prices
from sealink.limits.subjects import Lease, Subjects
from sealink.policy.routing import ModelRoute

_MOST_KEPT: Final = 4096
_MOST_CHARS: Final = 256
"""How long a model's name may be whose plan is kept: behind a wildcard a client chooses it."""


class Plan:
    """For requests of one key for one model in one API, as long as key, teams, balances and model are the same.

    `counters`: those that know all that such a request counts for, so that nothing has to be waited for; None: not yet,
    or it is counted elsewhere. `prices`: what its cost is worked out by in C; None: it cannot be there. `laid_out`: the
    headers that tell what is left, as they were for the request before.
    """

    __slots__ = ("balances", "counters", "headers", "key", "laid_out", "prices", "route", "subjects", "teams")

    def __init__(
        self,
        request: AdmittedRequest,
        teams: Mapping[str, Team],
        balances: Mapping[str, Balance],
        subjects: Subjects,
        prices: Prices | None,
    ) -> None:
        self.key: ApiKey = request.key
        self.route: ModelRoute = request.route
        self.teams = teams
        self.balances = balances
        self.subjects = subjects
        self.prices = prices
        self.headers = left_headers(request.request.client)
        self.laid_out: LaidOut | None = None
        self.counters: Counters | None = None

    def lines(self, lease: Lease, now_s: float) -> str:
        """The headers that tell what is left."""
        requests, tokens, laid_out = lease.requests_left, lease.tokens_left, self.laid_out
        if laid_out is not None:
            lines = plain_slots.lines(laid_out, requests, tokens)
            if lines is not None:
                return lines
        if plain_slots.is_used:
            self.laid_out = self.headers.laid_out(requests, tokens, now_s)
        return self.headers.of(requests, tokens, now_s)


class Plans(dict[tuple[str, str, str], Plan]):
    """Those that are kept, by the names of key, model and API."""

    def keep(self, plan: Plan, api: str) -> None:
        if len(plan.route.model) <= _MOST_CHARS:
            if len(self) >= _MOST_KEPT:
                self.clear()
            self[plan.key.name, plan.route.model, api] = plan
