"""Endpoints that tell a key's holder of the key itself: GET /v1/me and GET /v1/usage. Costs of the operator's are not
told, only prices."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import parse_qs

from sealink.access.keys import ApiKey
from sealink.catalog.rates import NANO
from sealink.errors import InvalidRequest, ServiceUnavailable
from sealink.gateway.admission import AdmissionControl
from sealink.gateway.limits.enforcement import LimitEnforcement
from sealink.http.endpoint import RequestContext
from sealink.http.parameters import parse_parameter
from sealink.http.responses import send_json
from sealink.ledger.reports.selection import Selection, moment
from sealink.ledger.reports.totals import By, Summary, Totals, by_of
from sealink.limits.standing import Standing, standing_of
from sealink.net.message import Request, Responder
from sealink.policy.auth import may_use
from sealink.store.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from sealink.ledger.reports.report import Report

T = TypeVar("T")

_TOLD: Final = (
    "requests",
    "input_tokens",
    "output_tokens",
    "cached_read_tokens",
    "cached_write_tokens",
    "reasoning_tokens",
    "price_nano_usd",
)
_OWN: Final[frozenset[By]] = frozenset({"model", "day", "task"})
"""What a key's own usage may be grouped by."""


class KeyAccounts:
    """What is known of keys: by the ledger, of which `report` opens a report (in threads only), and by the counters."""

    def __init__(self, report: "Callable[[], AbstractContextManager[Report]]", limits: LimitEnforcement) -> None:
        self._report = report
        self._limits = limits

    async def standing(self, key: ApiKey) -> tuple[Standing, Standing | None]:
        """Of the key, and of its team if that is known. Raises ServiceUnavailable."""
        subjects = self._limits.subjects_of(key)
        used = await self._limits.used(subjects)
        now_s, spent = time.time(), self._limits.spent

        def read() -> list[Standing]:
            return [standing_of(subject, each, spent, now_s) for subject, each in zip(subjects, used, strict=True)]

        own, *of_team = await _in_thread(read)
        return own, of_team[0] if of_team else None

    async def summary(self, by: tuple[By, ...], selection: Selection) -> Summary:
        """Sums over requests. Raises ServiceUnavailable."""

        def read() -> Summary:
            with self._report() as report:
                return report.summary(by, selection)

        return await _in_thread(read)


class OwnUsage:
    """The handlers."""

    def __init__(self, admission: AdmissionControl, accounts: KeyAccounts) -> None:
        self._admission = admission
        self._accounts = accounts

    async def me(self, request: Request, responder: Responder, context: RequestContext) -> None:
        """What the key may do, and what is left of it."""
        key = self._admission.authenticate(request)
        own, team = await self._accounts.standing(key)
        allowed = [route.model for route in self._admission.router.listed if may_use(key, route.model)]
        answer = {
            "object": "key",
            "name": key.name,
            "user": key.user,
            "tags": key.tags,
            "expires": key.expires,
            "models": key.models,
            "allowed_models": allowed,
            **_as_fields(own),
            "team": None if team is None else {"name": key.team, **_as_fields(team)},
        }
        send_json(responder, context, answer)

    async def usage(self, request: Request, responder: Responder, context: RequestContext) -> None:
        """The key's own usage, by model, day or task."""
        key = self._admission.authenticate(request)
        query = parse_qs(request.query)
        by = read_parameter(by_of, query, "by", "model")
        if not _OWN.issuperset(by):
            raise InvalidRequest("`by` may name model, day and task.", code="invalid_value", param="by")
        since, until = (read_parameter(moment, query, name) for name in ("since", "until"))
        found = await self._accounts.summary(by, Selection(key=key.name, since=since, until=until))
        data = [{**dict(zip(by, group, strict=True)), **_told(totals)} for group, totals in found.groups.items()]
        answer = {"object": "usage", "key": key.name, "by": by, "data": data, "total": _told(found.total)}
        send_json(responder, context, answer)


def read_parameter(
    kind: Callable[[str], Any], query: dict[str, list[str]], name: str, default: str | None = None
) -> Any:
    """A parameter of a query; None if it is not given and has no default. Raises InvalidRequest."""
    given = query.get(name, [default])[-1]
    return None if given is None else parse_parameter(kind, given, name)


def _as_fields(standing: Standing) -> dict[str, Any]:
    return {
        "limits": standing.limits,
        "remaining": standing.remaining,
        "budget": standing.budget,
        "balance": standing.balance,
    }


def _told(totals: Totals) -> dict[str, Any]:
    return {**{name: getattr(totals, name) for name in _TOLD}, "price_usd": totals.price_nano_usd / NANO}


async def _in_thread(read: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(read)
    except (StoreError, StoreUnavailable) as error:
        raise ServiceUnavailable("Usage cannot be read from the store now.", code="store_unavailable") from error


def day_of(text: str) -> datetime:
    """A date of a query, as its 00:00 UTC. Raises ValueError."""
    return moment(text[:10])
