"""Cookies as the console sets them: no script reads them, and over TLS they are for TLS alone."""

from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from sealink.console.rendering import backend_of


def is_https(request: Request) -> bool:
    """Whether the browser has come by TLS: the port's own, or that of a proxy in front, which either says so or is seen
    in the `origin` of what browsers post."""
    headers = request.headers
    is_told = headers.get("x-forwarded-proto") == "https" or headers.get("origin", "").startswith("https://")
    return is_told or backend_of(request).has_tls


def set_cookie(
    request: Request,
    response: Response,
    name: str,
    value: str,
    *,
    max_age: int | None = None,
    path: str = "/",
    samesite: Literal["lax", "strict"] = "strict",
) -> None:
    """Have the browser keep it; without `max_age` until it is closed."""
    secure = is_https(request)
    response.set_cookie(name, value, max_age=max_age, path=path, secure=secure, httponly=True, samesite=samesite)
