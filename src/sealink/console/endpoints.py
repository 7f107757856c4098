"""The pages as entries of the ports' tables. Nothing of the pages is imported before one is asked for."""

from collections.abc import Callable
from functools import cache, partial
from typing import Final

from sealink.console.backend import Backend
from sealink.console.live_feed import LiveFeed
from sealink.http import Endpoint, RequestContext
from sealink.http.asgi import App, AsgiHandler
from sealink.net.message import Request, Responder
from sealink.wire.dialects import openai_chat

_PATHS: Final = (
    "/",
    "/login",
    "/login/oidc",
    "/login/oidc/callback",
    "/logout",
    "/theme",
    "/static/{name}",
    "/live",
    "/live/end",
    "/keys",
    "/keys/{name}",
    "/new-key",
    "/teams",
    "/teams/{name}",
    "/new-team",
    "/audit",
    "/requests",
    "/requests/{id}",
    "/usage",
    "/usage/{file}",
    "/models",
    "/playground",
    "/settings",
    "/settings/webhooks",
)


def console_endpoints(backend: Callable[[], Backend]) -> tuple[Endpoint, ...]:
    """The entries. `backend` is called once, when the first page is asked for."""
    backend = cache(backend)
    feed = cache(lambda: LiveFeed(backend()))

    def live(request: Request, responder: Responder, context: RequestContext) -> None:
        feed().answer(request, responder, context)

    handler = AsgiHandler(partial(_load, backend))
    error_body = openai_chat.CLIENT.error_body
    pages = (Endpoint(method, path, handler, error_body) for path in _PATHS for method in ("GET", "POST"))
    return (*pages, Endpoint("GET", "/live/events", live, error_body))


def key_holder_endpoints(address: str) -> tuple[Endpoint, ...]:
    """The page of key holders, on the public port."""

    def load() -> App:
        from sealink.console.key_holders import key_holders

        return key_holders(address)

    handler = AsgiHandler(load)
    paths = ("/console", "/console/static/{name}")
    return tuple(Endpoint("GET", path, handler, openai_chat.CLIENT.error_body) for path in paths)


def _load(backend: Callable[[], Backend]) -> App:
    """Called in a thread: it imports Starlette and Jinja2, 0.2 s and 15 MiB, and compiles the templates."""
    from sealink.console.app import console

    return console(backend())
