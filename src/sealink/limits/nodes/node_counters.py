"""Requests under limits that all nodes share: counted in Redis, or while it is away by this node alone.

    Redis answers ──▶ counted there, by all nodes together
          │  ▲
       away  back: what the ledger has recorded, and what is open here, is counted there first
          ▼  │
    counted by this machine's counters, with its share of each limit

What was spent is what the ledger says: where that is more than what is counted in Redis, it counts.
"""

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from sealink.errors import ServiceUnavailable
from sealink.limits.asked import Decided
from sealink.limits.counters import Counters
from sealink.limits.decision import refusal_of
from sealink.limits.nodes.answers import REFUSED, Answer, Reply
from sealink.limits.nodes.asking import Asking
from sealink.limits.nodes.batch import Batch, Batches, Ended, NodeLease
from sealink.limits.nodes.commands import Commands
from sealink.limits.nodes.connection import RedisAway, RedisConnection
from sealink.limits.nodes.local_share import share_of, share_of_used
from sealink.limits.nodes.settings import SharedSettings
from sealink.limits.subjects import Cost, Lease, Recorded, Refusal, Subject
from sealink.policy.budgets import period_start_s
from sealink.policy.limits import Need, Used

log = logging.getLogger("sealink.limits")

LIVE_S: Final = 6.0
"""How long a process counts as living since it last said so; then what it holds is free."""
BEAT_S: Final = 1.5
"""How often it says so."""
_NOTHING: Final = Need(0, 0, is_stated=True, streams=0)

Reader = Callable[[Subject], Awaitable[Recorded]]
"""Reads in the ledger what a subject has used. Raises ServiceUnavailable for one with a budget or balance where it
cannot be read; of others nothing is known then."""


class NodeCounters:
    """The counters of this process. `local` opens this machine's, `read` asks the ledger, `flush` waits until it has
    all that this process has settled."""

    ahead_tokens = 256
    """How long before it is needed more money is to be asked for: the answer takes a round trip."""

    def __init__(
        self,
        settings: SharedSettings,
        local: Callable[[], Counters],
        read: Reader,
        flush: Callable[[], Awaitable[bool]],
    ) -> None:
        assert settings.redis_url is not None
        self.url = settings.redis_url
        self.away: str | None = "it was not asked yet"
        """Why Redis is away; None while it is there."""
        self._settings = settings
        self._local = local
        self._read = read
        self._flush = flush
        self._process = secrets.token_hex(8)
        self._commands = Commands(self._process)
        self._connection: RedisConnection | None = None
        self._epoch: bytes | None = None
        self._open: dict[int, NodeLease] = {}
        self._batches = Batches(self._tell)
        self._behind: dict[str, Subject] = {}
        """Subjects of which Redis may not know all that this process has used."""
        self._shares: dict[tuple[str, int], Recorded] = {}
        self._is_told = False
        self._lost = asyncio.Event()
        self._tried = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect, if Redis answers at once; else go on trying."""
        self._task = asyncio.ensure_future(self._keep_connected())
        await self._tried.wait()

    async def stop(self) -> None:
        """Have all that was settled counted, and leave."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self._batches.tell(expire=True)
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(RedisAway):
                await self._tell_ledger(connection)
                await connection.ask(self._commands.living(0.001))  # the answers to all before it have come, too
            await connection.close()

    def take(self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float) -> NodeLease | None:
        """Let a request in that Redis has let in before it came; None: it has to be asked."""
        batch = self._commands.terms(subjects, now_s).supplies[need.streams].batch
        if batch is None or not batch.left or time.monotonic() >= batch.until_s:
            return None
        lease = batch.take(need, cost, now_s)
        if lease is not None:
            self._open[id(lease)] = lease
        return lease

    def ask(
        self,
        subjects: Sequence[Subject],
        need: Need,
        cost: Cost,
        now_s: float,
        decide: Callable[[NodeLease | Refusal | None], Decided],
        *,
        if_little: bool = False,
    ) -> Asking[Decided] | None:
        """Ask Redis whether a request fits, and so begins; None while it is away. One round trip.

        `if_little`: only if what the request takes is little of what was left when Redis answered last, else None, too.
        If less is left now, Redis refuses it. Then it is asked for some that may come next, as well.
        """
        connection, terms = self._connection, self._commands.terms(subjects, now_s)
        if connection is None or (if_little and not terms.have_plenty(need, cost)):
            return None
        tokens, times, ahead_s = terms.tokens_of(need), 1, self._settings.ahead_s
        asking = Asking(self, subjects, terms, tokens, need, cost, now_s, decide)
        if if_little:
            supply = terms.supplies[need.streams]
            times = supply.ask(time.monotonic(), ahead_s)
            asking.supply = supply if times > 1 else None
        command = self._commands.admission(terms, tokens, need, cost, times, ahead_s)
        connection.send(command, subjects, asking.answered)
        return asking

    async def admit(self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float) -> NodeLease | Refusal:
        """A request begins, if it fits. One round trip, unless Redis is away or has to be told of the ledger."""
        found = await self._admit_shared(subjects, need, cost, now_s)
        return found or await self._admit_alone(subjects, need, cost, now_s)

    async def look(self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float) -> Refusal | None:
        """Why a request does not fit now; None: it does, or that is not known. Nothing is counted. One round trip."""
        answer = await self._looked(subjects, need, cost, now_s)
        if answer is None or answer.status != REFUSED:
            return None
        return refusal_of([*zip(subjects, answer.counts, strict=True)], need, cost, answer.now_ns, now_s)

    async def used(self, subjects: Sequence[Subject]) -> list[Used | None]:
        """What is counted under the limits of each; None while Redis is away. One round trip."""
        answer = await self._looked(subjects, _NOTHING, Cost(), time.time())
        return [None if answer is None else answer.counts[place].used for place in range(len(subjects))]

    def reserve_more(self, lease: Lease, wanted: int, now_s: float) -> int:
        """Reserve more money for an open request. Returns how much more it may spend now: 0 where Redis is asked; what
        it grants is in `lease.reserved` later."""
        return self._reserve_more(lease, wanted, 0, now_s)

    def reserve_spent(self, lease: Lease, spent: int, now_s: float) -> int:
        """Reserve money that an open request has spent already: it counts as granted until Redis has answered."""
        return self._reserve_more(lease, spent, spent, now_s)

    def _reserve_more(self, lease: Lease, wanted: int, at_once: int, now_s: float) -> int:
        assert isinstance(lease, NodeLease)
        connection = self._connection
        if connection is None or not lease.is_shared:
            if lease.local is None:
                return 0
            granted = self._local().reserve_more(lease.local, wanted, now_s)
            lease.reserved += granted
            return granted
        if wanted <= 0:
            return 0
        lease.reserved += at_once

        def granted_there(more: Reply) -> None:
            if isinstance(more, RedisAway):
                return
            lease.granted += more
            lease.reserved += more - at_once
            if id(lease) not in self._open and self._connection is not None:
                self._connection.send(self._commands.given_back(lease, more), lease.subjects)

        connection.send(self._commands.more_money(lease, wanted, now_s), lease.subjects, granted_there)
        return at_once

    def settle(self, lease: Lease, tokens: int, price: int) -> None:
        """A request has ended, and has used so much. What it held goes back."""
        assert isinstance(lease, NodeLease)
        self._close(lease, tokens, price)
        if lease.local is not None:
            self._local().settle(lease.local, tokens, price)

    def recover(self, subjects: Iterable[Subject]) -> None:
        """A process of this machine has died, and of these may not have had all counted."""
        self.fall_behind(subjects)

    def undo(self, lease: Lease) -> None:
        """An admitted request does not begin after all."""
        assert isinstance(lease, NodeLease)
        self._close(lease, 0, 0, undone=1)
        if lease.local is not None:
            self._local().undo(lease.local)

    def _close(self, lease: NodeLease, tokens: int, price: int, undone: int = 0) -> None:
        batch = lease.batch
        self._open.pop(id(lease), None)
        if not lease.is_shared or self._connection is None:
            self.fall_behind(lease.subjects)
        elif batch is not None:
            batch.ended(lease, tokens, price, undone)
            self._batches.tell_soon(batch)
        else:
            held = lease.streams, lease.granted, tokens, lease.tokens
            self._tell(lease, Ended(undone, price, lease.started_s, lease.at_ns, *held))

    def opened(self, lease: NodeLease, batch: Batch | None = None) -> None:
        """A request has been let in; and others of a batch."""
        self._open[id(lease)] = lease
        if batch is not None:
            self._batches.tell_soon(batch)

    def _tell(self, lease: Lease, ended: Ended) -> None:
        connection, subjects = self._connection, lease.subjects
        if connection is None:
            self.fall_behind(subjects)
        else:
            terms = self._commands.terms(subjects, lease.started_s)
            connection.send(self._commands.settlement(terms, ended), subjects)

    # Redis answers

    async def _admit_shared(
        self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float
    ) -> NodeLease | Refusal | None:
        """None: Redis is away."""
        connection = self._connection
        asking = await self._answer(subjects, need, cost, now_s)
        if asking is not None and asking.unknown and connection is not None:
            try:
                for subject in asking.unknown:
                    await self._catch_up(connection, subject, now_s)
            except RedisAway:
                return None
            asking = await self._answer(subjects, need, cost, now_s)
        return None if asking is None else asking.decide()

    async def _answer(
        self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float
    ) -> Asking[NodeLease | Refusal | None] | None:
        """What was asked, with the answer. If the client leaves meanwhile, what it was granted goes back."""
        asking = self.ask(subjects, need, cost, now_s, _as_it_is)
        if asking is None:
            return None
        await asking.wait_for_answer()
        return asking

    async def _looked(self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float) -> Answer | None:
        """The answer to a look; None while Redis is away."""
        if self._connection is None:
            return None
        self._batches.tell(expire=True)
        terms = self._commands.terms(subjects, now_s)
        try:
            return Answer(await self._connection.ask(self._commands.look(terms, terms.tokens_of(need), need, cost)))
        except RedisAway:
            return None

    async def _catch_up(self, connection: RedisConnection, subject: Subject, now_s: float) -> None:
        """Tell Redis what the ledger has recorded."""
        used = await self._read(subject)
        await connection.ask(self._commands.recorded(subject, used, now_s), [subject])

    def fall_behind(self, subjects: Iterable[Subject]) -> None:
        """Redis may not know all that these have used."""
        self._behind.update({subject.name: subject for subject in subjects})

    # Redis is away

    async def _admit_alone(
        self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float
    ) -> NodeLease | Refusal:
        shares = [await self._share(subject, now_s) for subject in subjects]
        self.fall_behind(subjects)
        found = self._local().admit(shares, need, cost, now_s)
        if isinstance(found, Refusal):
            return found
        lease = NodeLease(
            subjects,
            0,
            now_s,
            found.tokens,
            found.streams,
            found.reserved,
            found.requests_left,
            found.tokens_left,
            found.funds_left,
            found,
        )
        self.opened(lease)
        return lease

    async def _share(self, subject: Subject, now_s: float) -> Subject:
        """This node's share of a subject. What all nodes have used of it is read when it is first asked for."""
        place = subject.name, period_start_s(subject.period, now_s)
        share = self._settings.local_share
        used = self._shares.get(place)
        if used is None:
            used = self._shares[place] = await self._read(subject)
            self._local().recorded(share_of(subject, share, used), share_of_used(used, share), now_s)
        return share_of(subject, share, used)

    # Away, and back

    async def _keep_connected(self) -> None:
        while True:
            self._lost.clear()
            connection = RedisConnection(self.url, self._settings.timeout_s, self._gone)
            try:
                await connection.open()
                await self._come_back(connection)
                self._tried.set()
                await self._live(connection)
            except RedisAway as error:
                self._gone(error, connection.unanswered())
            finally:
                self._tried.set()
                if self._connection is not connection:
                    await connection.close()
            await asyncio.sleep(self._settings.retry_s)

    async def _come_back(self, connection: RedisConnection) -> None:
        """Tell Redis what it does not know, and count there from now on. Raises RedisAway."""
        _, epoch = await self._say_alive(connection)
        lost_data = self._epoch not in (None, epoch)
        self._epoch = epoch
        if lost_data:
            log.warning("Redis has lost its data: limits are counted anew, by the ledger")
            self.fall_behind(self._commands.seen.values())
        await self._tell_ledger(connection)
        self._hold(connection, everything=lost_data)
        self._connection = connection
        self._shares.clear()
        self.away = None
        if self._is_told:
            self._is_told = False
            log.warning("Redis is back: limits are counted by all nodes together again")

    async def _live(self, connection: RedisConnection) -> None:
        """Say again and again that this process lives, and what is still to be told. Raises RedisAway."""
        while True:
            await self._tell_ledger(connection)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):  # not wait_for, which may swallow that it is cancelled
                    await self._lost.wait()
            await self._stay_alive(connection)

    async def _stay_alive(self, connection: RedisConnection) -> None:
        """Raises RedisAway where the process was not known to live, or the data are others."""
        was_alive, epoch = await self._say_alive(connection)
        if not was_alive or epoch != self._epoch:
            raise RedisAway("it has taken this process for dead, or has lost its data")

    async def _say_alive(self, connection: RedisConnection) -> tuple[bool, bytes]:
        """Whether Redis knew that this process lives, and which data it has."""
        was_alive, epoch, _ = await connection.ask(self._commands.living(LIVE_S))
        return bool(was_alive), epoch

    async def _tell_ledger(self, connection: RedisConnection) -> None:
        """Of what Redis may not know all, tell what the ledger knows; it is told again until that is all."""
        if not self._behind:
            return
        behind = dict(self._behind)
        is_whole, said_at = await self._flush(), time.monotonic()
        for subject in behind.values():
            if time.monotonic() - said_at > BEAT_S:  # they may be thousands
                await self._stay_alive(connection)
                said_at = time.monotonic()
            try:
                await self._catch_up(connection, subject, time.time())
            except ServiceUnavailable:
                return  # the store is away too: it is tried again, and spending that is not known lets nobody in
            if is_whole and self._connection is connection:
                self._behind.pop(subject.name, None)

    def _hold(self, connection: RedisConnection, *, everything: bool) -> None:
        """Say what this process holds. What Redis has not counted in its windows yet (or `everything` that is open) is
        counted there."""
        uncounted = {id(lease) for lease in self._open.values() if everything or not lease.is_shared}
        held = {name: (subject, [0] * 5) for name, subject in self._behind.items()}
        for lease in self._open.values():
            lease.is_shared, lease.granted = True, lease.reserved
            is_new = int(id(lease) in uncounted)
            for subject, tokens in zip(lease.subjects, lease.tokens, strict=True):
                _, sums = held.setdefault(subject.name, (subject, [0] * 5))
                amounts = lease.streams, lease.reserved, is_new, is_new * tokens, is_new
                sums[:] = [one + other for one, other in zip(sums, amounts, strict=True)]

        def counted_at(now_us: Reply) -> None:
            if isinstance(now_us, RedisAway):
                return
            for number in uncounted & self._open.keys():
                self._open[number].at_ns = now_us * 1000

        for subject, (streams, reserved, *counts) in held.values():
            holding = self._commands.holding(subject, streams, reserved, _limited(subject, counts))
            connection.send(holding, [subject], counted_at)

    def _gone(self, error: RedisAway, unanswered: Iterable[Sequence[Subject]]) -> None:
        """Redis is away: what is open is held on this machine from now on, and what was asked without an answer may not
        be counted there."""
        for subjects in unanswered:
            self.fall_behind(subjects)
        if not self._is_told:
            self._is_told = True
            share = self._settings.local_share
            log.warning("Redis is away, this node goes on with %g of each limit: %s", share, error)
        self.away = str(error)
        self._lost.set()
        if self._connection is None:
            return
        self._connection = None
        for batch in self._batches.drop():
            self.fall_behind(batch.first.subjects)
        for lease in self._open.values():
            lease.batch = None
            self.fall_behind(lease.subjects)
            if lease.local is None and (lease.streams or lease.reserved):
                lease.local = self._local().hold(lease.subjects, lease.streams, lease.reserved, lease.started_s)


def _as_it_is(found: NodeLease | Refusal | None) -> NodeLease | Refusal | None:
    return found


def _limited(subject: Subject, uncounted: Sequence[int]) -> list[int]:
    """What counts in the windows of limits that are set."""
    of_windows = subject.limits.counted[:3]
    return [0 if limit is None else amount for limit, amount in zip(of_windows, uncounted, strict=True)]
