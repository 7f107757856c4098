"""Lets requests through to the pages: those that have a session, and of forms those that have its token as well.

This stands before all routes, so that no page can forget it. `OPEN` needs no session.
"""

from typing import Final
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from sealink.admin.sessions import Session, Sessions
from sealink.console.rendering import see

OPEN: Final = ("/login", "/static/")
CSRF_FIELD: Final = "csrf"
MAX_FIELDS: Final = 200
"""Of a form: the largest page has some thirty. To take apart hundreds of thousands would hold up all streams."""
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
        request.state.session = self._sessions.find(request.cookies.get(self._sessions.cookie, ""))
        refusal = await _refusal(request, request.state.session)
        await (refusal or self._app)(scope, receive, send)


async def form_of(request: Request) -> Form:
    """A form as browsers send it, `application/x-www-form-urlencoded`. Raises ValueError for too many fields."""
    text = (await request.body()).decode(errors="replace")
    return Form(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))


async def _refusal(request: Request, session: Session | None) -> ASGIApp | None:
    is_open = request.url.path.startswith(OPEN)
    if session is None and not is_open:
        here = quote(request.url.path, safe="/%")
        return see(f"/login?next={here}" if request.method in _SAFE else "/login")
    if request.method in _SAFE:
        return None
    try:
        request.state.form = form = await form_of(request)
    except ValueError:
        return PlainTextResponse(f"A form has at most {MAX_FIELDS} fields.\n", 400)
    if not is_open and session is not None and not session.has_token(form.get(CSRF_FIELD, "")):
        return PlainTextResponse("This form is of another session. Go back, load the page again, and repeat it.\n", 403)
    return None
