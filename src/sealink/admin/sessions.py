"""Who is signed in to the console: sessions, kept in the memory of the process that has the admin port.

A browser holds a random number in a cookie that no script reads and no other site has sent. Here only its digest is
kept, by which it is found: a lookup can tell nothing about the number. A restart ends all sessions.
"""

import hashlib
import hmac
import math
import secrets
import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Final

import msgspec

from sealink.net.message import Request

CSRF_HEADER: Final = "x-csrf-token"
MAX_SESSIONS: Final = 1000
"""Beyond it the oldest ends."""
_BYTES: Final = 32
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Session(msgspec.Struct):
    """`actor` is what the audit calls who is signed in; `csrf` must come with whatever changes something. `expires_at`
    is over (by time.monotonic) as soon as it has ended otherwise."""

    actor: str
    csrf: str
    expires_at: float

    def has_token(self, csrf: str) -> bool:
        """Whether a form, or a script of the console's own pages, has sent the session's token."""
        return hmac.compare_digest(self.csrf.encode(), csrf.encode())


class Sessions:
    """`cookie` is the cookie's name: browsers send cookies to all ports of a host, so it has the port in it.
    `lifetime_s`: a session ends so long after signing in."""

    def __init__(self, cookie: str, lifetime_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.cookie = cookie
        self.lifetime_s = lifetime_s
        self._clock = clock
        self._open: dict[bytes, Session] = {}

    def open(self, actor: str) -> str:
        """Begin a session. Returns what its cookie holds: always a new number, whatever the browser had before."""
        number = secrets.token_urlsafe(_BYTES)
        if len(self._open) >= MAX_SESSIONS:
            self._end(next(iter(self._open)))
        expires_at = self._clock() + self.lifetime_s
        self._open[_digest(number)] = Session(actor, secrets.token_urlsafe(_BYTES), expires_at)
        return number

    def find(self, number: str) -> Session | None:
        """The session of a cookie; None for one that has ended, or never was."""
        digest = _digest(number)
        session = self._open.get(digest)
        if session is not None and session.expires_at <= self._clock():
            self._end(digest)
            return None
        return session

    def close(self, number: str) -> None:
        """Sign out."""
        self._end(_digest(number))

    def _end(self, digest: bytes) -> None:
        session = self._open.pop(digest, None)
        if session is not None:
            session.expires_at = -math.inf  # for who holds it

    def lets_in(self, request: Request) -> bool:
        """Whether a request to the admin API comes from a page of somebody who is signed in."""
        session = self.find(cookie_of(request.headers.get("cookie", ""), self.cookie))
        if session is None:
            return False
        return request.method in _SAFE or session.has_token(request.headers.get(CSRF_HEADER, ""))


def cookie_of(header: str, name: str) -> str:
    """A cookie's value in a `cookie` header; "" if it is not there."""
    try:
        morsel = SimpleCookie(header).get(name)
    except CookieError:
        return ""
    return morsel.value if morsel is not None else ""


def _digest(number: str) -> bytes:
    return hashlib.sha256(number.encode()).digest()
