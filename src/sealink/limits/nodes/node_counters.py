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
from typing import Any, Final

from sealink.errors import ServiceUnavailable
from sealink.limits.counters import Counters
from sealink.limits.decision import refusal_of
from sealink.limits.nodes import script
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


class NodeLease(Lease):
    """`local`: what it holds of this machine's counters; `is_shared`: it holds the same in Redis, and of its money
    what is `granted` there."""

    local: Lease | None = None
    is_shared: bool = False
    granted: int = 0


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
        self._connection: RedisConnection | None = None
        self._epoch: bytes | None = None
        self._open: dict[int, NodeLease] = {}
        self._seen: dict[str, Subject] = {}
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
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(RedisAway):
                await self._tell_ledger(connection)
                await connection.ask(script.living(0.001))  # the answers to all before it have come, too
            await connection.close()

    async def admit(self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float) -> NodeLease | Refusal:
        """A request begins, if it fits. One round trip, unless Redis is away or has to be told of the ledger."""
        connection = self._connection
        if connection is not None:
            try:
                return await self._admit_shared(connection, subjects, need, cost, now_s)
            except RedisAway:
                self._fall_behind(subjects)  # it may have been let in there
        return await self._admit_alone(subjects, need, cost, now_s)

    async def look(self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float) -> Refusal | None:
        """Why a request does not fit now; None: it does, or that is not known. Nothing is counted. One round trip."""
        answer = await self._looked(subjects, need, cost, now_s)
        if answer is None or answer.status != script.REFUSED:
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

        def granted_there(more: int) -> None:
            lease.granted += more
            lease.reserved += more - at_once
            if id(lease) not in self._open and self._connection is not None:
                self._connection.send(script.given_back(lease, more))

        connection.send(script.more_money(lease, wanted, now_s), granted_there)
        return at_once

    def settle(self, lease: Lease, tokens: int, price: int) -> None:
        """A request has ended, and has used so much. What it held goes back."""
        assert isinstance(lease, NodeLease)
        self._close(lease, script.settlement(lease, lease.granted, tokens, price))
        if lease.local is not None:
            self._local().settle(lease.local, tokens, price)

    def recover(self, subjects: Iterable[Subject]) -> None:
        """A process of this machine has died, and of these may not have had all counted."""
        self._fall_behind(subjects)

    def undo(self, lease: Lease) -> None:
        """An admitted request does not begin after all."""
        assert isinstance(lease, NodeLease)
        self._close(lease, script.undone(lease, lease.granted))
        if lease.local is not None:
            self._local().undo(lease.local)

    def _close(self, lease: NodeLease, operation: script.Operation) -> None:
        self._open.pop(id(lease), None)
        if lease.is_shared and self._connection is not None:
            self._connection.send(operation)
        else:
            self._fall_behind(lease.subjects)

    # Redis answers

    async def _admit_shared(
        self, connection: RedisConnection, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float
    ) -> NodeLease | Refusal:
        self._seen.update({subject.name: subject for subject in subjects})
        tokens = [need.tokens(subject.limits.tokens_per_minute or 0) for subject in subjects]
        operation = script.admission(subjects, tokens, need, cost, now_s)
        answer = await self._admission(connection, operation, tokens, need, now_s)
        if answer.status == script.UNKNOWN:
            for subject, count in zip(subjects, answer.counts, strict=True):
                if not script.is_known(subject, count):
                    await self._catch_up(connection, subject, now_s)
            answer = await self._admission(connection, operation, tokens, need, now_s)
        if answer.status != script.ADMITTED:
            held = [*zip(subjects, answer.counts, strict=True)]
            refusal = refusal_of(held, need, cost, answer.now_ns, now_s)
            if refusal is None:
                raise RedisAway("it refuses what fits")
            return refusal
        return self._lease(subjects, answer, tokens, need, now_s, script.left_of(answer, subjects))

    async def _looked(self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float) -> script.Answer | None:
        """The answer to a look; None while Redis is away."""
        if self._connection is None:
            return None
        tokens = [need.tokens(subject.limits.tokens_per_minute or 0) for subject in subjects]
        operation = script.admission(subjects, tokens, need, cost, now_s, name="look")
        try:
            return script.Answer(await self._connection.ask(operation))
        except RedisAway:
            return None

    async def _admission(
        self, connection: RedisConnection, operation: script.Operation, tokens: list[int], need: Need, now_s: float
    ) -> script.Answer:
        """The answer. If the client leaves meanwhile, what it was granted goes back."""
        reply = connection.ask(operation)
        try:
            return script.Answer(await asyncio.shield(reply))
        except asyncio.CancelledError:

            def give_back(reply: asyncio.Future[Any]) -> None:
                if reply.cancelled() or reply.exception() is not None:
                    self._fall_behind(operation.subjects)
                    return
                answer = script.Answer(reply.result())
                if answer.status == script.ADMITTED:
                    self.undo(self._lease(operation.subjects, answer, tokens, need, now_s))

            reply.add_done_callback(give_back)
            raise

    def _lease(
        self,
        subjects: Sequence[Subject],
        answer: script.Answer,
        tokens: list[int],
        need: Need,
        now_s: float,
        left: script.Left = script.NOT_ASKED,
    ) -> NodeLease:
        lease = NodeLease(
            subjects,
            answer.now_ns,
            now_s,
            tokens,
            need.streams,
            answer.reserved,
            *left,
            is_shared=True,
            granted=answer.reserved,
        )
        return self._opened(lease)

    def _opened(self, lease: NodeLease) -> NodeLease:
        self._open[id(lease)] = lease
        return lease

    async def _catch_up(self, connection: RedisConnection, subject: Subject, now_s: float) -> None:
        """Tell Redis what the ledger has recorded."""
        used = await self._read(subject)
        await connection.ask(script.recorded(subject, used, now_s))

    def _fall_behind(self, subjects: Iterable[Subject]) -> None:
        self._behind.update({subject.name: subject for subject in subjects})

    # Redis is away

    async def _admit_alone(
        self, subjects: Sequence[Subject], need: Need, cost: Cost, now_s: float
    ) -> NodeLease | Refusal:
        shares = [await self._share(subject, now_s) for subject in subjects]
        self._fall_behind(subjects)
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
        return self._opened(lease)

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
            connection = RedisConnection(self.url, self._process, self._settings.timeout_s, self._gone)
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
            self._fall_behind(self._seen.values())
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
                await asyncio.wait_for(self._lost.wait(), BEAT_S)
            was_alive, epoch = await self._say_alive(connection)
            if not was_alive or epoch != self._epoch:
                raise RedisAway("it has taken this process for dead, or has lost its data")

    async def _say_alive(self, connection: RedisConnection) -> tuple[bool, bytes]:
        """Whether Redis knew that this process lives, and which data it has."""
        was_alive, epoch, _ = await connection.ask(script.living(LIVE_S))
        return bool(was_alive), epoch

    async def _tell_ledger(self, connection: RedisConnection) -> None:
        """Of what Redis may not know all, tell what the ledger knows; it is told again until that is all."""
        if not self._behind:
            return
        behind = dict(self._behind)
        is_whole = await self._flush()
        for subject in behind.values():
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

        def counted_at(now_us: int) -> None:
            for number in uncounted & self._open.keys():
                self._open[number].at_ns = now_us * 1000

        for subject, (streams, reserved, *counts) in held.values():
            connection.send(script.holding(subject, streams, reserved, _limited(subject, counts)), counted_at)

    def _gone(self, error: RedisAway, unanswered: Iterable[script.Operation]) -> None:
        """Redis is away: what is open is held on this machine from now on, and what was asked without an answer may not
        be counted there."""
        for operation in unanswered:
            self._fall_behind(operation.subjects)
        if not self._is_told:
            self._is_told = True
            share = self._settings.local_share
            log.warning("Redis is away, this node goes on with %g of each limit: %s", share, error)
        self.away = str(error)
        self._lost.set()
        if self._connection is None:
            return
        self._connection = None
        for lease in self._open.values():
            self._fall_behind(lease.subjects)
            if lease.local is None and (lease.streams or lease.reserved):
                lease.local = self._local().hold(lease.subjects, lease.streams, lease.reserved, lease.started_s)


def _limited(subject: Subject, uncounted: Sequence[int]) -> list[int]:
    """What counts in the windows of limits that are set."""
    of_windows = subject.limits.counted[:3]
    return [0 if limit is None else amount for limit, amount in zip(of_windows, uncounted, strict=True)]
