"""Both ends of an exchange, in a few lines each."""

import asyncio
from collections.abc import Callable

import msgspec

from sealink.errors import HeaderList, SealinkError
from sealink.gateway.delivery.finish_after_disconnect import FinishSettings, Slots
from sealink.gateway.delivery.heartbeat import HeartbeatSettings
from sealink.gateway.delivery.resume import DetachSettings, StreamLogs
from sealink.gateway.delivery.unattended import Unattended
from sealink.gateway.exchange import Exchange
from sealink.gateway.observers import Observers
from sealink.gateway.services import Services
from sealink.http import Dispatcher
from sealink.ledger.entry import Admission, Settlement
from sealink.net.header_lines import HeaderLines, Headers
from sealink.net.message import Request, ResponseOwner, UpstreamRequest
from sealink.policy.breaker import BreakerSettings
from sealink.policy.health import HealthBook
from sealink.policy.hedging import HedgeSettings, Hedging
from sealink.policy.retry import RetrySettings
from sealink.policy.token_bucket import TokenBucket


class Never:
    """A piece that does not come."""


Piece = bytes | SealinkError | Never


class FakeUpstream:
    """Gives its pieces one read at a time, then the end of the body. With status 0 no answer comes."""

    def __init__(self, *pieces: Piece, status: int = 200, headers: HeaderList = (), framed: bool = True) -> None:
        self.status = 0
        self.headers = headers
        self.framed = framed
        self.closed = False
        self.on_news: Callable[[], None] | None = None
        self._taker: Callable[[bytes], bool] | None = None
        self._status = status
        self._pieces = list(pieces)
        self._unread: list[bytes | SealinkError] = []
        self._wanted = asyncio.Event()
        self._wanted.set()
        self._coming: asyncio.Task[None] | None = None

    def arrive(self) -> None:
        """The request has been sent: the answer comes."""
        self._coming = asyncio.get_running_loop().create_task(self._come())

    async def read(self) -> bytes:
        piece = self._pieces.pop(0) if self._pieces else b""
        if isinstance(piece, SealinkError):
            raise piece
        return await asyncio.get_running_loop().create_future() if isinstance(piece, Never) else piece

    async def _come(self) -> None:
        self.status = self._status
        if self.status:
            self._notify()
        data = b"x"
        while data and not self.closed:
            await self._wanted.wait()
            try:
                data = await self.read()
            except SealinkError as error:
                self._unread.append(error)
                break
            if not data or self._taker is None or self._unread:
                self._unread.append(data)
                self._wanted.clear()
            elif not self._taker(data):
                self._taker = None
                self._wanted.clear()
            if data:
                self._notify()
        self._notify()

    def _notify(self) -> None:
        if self.on_news is not None:
            self.on_news()

    def read_now(self) -> bytes | None:
        if self._unread and isinstance(self._unread[0], SealinkError):
            raise self._unread[0]
        if not self._unread:
            self._wanted.set()
        return self._unread.pop(0) if self._unread else None  # type: ignore[return-value]

    def forward_to(self, take: Callable[[bytes], bool], pass_on: Callable[[bytes], bool | None] | None = None) -> None:
        self._taker = take
        self._wanted.set()

    def close(self) -> None:
        self.closed = True
        self.on_news = self._taker = None
        if self._coming is not None and asyncio.current_task() is not self._coming:
            self._coming.cancel()

    release = close


class FakePool:
    """Answers the n-th request with the n-th upstream, or with an error in its place."""

    def __init__(self, *answers: FakeUpstream | SealinkError | Never) -> None:
        self.requests: list[UpstreamRequest] = []
        self._answers = list(answers)

    def start(self, request: UpstreamRequest, *, connect_s: float) -> FakeUpstream:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if not isinstance(answer, FakeUpstream):
            answer = FakeUpstream(answer, status=0)
        else:
            request.on_connected()
        answer.arrive()
        return answer


class FakeResponder:
    """Remembers what the client was told."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.started = self.finished = self.gone = self.paused = self.too_slow = self.is_chunked = False
        self.owner: ResponseOwner | None = None
        self.refused: SealinkError | None = None
        self.bug: Exception | None = None
        self.first_byte = asyncio.Event()
        self.answered = asyncio.Event()

    def hold(self, owner: ResponseOwner) -> None:
        self.owner = owner

    def let_go(self, bug: Exception | None = None) -> None:
        self.owner, self.bug = None, bug
        self.answered.set()

    def refuse(self, error: SealinkError) -> None:
        self.refused = error

    async def answers(self, exchange: Exchange) -> None:
        """Run an exchange. Raises the error that the client is told by status. When cancelled, the server stops."""
        exchange.start()
        try:
            await self.answered.wait()
        except asyncio.CancelledError:
            if self.owner is not None:
                self.owner.shut_down()
            raise
        if self.bug is not None or self.refused is not None:
            raise self.bug or self.refused  # type: ignore[misc]

    async def handled(self, dispatcher: Dispatcher, request: Request) -> None:
        """Have a request answered."""
        answering = dispatcher.handle(request, self)
        if answering is not None:
            await answering
        if self.owner is not None:
            await self.answered.wait()

    def send(self, status: int, headers: Headers, body: bytes) -> None:
        if self.gone:
            return
        self.start(status, headers)
        self.body = body
        self.finished = True

    def start(self, status: int, headers: Headers, data: bytes = b"") -> None:
        assert not self.started
        self.started = True
        self.status, self.headers = status, dict(headers.pairs if isinstance(headers, HeaderLines) else headers)
        self.write(data)

    @property
    def bytes_sent(self) -> int:
        return len(self.body)

    def write(self, data: bytes) -> bool:
        assert self.started
        assert not self.finished
        self.body += data
        if self.body:
            self.first_byte.set()
        return not self.paused

    async def flush(self) -> None:
        self.ready()

    def ready(self) -> None:
        """The client's buffer has room again."""
        self.paused = False
        if self.owner is not None:
            self.owner.client_ready()

    def finish(self, data: bytes = b"") -> None:
        if data:
            self.write(data)
        self.finished = True

    def abort(self) -> None:
        self.leave()

    def leave(self) -> None:
        """The client goes, as the server would tell it."""
        self.gone = True
        if self.owner is not None:
            self.owner.client_gone()

    @property
    def data(self) -> list[object]:
        """What the frames of a streamed body say."""
        lines = [line.removeprefix(b"data: ") for line in self.body.split(b"\n\n") if line]
        return [line.decode() if line == b"[DONE]" else msgspec.json.decode(line) for line in lines]


class FakeLedger:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.admitted: list[Admission] = []
        self.settled: list[Settlement] = []

    def admit(self, admission: Admission) -> None:
        self.admitted.append(admission)

    def settle(self, settlement: Settlement) -> None:
        self.settled.append(settlement)


def services_with(
    pool: FakePool,
    *,
    heartbeat: HeartbeatSettings | None = None,
    retry: RetrySettings | None = None,
    hedge: HedgeSettings | None = None,
    finishing: int = 10,
) -> Services:
    """What exchanges share, with a ledger that remembers."""
    retry = retry or RetrySettings()
    return Services(
        pool=pool,
        observers=Observers(FakeLedger()),
        health=HealthBook(BreakerSettings()),
        logs=StreamLogs(DetachSettings()),
        retry=retry,
        retry_budget=TokenBucket(retry.budget_share),
        hedging=Hedging(hedge or HedgeSettings()),
        heartbeat=heartbeat or HeartbeatSettings(),
        finish=FinishSettings(),
        finishing=Slots(finishing),
        unattended=Unattended(DetachSettings().max_bytes, DetachSettings().return_s),
    )
