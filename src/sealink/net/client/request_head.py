"""The head of a request as it goes out: the request line, and headers that cannot smuggle a line of their own."""

from typing import Final

from sealink.errors import HeaderList, UpstreamError
from sealink.net.client.origin import Origin
from sealink.net.client.proxy import Proxy
from sealink.net.message import UpstreamRequest

OWNED: Final = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that belong to the connection and are written here; those of the request are left out (RFC 9110 §7.6.1)."""


def whole_head(fixed: bytes, request: UpstreamRequest) -> bytes:
    """The head of `request`, which begins with `fixed`."""
    if request.body or request.method in ("POST", "PUT", "PATCH"):
        return b"%b%bcontent-length: %d\r\n\r\n" % (fixed, request.own_lines, len(request.body))
    return b"%b%b\r\n" % (fixed, request.own_lines)


def tunnel_head(origin: Origin, proxy: Proxy) -> bytes:
    """The request for a tunnel to `origin` (RFC 9110 §9.3.6)."""
    return _head(f"CONNECT {origin} HTTP/1.1", [("host", str(origin)), *_authorization(proxy)], str(origin)) + b"\r\n"


def fixed_head(method: str, target: str, headers: HeaderList, origin: Origin, proxy: Proxy | None) -> bytes:
    """A head without the body's length, and without its end. Through a proxy, plain http is asked for in absolute form
    (RFC 9112 §3.2.2)."""
    own = [("host", origin.authority), ("accept-encoding", "identity")]
    if proxy is not None and not origin.is_tls:
        target = f"http://{origin.authority}{target}"
        own += _authorization(proxy)
    given = [(name, value) for name, value in headers if name.lower() not in OWNED]
    return _head(f"{method} {target} HTTP/1.1", [*own, *given], str(origin))


def _authorization(proxy: Proxy) -> list[tuple[str, str]]:
    return [("proxy-authorization", proxy.authorization)] if proxy.authorization else []


def _head(line: str, headers: HeaderList, peer: str) -> bytes:
    return _lines([line, *(f"{name}: {value}" for name, value in headers)], headers, peer)


def _lines(lines: list[str], headers: HeaderList, peer: str) -> bytes:
    """The lines, each with its end. `headers` stand in them."""
    text = "\r\n".join([*lines, ""])
    if text.count("\r") != len(lines) or text.count("\n") != len(lines) or "\0" in text:
        raise _unsendable(headers, peer)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        raise _unsendable(headers, peer) from None


def _unsendable(headers: HeaderList, peer: str) -> UpstreamError:
    """Names the header and not its value, which may be a key with a line end behind it."""
    names = [name for name, value in headers if not _is_plain(name) or not _is_plain(value)]
    return UpstreamError(
        f"The request to {peer} cannot be sent: {', '.join(map(ascii, names)) or 'its method'} holds a line end, "
        "a NUL or a character outside Latin-1.",
        code="upstream_unsendable",
    )


def _is_plain(text: str) -> bool:
    return not any(character in "\r\n\0" or character > "\xff" for character in text)
