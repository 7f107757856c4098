"""The Starlette application: all pages of the admin port, who is let in, and errors as pages."""

from typing import Final

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.console.backend import Backend
from sealink.console.oidc.sign_in import OidcSignIn
from sealink.console.pages import (
    keys,
    live,
    login,
    models,
    oidc,
    overview,
    playground,
    requests,
    settings,
    teams,
    usage,
    webhooks,
)
from sealink.console.read_ahead import read_ahead
from sealink.console.rendering import render, static_file, templates
from sealink.console.sign_in_limit import SignInLimit
from sealink.console.signed_in import SignedIn
from sealink.errors import NotFound, SealinkError
from sealink.ledger.reports.over_time import OverTime
from sealink.ledger.reports.past_days import PastDays
from sealink.store.errors import StoreError, StoreUnavailable, answer_to

_PAGES: Final = (login, oidc, overview, live, keys, teams, requests, usage, models, playground, settings, webhooks)


async def static(request: Request) -> Response:
    """A style sheet or script."""
    found = static_file(request)
    if found is None:
        raise NotFound("There is no such file.")
    return found


def console(backend: Backend) -> Starlette:
    """The application. It has no state of its own but the sessions of `backend`. Blocks: it compiles the templates."""
    templates()
    app = Starlette(
        routes=[Route("/static/{name}", static), *(route for page in _PAGES for route in page.ROUTES)],
        middleware=[Middleware(SignedIn, backend.sessions)],
        exception_handlers={
            SealinkError: _error_page,
            StoreError: _store_page,
            StoreUnavailable: _store_page,
            HTTPException: _http_error_page,
        },
    )
    app.state.backend = backend
    app.state.over_time, app.state.past_days = OverTime(), PastDays()
    app.state.sign_in_limit = SignInLimit(backend.sign_in_attempts, backend.sign_in_window_s)
    app.state.oidc = OidcSignIn(backend.oidc) if backend.oidc.issuer else None
    read_ahead(app.state)
    return app


async def _error_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, SealinkError)
    return render(request, "error.html", status=error.status, message=error.message)


async def _store_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, StoreError | StoreUnavailable)
    return await _error_page(request, answer_to(error))


async def _http_error_page(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = "There is no such page." if error.status_code == 404 else error.detail
    return render(request, "error.html", status=error.status_code, message=message)
