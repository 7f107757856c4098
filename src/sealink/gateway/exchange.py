"""One request and its answer: targets are tried in order until one commits, then its stream is moved to the end.

    admitted ──▶ trying a target ──▶ committed ──▶ settled
                  │    ▲              first content has gone to the client:
                  └────┘              from here on an error is a frame, not a status
              failed: again, or the next one

Whatever happens, and whoever ends it, an exchange is settled exactly once.
"""

import asyncio
import time
from collections.abc import Awaitable
from functools import partial

from sealink.errors import HeaderList, SealinkError, ServiceUnavailable
from sealink.gateway import headers
from sealink.gateway.account import LONG_GAP_S, Account
from sealink.gateway.attempt import Attempt, StreamedAttempt, WholeAttempt
from sealink.gateway.attempts import Attempts
from sealink.gateway.call import AdmittedRequest, Services
from sealink.gateway.client_stream import ClientStream
from sealink.gateway.draining import Drain
from sealink.gateway.stream_log import Kept, StreamLog
from sealink.gateway.trial import A
from sealink.ledger.entry import Admission
from sealink.net.message import Responder
from sealink.net.pump import pump
from sealink.net.silence import Silence
from sealink.policy.retry import is_targets_fault
from sealink.wire.stream.lane import Lane


class Exchange:
    """Runs one AdmittedRequest. `run` raises SealinkError while the client can still be told by status.

    `whole` is what an attempt at an answer that is not streamed looks like.
    """

    def __init__(
        self, call: AdmittedRequest, responder: Responder, shared: Services, whole: type[WholeAttempt] = WholeAttempt
    ) -> None:
        self._call = call
        self._whole_kind = whole
        self._responder = responder
        self._shared = shared
        self._account = Account(_admission(call))
        self._client = ClientStream(responder)
        self._silence = Silence(LONG_GAP_S, partial(self._account.mark, "gap"))
        self._drain: Drain | None = None
        self._task: asyncio.Task[None] | None = None
        self._lane: Lane | None = None

    async def run(self) -> None:
        """Answer the client, and settle whatever comes."""
        self._shared.ledger.admit(self._account.admission)
        if (log := self._log()) is not None:
            self._client.keep_in(log)
        self._shared.retry_budget.request()
        self._task = asyncio.current_task()
        self._responder.on_gone = self._client_gone
        is_through = False
        try:
            await (self._stream() if self._call.head.stream else self._whole())
            is_through = True
        except SealinkError as error:
            self._account.fail(error)
            self._tell(error)
        except asyncio.CancelledError:
            self._account.end("stopped", "sealink", "draining")
            if self._client.is_listening:
                self._break_off()
            raise
        finally:
            if not is_through:
                self._account.end("error", "sealink", "internal_error")  # unless it has been said already how it ends
            self._silence.stop()
            self._settle()
            self._task = self._responder.on_gone = None  # no cycle: memory is free at once, not at the next collection

    def _log(self) -> StreamLog | None:
        """The log of a stream that outlives its client; None for others, and where there are too many already."""
        call = self._call
        if call.on_disconnect != "detach" or not call.head.stream:
            return None
        return self._shared.logs.open(call.request_id, Kept(call.key.name, self.cancel, call.client.error_frame))

    def cancel(self) -> None:
        """The client wants no more of it (DELETE /v1/streams/{id})."""
        self._account.end("cancelled", "client")
        self._stop()

    def _first_to_answer(self, kind: type[A]) -> Awaitable[A]:
        return Attempts(kind, self._call, self._shared, self._account, self._client).first_to_answer()

    # A stream: committed with its first content, moved to its end.

    async def _stream(self) -> None:
        self._silence.once(self._shared.heartbeat.grace_s, self._grace_is_over)
        attempt = await self._first_to_answer(StreamedAttempt)
        try:
            self._commit(attempt)
            await pump(attempt.upstream, self._client, attempt.lane, self._silence)
        finally:
            self._leave(attempt)
        self._client.finish()

    def _commit(self, attempt: StreamedAttempt) -> None:
        self._lane = attempt.lane
        timeouts = attempt.target.timeouts
        self._silence.resume()
        self._silence.due(timeouts.idle_s, partial(attempt.time_out, "idle", timeouts.idle_s))
        total_left_s = timeouts.total_s - self._account.elapsed_s
        self._silence.once(total_left_s, partial(attempt.time_out, "total", timeouts.total_s))
        self._client.start([*headers.EVENT_STREAM, *self._headers(attempt)], attempt.held)

    def _leave(self, attempt: StreamedAttempt) -> None:
        """The attempt is over: its connection goes back if the answer came whole, and is closed at once if not."""
        error = attempt.outcome.error
        if attempt.outcome.complete and error is None:
            self._account.mark("last_byte")
            attempt.release()
            return
        attempt.close()
        if error is not None and is_targets_fault(error):
            self._shared.health.of(attempt.target).breaker.failed(time.monotonic())

    def _grace_is_over(self) -> None:
        """A first heartbeat if the stream has not begun, and one whenever it is silent from now on."""
        if not self._client.started:
            self._beat()
        self._silence.due(self._shared.heartbeat.interval_s, self._beat)

    def _beat(self) -> None:
        words = self._call.client.heartbeat(self._call.heartbeat(self._shared.heartbeat))
        if words and not (self._client.abandoned or self._client.paused):
            self._client.start([*headers.EVENT_STREAM, *self._own_headers()], words)
            self._account.mark("heartbeat")

    # A whole answer.

    async def _whole(self) -> None:
        attempt = await self._first_to_answer(self._whole_kind)
        attempt.release()
        self._account.bytes_sent = 0 if self._responder.gone else len(attempt.body)
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
        self._client.write(self._lane.close(error) if self._lane else self._call.client.error_frame(error))
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
        if self._client.is_kept:
            self._account.leave("detached")
        elif self._responder.too_slow:
            self._account.end("error", "sealink", "slow_client")
            self._stop()
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


def _admission(call: AdmittedRequest) -> Admission:
    return Admission(
        request_id=call.request_id,
        key=call.key.name,
        model=call.head.model,
        client=call.client.name,
        streamed=call.head.stream,
        started_at=time.time(),
        task_type=call.head.task_type,
    )
