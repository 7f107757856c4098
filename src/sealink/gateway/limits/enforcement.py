"""Limits put in force: a Gate that admits requests, and an Observer that settles what they have really used."""

import asyncio
import contextlib
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from sealink.access.credential import Balance, balance_in_force
from sealink.access.keys import ApiKey, Team
from sealink.catalog.prices import PriceRules
from sealink.catalog.rates import MAX_TOKENS, NANO
from sealink.errors import NotFound, ServiceUnavailable
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.gate import Waiting
from sealink.gateway.limits.claim import Claim
from sealink.gateway.limits.estimate import Estimate, most_prompt_tokens, rounded_up, times_reserved
from sealink.gateway.limits.left_headers import left_headers
from sealink.gateway.limits.plan import Plan, Plans
from sealink.gateway.limits.queue import FREED_BY_ENDS, Queue
from sealink.gateway.limits.refusal import refused
from sealink.gateway.limits.running_meter import MoneyCounters, RunningMeter, code_of
from sealink.gateway.limits.settings import LimitSettings
from sealink.ledger.entry import Admission, Settlement
from sealink.limits import plain_slots
from sealink.limits.alerts import FundsAlert
from sealink.limits.counters import Counters
from sealink.limits.nodes.settings import SharedSettings
from sealink.limits.plain_slots import PlainLease, Prices, prices_of
from sealink.limits.shared_file import FileFull, number_of_request
from sealink.limits.standing import Spent, by_name
from sealink.limits.subjects import UNNAMED, Cost, Credit, Lease, Recorded, Refusal, Settled, Subject, Subjects
from sealink.policy.budgets import period_start_s
from sealink.policy.limits import Need, UsageLimits
from sealink.policy.routing import ModelRoute, Router, Target
from sealink.store.errors import StoreError, StoreUnavailable

if TYPE_CHECKING:
    from sealink.limits.nodes.node_counters import NodeCounters

log = logging.getLogger("sealink.limits")


_Kept = tuple[ApiKey, Team | None, UsageLimits | None, Credit | None, Subjects]
_MOST_KEPT: Final = 4096


class Recent(Protocol):
    """The ledger, as far as it says what was lately used of limits. Blocks. Raises StoreError where it cannot be
    read."""

    def __call__(self, subject: Subject) -> Recorded: ...


class Accounts(Protocol):
    """Keys, teams, and the balances of keys, by name: a Keyring."""

    teams: dict[str, Team]
    balances: Mapping[str, Balance]

    def known(self) -> list[ApiKey]:
        """All keys that are in force, or were."""

    def key_named(self, name: str) -> ApiKey | None:
        """One of them."""


class LimitEnforcement:
    """The limits of keys, teams and models in one process. This machine's counters are opened with the first request
    that needs them; those that nodes share, by `share`. `spent` and `recent` are called in threads."""

    def __init__(self, path: Path, keyring: Accounts, spent: Spent, recent: Recent, journal: str = "") -> None:
        """`journal` is the name of the ledger's journal that this process writes."""
        self.on_alert: Callable[[FundsAlert], None] = _log_alert
        """Called with what people are to be told of budgets and balances, once for each budget's period."""
        self.refused: Counter[tuple[str, str]] = Counter()
        """Requests that were refused, by the code of the error and by whose limit it was: `key`, `team` or `model`."""
        self._router: Router | None = None
        self._was_alone = False
        """An earlier process of this machine may have counted what it could not tell the nodes' counters."""
        self._journal = journal
        self._path = path
        self._keyring = keyring
        self.spent = spent
        self._recent = recent
        self._counters: Counters | None = None
        self._nodes: NodeCounters | None = None
        self._leases: dict[str, Lease] = {}
        self._kept: dict[tuple[str, str], _Kept] = {}
        """What requests of a key for a model count for, by their names, as long as it is the same."""
        self._plans = Plans()
        self._settings = LimitSettings()
        self._prices = PriceRules()
        self.queue = Queue(self)

    async def share(self, settings: SharedSettings, flush: Callable[[], bool]) -> None:
        """Count together with other nodes, in Redis. `flush`, which blocks, waits until the ledger has all that this
        process has settled; False: it has not."""
        from sealink.limits.nodes.node_counters import NodeCounters

        async def flushed() -> bool:
            return await asyncio.to_thread(flush)

        self._plans.clear()
        self._was_alone = self._path.exists()
        self._nodes = NodeCounters(settings, self._open, self._recorded, flushed)
        await self._nodes.start()
        self._tell_all()

    @property
    def shared_away(self) -> str | None:
        """Why Redis is away; None: it is there, or not asked for."""
        return None if self._nodes is None else self._nodes.away

    def configure(self, settings: LimitSettings, prices: PriceRules, router: Router | None = None) -> None:
        """Settings that count from the next request on."""
        self._router = router
        self._settings = settings
        self._prices = prices
        self._plans.clear()
        self.queue.max_queued, self.queue.poll_s = settings.max_queued, settings.queue_poll_s
        self.queue.renew()
        self._tell_all()

    async def close(self) -> None:
        """Give everything back."""
        if self._nodes is not None:
            await self._nodes.stop()
        self._plans.clear()
        if self._counters is not None:
            self._counters.close()
            self._counters = None

    def admit(self, request: AdmittedRequest) -> Waiting | None:
        """Raises RateLimited or InsufficientBalance; PermissionDenied for a model without a price under a budget."""
        asked, key, route, accounts = request.request, request.key, request.route, self._keyring
        client = asked.client
        plan = self._plans.get((key.name, route.model, client.name))
        if (
            plan is None
            or plan.key is not key
            or plan.route is not route
            or plan.teams is not accounts.teams
            or plan.balances is not accounts.balances
        ):
            plan = self._make_plan(request)
        if not plan.subjects:
            return None
        stated = client.max_output_tokens(asked.head)
        if self._nodes is not None:
            return self._ask_nodes(self._nodes, request, plan, stated)
        estimate, counters = None, plan.counters
        if counters is not None and not self.queue.lines:
            if plan.prices is not None:
                estimate = self._let_in_plain(request, plan, counters, plan.prices, stated)
            else:
                estimate = self._let_in_uncounted(request, plan, counters, stated)
            if estimate is None:
                return None
        return self._admit_claim(plan, Claim(request, plan.subjects, estimate or self._estimate(request, stated)))

    def _estimate(self, request: AdmittedRequest, stated: int | None) -> Estimate:
        """`stated`: how many tokens the request says that its answer may have."""
        return Estimate(request, self._settings, self._prices, stated)

    def _at_most(
        self, request: AdmittedRequest, plan: Plan, prompt_tokens: int, stated: int | None
    ) -> tuple[Need, Cost]:
        """What a request takes at most, whose prompt nobody has counted: it has so many tokens at most."""
        head, prices, subjects = request.request.head, plan.prices, plan.subjects
        if prices is not None:
            answer_tokens = self._settings.reserve_output_tokens if stated is None else stated
            need = Need(prompt_tokens, answer_tokens, stated is not None, int(head.stream))
            cost = plain_slots.cost(need, prices)
            if cost is not None:
                return need, Cost(*cost)
        estimate = self._estimate(request, stated)
        return estimate.need(subjects, prompt_tokens), estimate.cost(subjects, prompt_tokens)

    def _let_in_uncounted(
        self, request: AdmittedRequest, plan: Plan, counters: Counters, stated: int | None
    ) -> Estimate | None:
        """Let a request in whose prompt nobody has counted, if what it takes is little of what is left, whatever that
        is. None: it is in; else what is estimated of it."""
        now_s, (need, cost) = time.time(), self._at_most(request, plan, most_prompt_tokens(request), stated)
        try:
            lease = counters.admit_uncounted(plan.subjects, need, cost, now_s)
        except FileFull as error:
            raise _unavailable(error) from error
        if lease is None:
            return self._estimate(request, stated)
        self._give(request, plan, lease, cost, stated)
        return None

    def _give(self, request: AdmittedRequest, plan: Plan, lease: Lease, cost: Cost, stated: int | None) -> None:
        """The request has the lease."""
        self._leases[request.request_id] = lease
        if cost.may_be_cut:
            counters, estimate = self._nodes or self._open(), self._estimate(request, stated)
            times = times_reserved(lease.reserved, cost, estimate.answer_tokens)
            request.request.meter = StreamBudget(counters, lease, estimate, times)
        request.limit_lines = plan.lines(lease, time.time())

    def _let_in_plain(
        self, request: AdmittedRequest, plan: Plan, counters: Counters, prices: Prices, stated: int | None
    ) -> Estimate | None:
        """The same in C, with the price. There, a prompt that is not little can be counted, and then fit."""
        now_s, asked, estimate = time.time(), request.request, None
        head = asked.head
        answer_tokens = self._settings.reserve_output_tokens if stated is None else stated
        need = len(head.body), answer_tokens, stated is not None, head.stream
        try:
            lease = counters.admit_plain(plan.subjects, need, prices, now_s, plan.laid_out)
            if not lease:
                estimate = self._estimate(request, stated)
                if lease is None or not plan.subjects.depends_on_prompt:
                    return estimate
                need = estimate.counted_prompt(), *need[1:]
                lease = counters.admit_plain(plan.subjects, need, prices, now_s, plan.laid_out, is_counted=True)
                if not lease:
                    return estimate
        except FileFull as error:
            raise _unavailable(error) from error
        self._leases[asked.request_id] = lease
        if head.stream and prices:
            asked.meter = StreamBudget(counters, lease, estimate or self._estimate(request, stated), lease.times)
        request.limit_lines = lease.lines or plan.lines(lease, now_s)
        return None

    def _admit_claim(self, plan: Plan, claim: Claim) -> Waiting | None:
        request = claim.request
        if self.queue.lines or self._unknown(plan.subjects):
            return self._admit_awaiting(claim)
        plan.counters = self._open()
        found = self._ask_here(claim)
        if isinstance(found, Refusal) and self._queue_s(request):
            return self._admit_awaiting(claim, found)
        self._let_in(claim, found)
        return None

    def _ask_nodes(
        self, nodes: "NodeCounters", request: AdmittedRequest, plan: Plan, stated: int | None
    ) -> Waiting | None:
        """Have it decided by the answer of Redis, unless that has let it in before it came; in a task while Redis is
        away, or where others wait already."""
        subjects, now_s, waits = plan.subjects, time.time(), bool(self.queue.lines)
        if not waits:
            need, cost = self._at_most(request, plan, rounded_up(most_prompt_tokens(request)), stated)
            lease = nodes.take(subjects, need, cost, now_s)
            if lease is not None:
                self._give(request, plan, lease, cost, stated)
                return None
            decide = partial(self._decide_uncounted, request, plan, cost, stated)
            asked = nodes.ask(subjects, need, cost, now_s, decide, if_little=True)
            if asked is not None:
                return asked
        claim = Claim(request, subjects, self._estimate(request, stated))
        counted = None if waits else nodes.ask(subjects, claim.need, claim.cost, now_s, partial(self._decide, claim))
        return counted or self._admit_awaiting(claim)

    def _decide_uncounted(
        self, request: AdmittedRequest, plan: Plan, cost: Cost, stated: int | None, found: Lease | Refusal | None
    ) -> Awaitable[None] | None:
        """By the answer of Redis, of a prompt that is counted only if it does not fit otherwise."""
        if isinstance(found, Lease):
            self._give(request, plan, found, cost, stated)
            return None
        return self._admit_awaiting(Claim(request, plan.subjects, self._estimate(request, stated)))

    def _decide(self, claim: Claim, found: Lease | Refusal | None) -> Awaitable[None] | None:
        """By the answer of Redis; None: it has to be asked again."""
        if found is None or (isinstance(found, Refusal) and self._queue_s(claim.request)):
            return self._admit_awaiting(claim, found)
        self._let_in(claim, found)
        return None

    async def _admit_awaiting(self, claim: Claim, refusal: Refusal | None = None) -> None:
        """As `admit`, where something has to be waited for."""
        self._let_in(claim, await self.queue.admit(claim, self._queue_s(claim.request), refusal))

    def settled(self, admission: Admission, settlement: Settlement) -> None:
        """What a request held goes back, but for what it has used."""
        lease = self._leases.pop(admission.request_id, None)
        if lease is None:
            return
        usage, price = settlement.usage, settlement.price_nano_usd or 0
        tokens = 0 if usage is None else usage.input_tokens + usage.output_tokens
        if not 0 <= tokens <= MAX_TOKENS:  # no provider's nonsense may keep a lease from being given back
            tokens = max(0, min(tokens, MAX_TOKENS))
        if self._nodes is not None:
            self._nodes.settle(lease, tokens, price)
        elif (
            self._counters is None
            or settlement.code is not None
            or not isinstance(lease, PlainLease)
            or not self._counters.settle_plain(
                lease, tokens, price, settlement.request_id, self._settings.warn_at_percent
            )
        ):
            for alert in self._open().settle(lease, tokens, price, self._noted(settlement)):
                self.on_alert(alert)
        if self.queue.lines:
            self.queue.freed([subject.name for subject in lease.subjects], FREED_BY_ENDS)

    def recover(self, journal: str, admission: Admission | None, settlement: Settlement | None) -> None:
        """A process of this machine has died that wrote a journal, of which that is the last entry, if that is a
        settlement. Raises ServiceUnavailable where the counters cannot be opened."""
        if self._nodes is not None:
            self._was_alone = True  # Redis may have been away for longer than the journal goes back
            self._tell_all()
            return
        if not self._path.exists():
            return
        subjects, noted, price, started_s = list[Subject](), UNNAMED, 0, 0.0
        if admission is not None and settlement is not None:
            subjects = self._subjects_of_row(admission)
            price, started_s = settlement.price_nano_usd or 0, admission.started_at
            noted = self._noted(settlement)
        self._open().recover(journal, subjects, price, noted, started_s)

    def _noted(self, settlement: Settlement) -> Settled:
        cut = settlement.code if settlement.ended == "done" else None
        return Settled(number_of_request(settlement.request_id), self._settings.warn_at_percent, cut)

    def _tell_all(self) -> None:
        """Have the nodes' counters told, once, what the ledger knows of all that has money, if they may not know it."""
        if self._nodes is None or self._router is None or not self._was_alone:
            return
        try:
            subjects = list(self._with_funds(self._router))
        except ServiceUnavailable:
            return  # balances are not known yet: when they are, the keys have changed
        self._was_alone = False
        self._nodes.recover(subjects)

    def _with_funds(self, router: Router) -> Iterator[Subject]:
        """All keys, teams and models that have a budget or balance."""
        keys = (Subject(f"key:{key.name}", key, self._credit_of(key)) for key in self._keyring.known())
        teams = (Subject(f"team:{team.name}", team) for team in self._keyring.teams.values())
        models = (Subject(f"model:{route.limited_as}", route.limits) for route in router.routes if route.limits)
        return (subject for subject in (*keys, *teams, *models) if subject.has_funds)

    def _subjects_of_row(self, admission: Admission) -> list[Subject]:
        """What a request counted for, that another process has admitted, as far as that has money."""
        found = []
        key, model = self._keyring.key_named(admission.key), admission.model
        if key is not None:
            found.append(Subject(f"key:{key.name}", key, self._credit_of(key)))
        if admission.team is not None and (team := self._keyring.teams.get(admission.team)) is not None:
            found.append(Subject(f"team:{team.name}", team))
        with contextlib.suppress(NotFound):  # the config has changed since
            route = self._router.route_of(model) if self._router is not None and model is not None else None
            if route is not None and route.limits is not None:
                found.append(Subject(f"model:{route.limited_as}", route.limits))
        return [subject for subject in found if subject.has_funds]

    def undo(self, admission: Admission) -> None:
        """A request that was admitted here was refused later, and is never settled."""
        lease = self._leases.pop(admission.request_id, None)
        if lease is not None:
            (self._nodes or self._open()).undo(lease)
            self.queue.freed(subject.name for subject in lease.subjects)

    def _make_plan(self, request: AdmittedRequest) -> Plan:
        teams, balances = self._keyring.teams, self._keyring.balances  # before they are looked at: they may change
        subjects, prices = self._subjects(request), self._prices
        rules = {prices.rule_for(target.provider.name, target.model) for target in request.route.targets}
        in_c = prices_of(rules if subjects.has_funds else ()) if plain_slots.is_used else None
        plan = Plan(request, teams, balances, subjects, in_c)
        self._plans.keep(plan, request.request.client.name)
        return plan

    def _subjects(self, request: AdmittedRequest) -> Subjects:
        """What the request counts for, if that has limits."""
        key, route = request.key, request.route
        team = None if key.team is None else self._keyring.teams.get(key.team)
        credit, place = self._credit_of(key), (key.name, route.limited_as)
        kept = self._kept.get(place)
        if kept is not None:
            kept_key, kept_team, kept_limits, kept_credit, found = kept
            if kept_key is key and kept_team is team and kept_limits is route.limits and kept_credit == credit:
                return found
        if len(self._kept) >= _MOST_KEPT:
            self._kept.clear()
        found = Subjects(_limited(key, team, route, credit))
        self._kept[place] = key, team, route.limits, credit, found
        return found

    def subjects_of(self, key: ApiKey) -> list[Subject]:
        """The key, and its team if that is known, whether or not they have limits."""
        found = [Subject(f"key:{key.name}", key, self._credit_of(key))]
        if key.team is not None and (team := self._keyring.teams.get(key.team)) is not None:
            found.append(Subject(f"team:{team.name}", team))
        return found

    async def used(self, subjects: Sequence[Subject]) -> list[dict[str, int] | None]:
        """What is counted under the limits of keys or teams, by their names; None for each while Redis is away, where
        nodes count together. Raises ServiceUnavailable."""
        if self._nodes is not None:
            counted = await self._nodes.used(subjects)
            return [None if each is None else by_name(each) for each in counted]
        return [self._open().used(subject) if has_limits(subject.limits) else {} for subject in subjects]

    def _credit_of(self, key: ApiKey) -> Credit | None:
        """The balance that a key's requests are paid by; None for a key that is not prepaid."""
        balance = self._keyring.balances.get(key.name)
        if balance is None:
            if key.balance_usd is not None:
                raise ServiceUnavailable("Balances cannot be read from the store now.", code="store_unavailable")
            return None
        in_force = balance_in_force(key, balance)
        return None if in_force is None else Credit(in_force.paid, in_force.opened_s)

    async def ask(self, claim: Claim) -> Lease | Refusal:
        """Let a request in, if it fits."""
        if self._nodes is None:
            await self._learn_spending(claim.subjects)
            return self._ask_here(claim)
        try:
            return await self._nodes.admit(claim.subjects, claim.need, claim.cost, time.time())
        except FileFull as error:
            raise _unavailable(error) from error

    async def look(self, claim: Claim) -> Refusal | None:
        """What would refuse it now; None: nothing that is known."""
        if self._nodes is not None:
            return await self._nodes.look(claim.subjects, claim.need, claim.cost, time.time())
        await self._learn_spending(claim.subjects)
        try:
            return self._open().look(claim.subjects, claim.need, claim.cost, time.time())
        except FileFull as error:
            raise _unavailable(error) from error

    def renew(self, claim: Claim) -> None:
        """The key, the model and the limits of a request that waits, as they are now. Raises the SealinkError that
        refuses it."""
        request = claim.request
        if request.renew is not None:
            request.renew()
        if self._router is not None:
            request.route = self._router.route_of(request.request.head.model)
        claim.apply(self._subjects(request))

    def keys_changed(self) -> None:
        """Keys, teams or balances are others now: that counts for those that wait, too."""
        self.queue.renew()
        self._tell_all()

    def _ask_here(self, claim: Claim) -> Lease | Refusal:
        try:
            return self._open().admit(claim.subjects, claim.need, claim.cost, time.time())
        except FileFull as error:
            raise _unavailable(error) from error

    def _unknown(self, subjects: Subjects) -> list[Subject]:
        """Those whose spending is not known here yet."""
        return self._open().unknown(subjects) if subjects.has_funds else []

    async def _learn_spending(self, subjects: Subjects) -> None:
        """Ask the ledger what was spent, where that is not known."""
        now_s = time.time()
        for subject in self._unknown(subjects):
            recorded = await self._money_spent(subject, now_s)
            if self._open().unknown([subject]):  # not if another request was faster: it counts on from there
                self._open().recorded(subject, recorded, now_s)

    async def _money_spent(self, subject: Subject, now_s: float) -> Recorded:
        try:
            in_period = await asyncio.to_thread(self.spent, subject.name, period_start_s(subject.period, now_s))
            if subject.credit is None:
                return Recorded(in_period=in_period)
            of_balance = await asyncio.to_thread(self.spent, subject.name, subject.credit.since_s, by_balance=True)
        except (StoreError, StoreUnavailable) as error:
            log.error("what %s has spent cannot be read: %s", subject.name, error)
            raise ServiceUnavailable("Budgets cannot be read from the store now.", code="store_unavailable") from error
        return Recorded(in_period=in_period, of_balance=of_balance)

    async def _recorded(self, subject: Subject) -> Recorded:
        """What the ledger has of a subject. Raises ServiceUnavailable if it has funds and that is not known."""
        money = await self._money_spent(subject, time.time()) if subject.has_funds else Recorded()
        try:
            used = await asyncio.to_thread(self._recent, subject)
        except (StoreError, StoreUnavailable) as error:
            log.warning("what %s has used of its limits cannot be read: %s", subject.name, error)
            used = Recorded()
        return used._replace(in_period=money.in_period, of_balance=money.of_balance)

    def _queue_s(self, request: AdmittedRequest) -> float:
        """How long it may wait: as its key says, else its model, else the config."""
        for own in (request.key.queue_s, request.route.queue_s):
            if own is not None:
                return own
        return self._settings.queue_s

    def _let_in(self, claim: Claim, found: Lease | Refusal) -> None:
        """Raises the error of a refusal."""
        admitted, now_s = claim.request, time.time()
        client = admitted.request.client
        if isinstance(found, Refusal):
            self.refused[found.reason.code, found.subject.name.partition(":")[0]] += 1
            raise refused(found, client, now_s, claim.waited)
        self._leases[admitted.request_id] = found
        if admitted.queued_ms is not None:
            admitted.request.received_at = time.monotonic()  # its timers begin now
        if claim.cost.may_be_cut:
            times = times_reserved(found.reserved, claim.cost, claim.estimate.answer_tokens)
            admitted.request.meter = StreamBudget(self._nodes or self._open(), found, claim.estimate, times)
        admitted.limit_lines = left_headers(client).of(found.requests_left, found.tokens_left, now_s)

    def _open(self) -> Counters:
        if self._counters is None:
            try:
                self._counters = Counters(self._path, self._settings.max_names, self._journal)
            except (OSError, FileFull) as error:
                raise _unavailable(error) from error
        return self._counters


class StreamBudget:
    """The meters of one stream, for whichever target sends it."""

    __slots__ = ("_answer_tokens", "_counters", "_estimate", "_lease", "room")

    def __init__(self, counters: MoneyCounters, lease: Lease, estimate: Estimate, times: int) -> None:
        """`times`: for how many times the answer money is reserved."""
        self._counters = counters
        self._lease = lease
        self._estimate = estimate
        self._answer_tokens = answer_tokens = estimate.answer_tokens * (times or 1)
        self.room = answer_tokens - counters.ahead_tokens if times else None

    def of(self, target: Target) -> RunningMeter:
        price, prompt_tokens = partial(self._estimate.price, target), self._estimate.counted_prompt
        is_covered = self.room is not None
        return RunningMeter(
            self._counters, self._lease, price, prompt_tokens, self._answer_tokens, is_covered=is_covered
        )

    def code(self) -> str:
        return code_of(self._lease)


def _limited(key: ApiKey, team: Team | None, route: ModelRoute, credit: Credit | None) -> Iterator[Subject]:
    if credit is not None or has_limits(key):
        yield Subject(f"key:{key.name}", key, credit)
    if team is not None and has_limits(team):
        yield Subject(f"team:{team.name}", team)
    if route.limits is not None:
        yield Subject(f"model:{route.limited_as}", route.limits)


def has_limits(limits: UsageLimits) -> bool:
    """Whether any is set."""
    return (
        limits.requests_per_minute is not None
        or limits.tokens_per_minute is not None
        or limits.concurrent_streams is not None
        or limits.requests_per_day is not None
        or limits.budget_usd is not None
    )


def _log_alert(alert: FundsAlert) -> None:
    spent, amount = alert.spent_nano_usd / NANO, alert.amount_nano_usd / NANO
    log.warning("%s: %s has spent %.6f of %.6f USD", alert.event, alert.subject, spent, amount)


def _unavailable(error: Exception) -> ServiceUnavailable:
    log.error("limits cannot be counted: %s", error)
    return ServiceUnavailable("Limits cannot be counted now.", code="limits_unavailable")
