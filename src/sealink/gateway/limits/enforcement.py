"""Limits put in force: a Gate that admits requests, and an Observer that settles what they have really used."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

from sealink.access.credential import Balance, balance_in_force
from sealink.access.keys import ApiKey, Team
from sealink.catalog.prices import PriceRules
from sealink.errors import ServiceUnavailable
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.limits.estimate import Estimate
from sealink.gateway.limits.refusal import left_headers, refused
from sealink.gateway.limits.running_meter import RunningMeter, code_of
from sealink.gateway.limits.settings import LimitSettings
from sealink.ledger.entry import Admission, Settlement
from sealink.limits.counters import Cost, Counters, Credit, Lease, Refusal, Subject
from sealink.limits.shared_file import FileFull
from sealink.limits.standing import Spent
from sealink.policy.budgets import period_start_s
from sealink.policy.limits import UsageLimits
from sealink.policy.routing import Target
from sealink.store.errors import StoreError, StoreUnavailable

log = logging.getLogger("sealink.limits")

_NO_COST = Cost()


class Accounts(Protocol):
    """Teams, and the balances of keys, by name: a Keyring."""

    teams: dict[str, Team]
    balances: Mapping[str, Balance]


class LimitEnforcement:
    """The limits of keys, teams and models in one process. The counters are opened with the first request that needs
    them. `spent` is called in a thread."""

    def __init__(self, path: Path, keyring: Accounts, spent: Spent) -> None:
        self._path = path
        self._keyring = keyring
        self.spent = spent
        self._counters: Counters | None = None
        self._leases: dict[str, Lease] = {}
        self._settings = LimitSettings()
        self._prices = PriceRules()

    def configure(self, settings: LimitSettings, prices: PriceRules) -> None:
        """Settings that count from the next request on."""
        self._settings = settings
        self._prices = prices

    def close(self) -> None:
        if self._counters is not None:
            self._counters.close()
            self._counters = None

    def admit(self, request: AdmittedRequest) -> Awaitable[None] | None:
        """Raises RateLimited or InsufficientBalance; PermissionDenied for a model without a price under a budget."""
        subjects = self._subjects(request)
        if not subjects:
            return None
        counters = self._open()
        if any(subject.has_funds for subject in subjects) and (unknown := counters.unknown(subjects)):
            return self._admit_known(request, subjects, unknown)
        self._admit(request, subjects)
        return None

    def admitted(self, admission: Admission) -> None:
        """Nothing is left to do."""

    def settled(self, admission: Admission, settlement: Settlement) -> None:
        """What a request held goes back, but for what it has used."""
        lease = self._leases.pop(admission.request_id, None)
        if lease is not None:
            usage = settlement.usage
            tokens = usage.input_tokens + usage.output_tokens if usage is not None else 0
            self._open().settle(lease, tokens, settlement.price_nano_usd or 0)

    def undo(self, admission: Admission) -> None:
        """A request that was admitted here was refused later, and is never settled."""
        lease = self._leases.pop(admission.request_id, None)
        if lease is not None:
            self._open().undo(lease)

    def _subjects(self, request: AdmittedRequest) -> list[Subject]:
        """What the request counts for, if that has limits."""
        key, route = request.key, request.route
        found = []
        credit = self._credit_of(key)
        if credit is not None or has_limits(key):
            found.append(Subject(f"key:{key.name}", key, credit))
        if key.team is not None and (team := self._keyring.teams.get(key.team)) is not None and has_limits(team):
            found.append(Subject(f"team:{team.name}", team))
        if route.limits is not None:
            found.append(Subject(f"model:{route.limited_as}", route.limits))
        return found

    def subjects_of(self, key: ApiKey) -> list[Subject]:
        """The key, and its team if that is known, whether or not they have limits."""
        found = [Subject(f"key:{key.name}", key, self._credit_of(key))]
        if key.team is not None and (team := self._keyring.teams.get(key.team)) is not None:
            found.append(Subject(f"team:{team.name}", team))
        return found

    def used(self, subject: Subject) -> dict[str, int] | None:
        """What is counted under the limits of a key or team, by their names. Raises ServiceUnavailable."""
        return self._open().used(subject) if has_limits(subject.limits) else {}

    def _credit_of(self, key: ApiKey) -> Credit | None:
        """The balance that a key's requests are paid by; None for a key that is not prepaid."""
        balance = self._keyring.balances.get(key.name)
        if balance is None:
            if key.balance_usd is not None:
                raise ServiceUnavailable("Balances cannot be read from the store now.", code="store_unavailable")
            return None
        in_force = balance_in_force(key, balance)
        return None if in_force is None else Credit(in_force.paid, in_force.opened_s)

    async def _admit_known(self, request: AdmittedRequest, subjects: list[Subject], unknown: list[Subject]) -> None:
        """As `admit`, once the ledger has said what was spent."""
        now_s = time.time()
        for subject in unknown:
            since_s = period_start_s(subject.period, now_s)
            in_period = await self._read_spent(subject.name, since_s)
            credit = subject.credit
            of_balance = 0 if credit is None else await self._read_spent(subject.name, credit.since_s, by_balance=True)
            self._open().spent(subject, in_period, of_balance, now_s)
        self._admit(request, subjects)

    async def _read_spent(self, name: str, since_s: float, *, by_balance: bool = False) -> int:
        try:
            return await asyncio.to_thread(self.spent, name, since_s, by_balance=by_balance)
        except (StoreError, StoreUnavailable) as error:
            log.error("what %s has spent cannot be read: %s", name, error)
            raise ServiceUnavailable("Budgets cannot be read from the store now.", code="store_unavailable") from error

    def _admit(self, admitted: AdmittedRequest, subjects: list[Subject]) -> None:
        estimate = Estimate(admitted, self._settings, self._prices)
        counts_tokens = any(subject.limits.tokens_per_minute is not None for subject in subjects)
        cost = estimate.cost() if any(subject.has_funds for subject in subjects) else _NO_COST
        now_s = time.time()
        client = admitted.request.client
        try:
            found = self._open().admit(subjects, estimate.need(counts_tokens=counts_tokens), cost, now_s)
        except FileFull as error:
            raise _unavailable(error) from error
        if isinstance(found, Refusal):
            raise refused(found, client, now_s)
        self._leases[admitted.request_id] = found
        if cost.may_be_cut:
            admitted.request.meter = StreamBudget(self._open(), found, estimate)
        left = left_headers(found.requests_left, found.tokens_left, client, now_s)
        admitted.answer_headers = [*admitted.answer_headers, *left]

    def _open(self) -> Counters:
        if self._counters is None:
            try:
                self._counters = Counters(self._path, self._settings.max_names)
            except (OSError, FileFull) as error:
                raise _unavailable(error) from error
        return self._counters


class StreamBudget:
    """The meters of one stream, for whichever target sends it."""

    def __init__(self, counters: Counters, lease: Lease, estimate: Estimate) -> None:
        self._counters = counters
        self._lease = lease
        self._estimate = estimate

    def of(self, target: Target) -> RunningMeter:
        price = partial(self._estimate.price, target)
        return RunningMeter(self._counters, self._lease, price, self._estimate.prompt_tokens)

    def code(self) -> str:
        return code_of(self._lease)


def has_limits(limits: UsageLimits) -> bool:
    """Whether any is set."""
    return (
        limits.requests_per_minute is not None
        or limits.tokens_per_minute is not None
        or limits.concurrent_streams is not None
        or limits.requests_per_day is not None
        or limits.budget_usd is not None
    )


def _unavailable(error: Exception) -> ServiceUnavailable:
    log.error("limits cannot be counted: %s", error)
    return ServiceUnavailable("Limits cannot be counted now.", code="limits_unavailable")
