"""One request and its answer: targets are tried in order until one commits, then its stream is moved to the end.

    admitted ──▶ trying a target ──▶ committed ──▶ settled
                  │    ▲              the first content has been sent to the client:
                  └────┘              from here on an error is a frame, not a status
              failed: again, or the next target

Whatever happens, and whoever ends it, an exchange is settled exactly once.
"""

import asyncio
from functools import partial

from sealink.access.keys import ApiKey
from sealink.errors import AuthenticationError, HeaderList, SealinkError, ServiceUnavailable, ShuttingDown
from sealink.gateway import headers
from sealink.gateway.account import LONG_GAP_S, Account
from sealink.gateway.admitted_request import AdmittedRequest, admission_of
from sealink.gateway.delivery.client_stream import ClientStream
from sealink.gateway.delivery.finish_after_disconnect import FinishAfterDisconnect
from sealink.gateway.delivery.pump import pump
from sealink.gateway.delivery.resume import DetachedStream, StreamLog
from sealink.gateway.delivery.stream_timers import StreamTimers
from sealink.gateway.delivery.unattended import Pace
from sealink.gateway.failover.attempt import Attempt
from sealink.gateway.failover.failover import Failover
from sealink.gateway.failover.streamed import StreamedAttempt
from sealink.gateway.metering import Meter
from sealink.gateway.model_api import ModelApi
from sealink.gateway.services import Services
from sealink.http.responses import JSON, identity
from sealink.net.message import Responder
from sealink.wire.stream.lane import Lane


class Exchange:
    """Answers one admitted request. `run` raises SealinkError while the client can still be answered by status."""

    def __init__(self, admitted: AdmittedRequest, responder: Responder, services: Services, api: ModelApi) -> None:
        self._admitted = admitted
        self._request = request = admitted.request
        self._responder = responder
        self._services = services
        self._api = api
        self._account = Account(
            admission_of(request.request_id, admitted.key, request.client, request.head),
            Meter(admitted.request, services.prices),
        )
        self._client = ClientStream(responder)
        self._timers: StreamTimers | None = None
        self._finish: FinishAfterDisconnect | None = None
        self._task: asyncio.Task[None] | None = None
        self._lane: Lane | None = None
        self._revoked: AuthenticationError | None = None

    @property
    def key(self) -> ApiKey:
        """The key that it is for."""
        return self._admitted.key

    async def run(self) -> None:
        """Answer the client, and settle whatever comes."""
        self._services.observers.admitted(self._account.admission)
        if (log := self._open_log()) is not None:
            self._client.keep_in(log)
        self._services.retry_budget.request()
        self._task = asyncio.current_task()
        self._responder.on_gone = self._client_gone
        self._services.open.add(self)
        is_through = False
        try:
            await (self._stream() if self._request.head.stream else self._whole())
            is_through = True
        except SealinkError as error:
            self._account.fail(error)
            error.headers = [*error.headers, *headers.requested(self._request.head.model)]
            self._tell(error)
        except asyncio.CancelledError:
            self._account.end("stopped", "sealink", "draining")
            if self._revoked is not None:
                self._tell(self._revoked)
            elif self._client.awaits_ending:
                self._break_off()
            raise
        finally:
            if not is_through:
                self._account.end("error", "sealink", "internal_error")  # unless it is known already how it ended
            self._settle()
            self._task = self._responder.on_gone = None  # no cycle: memory is free at once, not at the next collection

    def cancel(self) -> None:
        """The client asks for the end of its detached stream (DELETE /v1/streams/{id})."""
        self._account.end("cancelled", "client")
        self._stop()

    def revoke(self) -> None:
        """The key was revoked, and with it what is open."""
        self._revoked = AuthenticationError(f"The API key {self.key.name!r} was revoked.")
        self._account.end("stopped", "sealink", "key_revoked")
        self._stop()

    def _open_log(self) -> StreamLog | None:
        """The log of a stream that can be resumed; None for others, and where there are too many already."""
        admitted = self._admitted
        if admitted.on_disconnect != "detach" or not self._request.head.stream:
            return None
        stream = DetachedStream(admitted.key.name, self.cancel, self._request.dialect.error_frame)
        return self._services.logs.open(admitted.request_id, stream)

    # A stream: committed with its first content, moved to its end.

    async def _stream(self) -> None:
        timers = self._timers = StreamTimers(LONG_GAP_S, partial(self._account.mark, "gap"))
        timers.once(self._services.heartbeat.grace_s, partial(self._grace_is_over, timers))
        failover = Failover(self._api.stream, self._admitted, self._services, self._account, self._client)
        record = await failover.first_to_answer()
        attempt = record.attempt
        try:
            self._commit(attempt, timers)
            await pump(attempt.upstream, self._client, attempt.lane, timers)
        finally:
            record.ended()
        self._client.finish()

    def _commit(self, attempt: StreamedAttempt, timers: StreamTimers) -> None:
        self._lane = attempt.lane
        timeouts = attempt.target.timeouts
        timers.resume()
        timers.on_silence(timeouts.idle_s, partial(attempt.time_out, "idle", timeouts.idle_s))
        total_left_s = timeouts.total_s - self._account.elapsed_s
        timers.end(total_left_s, partial(attempt.time_out, "total", timeouts.total_s))
        held = attempt.held
        if self._admitted.key.usage_extras:
            self._client.complete = partial(self._with_extras, held)
            held = self._with_extras(held, held) if attempt.lane.ended else held
        self._client.start([*headers.EVENT_STREAM, *self._headers(attempt)], held)

    def _with_extras(self, first: bytes, last: bytes) -> bytes:
        """The stream's last bytes with what the answer cost, and who ended it."""
        return self._request.dialect.with_extras(first, last, self._account.extras())

    def _grace_is_over(self, timers: StreamTimers) -> None:
        """Send a first heartbeat if the stream has not begun, and from now on one after each silence."""
        if not self._client.started:
            self._beat()
        timers.on_silence(self._services.heartbeat.interval_s, self._beat)

    def _beat(self) -> None:
        heartbeat = self._request.dialect.heartbeat(self._admitted.heartbeat)
        if heartbeat and not (self._client.abandoned or self._client.paused):
            self._client.start([*headers.EVENT_STREAM, *self._own_headers()], heartbeat)
            self._account.mark("heartbeat")

    # A whole answer.

    async def _whole(self) -> None:
        failover = Failover(self._api.whole, self._admitted, self._services, self._account, self._client)
        attempt = (await failover.first_to_answer()).attempt
        self._account.bytes_sent = 0 if self._responder.gone else len(attempt.body)
        self._responder.send(200, [*JSON, *self._headers(attempt), *self._price_header()], attempt.body)

    # What the client is sent beside the answer.

    def _headers(self, attempt: Attempt) -> HeaderList:
        provenance = headers.provenance(
            self._request.head.model, attempt.target, attempt.outgoing, is_fallback=self._account.fell_back
        )
        return [*self._own_headers(), *provenance]

    def _price_header(self) -> HeaderList:
        price = self._account.price_usd if self._admitted.key.usage_extras else None
        return [] if price is None else [("x-sealink-cost-usd", price)]

    def _own_headers(self) -> HeaderList:
        request_id = self._request.request_id
        stream_id = [("x-sealink-stream-id", request_id)] if self._client.is_resumable else []
        return [*identity(request_id), *stream_id, *self._admitted.cors_headers]

    def _tell(self, error: SealinkError) -> None:
        """By status while that is possible; in a frame when a heartbeat or content has been sent."""
        if not self._client.awaits_ending:
            self._account.status = error.status
            raise error
        self._client.finish(self._lane.close(error) if self._lane else self._request.dialect.error_frame(error))

    def _break_off(self) -> None:
        """SeaLink stops, or the client has cancelled its detached stream."""
        if self._account.is_cancelled:
            self._tell(ServiceUnavailable("The stream was cancelled.", code="cancelled"))
        else:
            self._tell(ShuttingDown())

    # When the client leaves, and how it all ends.

    def _client_gone(self) -> None:
        self._account.mark("client_gone")
        services = self._services
        if self._client.is_resumable:
            self._account.leave("detached")
            self._client.go_on_without_client(Pace(services.unattended))
        elif self._responder.too_slow:
            self._account.end("error", "sealink", "slow_client")
            self._stop()
        elif self._admitted.on_disconnect == "drain" and services.finishing.take():
            self._account.leave("drained")
            self._finish = FinishAfterDisconnect(services.finish, services.finishing, self._has_read_enough)
            self._client.copy_to(self._finish.count)
            self._client.go_on_without_client(Pace(services.unattended))
        else:
            self._account.end("client_gone", "client")
            self._stop()

    def _has_read_enough(self) -> None:
        """The limit on reading on after the client has left is reached."""
        self._account.end("client_gone", "client", "drain_limit")
        self._stop()

    def _stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _settle(self) -> None:
        account, request = self._account, self._request
        self._services.open.remove(self)
        if self._timers is not None:
            self._timers.stop()
            account.longest_gap_s = self._timers.longest_silence_s
        if self._finish is not None:
            self._finish.stop()
        if self._client.is_resumable:
            self._services.logs.close(request.request_id)
        account.bytes_sent = account.bytes_sent or self._client.bytes_sent
        self._services.observers.settled(account.admission, account.settlement())
