"""Both ends of an exchange, in a few lines each."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from sealink.errors import HeaderList, SealinkError
from sealink.net.message import UpstreamRequest


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

    async def forward(self, take: Callable[[bytes], bool]) -> bool:
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
        return answer


class FakeResponder:
    """Remembers what the client was told."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = b""
        self.started = self.finished = self.gone = self.paused = self.keep_on_disconnect = False
        self.first_byte = asyncio.Event()

    def send(self, status: int, headers: HeaderList, body: bytes) -> None:
        self.start(status, headers)
        self.body = body
        self.finished = True

    def start(self, status: int, headers: Sequence[tuple[str, str]]) -> None:
        assert not self.started
        self.started = True
        self.status, self.headers = status, dict(headers)

    def write(self, data: bytes) -> None:
        assert self.started
        assert not self.finished
        self.body += data
        if self.body:
            self.first_byte.set()

    async def drain(self) -> None:
        self.paused = False

    def finish(self) -> None:
        self.finished = True

    def abort(self) -> None:
        self.gone = True

    @property
    def data(self) -> list[object]:
        """What the frames of a streamed body say."""
        lines = [line.removeprefix(b"data: ") for line in self.body.split(b"\n\n") if line]
        return [line.decode() if line == b"[DONE]" else msgspec.json.decode(line) for line in lines]
