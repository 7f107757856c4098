"""A request is read the same however its bytes are cut, and whatever the bytes, nothing is raised."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.net.message import Request
from sealink.net.server.request_parser import RequestParser

HEADER_BYTES = 2000
BODY_BYTES = 1000

Read = tuple[list[Request], str | None]

SEVERAL = (
    b"POST /a?b=c HTTP/1.1\r\nHost: x:1\r\nName:  value\t \r\nEmpty:\r\nName: again\r\nCookie: a\r\ncookie: b\r\n"
    b"Content-Length: 5\r\n\r\nhello"
    b"\r\nPOST /chunked HTTP/1.1\r\nHost: [::1]:80\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"5;e=v\r\nhello\r\n1\r\n!\r\n0\r\nTrailer: t\r\nHost: evil\r\n\r\n"
    b"POST /h2c HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\nabc"
    b"GET http://other/abs?q HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n\r\n"
    b"HEAD / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    b"GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
)


def read(pieces: list[bytes]) -> Read:
    """What comes of the pieces: the requests, and the code of the refusal if there is one."""
    parser = RequestParser(HEADER_BYTES, lambda request: BODY_BYTES)
    requests = [request for piece in pieces for request in parser.feed(piece)]
    return requests, parser.refusal and parser.refusal.code


def cut(data: bytes, places: list[int]) -> list[bytes]:
    bounds = [0, *sorted(places), len(data)]
    return [data[begin:end] for begin, end in pairwise(bounds)]


def test_what_several_requests_say() -> None:
    requests, refusal = read([SEVERAL])
    assert refusal is None
    assert [(r.method, r.path, r.query, r.body, r.version, r.keep_alive) for r in requests] == [
        ("POST", "/a", "b=c", b"hello", "1.1", True),
        ("POST", "/chunked", "", b"hello!", "1.1", True),
        ("POST", "/h2c", "", b"abc", "1.1", True),
        ("GET", "/abs", "q", b"", "1.1", True),
        ("HEAD", "/", "", b"", "1.0", True),
        ("GET", "/last", "", b"", "1.1", False),
    ]
    assert requests[0].headers == {
        "host": "x:1",
        "name": "value, again",
        "empty": "",
        "cookie": "a; b",
        "content-length": "5",
    }
    assert requests[1].headers == {"host": "[::1]:80", "transfer-encoding": "chunked"}
    assert requests[2].headers == {"host": "x", "connection": "upgrade", "content-length": "3"}
    assert requests[3].headers["host"] == "other"


def test_every_split_reads_the_same() -> None:
    whole = read([SEVERAL])
    assert read([bytes([byte]) for byte in SEVERAL]) == whole
    for place in range(len(SEVERAL)):
        assert read([SEVERAL[:place], SEVERAL[place:]]) == whole


@pytest.mark.parametrize("more", [b"", b"GET / HTTP/1.1\r\nHost: y\r\n\r\n"])
def test_after_a_refusal_nothing_is_read(more: bytes) -> None:
    parser = RequestParser(HEADER_BYTES, lambda request: BODY_BYTES)
    requests = parser.feed(SEVERAL[: SEVERAL.index(b"\r\nPOST /chunked")] + b"\x00" + more)
    assert [request.path for request in requests] == ["/a"]
    assert parser.refusal is not None
    assert parser.feed(b"GET / HTTP/1.1\r\nHost: y\r\n\r\n") == []
    assert not parser.receiving


def test_the_path_of_a_refusal_is_known_as_soon_as_it_has_come() -> None:
    for rest, path in (
        (b"", ""),
        (b"GET /v1/mess", "/v1/mess"),
        (b"GET /v1/messages?a HTTP/1.1\r\nA: ", "/v1/messages"),
    ):
        parser = RequestParser(HEADER_BYTES, lambda request: BODY_BYTES)
        parser.feed(rest)
        assert (parser.request.path, parser.receiving) == (path, bool(rest))


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/embeddings"])
def test_the_head_is_checked_once_a_body_is_announced(path: str) -> None:
    asked: list[str] = []

    def check_head(request: Request) -> int:
        asked.append(request.path)
        return 3

    parser = RequestParser(HEADER_BYTES, check_head)
    head = f"POST {path}?q HTTP/1.1\r\nHost: x\r\n".encode()
    parser.feed(head + b"\r\n" + head + b"Content-Length: 3\r\n\r\nabc")
    assert (asked, parser.refusal) == ([path], None)
    parser.feed(head + b"Content-Length: 4\r\n\r\n")
    assert parser.refusal is not None
    assert parser.refusal.message == "The request body is larger than 3 bytes."


GOOD_LINES = ["GET / HTTP/1.1", "GET / HTTP/1.0", "POST /a?b HTTP/1.1", "GET http://x/ HTTP/1.1", "OPTIONS * HTTP/1.1"]
ODD_SPACES = ["GET  / HTTP/1.1", "GET /  HTTP/1.1", "GET   /   HTTP/1.0", "GET /a b HTTP/1.1", " GET / HTTP/1.1"]
OTHER_PROTOCOLS = ["GET / RTSP/1.0", "DESCRIBE / RTSP/1.0", "SOURCE / ICE/1.0", "GET / HTTPS/1.1", "GET / http/1.1"]
OTHER_VERSIONS = ["2.0", "2", "3.0", "3", "0.9", "1.2", "1.9", "9.9", "11.1"]


def refusal_of(line: str, before: bytes, piece_bytes: int) -> tuple[int, str | None] | None:
    """Status and code of what a request line is refused with, `before` which something else has come."""
    parser = RequestParser(HEADER_BYTES, lambda path: BODY_BYTES)
    data = before + f"{line}\r\nHost: x\r\n\r\n".encode()
    requests = [
        request for at in range(0, len(data), piece_bytes) for request in parser.feed(data[at : at + piece_bytes])
    ]
    assert len(requests) == (before != b"") + (parser.refusal is None)
    return parser.refusal and (parser.refusal.status, parser.refusal.code)


@pytest.mark.parametrize("piece_bytes", [1, 7, 1000])
@pytest.mark.parametrize("before", [b"", b"POST /before HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"])
def test_a_request_line_has_one_space_twice_and_version_1(before: bytes, piece_bytes: int) -> None:
    for line in GOOD_LINES:
        assert refusal_of(line, before, piece_bytes) is None, line
    for line in (*ODD_SPACES, *OTHER_PROTOCOLS):
        assert refusal_of(line, before, piece_bytes) == (400, "malformed_request"), line
    for line in ("GET /", "PRI * HTTP/2.0", *(f"GET / HTTP/{version}" for version in OTHER_VERSIONS)):
        assert refusal_of(line, before, piece_bytes) == (505, "http_version_not_supported"), line


@pytest.mark.parametrize("zeros", [0, 30, 4400])
def test_a_length_may_have_any_number_of_digits(zeros: int) -> None:
    """Python does not read more than 4,300."""
    for length, refusal in (("3", None), ("1001", 413), ("18446744073709551615", 413), ("9" * 5000, 400)):
        parser = RequestParser(6000, lambda path: BODY_BYTES)
        head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {'0' * zeros}{length}\r\n\r\n"
        requests = parser.feed(head.encode() + b"abc")
        assert (len(requests), parser.refusal and parser.refusal.status) == (refusal is None, refusal)


names = st.sampled_from([b"A", b"Host", b"cookie", b"Connection", b"Upgrade", b"Expect", b"X-Long"])
values = st.sampled_from(
    [b"", b"x", b"close", b"keep-alive", b"upgrade", b"h2c", b"100-continue", b"a b\t", b"\xff", b"x" * 700]
)
framings = st.sampled_from(
    [
        b"\r\n",
        b"Content-Length: 0\r\n\r\n",
        b"Content-Length: 5\r\n\r\nhello",
        b"content-length: 1001\r\n\r\n" + b"x" * 1001,
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\n1;e\r\nh\r\n0\r\nT: u\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"Transfer-Encoding: gzip\r\n\r\n",
    ]
)
targets = st.sampled_from([b"/", b"/a?b", b"*", b"http://h/p", b"h:1", b"/\xff", b"/#"])
methods = st.sampled_from([b"GET", b"HEAD", b"POST", b"OPTIONS", b"CONNECT", b"PRI", b"nonsense"])
versions = st.sampled_from([b"1.1", b"1.1", b"1.1", b"1.0", b"2.0"])


@st.composite
def heads_and_bodies(draw: st.DrawFn) -> bytes:
    fields = draw(st.lists(st.tuples(names, values), max_size=4))
    lines = b"".join(b"%b: %b\r\n" % field for field in fields)
    line = b"%b %b HTTP/%b\r\n" % (draw(methods), draw(targets), draw(versions))
    return line + b"Host: x\r\n" * draw(st.integers(0, 1)) + lines + draw(framings)


good_requests = st.sampled_from(
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\r\nOPTIONS * HTTP/1.1\r\nHost: x\r\nA: \r\n\r\n",
        b"HEAD /a?b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"POST /ab HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
        b"POST /h2c HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\nhell",
        b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        b"POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1;e\r\n!\r\n0\r\nT: u\r\n\r\n",
    ]
)
mostly_good_requests = st.tuples(st.lists(good_requests, max_size=6), st.one_of(heads_and_bodies(), good_requests))

streams = st.one_of(
    st.binary(max_size=200),
    st.lists(st.one_of(heads_and_bodies(), st.binary(max_size=3)), max_size=4).map(b"".join),
    mostly_good_requests.map(lambda requests: b"".join([*requests[0], requests[1]])),
)


@given(streams, st.data())
def test_any_bytes_read_the_same_in_any_split(data: bytes, draw: st.DataObject) -> None:
    places = draw.draw(st.lists(st.integers(0, len(data)), max_size=10))
    assert read(cut(data, places)) == read([data])


@given(streams)
def test_any_bytes_read_the_same_byte_by_byte(data: bytes) -> None:
    assert read([bytes([byte]) for byte in data]) == read([data])
