"""Endpoints by which desktop clients ask what a key has left, in the shapes that they know.

OpenAI's dashboard: /dashboard/billing/subscription, /usage and /credit_grants, below /v1 or not. Undocumented: the
fields are those that clients read, and that other gateways give them
(https://github.com/QuantumNous/new-api-docs, docs/en/api/fei-account-billing-panel.md). `hard_limit_usd` is the budget,
or what was paid into the balance; `total_usage` is in cents.

OpenRouter's keys and credits: https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key
"""

import time
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import parse_qs

from sealink.access.credential import end_of
from sealink.access.keys import ApiKey
from sealink.catalog.rates import NANO
from sealink.gateway.admission import AdmissionControl
from sealink.gateway.handlers.own_usage import KeyAccounts, day_of, read_parameter
from sealink.http.endpoint import RequestContext
from sealink.http.responses import send_json
from sealink.ledger.reports.selection import Selection
from sealink.limits.standing import Standing
from sealink.net.message import Request, Responder
from sealink.policy.budgets import BudgetPeriod, period_start_s

_NO_LIMIT_USD: Final = 100_000_000
"""What stands for no limit in OpenAI's shape, which has none: more than anybody spends."""
_NO_END: Final = 4_102_444_800
"""2100-01-01: until when a key is good that does not expire."""
_CENTS: Final = NANO // 100
_RESETS: Final[dict[BudgetPeriod, str | None]] = {
    "day": "daily",
    "week": "weekly",
    "month": "monthly",
    "total": None,
}


class Billing:
    """The handlers."""

    def __init__(self, admission: AdmissionControl, accounts: KeyAccounts) -> None:
        self._admission = admission
        self._accounts = accounts

    async def subscription(self, request: Request, responder: Responder, context: RequestContext) -> None:
        """How much the key may spend, and until when it is valid."""
        key = self._admission.authenticate(request)
        standing, _ = await self._accounts.standing(key)
        limit = _limit_of(standing)
        usd = _NO_LIMIT_USD if limit is None else limit
        answer = {
            "object": "billing_subscription",
            "has_payment_method": True,
            "canceled": False,
            "access_until": _NO_END if key.expires is None else int(end_of(key.expires).timestamp()),
            **{f"{kind}_limit_usd": usd for kind in ("soft", "hard", "system_hard")},
            "account_name": key.name,
            "plan": {"title": "SeaLink", "id": "sealink"},
        }
        send_json(responder, context, answer)

    async def usage(self, request: Request, responder: Responder, context: RequestContext) -> None:
        """What was spent from `start_date` on and before `end_date`, by day and model, in cents."""
        key = self._admission.authenticate(request)
        query = parse_qs(request.query)
        since, until = (read_parameter(day_of, query, name) for name in ("start_date", "end_date"))
        found = await self._accounts.summary(("day", "model"), Selection(key=key.name, since=since, until=until))
        days: dict[str | None, list[dict[str, Any]]] = {}
        for (day, model), totals in found.groups.items():
            days.setdefault(day, []).append({"name": model, "cost": totals.price_nano_usd / _CENTS})
        costs = [{"timestamp": _midnight_s(day), "line_items": items} for day, items in days.items() if day]
        total = found.total.price_nano_usd / _CENTS
        send_json(responder, context, {"object": "list", "daily_costs": costs, "total_usage": total})

    async def credit_grants(self, request: Request, responder: Responder, context: RequestContext) -> None:
        """What was granted, used, and is left."""
        key = self._admission.authenticate(request)
        standing, _ = await self._accounts.standing(key)
        limit, used = _limit_of(standing), _used_of(standing)
        granted = _NO_LIMIT_USD if limit is None else limit
        answer = {
            "object": "credit_summary",
            "total_granted": granted,
            "total_used": used,
            "total_available": granted - used,
            "grants": {"object": "list", "data": []},
        }
        send_json(responder, context, answer)

    async def key(self, request: Request, responder: Responder, context: RequestContext) -> None:
        """The key, its limit, and what was spent with it."""
        key = self._admission.authenticate(request)
        standing, _ = await self._accounts.standing(key)
        budget = standing.budget
        answer = {
            "label": key.name,
            "limit": _limit_of(standing),
            "limit_remaining": _left_of(standing),
            "limit_reset": None if budget is None else _RESETS[budget.period],
            **await self._spent(key),
            **{f"byok_usage{kind}": 0 for kind in ("", "_daily", "_weekly", "_monthly")},
            "include_byok_in_limit": False,
            "is_free_tier": False,
            "is_management_key": False,
            "is_provisioning_key": False,
            "creator_user_id": key.user,
            "expires_at": None if key.expires is None else end_of(key.expires),
            "rate_limit": {
                "requests": standing.limits.get("requests_per_minute", -1),
                "interval": "1m",
                "note": "This field is deprecated and safe to ignore.",
            },
        }
        send_json(responder, context, {"data": answer})

    async def credits(self, request: Request, responder: Responder, context: RequestContext) -> None:
        """What was paid in, or is the budget, and what was spent of it."""
        key = self._admission.authenticate(request)
        standing, _ = await self._accounts.standing(key)
        answer = {"total_credits": _limit_of(standing) or 0, "total_usage": _used_of(standing)}
        send_json(responder, context, {"data": answer})

    async def _spent(self, key: ApiKey) -> dict[str, float]:
        """What was spent in all, and in this day, week and month (UTC), in dollars."""
        now_s, found = time.time(), {}
        periods: tuple[tuple[str, BudgetPeriod], ...] = (
            ("usage", "total"),
            ("usage_daily", "day"),
            ("usage_weekly", "week"),
            ("usage_monthly", "month"),
        )
        for name, period in periods:
            since = datetime.fromtimestamp(period_start_s(period, now_s), UTC)
            summary = await self._accounts.summary(("key",), Selection(key=key.name, since=since))
            found[name] = summary.total.price_nano_usd / NANO
        return found


def _limit_of(standing: Standing) -> float | None:
    """What may be spent in all: of a budget and a balance, that of which less is left. None: any amount."""
    budget, balance = standing.budget, standing.balance
    if budget is None:
        return None if balance is None else balance.paid_in_usd
    return balance.paid_in_usd if balance is not None and balance.left_usd < budget.left_usd else budget.budget_usd


def _left_of(standing: Standing) -> float | None:
    left = [fund.left_usd for fund in (standing.budget, standing.balance) if fund is not None]
    return min(left) if left else None


def _used_of(standing: Standing) -> float:
    limit, left = _limit_of(standing), _left_of(standing)
    return 0.0 if limit is None or left is None else limit - left


def _midnight_s(day: str) -> float:
    return day_of(day).timestamp()
