"""From a request to the handler of its endpoint, and from an error to an answer in the endpoint's error shape."""

import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from functools import partial
from itertools import takewhile
from typing import Any

import msgspec

from sealink.errors import HeaderList, MethodNotAllowed, NotFound, SealinkError
from sealink.http import cors
from sealink.http.endpoint import Endpoint, RequestContext
from sealink.http.near_paths import nearest, respelled
from sealink.http.responses import JSON, identity, new_request_id
from sealink.net.message import Request, Responder
from sealink.policy.client_retry import retry_headers


class _Place(msgspec.Struct, frozen=True):
    """A path, or what a path begins with, and its endpoints by their methods."""

    prefix: str | None
    endpoints: dict[str, Endpoint] = {}


class Dispatcher:
    """Answers the requests of one port. `handle`, `check_head`, `error_response` and `refuse` are what a
    net.server.Server needs.

    `max_body_bytes` is the limit of all endpoints that have none of their own; of those that authenticate nobody it is
    `max_keyless_body_bytes`, where there is one. An error on a path without an endpoint has the shape of the endpoint
    whose path has the most leading segments in common with it; of several, the first in the table. `headers` go out
    with every answer of the port.
    """

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        *,
        max_body_bytes: int,
        max_keyless_body_bytes: int | None = None,
        cors_origins: tuple[str, ...] = (),
        headers: HeaderList = (),
    ) -> None:
        self._endpoints = tuple(endpoints)
        self._max_body_bytes = max_body_bytes
        self._max_keyless_body_bytes = max_body_bytes if max_keyless_body_bytes is None else max_keyless_body_bytes
        self._cors_origins = cors_origins
        self._headers = headers
        self._exact: dict[str, _Place] = {}
        self._prefixed: dict[str, _Place] = {}
        for endpoint in self._endpoints:
            prefix = endpoint.prefix
            places = self._exact if prefix is None else self._prefixed
            place = places.setdefault(prefix or endpoint.path, _Place(prefix))
            place.endpoints[endpoint.method] = endpoint

    def check_head(self, request: Request) -> int:
        """The head of a request that has a body: how many bytes of that may be read. Raises the SealinkError that
        refuses it unread: it is for nobody, or by nobody."""
        place = self._exact.get(request.path)
        if place is None:
            request.path = self._right_path(request.path)
        if request.method == "OPTIONS":
            return self._max_keyless_body_bytes
        endpoint = self._endpoint_of(request, place)
        if endpoint.authenticate is None:
            return self._max_keyless_body_bytes if endpoint.max_body_bytes is None else endpoint.max_body_bytes
        endpoint.authenticate(request)
        return self._max_body_bytes if endpoint.max_body_bytes is None else endpoint.max_body_bytes

    def handle(self, request: Request, responder: Responder) -> Coroutine[Any, Any, None] | None:
        """Answer one request; what is returned answers it in a task."""
        place = self._exact.get(request.path)
        if place is None:
            request.path = self._right_path(request.path)
        request.id = new_request_id()
        refuse = partial(self._answer_error, request, responder)
        try:
            if request.method == "OPTIONS":
                preflight = cors.preflight_headers(request.headers, self._cors_origins)
                responder.send(204, [*self._headers, *preflight], b"")
                return None
            endpoint = self._endpoint_of(request, place)
            tail = "" if place is not None else request.path.removeprefix(endpoint.prefix or request.path)
            context = RequestContext(request.id, refuse, tail, self._answer_headers(request))
            answering = endpoint.handler(request, responder, context)
        except SealinkError as error:
            refuse(error)
            return None
        return None if answering is None else _answer(answering, refuse)

    def _answer_error(self, request: Request, responder: Responder, error: SealinkError) -> None:
        responder.send(error.status, *self.error_response(error, request))

    def refuse(self, error: SealinkError, request: Request) -> tuple[HeaderList, bytes]:
        """Headers and body of the answer to a request that the server has refused before it was whole."""
        request.id = new_request_id()
        if request.principal is not None:
            refused = self._endpoint_of(request).refused
            if refused is not None:
                refused(request, error)
        return self.error_response(error, request)

    def error_response(self, error: SealinkError, request: Request) -> tuple[HeaderList, bytes]:
        """Headers and body of the answer to a request that failed."""
        request_id = request.id or new_request_id()
        body = self._nearest(request.path).error_body(error, request_id)
        own = [*JSON, *identity(request_id), *error.headers, *retry_headers(error, time.time())]
        return [*own, *self._answer_headers(request)], body

    def _endpoint_of(self, request: Request, place: _Place | None = None) -> Endpoint:
        """`place`: that of its path, where it is known already."""
        place = place or self._place_of(request.path)
        if place is None:
            meant = nearest(
                request.path, [path for path in self._exact if request.method in self._exact[path].endpoints]
            )
            hint = f" Did you mean {meant}?" if meant else ""
            raise NotFound(f"There is nothing at {request.path}.{hint}", code="unknown_url")
        endpoint = place.endpoints.get("GET" if request.method == "HEAD" else request.method)
        if endpoint is None:
            raise _not_allowed(request, place)
        return endpoint

    def _right_path(self, path: str) -> str:
        """The path that one which is not exactly right stands for; the same if it stands for none."""
        return next((other for other in respelled(path) if self._place_of(other) is not None), path)

    def _place_of(self, path: str) -> _Place | None:
        place = self._exact.get(path)
        if place is not None:
            return place
        prefixed = self._prefixed.items()
        return next((place for prefix, place in prefixed if path.startswith(prefix) and path != prefix), None)

    def _nearest(self, path: str) -> Endpoint:
        place = self._place_of(path)
        if place is not None:
            return next(iter(place.endpoints.values()))
        segments = path.split("/")
        return max(self._endpoints, key=lambda endpoint: _common_segments(endpoint.path.split("/"), segments))

    def _answer_headers(self, request: Request) -> HeaderList:
        """What an answer bears besides its own headers."""
        origin = request.headers.get("origin")
        return [*self._headers, *cors.answer_headers(origin, self._cors_origins)] if origin else self._headers


async def _answer(answering: Awaitable[None], refuse: Callable[[SealinkError], None]) -> None:
    try:
        await answering
    except SealinkError as error:
        refuse(error)


def _not_allowed(request: Request, place: _Place) -> MethodNotAllowed:
    methods = {*place.endpoints, "OPTIONS"} | ({"HEAD"} if "GET" in place.endpoints else set())
    allowed = ", ".join(sorted(methods))
    return MethodNotAllowed(
        f"{request.path} does not take {request.method}, only {allowed}.", headers=[("allow", allowed)]
    )


def _common_segments(one: list[str], other: list[str]) -> int:
    pairs = zip(one, other, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
