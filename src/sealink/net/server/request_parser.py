"""A client's bytes in, whole requests out. Knows HTTP/1, nothing of sockets and time.

llhttp (by way of httptools) parses the grammar strictly: it refuses bare LF, obs-fold, two lengths, and a length
beside `transfer-encoding`. What it accepts, and two parties on one connection could read differently (request
smuggling), is refused here; the sections are those of RFC 9112.
"""

import re
from collections.abc import Callable
from typing import Final

import httptools

from sealink.errors import (
    ExpectationFailed,
    HeadersTooLarge,
    InvalidRequest,
    MethodNotAllowed,
    RequestTooLarge,
    SealinkError,
    VersionNotSupported,
)
from sealink.net.message import Request
from sealink.net.server.body_decoder import coding_of, decode
from sealink.net.server.buffered_bytes import BufferedBytes
from sealink.net.server.known_head import KnownHead

_ABSOLUTE_TARGET: Final = re.compile(r"https?://([^/?]*)([^?]*)(.*)", re.IGNORECASE)
_HOST: Final = re.compile(r"(?:[\w.~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::\d*)?", re.ASCII)

_VERSIONS: Final = ("1.1", "1.0")
_ABOUT_VERSION: Final = (
    *("Invalid HTTP version", "Expected dot", "Expected HTTP/2 Connection Preface", "Pause on PRI/Upgrade"),
)
_OTHER_VERSION: Final = re.compile(rb"[A-Z]+ +[!-~]+ +HTTP/(?!1\.[01])(\d{1,2}(?:\.\d{1,2})?)")


MAX_UNKNOWN_HEADS: Final = 8
"""After so many requests in a row whose head was not that of the one before, a connection's heads are not kept."""


class RequestParser:
    """Cuts one connection's bytes into requests.

    It never raises at its caller: what cannot be accepted is recorded in `refusal`, and whatever
    follows is discarded. Holds at most one unfinished request, whose head, trailers and framing are
    bounded by `max_header_bytes` and whose body by `check_head(request)`, which may refuse it, both in bytes. Bodies
    are counted in `buffered`: up to its end a request's by the parser, from then on by its receiver.
    """

    def __init__(
        self, max_header_bytes: int, check_head: Callable[[Request], int], buffered: BufferedBytes | None = None
    ) -> None:
        self.refusal: SealinkError | None = None
        self.receiving = False
        """Whether a request has begun that is not yet whole."""
        self.awaits_continue = False
        """Whether the client holds its body back until it is told to go on (`expect: 100-continue`)."""
        self._max_header_bytes = max_header_bytes
        self._check_head = check_head
        self._buffered = buffered or BufferedBytes()
        self._body = bytearray()
        self._body_bytes = 0
        self.peer = ""
        """The address of the client."""
        self._is_closed = False
        self._llhttp: httptools.HttpRequestParser | None = None
        """None where nothing is to be parsed: it takes two kilobytes."""
        self._request: Request | None = None
        self._whole: list[Request] = []
        self._known: KnownHead | None = None
        self._unknown = 0  # heads that were not the one before
        self._raw_head: bytes | bytearray = b""  # all reads from the socket since the one in which the head began
        self._fruitless = 0  # bytes since a request began, ended, or its body grew
        self.on_message_begin()
        self.receiving = False

    @property
    def request(self) -> Request:
        """The request being read, as far as it is known."""
        return self._request or Request("", self._url.partition(b"?")[0].decode("latin-1"), "", {}, peer=self.peer)

    def feed(self, data: bytes) -> list[Request]:
        """The requests that `data` completes."""
        if self.receiving or self._is_closed:
            return self._feed(data)
        known, buffered = self._known, self._buffered
        if known is not None and (request := known.read(data, buffered.limit - buffered.held)) is not None:
            return self._accept_known(request)
        whole = self._feed(data)
        if len(whole) == 1 and self._unknown < MAX_UNKNOWN_HEADS:
            self._unknown += 1
            self._known = KnownHead.of(data, whole[0])
            if self._known is not None:
                self._llhttp = None
        return whole

    def _accept_known(self, request: Request) -> list[Request]:
        """A request with the same head as the one before. Its key, and its size, are looked at as ever."""
        self._request = request
        size = len(request.body)
        try:
            self._max_body_bytes = most = self._check_head(request)
            if size > most:
                self._check_body_size(size)
        except SealinkError as error:
            self.refuse(error)
            return []
        self._buffered.held += size
        self._request = None
        self._unknown = 0
        return [request]

    def _feed(self, data: bytes) -> list[Request]:
        self._fruitless += len(data)
        if self._raw_head:
            self._raw_head = bytearray(self._raw_head) if isinstance(self._raw_head, bytes) else self._raw_head
            self._raw_head += data
        else:
            self._raw_head = data
        try:
            self._parse(data)
        except httptools.HttpParserCallbackError as error:
            if not isinstance(error.__context__, SealinkError):
                raise
            self.refuse(error.__context__)
        except httptools.HttpParserError as error:
            self.refuse(self._why_unreadable(error))
        if self._fruitless > 2 * self._max_header_bytes:  # fields and framing that llhttp has not reported yet
            self.refuse(self._headers_too_large())
        if self._request is not None or not self.receiving:
            self._raw_head = b""
        whole, self._whole = self._whole, []
        return whole

    def refuse(self, error: SealinkError) -> None:
        """Read no further; the first reason stands."""
        self.refusal = self.refusal or error
        self.close()

    def close(self) -> None:
        """Discard whatever comes. Also unties the knot of parser and callbacks, so that no garbage collector must."""
        self._llhttp, self._is_closed = None, True
        self.receiving = self.awaits_continue = False
        self._let_go()

    def _let_go(self) -> None:
        """Hold nothing of the body any longer."""
        self._buffered.held -= self._body_bytes
        self._body_bytes = 0
        self._body = bytearray()

    def _parse(self, data: bytes) -> None:
        while not self._is_closed:
            llhttp = self._llhttp = self._llhttp or httptools.HttpRequestParser(self)
            try:
                return llhttp.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                # An offer to speak h2c or the like, which a server may ignore (RFC 9110 §7.8). llhttp takes it for the
                # end of HTTP and leaves the body unread, so the head is read again without the offer.
                data = self._head_without_upgrade() + data[upgrade.args[0] :]
                self._raw_head = data
                self._llhttp = httptools.HttpRequestParser(self)
        return None

    def _head_without_upgrade(self) -> bytes:
        assert self._request is not None
        request = self._request
        fields = "".join([f"{name}: {value}\r\n" for name, value in request.headers.items() if name != "upgrade"])
        start = f"{request.method} {self._url.decode('latin-1')} HTTP/{request.version}\r\n"
        return f"{start}{fields}\r\n".encode("latin-1")

    # What llhttp calls. An exception here ends the parsing and comes out of feed_data as __context__.

    def on_message_begin(self) -> None:
        self.receiving = True
        self._request = None
        self._url = b""
        self._headers: dict[str, str] = {}
        self._header_bytes = 0
        self._body = bytearray()  # not a list: a body in chunks of a byte each would take fifty times its size
        self._body_bytes = 0
        self._max_body_bytes = 0
        self._coding = ""
        self._fruitless = 0

    def on_url(self, url: bytes) -> None:
        self._url += url
        self._header_bytes += len(url)
        if self._header_bytes > self._max_header_bytes:
            raise self._headers_too_large()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._header_bytes += len(name) + len(value) + 4
        if self._header_bytes > self._max_header_bytes:
            raise self._headers_too_large()
        if self._request is not None:
            return  # a trailer; merged into the headers it could overrule them (§7.1.2)
        key, text = name.decode("latin-1").lower(), value.decode("latin-1").rstrip(" \t")
        if key not in self._headers:
            self._headers[key] = text
        elif key == "host":
            raise _malformed("There is more than one Host header.")
        else:
            self._headers[key] += (", " if key != "cookie" else "; ") + text

    def on_headers_complete(self) -> None:
        llhttp = self._llhttp
        assert llhttp is not None
        method, version = llhttp.get_method().decode("latin-1"), llhttp.get_http_version()
        self._request = request = Request(method, "", "", self._headers, peer=self.peer, version=version)
        request.keep_alive = llhttp.should_keep_alive()
        self._check_request_line(request)
        request.path, request.query = _read_target(method, self._url.decode("latin-1"), self._headers)
        _check_head(request)
        if "content-length" in self._headers or "transfer-encoding" in self._headers:
            self._max_body_bytes = self._check_head(request)
            self._check_body_size(int(self._headers.get("content-length", "").lstrip("0") or 0))  # llhttp: 64 bits
            self._coding = coding_of(self._headers.get("content-encoding", ""))
        self.awaits_continue = "expect" in self._headers and _expects_continue(request)

    def on_body(self, body: bytes) -> None:
        self.awaits_continue = False
        self._body += body
        self._body_bytes += len(body)
        self._buffered.held += len(body)
        self._check_body_size(self._body_bytes)
        self._fruitless = 0

    def on_message_complete(self) -> None:
        assert self._llhttp is not None
        assert self._request is not None
        if self._llhttp.should_upgrade():
            return  # nothing of the body was read; see _parse
        self.receiving = self.awaits_continue = False
        body = bytes(self._body)
        if self._coding and body:
            body = self._decoded(body)
            del self._request.headers["content-encoding"]
        self._request.body = body
        self._whole.append(self._request)
        self._request = None
        self._body, self._body_bytes = bytearray(), 0  # counted on by who gets it
        self._fruitless = 0

    def _check_request_line(self, request: Request) -> None:
        """llhttp takes more than one space, other protocols' names, and a line without a version for HTTP/0.9 (§3)."""
        if request.version not in _VERSIONS:
            raise _unsupported(request.version)
        line = b"%b %b HTTP/%b\r\n" % (request.method.encode(), self._url, request.version.encode())
        if line not in self._raw_head:
            raise _malformed(
                f"Its first line is not `METHOD TARGET HTTP/{request.version}` with one space between them."
            )

    def _why_unreadable(self, error: httptools.HttpParserError) -> SealinkError:
        version = _OTHER_VERSION.search(self._raw_head) if str(error) in _ABOUT_VERSION else None
        return _malformed(f"{error}.") if version is None else _unsupported(version[1].decode())

    def _decoded(self, body: bytes) -> bytes:
        """The body without its coding, counted instead of what came."""
        decoded = decode(self._coding, body, min(self._max_body_bytes, self._buffered.left + len(body)))
        self._check_body_size(len(decoded))
        self._buffered.held += len(decoded) - len(body)
        return decoded

    def _check_body_size(self, size: int) -> None:
        """Of `size` bytes `_body_bytes` are counted already."""
        if size > self._max_body_bytes:
            raise RequestTooLarge(f"The request body is larger than {self._max_body_bytes} bytes.")
        buffered = self._buffered
        if buffered.held - self._body_bytes + size > buffered.limit:
            raise buffered.full()

    def _headers_too_large(self) -> HeadersTooLarge:
        return HeadersTooLarge(f"The request's header fields take more than {self._max_header_bytes} bytes.")


def _read_target(method: str, target: str, headers: dict[str, str]) -> tuple[str, str]:
    """Path and query of a request target (§3.2). The host of an absolute one replaces the header's (§3.2.2)."""
    if method == "CONNECT":
        raise MethodNotAllowed("This server is no proxy: CONNECT is not supported.")
    if "#" in target:
        raise _malformed("A request target has no fragment.")
    if target.startswith("/"):
        path, _, query = target.partition("?")
        return path, query
    if target == "*" and method == "OPTIONS":
        return target, ""
    absolute = _ABSOLUTE_TARGET.fullmatch(target)
    if absolute is None:
        raise _malformed("The request target is neither a path nor an http URL.")
    if "host" in headers:  # its absence is still an error
        headers["host"] = absolute[1]
    return absolute[2] or "/", absolute[3][1:]


def _check_head(request: Request) -> None:
    headers = request.headers
    if request.version == "1.1" and "host" not in headers:
        raise _malformed("An HTTP/1.1 request needs a Host header.")
    if _HOST.fullmatch(headers.get("host", "")) is None:
        raise _malformed("The request's host is not valid.")
    if "transfer-encoding" in headers:
        _check_transfer_encoding(request)


def _check_transfer_encoding(request: Request) -> None:
    if request.version == "1.0":
        raise _malformed("HTTP/1.0 has no Transfer-Encoding.")  # §6.1: its framing is to be treated as faulty
    if request.headers["transfer-encoding"].lower() != "chunked":
        raise _malformed("The only Transfer-Encoding that is understood is chunked.")


def _expects_continue(request: Request) -> bool:
    if request.version == "1.0":
        return False  # RFC 9110 §10.1.1: to be ignored
    if request.headers["expect"].lower() != "100-continue":
        raise ExpectationFailed("The only expectation that can be met is 100-continue.")
    return True


def _unsupported(version: str) -> VersionNotSupported:
    return VersionNotSupported(f"HTTP/{version} is not spoken here, only HTTP/1.1 and HTTP/1.0.")


def _malformed(why: str) -> InvalidRequest:
    return InvalidRequest(f"This is not a valid HTTP request: {why}", code="malformed_request")
