"""Ways to a model on loopback: a proxy of a few lines before the simulated model, with at most one fault."""

import asyncio
import re
import zlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec

from sealink.errors import HeaderList as Headers
from sealink.net.client import UpstreamPool
from sealink.net.client.response import Response
from sealink.net.message import Request, Responder, UpstreamRequest
from sealink.net.server import Handler, Server, ServerLimits
from sealink.sim import SimSettings, sim_handler

MAX_BODY_BYTES = 40_000_000
_OWN = {"host", "content-length", "transfer-encoding", "connection", "date"}


class Proxy:
    """Passes everything on as it comes. A subclass has a fault."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self.pool = UpstreamPool()

    async def handle(self, request: Request, responder: Responder) -> None:
        headers = [(name, value) for name, value in request.headers.items() if name not in _OWN]
        url = self._upstream + request.path
        asked = UpstreamRequest(method=request.method, url=url, headers=headers, body=self.asked(request.body))
        answer = await self.pool.send(asked, connect_s=5)
        kept = [(name, value) for name, value in answer.headers if name not in _OWN]
        responder.start(answer.status, self.headers(request, kept))
        try:
            await self.pass_on(request, answer, responder)
            responder.finish()
        except asyncio.CancelledError:
            self.client_left(answer)
            raise

    def asked(self, body: bytes) -> bytes:
        return body

    def headers(self, request: Request, headers: Headers) -> Headers:
        return headers

    async def pass_on(self, request: Request, answer: Response, responder: Responder) -> None:
        while data := await answer.read():
            responder.write(self.changed(data))

    def changed(self, data: bytes) -> bytes:
        return data

    def client_left(self, answer: Response) -> None:
        answer.close()

    async def close(self) -> None:
        await self.pool.close()


class BuffersBySize(Proxy):
    SIZE = 16 * 1024

    async def pass_on(self, request: Request, answer: Response, responder: Responder) -> None:
        held = b""
        while data := await answer.read():
            held += data
            while len(held) >= self.SIZE:
                responder.write(held[: self.SIZE])
                held = held[self.SIZE :]
        responder.write(held)


class BuffersByTime(Proxy):
    INTERVAL_S = 0.5

    async def pass_on(self, request: Request, answer: Response, responder: Responder) -> None:
        held = bytearray()

        async def flush() -> None:
            while True:
                await asyncio.sleep(self.INTERVAL_S)
                responder.write(bytes(held))
                held.clear()

        flushing = asyncio.create_task(flush())
        try:
            while data := await answer.read():
                held += data
        finally:
            flushing.cancel()
        responder.write(bytes(held))


class Compresses(Proxy):
    """Every chunk is flushed, so that the stream still flows."""

    def headers(self, request: Request, headers: Headers) -> Headers:
        return [*headers, ("content-encoding", "gzip")] if self.is_wanted(request, headers) else headers

    def is_wanted(self, request: Request, headers: Headers) -> bool:
        is_stream = dict(headers)["content-type"].startswith("text/event-stream")
        return is_stream and "gzip" in request.headers.get("accept-encoding", "")

    async def pass_on(self, request: Request, answer: Response, responder: Responder) -> None:
        if not self.is_wanted(request, answer.headers):
            await super().pass_on(request, answer, responder)
            return
        gzip = zlib.compressobj(wbits=31)
        while data := await answer.read():
            responder.write(self.squeezed(gzip, data))
        responder.write(gzip.flush())

    def squeezed(self, gzip: "zlib._Compress", data: bytes) -> bytes:
        return gzip.compress(data) + gzip.flush(zlib.Z_SYNC_FLUSH)


class CompressesWithoutFlushing(Compresses):
    def squeezed(self, gzip: "zlib._Compress", data: bytes) -> bytes:
        return gzip.compress(data)


class DropsHeartbeats(Proxy):
    def changed(self, data: bytes) -> bytes:
        return b"" if data.startswith(b":") else data


class NeverClosesUpstream(Proxy):
    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self._draining: set[asyncio.Task[None]] = set()

    def client_left(self, answer: Response) -> None:
        async def drain() -> None:
            while await answer.read():
                pass

        self._draining.add(asyncio.ensure_future(drain()))

    async def close(self) -> None:
        for task in self._draining:
            task.cancel()
        await super().close()


class Hangs(Proxy):
    """Does not answer requests with a body of which `is_silent` says so, or with `cut` closes their connections."""

    def __init__(self, upstream: str, is_silent: Callable[[bytes], bool], *, cut: bool = False) -> None:
        super().__init__(upstream)
        self._is_silent, self._cut = is_silent, cut

    async def handle(self, request: Request, responder: Responder) -> None:
        if request.body and self._is_silent(request.body):
            if self._cut:
                responder.abort()
                return
            await asyncio.Event().wait()
        await super().handle(request, responder)


class HidesUsage(Proxy):
    def asked(self, body: bytes) -> bytes:
        if not body:
            return body
        fields = msgspec.json.decode(body)
        fields.pop("stream_options", None)
        return msgspec.json.encode(fields)


class HidesErrors(Proxy):
    """Has a page of its own for them."""

    async def handle(self, request: Request, responder: Responder) -> None:
        if b'"messages":"none"' in request.body:
            responder.send(400, [("content-type", "text/html")], b"<html>Bad Request</html>")
        else:
            await super().handle(request, responder)


class Cuts(Proxy):
    """Ends every stream of more than 10 kB, as if that were its end."""

    async def pass_on(self, request: Request, answer: Response, responder: Responder) -> None:
        size = 0
        while (data := await answer.read()) and size < 10_000:
            responder.write(data)
            size += len(data)
        answer.close()


class Merges(Proxy):
    """Makes one chunk of two, as some gateways do to save work. Each token of the simulated model begins with #."""

    async def pass_on(self, request: Request, answer: Response, responder: Responder) -> None:
        held = b""
        while data := await answer.read():
            if not held and data.count(b'"content":"#') == 1:
                held = data
                continue
            responder.write(self.merged(held, data))
            held = b""
        responder.write(held)

    def merged(self, held: bytes, data: bytes) -> bytes:
        text = re.search(rb'"content":"(#[^"]*)"', held)
        if text is None or data.count(b'"content":"#') != 1:
            return held + data
        return data.replace(b'"content":"', b'"content":"' + text[1])


class SaysPlainText(Proxy):
    def headers(self, request: Request, headers: Headers) -> Headers:
        return [(name, value.replace("text/event-stream", "text/plain")) for name, value in headers]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server on loopback; its address, without a path."""
    server = Server(
        handler,
        limits=ServerLimits(),
        check_head=lambda _: MAX_BODY_BYTES,
        error_response=lambda error, _: ([("content-type", "text/plain")], error.message.encode()),
    )
    ((host, port),) = await server.start("127.0.0.1", 0)
    try:
        yield f"http://{host}:{port}"
    finally:
        await server.stop(0)


@asynccontextmanager
async def way(kind: Callable[[str], Proxy]) -> AsyncIterator[str]:
    """The base URL of a simulated model with such a proxy before it."""
    simulated = sim_handler(SimSettings(ttft_s=0, tokens_per_s=0))
    async with serving(simulated) as upstream, serving_proxy(kind(upstream)) as url:
        yield f"{url}/v1"


@asynccontextmanager
async def serving_proxy(proxy: Proxy) -> AsyncIterator[str]:
    """A proxy on loopback; its address, without a path. It is closed at the end."""
    try:
        async with serving(proxy.handle) as url:
            yield url
    finally:
        await proxy.close()


WholeAnswer = tuple[int, Headers, bytes]
Answers = dict[tuple[str, str, Headers, bytes], asyncio.Future[WholeAnswer]]


class GivesUpSilence(Proxy):
    """Cuts what has brought no event for so long: heartbeats do not count."""

    IDLE_S = 1.2

    async def pass_on(self, request: Request, answer: Response, responder: Responder) -> None:
        clock = asyncio.get_running_loop().time
        until_s = clock() + self.IDLE_S
        try:
            while data := await asyncio.wait_for(answer.read(), until_s - clock()):
                responder.write(data)
                until_s = until_s if data.startswith(b":") else clock() + self.IDLE_S
        except TimeoutError:
            answer.close()
            responder.abort()


class OneStream(Proxy):
    """Allows one stream at a time."""

    def __init__(self, upstream: str) -> None:
        super().__init__(upstream)
        self._open = 0

    async def handle(self, request: Request, responder: Responder) -> None:
        is_stream = b'"stream":true' in request.body
        if is_stream and self._open:
            responder.send(429, [("content-type", "application/json")], b'{"error":{"message":"One at a time."}}')
            return
        self._open += is_stream
        try:
            await super().handle(request, responder)
        finally:
            self._open -= is_stream


class Rewrites(Proxy):
    """Answers otherwise than its upstream on the paths that end in `path`: `stream` rewrites whole event streams,
    `headers` the values of headers, `without` names headers that are left out, `dropped` those of the request;
    `statuses` are exchanged, `wrong` is the body of errors. `answers`: those of the upstream, asked once."""

    def __init__(
        self,
        upstream: str,
        *,
        path: str,
        asked: Callable[[bytes], bytes] = lambda body: body,
        stream: Callable[[bytes], bytes] = lambda data: data,
        headers: Mapping[str, str] = {},
        without: Sequence[str] = (),
        dropped: Sequence[str] = (),
        statuses: Mapping[int, int] = {},
        wrong: bytes = b"",
        answers: Answers | None = None,
    ) -> None:
        super().__init__(upstream)
        self._answers: Answers = {} if answers is None else answers
        self._path, self._asked, self._stream = path, asked, stream
        self._headers, self._without, self._dropped = headers, without, dropped
        self._statuses, self._wrong = statuses, wrong

    async def handle(self, request: Request, responder: Responder) -> None:
        is_meant = request.path.endswith(self._path)
        kept = [
            (name, value)
            for name, value in request.headers.items()
            if name not in _OWN and not (is_meant and name in self._dropped)
        ]
        body = self._asked(request.body) if is_meant and request.body else request.body
        asked = request.method, self._upstream + request.path, tuple(kept), body
        if asked not in self._answers:
            self._answers[asked] = asyncio.ensure_future(self._answer(*asked))
        status, headers, data = await self._answers[asked]
        if is_meant:
            status, headers, data = self._rewritten(status, headers, data)
        responder.send(status, headers, data)

    async def _answer(self, method: str, url: str, headers: Headers, body: bytes) -> WholeAnswer:
        request = UpstreamRequest(method=method, url=url, headers=headers, body=body)
        answer = await self.pool.send(request, connect_s=5)
        data = b""
        while piece := await answer.read():
            data += piece
        return answer.status, [(name, value) for name, value in answer.headers if name not in _OWN], data

    def _rewritten(self, status: int, headers: Headers, data: bytes) -> tuple[int, Headers, bytes]:
        if dict(headers).get("content-type", "").startswith("text/event-stream"):
            data = self._stream(data)
        data = self._wrong if status >= 400 and self._wrong else data
        for old, new in self._headers.items():
            headers = [(name, value.replace(old, new)) for name, value in headers]
        kept = [(name, value) for name, value in headers if name not in self._without]
        return self._statuses.get(status, status), kept, data
