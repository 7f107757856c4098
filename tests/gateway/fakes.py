"""Both ends of an exchange, in a few lines each."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from sealink.errors import HeaderList, SealinkError
from sealink.gateway.delivery.finish_after_disconnect import FinishSettings, Slots
from sealink.gateway.delivery.heartbeat import HeartbeatSettings
from sealink.gateway.delivery.resume import DetachSettings, StreamLogs
from sealink.gateway.delivery.unattended import Unattended
from sealink.gateway.observers import Observers
from sealink.gateway.services import Services
from sealink.ledger.entry import Admission, Settlement
from sealink.net.message import UpstreamRequest
from sealink.policy.breaker import BreakerSettings
from sealink.policy.health import HealthBook
from sealink.policy.hedging import HedgeSettings, Hedging
from sealink.policy.retry import RetrySettings
from sealink.policy.token_bucket import TokenBucket


class Never:
    """A piece that does not come."""


Piece = bytes | SealinkError | Never


class FakeUpstream:
    """Gives its pieces one read at a time, then the end of the body."""

    def __init__(self, *pieces: Piece, status: int = 200, headers: HeaderList = (), framed: bool = True) -> None:
        self.status = status
        self.headers = headers
        self.framed = framed
        self.closed = False
        self._pieces = list(pieces)
        self._failure: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def read(self) -> bytes:
        piece = self._pieces.pop(0) if self._pieces else b""
        if isinstance(piece, SealinkError):
            raise piece
        return await self._failure if isinstance(piece, Never) else piece

    async def forward(
        self, take: Callable[[bytes], bool], pass_on: Callable[[bytes], bool | None] | None = None
    ) -> bool:
        while data := await self.read():
            if not take(data):
                return False
        return True

    def close(self) -> None:
        self.closed = True

    release = close

    def fail(self, error: SealinkError) -> None:
        self._failure.set_exception(error)


class FakePool:
    """Answers the n-th request with the n-th upstream, or with an error in its place."""

    def __init__(self, *answers: FakeUpstream | SealinkError | Never) -> None:
        self.requests: list[UpstreamRequest] = []
        self._answers = list(answers)

    async def send(self, request: UpstreamRequest, *, connect_s: float) -> FakeUpstream:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, SealinkError):
            raise answer
        if isinstance(answer, Never):
            await asyncio.get_running_loop().create_future()
        assert isinstance(answer, FakeUpstream)
        request.on_connected()
        return answer


class FakeResponder:
    """Remembers what the client was told."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.started = self.finished = self.gone = self.paused = self.too_slow = self.is_chunked = False
        self.on_gone: Callable[[], None] | None = None
        self.first_byte = asyncio.Event()

    def send(self, status: int, headers: HeaderList, body: bytes) -> None:
        if self.gone:
            return
        self.start(status, headers)
        self.body = body
        self.finished = True

    def start(self, status: int, headers: Sequence[tuple[str, str]], data: bytes = b"") -> None:
        assert not self.started
        self.started = True
        self.status, self.headers = status, dict(headers)
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
        self.paused = False

    def finish(self, data: bytes = b"") -> None:
        if data:
            self.write(data)
        self.finished = True

    def abort(self) -> None:
        self.leave()

    def leave(self) -> None:
        """The client goes, as the server would tell it."""
        self.gone = True
        if self.on_gone is not None:
            self.on_gone()

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
