"""One entry of a port's table of endpoints."""

from collections.abc import Awaitable, Callable

import msgspec

from sealink.errors import HeaderList, SealinkError
from sealink.net.message import Request, Responder

ErrorBody = Callable[[SealinkError, str], bytes]
"""Writes an error as the body of an answer, in the shape of one API; given the request's id."""


class RequestContext(msgspec.Struct):
    """What the dispatcher has found out about a request.

    `path_tail`: what stands in the path where the endpoint has `{…}`, still percent-encoded. `answer_headers` go out
    with the answer. `refuse` answers with an error, in the endpoint's shape.
    """

    request_id: str
    refuse: Callable[[SealinkError], None]
    path_tail: str = ""
    answer_headers: HeaderList = ()


Handler = Callable[[Request, Responder, RequestContext], Awaitable[None] | None]
"""Answers one request; None: it has answered, or something that holds the response does. A SealinkError that it raises
before it has begun to answer becomes the answer."""


Authenticate = Callable[[Request], object]
"""Finds out who sends a request, and notes it as its `principal`, while only the head is in. Raises SealinkError."""

Refused = Callable[[Request, SealinkError], None]
"""Told of a request that has a principal and was refused before the handler saw it: its body is too large, say."""


class Endpoint(msgspec.Struct, frozen=True):
    """A method on a path: its handler, the shape of its errors, and the limit on the bodies of its requests.

    `path` is exact (`/v1/models`), or ends in one `{name}`, which stands for all the rest (`/v1/models/{id}`). An
    endpoint for GET answers HEAD too. `max_body_bytes`: None is the port's own limit. `authenticate` is called before
    a body is read; None: there is nothing to find out before the handler runs.
    """

    method: str
    path: str
    handler: Handler
    error_body: ErrorBody
    max_body_bytes: int | None = None
    authenticate: Authenticate | None = None
    refused: Refused | None = None

    @property
    def prefix(self) -> str | None:
        """The part of the path before its `{name}`; None for an exact path."""
        prefix, brace, _ = self.path.partition("{")
        return prefix if brace else None
