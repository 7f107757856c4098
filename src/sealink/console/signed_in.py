"""Lets requests through to the pages: those that have a session, and of forms those that have its token as well.

This stands before all routes, so that no page can forget it. `OPEN` needs no session.
"""

from typing import Any, Final
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sealink.admin.sessions import Session, Sessions
from sealink.console.rendering import see

OPEN: Final = ("/login", "/static/", "/oidc/")
CSRF_FIELD: Final = "csrf"
_SAFE: Final = ("GET", "HEAD")


class Form(dict[str, str]):
    """The fields of a form: the last value of each name."""


class SignedIn:
    """The middleware. A request that it lets through has `state.session`, and `state.form` if it has a body."""

    def __init__(self, app: ASGIApp, sessions: Sessions) -> None:
        self._app = app
        self._sessions = sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)
        state: dict[str, Any] = scope["state"]
        session = self._sessions.find(request.cookies.get(self._sessions.cookie, ""))
        state["session"] = session
        if request.method not in _SAFE:
            state["form"] = await form_of(request)
        refusal = None if request.url.path.startswith(OPEN) else _refusal(request, session)
        await (refusal or self._app)(scope, receive, send)


async def form_of(request: Request) -> Form:
    """A form as browsers send it, `application/x-www-form-urlencoded`."""
    text = (await request.body()).decode(errors="replace").replace("\0", "")
    return Form(parse_qsl(text, keep_blank_values=True))


def _refusal(request: Request, session: Session | None) -> ASGIApp | None:
    if session is None:
        here = quote(request.url.path, safe="/%")
        return see(f"/login?next={here}" if request.method in _SAFE else "/login")
    if request.method not in _SAFE and not session.has_token(request.state.form.get(CSRF_FIELD, "")):
        return PlainTextResponse("This form is of another session. Go back, load the page again, and repeat it.\n", 403)
    return None
