"""The public port: which method and path is answered by what."""

import random
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qs, unquote

import msgspec

from sealink.access.keyring import Keyring
from sealink.errors import HeaderList, InvalidRequest, MethodNotAllowed, NotFound, SealinkError
from sealink.gateway import cors, headers, models
from sealink.gateway.call import AdmittedRequest, Services
from sealink.gateway.embeddings import EmbeddingsAttempt
from sealink.gateway.exchange import Exchange
from sealink.gateway.stream_log import StreamLog, follow
from sealink.gateway.token_counts import count_tokens
from sealink.net.message import Request, Responder
from sealink.policy.auth import require_model
from sealink.policy.routing import Router
from sealink.wire import embeddings
from sealink.wire.dialect import ClientDialect, CountingDialect

Endpoint = Callable[[Request, Responder, str], Awaitable[None]]
_MODELS: Final = "/v1/models/"
_STREAMS: Final = "/v1/streams/"
ErrorBody = Callable[[SealinkError, str], bytes]

_random = random.Random()  # seeded by the system, once for each process


class Gateway:
    """Everything that the public port answers. `handle` is the server's handler.

    `clients` are the dialects of the paths on which models answer, `counters` of those on which a request's tokens are
    counted; `error_bodies` write errors, in the shape of
    the API that a path belongs to: the first prefix that fits counts, the last one must be "".
    """

    def __init__(
        self,
        *,
        clients: dict[str, ClientDialect],
        counters: Mapping[str, CountingDialect] = MappingProxyType({}),
        error_bodies: dict[str, ErrorBody],
        keyring: Keyring,
        router: Router,
        shared: Services,
        cors_origins: tuple[str, ...],
    ) -> None:
        self._clients = clients
        self._counters = counters
        self._error_bodies = error_bodies
        self._keyring = keyring
        self._router = router
        self._shared = shared
        self._cors_origins = cors_origins
        self._started_at = int(time.time())
        self._endpoints: dict[str, dict[str, Endpoint]] = {
            "/": {"GET": self._root},
            "/health/live": {"GET": self._health},
            "/health/ready": {"GET": self._health},
            "/v1/models": {"GET": self._models},
            "/anthropic/v1/models": {"GET": self._models},
            "/v1/embeddings": {"POST": self._embed},
            **{path: {"POST": self._answer} for path in clients},
            **{path: {"POST": self._count_tokens} for path in counters},
        }
        self._prefixes: dict[str, dict[str, Endpoint]] = {
            _MODELS: {"GET": self._model},
            f"/anthropic{_MODELS}": {"GET": self._model},
            _STREAMS: {"GET": self._resume_stream, "DELETE": self._cancel_stream},
        }

    async def handle(self, request: Request, responder: Responder) -> None:
        """Answer one request. Errors become bodies in the shape of the path's API."""
        request_id = new_request_id()
        try:
            if request.method == "OPTIONS":
                self._preflight(request, responder)
            else:
                await self._endpoint_of(request)(request, responder, request_id)
        except SealinkError as error:
            fields, body = self.error_answer(error, request.path, request_id)
            responder.send(error.status, [*fields, *self._cors(request)], body)

    def error_answer(self, error: SealinkError, path: str, request_id: str = "") -> tuple[HeaderList, bytes]:
        """Headers and body that tell an error on a path."""
        request_id = request_id or new_request_id()
        write = next(body for prefix, body in self._error_bodies.items() if path.startswith(prefix))
        return [*headers.JSON, *headers.identity(request_id), *error.headers], write(error, request_id)

    def _endpoint_of(self, request: Request) -> Endpoint:
        path = request.path
        methods = self._endpoints.get(path) or next(
            (methods for prefix, methods in self._prefixes.items() if path.startswith(prefix)), None
        )
        if methods is None:
            raise NotFound(f"There is nothing at {request.path}.", code="unknown_url")
        method = "GET" if request.method == "HEAD" else request.method
        if method not in methods:
            allowed = ", ".join(sorted({*methods, "OPTIONS"} | ({"HEAD"} if "GET" in methods else set())))
            raise MethodNotAllowed(
                f"{request.path} does not take {request.method}, only {allowed}.", headers=[("allow", allowed)]
            )
        return methods[method]

    def _answer(self, request: Request, responder: Responder, request_id: str) -> Awaitable[None]:
        """What a model answers, in the dialect that the path is of."""
        call = self._call(request, request_id, self._clients[request.path])
        return Exchange(call, responder, self._shared).run()

    def _embed(self, request: Request, responder: Responder, request_id: str) -> Awaitable[None]:
        call = self._call(request, request_id, embeddings.CLIENT)
        return Exchange(call, responder, self._shared, EmbeddingsAttempt).run()

    def _call(self, request: Request, request_id: str, client: ClientDialect) -> AdmittedRequest:
        """The request, let in. Raises SealinkError: it is none, or not for this key."""
        key = self._keyring.authenticate(request.headers)
        head = client.parse_head(request.body, request.headers)
        head.query = request.query
        require_model(key, head.model)
        return AdmittedRequest(
            request_id=request_id,
            path=request.path,
            key=key,
            client=client,
            head=head,
            route=self._router.route_of(head.model),
            extra_headers=self._cors(request),
            is_strict=key.strict or request.headers.get("x-sealink-strict", "").lower() == "true",
        )

    async def _count_tokens(self, request: Request, responder: Responder, request_id: str) -> None:
        client = self._counters[request.path]
        await count_tokens(self._call(request, request_id, client), client, responder, self._shared.pool)

    async def _resume_stream(self, request: Request, responder: Responder, request_id: str) -> None:
        """Replay a kept stream from the byte `?from=N` on, and follow it to its end."""
        log = self._kept_stream(request)
        position = _position(request.query)
        log.read(position)
        stream_id = ("x-sealink-stream-id", request.path.removeprefix(_STREAMS))
        responder.start(200, [*headers.EVENT_STREAM, *headers.identity(request_id), stream_id, *self._cors(request)])
        await follow(log, position, responder)

    async def _cancel_stream(self, request: Request, responder: Responder, request_id: str) -> None:
        self._kept_stream(request).cancel()
        responder.send(204, [*headers.identity(request_id), *self._cors(request)], b"")

    def _kept_stream(self, request: Request) -> StreamLog:
        key = self._keyring.authenticate(request.headers)
        return self._shared.logs.find(request.path.removeprefix(_STREAMS), key.name)

    async def _models(self, request: Request, responder: Responder, request_id: str) -> None:
        listed = self._router.listed
        if "anthropic-version" in request.headers:
            answer = models.anthropic_list(listed, self._started)
        else:
            answer = models.openai_list(listed, self._started_at)
        self._send_json(request, responder, request_id, answer)

    async def _model(self, request: Request, responder: Responder, request_id: str) -> None:
        route = self._router.route_of(unquote(request.path.partition(_MODELS)[2]))
        if "anthropic-version" in request.headers:
            answer = models.anthropic_model(route, self._started)
        else:
            answer = models.openai_model(route, self._started_at)
        self._send_json(request, responder, request_id, answer)

    async def _root(self, request: Request, responder: Responder, request_id: str) -> None:
        self._send_json(request, responder, request_id, {"service": "sealink", "api": "/v1"})

    async def _health(self, request: Request, responder: Responder, request_id: str) -> None:
        self._send_json(request, responder, request_id, {"status": "ok"})

    def _send_json(self, request: Request, responder: Responder, request_id: str, answer: object) -> None:
        fields = [*headers.JSON, *headers.identity(request_id), *self._cors(request)]
        responder.send(200, fields, msgspec.json.encode(answer))

    def _preflight(self, request: Request, responder: Responder) -> None:
        responder.send(204, cors.preflight_headers(request.headers, self._cors_origins), b"")

    def _cors(self, request: Request) -> HeaderList:
        origin = request.headers.get("origin")
        return cors.answer_headers(origin, self._cors_origins) if origin else ()

    @property
    def _started(self) -> str:
        return datetime.fromtimestamp(self._started_at, UTC).isoformat().replace("+00:00", "Z")


def new_request_id() -> str:
    """Unique for all time, and not worth a system call: it opens no door, a key does."""
    return f"req_{_random.getrandbits(128):032x}"


def _position(query: str) -> int:
    """The `from` of a query, 0 if there is none. Raises InvalidRequest."""
    given = parse_qs(query).get("from", ["0"])[-1]
    if not given.isdecimal():
        raise InvalidRequest(f"`from` must be a number of bytes, not {given!r}.", code="invalid_type", param="from")
    return int(given)
