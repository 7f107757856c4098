"""Signing in by an OpenID Connect provider: to it, and back."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sealink.console.cookies import is_https, set_cookie
from sealink.console.oidc.settings import CALLBACK
from sealink.console.oidc.sign_in import OidcSignIn
from sealink.console.pages.login import begin_session, form
from sealink.console.rendering import own_path, render, see
from sealink.errors import NotFound, SealinkError

_COOKIE: Final = "sealink_oidc"
_PATH: Final = "/login/oidc"


async def begin(request: Request) -> Response:
    """To the provider. The cookie is `lax`: the browser comes back from another site."""
    next_path = own_path(request.query_params.get("next", "/"))
    scheme = "https" if is_https(request) else "http"
    try:
        url, cookie = await _sign_in_of(request).begin(f"{scheme}://{request.headers['host']}{CALLBACK}", next_path)
    except SealinkError as error:
        return form(request, next_path, error=error.message, status=error.status)
    response = see(url)
    set_cookie(request, response, _COOKIE, cookie, path=_PATH, samesite="lax")
    return response


async def finish(request: Request) -> Response:
    """Back from it. The next page is the browser's next step, not a redirect: after one that another site has begun it
    would not send the session's cookie."""
    query = request.query_params
    try:
        if "code" not in query:
            told = query.get("error_description") or query.get("error") or "it says no more"
            return form(request, "/", error=f"The provider has not signed you in: {told}", status=403)
        cookie = request.cookies.get(_COOKIE, "")
        name, next_path = await _sign_in_of(request).finish(cookie, query.get("state", ""), query["code"])
    except SealinkError as error:
        return form(request, "/", error=error.message, status=error.status)
    response = render(request, "signed_in.html", name=name, next=next_path)
    begin_session(request, response, name)
    response.delete_cookie(_COOKIE, path=_PATH)
    return response


def _sign_in_of(request: Request) -> OidcSignIn:
    found: OidcSignIn | None = request.app.state.oidc
    if found is None:
        raise NotFound("Nobody signs in by a provider here: [admin.oidc] has no issuer.")
    return found


ROUTES: Final = (Route("/login/oidc", begin), Route(CALLBACK, finish))
