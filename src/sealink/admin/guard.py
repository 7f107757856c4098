"""Which requests the admin port lets in.

A page of another site must not reach it through an operator's browser: its Origin is refused, and so is a Host that is
not this machine's, by which such a page could make itself look like the same site (DNS rebinding). No answer allows
cross-origin access.
"""

import hmac
import ipaddress
from typing import Final
from urllib.parse import urlsplit

from sealink.admin.sessions import Sessions
from sealink.errors import AuthenticationError, HeaderList, PermissionDenied
from sealink.net.message import Request

HEADERS: Final[HeaderList] = (
    (
        "content-security-policy",
        "default-src 'none'; connect-src 'self'; img-src 'self'; script-src 'self'; style-src 'self'; base-uri 'none';"
        " form-action 'self'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    (
        "referrer-policy",
        "same-origin",
    ),  # with `no-referrer` browsers send the origin `null` with the console's own forms
    ("cache-control", "no-store"),
)
"""What every answer of the port bears."""

API: Final = "/admin/"
METRICS: Final = "/metrics"
_FORWARDED: Final = ("forwarded", "x-forwarded-for")


class Guard:
    """Lets in who has the token, or has signed in to the console. `allowed_hosts` are names that the port may be called
    by, besides addresses. Metrics need no token on a port that only this machine reaches (`is_loopback`), unless a
    proxy has passed the request on. The console's pages see for themselves who has signed in."""

    def __init__(
        self,
        token: str,
        allowed_hosts: tuple[str, ...],
        *,
        is_loopback: bool = False,
        sessions: Sessions | None = None,
    ) -> None:
        self._sessions = sessions
        self._open_metrics = is_loopback
        self._token = token.encode()
        self._hosts = {"localhost", *(host.lower() for host in allowed_hosts)}

    def check(self, request: Request) -> None:
        """Raises PermissionDenied for a wrong Host or Origin; AuthenticationError where the API lacks its token."""
        host = request.headers.get("host", "")
        if not self._is_ours(host):
            raise PermissionDenied(
                f"The admin port is not called {host!r}: add the name to [admin] allowed_hosts.",
                code="host_not_allowed",
            )
        origin = request.headers.get("origin")
        if origin is not None and origin.lower() not in (f"http://{host}".lower(), f"https://{host}".lower()):
            raise PermissionDenied(f"Pages of {origin} may not call the admin port.", code="origin_not_allowed")
        if request.path.startswith(API) or (request.path == METRICS and not self._shows_metrics(request)):
            self._check_token(request)

    def is_token(self, text: str) -> bool:
        """Whether it is the token; in constant time."""
        return hmac.compare_digest(text.encode(), self._token)

    def _shows_metrics(self, request: Request) -> bool:
        return self._open_metrics and not any(name in request.headers for name in _FORWARDED)

    def _is_ours(self, host: str) -> bool:
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        return name in self._hosts or _is_address(name)

    def _check_token(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if not scheme and self._sessions is not None and self._sessions.lets_in(request):
            return
        if scheme.lower() != "bearer" or not self.is_token(token.strip()):
            raise AuthenticationError(
                "The admin API needs its token: `Authorization: Bearer <token>`. It is what SEALINK_ADMIN_TOKEN says, "
                "or stands in the file admin-token of [server] data_dir.",
                code="invalid_admin_token",
                headers=[("www-authenticate", "Bearer")],
            )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
