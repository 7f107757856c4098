"""One request and its answer: targets are tried in order until one commits, then its stream is moved to the end.

    admitted ──▶ trying a target ──▶ committed ──▶ settled
                  │    ▲              first content has gone to the client:
                  └────┘              from here on an error is a frame, not a status
              failed: again, or the next one

Whatever happens, and whoever ends it, an exchange is settled exactly once.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial

import msgspec

from sealink.errors import HeaderList, SealinkError, ServiceUnavailable
from sealink.gateway import headers
from sealink.gateway.account import LONG_GAP_S, Account, Ledger
from sealink.gateway.attempt import Asked, Attempt, Pool, timed_out
from sealink.gateway.client_stream import ClientStream
from sealink.gateway.draining import Drain, DrainSettings, Slots
from sealink.gateway.heartbeat import Heartbeat, HeartbeatSettings
from sealink.gateway.stream_log import StreamLog, StreamLogs
from sealink.ledger.entry import Admission
from sealink.net.message import Responder
from sealink.net.pump import pump
from sealink.net.silence import Silence
from sealink.policy.auth import ApiKey, OnDisconnect
from sealink.policy.health import Candidate, HealthBook, arrange
from sealink.policy.retry import Next, RetryBudget, RetrySettings, after, is_targets_fault, wait_s
from sealink.policy.routing import Route
from sealink.wire.dialect import ClientDialect, RequestHead


class Call(msgspec.Struct):
    """An admitted request: who asks, in which dialect, for what, and where it may be had.

    `extra_headers` go out with the answer, whatever it is (CORS).
    """

    request_id: str
    key: ApiKey
    client: ClientDialect
    head: RequestHead
    route: Route
    extra_headers: HeaderList = ()

    @property
    def on_disconnect(self) -> OnDisconnect:
        """The key's word counts, then the model's."""
        return self.key.on_disconnect or self.route.on_disconnect or "cancel"


class Shared(msgspec.Struct):
    """What the exchanges of one process share."""

    pool: Pool
    ledger: Ledger
    health: HealthBook
    logs: StreamLogs
    retry: RetrySettings
    retry_budget: RetryBudget
    heartbeat: HeartbeatSettings
    drain: DrainSettings
    drains: Slots


class Exchange:
    """Runs one Call. `run` raises SealinkError while the client can still be told by status."""

    def __init__(self, call: Call, responder: Responder, shared: Shared) -> None:
        self._call = call
        self._responder = responder
        self._shared = shared
        self._asked = Asked(call.request_id, call.client, call.head)
        self._account = Account(_admission(call))
        self._client = ClientStream(responder, self._log())
        self._silence = Silence(LONG_GAP_S, partial(self._account.mark, "gap"))
        self._drain: Drain | None = None
        self._task: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Answer the client, and settle whatever comes."""
        self._shared.ledger.admit(self._account.admission)
        self._shared.retry_budget.request()
        self._task = asyncio.current_task()
        self._responder.on_gone = self._client_gone
        try:
            await (self._stream() if self._call.head.stream else self._whole())
        except SealinkError as error:
            self._account.fail(error)
            self._tell(error)
        except asyncio.CancelledError:
            self._account.end("stopped", "sealink", "draining")
            if self._client.is_listening:
                self._break_off()
            raise
        finally:
            self._silence.stop()
            self._settle()

    def _log(self) -> StreamLog | None:
        """The log of a stream that outlives its client; None for others, and where there are too many already."""
        call = self._call
        if call.on_disconnect != "detach" or not call.head.stream:
            return None
        return self._shared.logs.open(call.request_id, call.key.name, self.cancel)

    def cancel(self) -> None:
        """The client wants no more of it (DELETE /v1/streams/{id})."""
        self._account.end("cancelled", "client")
        self._stop()

    # From target to target until one answers.

    async def _first_to_answer(self, answer: Callable[[Attempt], Awaitable[None]]) -> Attempt:
        shared, tries = self._shared, 0
        line = deque(self._candidates())
        while True:
            tries += 1
            try:
                return await self._try(line[0], answer)
            except SealinkError as error:
                if self._client.gone and not self._client.is_kept:
                    raise  # it is read on for its usage, not begun anew
                step = after(error, tries=tries, has_next=len(line) > 1, settings=shared.retry)
                if step is Next.NEXT_TARGET:
                    line.popleft()
                    tries = 0
                elif step is Next.SAME_TARGET and shared.retry_budget.take():
                    await asyncio.sleep(wait_s(error, tries=tries, settings=shared.retry, jitter=random.random()))
                else:
                    raise

    def _candidates(self) -> list[Candidate]:
        """The model's targets in the order to try them; those whose breakers are open come last."""
        route, now = self._call.route, time.monotonic()
        known = [Candidate(target, self._shared.health.of(target)) for target in route.targets]
        arranged = arrange(known, route.choose, random.random())
        return sorted(arranged, key=lambda candidate: not candidate.health.breaker.allows(now))

    async def _try(self, candidate: Candidate, answer: Callable[[Attempt], Awaitable[None]]) -> Attempt:
        target, health, began_at = candidate.target, candidate.health, time.monotonic()
        attempt = Attempt(self._asked, target, self._shared.pool, self._account.mark)
        health.breaker.began(began_at)
        try:
            await answer(attempt)
        except SealinkError as error:
            attempt.close()
            health.failed(time.monotonic(), at_fault=is_targets_fault(error))
            self._account.tried(target, error)
            raise
        except asyncio.CancelledError:
            attempt.close()
            health.breaker.abandoned()
            raise
        now = time.monotonic()
        health.answered(now - began_at, now)
        self._account.answered(target, attempt.outcome)
        return attempt

    # A stream: committed with its first content, moved to its end.

    async def _stream(self) -> None:
        heartbeat = self._start_heartbeat()
        try:
            attempt = await self._first_to_answer(Attempt.open)
            try:
                self._commit(attempt)
                await self._move(attempt)
            finally:
                self._leave(attempt)
        finally:
            heartbeat.stop()
        self._client.finish()

    def _commit(self, attempt: Attempt) -> None:
        self._silence.resume()
        self._silence.due(attempt.target.timeouts.idle_s, attempt.give_up_waiting)
        self._client.start([*headers.EVENT_STREAM, *self._headers(attempt)])
        self._client.write(attempt.held)

    async def _move(self, attempt: Attempt) -> None:
        total_s = attempt.target.timeouts.total_s
        try:
            async with asyncio.timeout(total_s - self._account.elapsed_s):
                await pump(attempt.upstream, self._client, attempt.lane, self._silence)
        except TimeoutError:
            self._client.write(attempt.lane.close(timed_out("total", total_s)))

    def _leave(self, attempt: Attempt) -> None:
        """The attempt is over: its connection goes back if the answer came whole, and is closed at once if not."""
        error = attempt.outcome.error
        if attempt.outcome.complete and error is None:
            self._account.mark("last_byte")
            attempt.release()
            return
        attempt.close()
        if error is not None and is_targets_fault(error):
            self._shared.health.of(attempt.target).breaker.failed(time.monotonic())

    def _start_heartbeat(self) -> Heartbeat:
        settings = self._shared.heartbeat
        words = self._call.client.heartbeat(self._call.key.heartbeat or settings.shape)

        def beat() -> None:
            if words and not (self._client.gone or self._client.paused):
                self._client.start([*headers.EVENT_STREAM, *self._own_headers()])
                self._client.write(words)
                self._account.mark("heartbeat")

        return Heartbeat(settings, self._silence, lambda: self._client.started, beat)

    # A whole answer.

    async def _whole(self) -> None:
        attempt = await self._first_to_answer(Attempt.read_whole)
        attempt.release()
        self._account.bytes_sent = len(attempt.body)
        self._responder.send(200, [*headers.JSON, *self._headers(attempt)], attempt.body)

    # What the client hears beside the answer.

    def _headers(self, attempt: Attempt) -> HeaderList:
        where = headers.provenance(
            self._call.head.model, attempt.target, attempt.outgoing, is_fallback=self._account.fell_back
        )
        return [*self._own_headers(), *where]

    def _own_headers(self) -> HeaderList:
        stream_id = [("x-sealink-stream-id", self._call.request_id)] if self._client.is_kept else []
        return [*headers.identity(self._call.request_id), *stream_id, *self._call.extra_headers]

    def _tell(self, error: SealinkError) -> None:
        """By status while that is possible; else, when heartbeats have begun, in a frame."""
        if not self._client.is_listening:
            raise error
        self._client.write(self._call.client.error_frame(error))
        self._client.finish()

    def _break_off(self) -> None:
        """SeaLink stops, or the client has cancelled a stream that it had detached."""
        if self._account.is_cancelled:
            self._tell(ServiceUnavailable("The stream was cancelled.", code="cancelled"))
        else:
            self._tell(ServiceUnavailable("SeaLink is shutting down.", code="draining"))

    # When the client leaves, and how it all ends.

    def _client_gone(self) -> None:
        self._account.mark("client_gone")
        shared = self._shared
        if self._responder.too_slow:
            self._account.end("error", "sealink", "slow_client")
            self._stop()
        elif self._client.is_kept:
            self._account.leave("detached")
        elif self._call.on_disconnect == "drain" and shared.drains.take():
            self._account.leave("drained")
            self._drain = Drain(shared.drain, shared.drains, self._enough)
            self._client.tell_also(self._drain.moved)
        else:
            self._account.end("client_gone", "client")
            self._stop()

    def _enough(self) -> None:
        """The answer has been read on for long enough."""
        self._account.end("client_gone", "client", "drain_limit")
        self._stop()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _settle(self) -> None:
        if self._drain is not None:
            self._drain.stop()
        if self._client.is_kept:
            self._shared.logs.close(self._call.request_id)
        account = self._account
        account.longest_gap_s = self._silence.longest_s
        account.bytes_sent = account.bytes_sent or self._client.bytes_sent
        self._shared.ledger.settle(account.settlement(lambda: self._call.client.prompt_text(self._call.head)))


def _admission(call: Call) -> Admission:
    return Admission(
        request_id=call.request_id,
        key=call.key.name,
        model=call.head.model,
        client=call.client.name,
        streamed=call.head.stream,
        started_at=time.time(),
        task_type=call.head.task_type,
    )
