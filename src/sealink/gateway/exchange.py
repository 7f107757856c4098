"""One request and its answer: targets are tried in order until one commits, then its stream is moved to the end.

    admitted ──▶ trying a target ──▶ committed ──▶ settled
                  │    ▲              the first content has been sent to the client:
                  └────┘              from here on an error is a frame, not a status
              failed: again, or the next target

Whatever happens, and whoever ends it, an exchange is settled exactly once. It has no task: see ARCHITECTURE.md, "The
straight way and the way round".
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from sealink.access.keys import ApiKey
from sealink.errors import (
    AuthenticationError,
    HeaderList,
    PermissionDenied,
    SealinkError,
    ServiceUnavailable,
    ShuttingDown,
)
from sealink.gateway import headers
from sealink.gateway.account import LONG_GAP_S, Account
from sealink.gateway.admitted_request import AdmittedRequest, admission_of
from sealink.gateway.delivery.client_stream import ClientStream
from sealink.gateway.delivery.finish_after_disconnect import FinishAfterDisconnect
from sealink.gateway.delivery.pump import Pump
from sealink.gateway.delivery.resume import DetachedStream, StreamLog
from sealink.gateway.delivery.stream_timers import StreamTimers
from sealink.gateway.delivery.unattended import Pace
from sealink.gateway.failover.attempt import Attempt
from sealink.gateway.failover.attempt_record import AttemptRecord
from sealink.gateway.failover.failover import Failover
from sealink.gateway.failover.streamed import StreamedAttempt
from sealink.gateway.failover.whole import WholeAttempt
from sealink.gateway.failover.whole_body import timed_out
from sealink.gateway.metering import Meter
from sealink.gateway.model_api import ModelApi
from sealink.gateway.open_exchanges import OpenStream, StreamRow, StreamState
from sealink.gateway.services import Services
from sealink.http.responses import JSON, identity, identity_lines
from sealink.ledger.entry import Settlement
from sealink.net.header_lines import HeaderLines, header_lines, pairs_of
from sealink.net.message import Responder
from sealink.wire.stream.lane import Lane


class Exchange:
    """Answers one admitted request: it owns the client's response, and waits for what failover/ comes to.

    `refuse` answers the client with an error while that can still be by status.
    """

    def __init__(
        self,
        admitted: AdmittedRequest,
        responder: Responder,
        services: Services,
        api: ModelApi,
        refuse: Callable[[SealinkError], None],
    ) -> None:
        self._admitted = admitted
        self._request = request = admitted.request
        self._responder = responder
        self._services = services
        self._api = api
        self._refuse = refuse
        self._account = Account(
            admission_of(request.request_id, admitted.key, request.client, request.head, request.trace),
            Meter(admitted.request, services.prices),
            admitted.queued_ms,
        )
        self._client = ClientStream(responder)
        self._content = services.content
        if self._content is not None and self._content.wants(admitted.key.log_content):
            request.keeps_chars = self._content.max_chars + 1  # one more shows that it is cut
        self._answer = b""
        self._failover: Failover[StreamedAttempt] | Failover[WholeAttempt] | None = None
        self._record: AttemptRecord[StreamedAttempt] | None = None
        self._pump: Pump | None = None
        self._timers: StreamTimers | None = None
        self._finish: FinishAfterDisconnect | None = None
        self._lane: Lane | None = None
        self._is_settled = False
        self._told_at = -1
        self._ended_from_outside: SealinkError | None = None

    @property
    def key(self) -> ApiKey:
        """The key that it is for."""
        return self._admitted.key

    def start(self) -> None:
        """Answer the client, and settle whatever comes. Raises SealinkError where the request is not accepted."""
        self._services.observers.admitted(self._account.admission)
        if (log := self._open_log()) is not None:
            self._client.keep_in(log)
        self._services.retry_budget.request()
        self._responder.hold(self)
        self._services.open.add(self)
        try:
            self._begin()
        except Exception as bug:  # noqa: BLE001 -- it is logged by the server
            self.crashed(bug)

    def _begin(self) -> None:
        admitted, services, account, client = self._admitted, self._services, self._account, self._client
        if self._request.head.stream:
            timers = self._timers = StreamTimers(services.timers, LONG_GAP_S, account.gap_is_over)
            timers.once(services.heartbeat.grace_s, self._grace_is_over)
            streamed = self._failover = Failover(self._api.stream, admitted, services, account, client)
            streamed.start(self)
        else:
            operation = (admitted.streams_internally and self._api.gathered) or self._api.whole
            whole = self._failover = Failover(operation, admitted, services, account, client)
            whole.start(self)

    def cancel(self) -> None:
        """The client asks for the end of its detached stream (DELETE /v1/streams/{id})."""
        self._account.end("cancelled", "client")
        self._stop()

    def revoke(self) -> None:
        """The key was revoked, and with it what is open."""
        self._end(AuthenticationError(f"The API key {self.key.name!r} was revoked."), "key_revoked")

    def end_by_operator(self) -> None:
        """Whoever runs SeaLink ends it. The client is not to ask again: it would get what was just ended."""
        error = PermissionDenied("The operator has ended this stream.", code="ended_by_operator")
        self._end(error, "ended_by_operator")

    def _end(self, error: SealinkError, code: str) -> None:
        self._ended_from_outside = error
        self._account.end("stopped", "sealink", code)
        self._stop()

    # What is told of it while it is open.

    @property
    def id(self) -> str:
        return self._request.request_id

    @property
    def is_stream(self) -> bool:
        return self._request.head.stream

    @property
    def is_waiting(self) -> bool:
        return self._failover is not None

    def now(self) -> OpenStream:
        """How far the stream has got. Nothing is counted for this: it reads what the exchange keeps anyway."""
        account, admission, timers = self._account, self._account.admission, self._timers
        provider, served_model = account.target_names
        tokens, is_estimated = account.tokens_so_far()
        return OpenStream(
            id=admission.request_id,
            key=admission.key,
            team=self.key.team,
            model=self._request.head.model,
            client=admission.client,
            provider=provider,
            served_model=served_model,
            started_at=admission.started_at,
            age_s=account.elapsed_s,
            ttft_ms=account.ttft_ms,
            tokens=tokens,
            is_estimated=is_estimated,
            gap_s=timers.silent_s if timers is not None else 0.0,
            heartbeats=account.heartbeats,
            bytes_sent=self._client.bytes_sent,
            state=self._state,
        )

    def row(self, turn: int) -> StreamRow:
        """The same in short, for who looks every second."""
        account, timers = self._account, self._timers
        assert timers is not None
        tokens, is_estimated = account.tokens_so_far()
        row = (self._request.request_id, self._state, tokens, is_estimated, timers.since, account.heartbeats)
        is_known = self._told_at == turn - 1
        if self._pump is not None:
            self._told_at = turn
        if is_known:
            return row
        names = self.key.name, self._request.head.model, *account.target_names
        return (*row, account.elapsed_s, account.ttft_ms, *names)

    @property
    def _state(self) -> StreamState:
        responder = self._responder
        if responder.gone:
            return "left"
        if self._pump is None:
            return "waiting"
        return "paused" if responder.paused else "streaming"

    def _open_log(self) -> StreamLog | None:
        """The log of a stream that can be resumed; None for others, and where there are too many already."""
        admitted = self._admitted
        if not self._request.head.stream or admitted.on_disconnect != "detach":
            return None
        stream = DetachedStream(admitted.key.name, self.cancel, self._request.dialect.error_frame)
        return self._services.logs.open(admitted.request_id, stream)

    # What the attempts come to.

    def answered(self, record: AttemptRecord[Any]) -> None:
        """There is an answer: a whole one is sent, a stream is committed with its first content."""
        self._failover = None
        try:
            if self._request.head.stream:
                self._record = record
                self._commit(record.attempt)
            else:
                self._send_whole(record.attempt)
        except Exception as bug:  # noqa: BLE001 -- it is logged by the server
            self.crashed(bug)

    def failed(self, error: SealinkError) -> None:
        """There is none: the client is told."""
        self._account.fail(error)
        error.headers = [*error.headers, *headers.requested(self._request.head.model)]
        self._tell(error)
        self._settle()

    def given_up(self) -> None:
        """The attempts, or the stream, were stopped before their end."""
        self._account.end("stopped", "sealink", "draining")
        if self._ended_from_outside is not None:
            self._tell(self._ended_from_outside)
        elif self._client.awaits_ending or not self._client.gone:
            self._break_off()
        self._settle()

    def crashed(self, bug: Exception) -> None:
        """SeaLink has failed. The server logs it, and tells the client."""
        self._account.end("error", "sealink", "internal_error")  # unless it is known already how it ended
        if self._record is not None and self._record.state == "answered":
            self._record.ended()
        self._settle(bug)

    # A stream: committed with its first content, moved to its end.

    def _commit(self, attempt: StreamedAttempt) -> None:
        timers = self._timers
        assert timers is not None
        self._lane = attempt.lane
        self._pump = pump = Pump(attempt.upstream, self._client, attempt.lane, timers, self._stream_ended)
        timeouts = attempt.target.timeouts
        timers.resume()
        timers.on_silence(timeouts.idle_s, self._idle_is_up)
        timers.once(timeouts.total_s - self._account.elapsed_s, self._total_is_up)
        held = attempt.take_held()
        if self._admitted.key.usage_extras:
            self._client.complete = partial(self._with_extras, held)
            held = self._with_extras(held, held) if attempt.lane.ended else held
        self._client.start(self._headers(headers.EVENT_STREAM, attempt), held)
        pump.start()

    # The timers that run from the first content on: the stream ends with the error of the one that fires.

    def _idle_is_up(self) -> None:
        if self._pump is not None and self._record is not None:
            self._pump.fail(timed_out("idle", self._record.attempt.target.timeouts.idle_s))

    def _total_is_up(self) -> None:
        if self._pump is not None and self._record is not None:
            self._pump.fail(timed_out("total", self._record.attempt.target.timeouts.total_s))

    def _stream_ended(self, bug: Exception | None) -> None:
        if bug is not None:
            self.crashed(bug)
            return
        assert self._record is not None
        self._record.ended()
        self._settle()

    def _with_extras(self, first: bytes, last: bytes) -> bytes:
        """The stream's last bytes with what the answer cost, and who ended it."""
        return self._request.dialect.with_extras(first, last, self._account.extras())

    def _grace_is_over(self) -> None:
        """Send a first heartbeat if the stream has not begun, and from now on one after each silence."""
        timers, has_begun = self._timers, self._client.started
        assert timers is not None
        if not has_begun:
            self._beat()
        timers.on_silence(self._services.heartbeat.interval_s, self._beat, counts_from_now=not has_begun)

    def _beat(self) -> None:
        heartbeat = self._request.dialect.heartbeat(self._admitted.heartbeat)
        if heartbeat and not (self._client.abandoned or self._client.paused):
            own = [*identity(self._request.request_id), *self._own_headers(), *pairs_of(self._admitted.limit_lines)]
            self._client.start([*headers.EVENT_STREAM, *own], heartbeat)
            self._account.mark("heartbeat")

    # A whole answer.

    def _send_whole(self, attempt: WholeAttempt) -> None:
        self._account.bytes_sent = 0 if self._responder.gone else len(attempt.body)
        self._answer = attempt.body
        self._responder.send(200, self._headers(JSON, attempt), attempt.body)
        self._settle()

    # What the client is sent beside the answer.

    def _headers(self, content: HeaderList, attempt: Attempt) -> HeaderLines:
        """All headers of an answer with these of its `content`."""
        target, request = attempt.target, self._request
        source = headers.source_lines(content, request.head.model, target.provider.name, target.model)
        departures = headers.departures(attempt.outgoing, is_fallback=self._account.fell_back)
        own = [*self._own_headers(), *departures]
        lines = identity_lines(request.request_id) + source + self._admitted.limit_lines
        return HeaderLines(lines + header_lines(own) if own else lines)

    def _own_headers(self) -> HeaderList:
        """Those of this exchange, but for its id."""
        stream_id = [("x-sealink-stream-id", self._request.request_id)] if self._client.is_resumable else ()
        return [*stream_id, *self._price_header(), *self._admitted.answer_headers]

    def _price_header(self) -> HeaderList:
        """The price of a whole answer; that of a stream is known at its end."""
        if not self._admitted.key.usage_extras or self._request.head.stream:
            return ()
        price = self._account.price_usd
        return [] if price is None else [("x-sealink-cost-usd", price)]

    def _tell(self, error: SealinkError) -> None:
        """By status while that is possible; in a frame when a heartbeat or content has been sent."""
        if not self._client.awaits_ending:
            self._account.status = error.status
            if not self._client.started:
                self._refuse(error)
            return
        self._client.finish(self._lane.close(error) if self._lane else self._request.dialect.error_frame(error))

    def _break_off(self) -> None:
        """SeaLink stops, or the client has cancelled its detached stream."""
        if self._account.is_cancelled:
            self._tell(ServiceUnavailable("The stream was cancelled.", code="cancelled"))
        else:
            self._tell(ShuttingDown())

    # When the client leaves, and how it all ends.

    def client_gone(self) -> None:
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
        self.client_ready()  # where it is read on: nobody is waited for any longer

    def client_ready(self) -> None:
        if self._pump is not None:
            self._pump.client_ready()

    def shut_down(self) -> None:
        self._account.end("stopped", "sealink", "draining")
        self._stop()

    def _has_read_enough(self) -> None:
        """The limit on reading on after the client has left is reached."""
        self._account.end("client_gone", "client", "drain_limit")
        self._stop()

    def _stop(self) -> None:
        """End what is under way."""
        if self._failover is not None:
            self._failover.stop()
        elif self._pump is not None and self._record is not None and self._record.state == "answered":
            self._pump.stop()
            self._record.ended()
            self.given_up()

    def _settle(self, bug: Exception | None = None) -> None:
        account, request = self._account, self._request
        if self._is_settled:
            return
        self._is_settled = True
        self._failover = self._pump = None
        self._services.open.remove(self)
        if self._timers is not None:
            self._timers.stop()
            account.longest_gap_s = self._timers.longest_silence_s
        if self._finish is not None:
            self._finish.stop()
        if self._client.is_resumable:
            self._services.logs.close(request.request_id)
        account.bytes_sent = account.bytes_sent or self._client.bytes_sent
        settlement = account.settlement()
        self._services.observers.settled(account.admission, settlement)
        if request.keeps_chars:
            self._write_content(settlement)
        self._responder.let_go(bug)

    def _write_content(self, settlement: Settlement) -> None:
        """The prompt and the answer are written down; of an answer that is not streamed, all of it."""
        assert self._content is not None
        outcome, head = self._account.outcome, self._request.head
        text = outcome.text.kept if head.stream and outcome is not None else self._answer.decode(errors="replace")
        self._content.write(self._account.admission, settlement, head.body.decode(errors="replace"), text)
