"""The two parts of a URL: the origin that is connected to, and the target of the request."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

import msgspec

from sealink.errors import UpstreamError

DEFAULT_PORTS = {"http": 80, "https": 443}

_NOT_A_TARGET = re.compile(r"[^\x21-\x7e]")  # a blank or a control character would end the request line early


class Origin(msgspec.Struct, frozen=True):
    """Scheme, host and port. `host` is as DNS takes it: lower case, IDNA, no brackets around an IPv6 address."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """`host:port`, as messages name it and as CONNECT asks for it."""
        return f"{self._bracketed}:{self.port}"

    @property
    def authority(self) -> str:
        """The Host header: the port stands in it only where it is not the scheme's own (RFC 9110 §7.2)."""
        return self._bracketed if self.port == DEFAULT_PORTS.get(self.scheme) else str(self)

    @property
    def is_tls(self) -> bool:
        return self.scheme == "https"

    @property
    def _bracketed(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


@lru_cache(maxsize=1024)  # a gateway asks the same few URLs all day
def split_url(url: str) -> tuple[Origin, str]:
    """The origin of an absolute http(s) URL, and its path with query. Raises UpstreamError (`upstream_address`).

    The messages do not repeat the URL: keys are passed in queries and passwords before the host.
    """
    try:
        parts = urlsplit(url)
        origin = Origin(parts.scheme, _idna(parts.hostname or ""), parts.port or DEFAULT_PORTS.get(parts.scheme, 0))
    except ValueError as error:
        raise _unusable("its host or port is malformed") from error
    if parts.scheme not in DEFAULT_PORTS:
        raise _unusable("it must begin with http:// or https://")
    if not origin.host:
        raise _unusable("it names no host")
    if parts.username is not None:
        raise _unusable("a user name or password before the host is not supported; use api_key")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if _NOT_A_TARGET.search(target):
        raise _unusable("its path or query holds a character that must be percent-encoded")
    return origin, target


def _idna(host: str) -> str:
    return host if host.isascii() else host.encode("idna").decode("ascii")


def _unusable(why: str) -> UpstreamError:
    return UpstreamError(f"The upstream's address cannot be used: {why}.", code="upstream_address")
