"""Signing in with the token of the admin port, and out; and the switch between light and dark."""

import hmac
import secrets
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.console.rendering import THEME_COOKIE, THEMES, backend_of, own_path, render, see

ACTOR: Final = "console"
_FORM_COOKIE: Final = "sealink_login"
_YEAR_S: Final = 365 * 86_400


async def login(request: Request) -> Response:
    """The form. Its own token, which a cookie repeats, keeps other sites from signing a browser in."""
    return _form(request, own_path(request.query_params.get("next", "/")))


def _form(request: Request, next_path: str, *, error: str = "", status: int = 200) -> Response:
    token = secrets.token_urlsafe()
    response = render(request, "login.html", form_token=token, next=next_path, error=error, status=status)
    _set_cookie(request, response, _FORM_COOKIE, token, path="/login")
    return response


async def sign_in(request: Request) -> Response:
    """A new session, whatever cookie the browser had."""
    form, backend = request.state.form, backend_of(request)
    sent, kept = form.get("form_token", ""), request.cookies.get(_FORM_COOKIE, "")
    next_path = own_path(form.get("next", "/"))
    if not kept or not hmac.compare_digest(sent.encode(), kept.encode()):
        return _form(request, next_path, error="The form was too old. Please sign in again.", status=403)
    if not backend.is_token(form.get("token", "").strip()):
        return _form(request, next_path, error="This is not the admin token of this SeaLink.", status=401)
    response = see(next_path)
    begin_session(request, response, ACTOR)
    return response


def begin_session(request: Request, response: Response, actor: str) -> None:
    """Give the browser a session of its own, and end the one that it had."""
    sessions = backend_of(request).sessions
    sessions.close(request.cookies.get(sessions.cookie, ""))
    _set_cookie(request, response, sessions.cookie, sessions.open(actor), max_age=round(sessions.lifetime_s))


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
        _set_cookie(request, response, THEME_COOKIE, chosen, max_age=_YEAR_S)
    else:
        response.delete_cookie(THEME_COOKIE)
    return response


def _set_cookie(
    request: Request, response: Response, name: str, value: str, *, max_age: int | None = None, path: str = "/"
) -> None:
    headers = request.headers
    # TLS is a proxy's in front, or the port's own: then browsers tell in the `origin` of what they post.
    is_https = headers.get("x-forwarded-proto") == "https" or headers.get("origin", "").startswith("https://")
    response.set_cookie(name, value, max_age=max_age, path=path, secure=is_https, httponly=True, samesite="strict")


ROUTES: Final = (
    Route("/login", login),
    Route("/login", sign_in, methods=["POST"]),
    Route("/logout", sign_out, methods=["POST"]),
    Route("/theme", theme, methods=["POST"]),
)
