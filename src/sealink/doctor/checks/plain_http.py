"""One exchange by the standard library's client.

The gateway's own client always asks for `identity`, and does not show the version of HTTP or the TLS of a connection.
"""

import http.client
import ssl
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import msgspec

from sealink.errors import UpstreamError
from sealink.net.message import UpstreamRequest

_READ_BYTES = 65_536


class PlainAnswer(msgspec.Struct, frozen=True):
    """`reads`: when each piece of the body came, in seconds after the request, and how many bytes it had.

    `keeps_alive`: whether the connection may be used again. `tls`: its version, "" without TLS.
    """

    status: int
    version: str
    headers: dict[str, str]
    reads: tuple[tuple[float, int], ...]
    keeps_alive: bool
    tls: str


def plain_exchange(request: UpstreamRequest, accept_encoding: str, most_s: float) -> PlainAnswer:
    """Send a request and read its answer, on a connection of its own. Blocks. Raises UpstreamError."""
    connection = _connection(request.url, most_s)
    try:
        return _exchange(connection, request, accept_encoding, most_s)
    except (OSError, http.client.HTTPException) as error:
        raise UpstreamError(f"The exchange failed: {error or type(error).__name__}") from error
    finally:
        connection.close()


def _connection(url: str, timeout_s: float, protocols: Sequence[str] = ("http/1.1",)) -> http.client.HTTPConnection:
    """One that is not open yet. With TLS it offers these protocols (ALPN, RFC 7301)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return http.client.HTTPConnection(host, parts.port, timeout=timeout_s)
    context = ssl.create_default_context()
    context.set_alpn_protocols(protocols)
    return http.client.HTTPSConnection(host, parts.port, timeout=timeout_s, context=context)


def _exchange(
    connection: http.client.HTTPConnection, request: UpstreamRequest, accept_encoding: str, most_s: float
) -> PlainAnswer:
    began_s = time.monotonic()
    headers = {**dict(request.headers), "accept-encoding": accept_encoding}
    path = request.url.split("/", 3)[-1]
    connection.request(request.method, f"/{path}", request.body or None, headers)
    sock = connection.sock
    with connection.getresponse() as answer:
        reads = []
        while piece := answer.read1(_READ_BYTES):
            reads.append((time.monotonic() - began_s, len(piece)))
            if reads[-1][0] > most_s:
                break
        return PlainAnswer(
            answer.status,
            "1.1" if answer.version == 11 else "1.0",
            {name.lower(): value for name, value in answer.getheaders()},
            tuple(reads),
            not answer.will_close,
            sock.version() or "" if isinstance(sock, ssl.SSLSocket) else "",
        )


def offers_http2(url: str, timeout_s: float) -> bool:
    """Whether a server with TLS would speak HTTP/2. Blocks. Raises UpstreamError."""
    if urlsplit(url).scheme != "https":
        return False
    connection = _connection(url, timeout_s, ("h2", "http/1.1"))
    try:
        connection.connect()
        return isinstance(connection.sock, ssl.SSLSocket) and connection.sock.selected_alpn_protocol() == "h2"
    except OSError as error:
        raise UpstreamError(f"TLS failed: {error}") from error
    finally:
        connection.close()
