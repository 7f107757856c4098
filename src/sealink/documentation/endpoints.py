"""The endpoints of the documentation. What they answer is made in a thread: the first look at a long page takes a
tenth of a second, in which no stream may wait."""

import asyncio
from typing import Final

from sealink.errors import HeaderList, NotFound
from sealink.http import Endpoint, ErrorBody
from sealink.http.endpoint import RequestContext
from sealink.http.responses import identity
from sealink.net.message import Request, Responder

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS: Final[HeaderList] = (
    ("content-security-policy", _POLICY),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-cache"),
)
_HTML: Final = "text/html; charset=utf-8"


class Documentation:
    """The handlers. `public_url`: the address to show; empty for the one that the reader has come by. `default`: the
    address to show where that is nothing to show."""

    def __init__(self, public_url: str, default: str) -> None:
        self._public_url = public_url
        self._default = default

    async def page(self, request: Request, responder: Responder, context: RequestContext) -> None:
        """GET /docs, which lists the others, and /docs/{name}"""
        kind, body = await asyncio.to_thread(self._found, context.path_tail, request.headers.get("host"))
        _send(responder, context, kind, body)

    def _found(self, name: str, host: str | None) -> tuple[str, bytes]:
        from sealink.documentation import site
        from sealink.documentation.pages import CONTENTS

        if (asset := site.asset(name)) is not None:
            return asset
        page = site.page_html(
            name.rstrip("/") or CONTENTS, site.address_of(self._public_url, host, default=self._default)
        )
        if page is None:
            raise NotFound(f"There is no page {name!r}. GET /docs lists all.", code="unknown_url")
        return _HTML, page


def documentation_endpoints(public_url: str, default: str, error_body: ErrorBody) -> tuple[Endpoint, ...]:
    """The entries of the table."""
    documentation = Documentation(public_url, default)
    return (
        Endpoint("GET", "/docs", documentation.page, error_body),
        Endpoint("GET", "/docs/{name}", documentation.page, error_body),
    )


def _send(responder: Responder, context: RequestContext, kind: str, body: bytes) -> None:
    fields = [("content-type", kind), *_HEADERS, *identity(context.request_id), *context.answer_headers]
    responder.send(200, fields, body)
