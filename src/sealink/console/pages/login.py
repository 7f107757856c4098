"""Signing in with the token of the admin port, and out; and the switch between light and dark."""

import hmac
import math
import secrets
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.console.cookies import set_cookie
from sealink.console.rendering import THEME_COOKIE, THEMES, backend_of, own_path, render, see
from sealink.console.sign_in_limit import SignInLimit

ACTOR: Final = "console"
_FORM_COOKIE: Final = "sealink_login"
_YEAR_S: Final = 365 * 86_400


async def login(request: Request) -> Response:
    """The page. Its own token, which a cookie repeats, keeps other sites from signing a browser in."""
    return form(request, own_path(request.query_params.get("next", "/")))


def form(request: Request, next_path: str, *, error: str = "", status: int = 200) -> Response:
    """The login page, and what was wrong."""
    token = secrets.token_urlsafe()
    provider = urlsplit(backend_of(request).oidc.issuer).hostname
    values = {"form_token": token, "next": next_path, "provider": provider, "error": error}
    response = render(request, "login.html", **values, status=status)
    set_cookie(request, response, _FORM_COOKIE, token, path="/login")
    return response


async def sign_in(request: Request) -> Response:
    """A new session, whatever cookie the browser had."""
    given, backend = request.state.form, backend_of(request)
    sent, kept = given.get("form_token", ""), request.cookies.get(_FORM_COOKIE, "")
    next_path = own_path(given.get("next", "/"))
    if not kept or not hmac.compare_digest(sent.encode(), kept.encode()):
        return form(request, next_path, error="The form was too old. Please sign in again.", status=403)
    limit: SignInLimit = request.app.state.sign_in_limit
    address = request.client.host if request.client else ""
    if wait_s := limit.wait_s(address):
        response = form(request, next_path, error=f"Too many wrong tokens. {_again_in(wait_s)}", status=429)
        response.headers["retry-after"] = str(math.ceil(wait_s))
        return response
    if not backend.is_token(given.get("token", "").strip()):
        limit.fail(address)
        return form(request, next_path, error="This is not the admin token of this SeaLink.", status=401)
    response = see(next_path)
    begin_session(request, response, ACTOR)
    return response


def _again_in(seconds: float) -> str:
    return f"Please try again in {math.ceil(seconds)} s."


def begin_session(request: Request, response: Response, actor: str) -> None:
    """Give the browser a session of its own, and end the one that it had."""
    sessions = backend_of(request).sessions
    sessions.close(request.cookies.get(sessions.cookie, ""))
    set_cookie(request, response, sessions.cookie, sessions.open(actor), max_age=round(sessions.lifetime_s))


async def sign_out(request: Request) -> Response:
    sessions = backend_of(request).sessions
    sessions.close(request.cookies.get(sessions.cookie, ""))
    response = see("/login")
    response.delete_cookie(sessions.cookie, httponly=True, samesite="strict")
    return response


async def theme(request: Request) -> Response:
    """Light, dark, or as the browser has it."""
    form = request.state.form
    response = see(own_path(form.get("next", "/")))
    chosen = form.get("theme", "")
    if chosen in THEMES:
        set_cookie(request, response, THEME_COOKIE, chosen, max_age=_YEAR_S)
    else:
        response.delete_cookie(THEME_COOKIE)
    return response


ROUTES: Final = (
    Route("/login", login),
    Route("/login", sign_in, methods=["POST"]),
    Route("/logout", sign_out, methods=["POST"]),
    Route("/theme", theme, methods=["POST"]),
)
