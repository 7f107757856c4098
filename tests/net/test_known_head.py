"""A head that was parsed before is read as it would be by a parser that sees it for the first time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_request_parser import BODY_BYTES, HEADER_BYTES, Read

from sealink.errors import AuthenticationError
from sealink.net.message import Request
from sealink.net.server.buffered_bytes import BufferedBytes
from sealink.net.server.request_parser import MAX_UNKNOWN_HEADS, RequestParser

KNOWN = b"POST /v1/x?q HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer a\r\nContent-Length: 5\r\nAccept: */*\r\n\r\nhello"

OTHERS = {
    "the same": KNOWN,
    "another body": KNOWN.replace(b"hello", b"HELLO"),
    "a longer body": KNOWN.replace(b": 5", b": 11").replace(b"hello", b"hello world"),
    "no body": KNOWN.replace(b": 5", b": 0").replace(b"hello", b""),
    "too large a body": KNOWN.replace(b": 5", b": 1001").replace(b"hello", b"x" * 1001),
    "a body that is cut": KNOWN[:-1],
    "something behind the body": KNOWN + b"GET",
    "a second request behind it": KNOWN + KNOWN,
    "an empty line before it": b"\r\n" + KNOWN,
    "no digits": KNOWN.replace(b": 5", b": "),
    "a sign": KNOWN.replace(b": 5", b": +5"),
    "an underscore": KNOWN.replace(b": 5", b": 0_5"),
    "hexadecimal": KNOWN.replace(b": 5", b": 0x5"),
    "a leading zero": KNOWN.replace(b": 5", b": 05"),
    "other digits": KNOWN.replace(b": 5", ": \u0665".encode()),
    "a list": KNOWN.replace(b": 5", b": 5, 5"),
    "a space behind": KNOWN.replace(b": 5", b": 5 "),
    "a line end": KNOWN.replace(b": 5", b": 5\r\nX: y"),
    "a second length": KNOWN.replace(b": 5", b": 5\r\nContent-Length: 4"),
    "chunks": KNOWN.replace(b": 5", b": 5\r\nTransfer-Encoding: chunked"),
    "a bare line feed": KNOWN.replace(b": 5\r\n", b": 5\n"),
    "too many digits": KNOWN.replace(b": 5", b": " + b"0" * 30 + b"5"),
    "more than 64 bits": KNOWN.replace(b": 5", b": 99999999999999999999"),
    "another key": KNOWN.replace(b"Bearer a", b"Bearer b"),
    "another path": KNOWN.replace(b"/v1/x", b"/v1/y"),
    "the head alone": KNOWN[:-5],
    "a part of the head": KNOWN[:40],
}


def read(*pieces: bytes, knows: bool) -> Read:
    """What comes of pieces that begin with KNOWN; without what is known, if the parser does not know heads."""
    parser = RequestParser(HEADER_BYTES, lambda request: BODY_BYTES)
    if not knows:
        parser._unknown = MAX_UNKNOWN_HEADS
    requests = parser.feed(pieces[0])
    assert (parser._known is not None) == knows
    requests += [request for piece in pieces[1:] for request in parser.feed(piece)]
    return requests, parser.refusal and f"{parser.refusal.code} {parser.refusal.message}"


@pytest.mark.parametrize("name", OTHERS)
def test_what_follows_a_known_head_is_read_as_ever(name: str) -> None:
    pieces = KNOWN, OTHERS[name], KNOWN
    assert read(*pieces, knows=True) == read(*pieces, knows=False)


@given(at=st.integers(0, len(KNOWN)), cut=st.integers(0, 6), put=st.binary(max_size=6), tail=st.binary(max_size=6))
def test_whatever_is_changed_in_a_known_request_is_read_as_ever(at: int, cut: int, put: bytes, tail: bytes) -> None:
    changed = KNOWN[:at] + put + KNOWN[at + cut :] + tail
    assert read(KNOWN, KNOWN, changed, KNOWN, knows=True) == read(KNOWN, KNOWN, changed, KNOWN, knows=False)


@pytest.mark.parametrize(
    "head",
    [
        KNOWN.replace(b"Accept: */*", b"Connection: close"),
        KNOWN.replace(b"Accept: */*", b"Expect: 100-continue"),
        KNOWN.replace(b"Accept: */*", b"Content-Encoding: identity"),
        KNOWN.replace(b"HTTP/1.1", b"HTTP/1.0"),
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        KNOWN + KNOWN,
    ],
)
def test_heads_that_say_more_are_always_parsed(head: bytes) -> None:
    parser = RequestParser(HEADER_BYTES, lambda request: BODY_BYTES)
    parser.feed(head)
    assert parser._known is None


def test_a_known_head_is_not_parsed_again_and_its_key_is_looked_up_again() -> None:
    looked_at: list[Request] = []
    is_revoked = False

    def check_head(request: Request) -> int:
        looked_at.append(request)
        if is_revoked:
            raise AuthenticationError("Revoked.")
        request.principal = "dev"
        return BODY_BYTES

    parser = RequestParser(HEADER_BYTES, check_head)
    (first,) = parser.feed(KNOWN)
    parser.on_url = parser.on_header = None  # type: ignore[assignment,method-assign]
    (second,) = parser.feed(KNOWN.replace(b": 5", b": 2").replace(b"hello", b"ok"))
    assert (second.body, second.headers["content-length"], second.principal) == (b"ok", "2", "dev")
    assert first.headers["content-length"] == "5"
    is_revoked = True
    assert parser.feed(KNOWN) == []
    assert isinstance(parser.refusal, AuthenticationError)
    assert (parser.request.path, len(looked_at)) == ("/v1/x", 3)


def test_bodies_are_counted_and_limited_as_ever() -> None:
    buffered = BufferedBytes(12)
    parser = RequestParser(HEADER_BYTES, lambda request: BODY_BYTES, buffered)
    assert len(parser.feed(KNOWN)) == len(parser.feed(KNOWN)) == 1
    assert buffered.held == 10
    assert parser.feed(KNOWN) == []
    assert parser.refusal is not None
    assert (parser.refusal.status, buffered.held) == (503, 10)


def test_heads_that_are_never_the_same_are_not_kept_for_long() -> None:
    parser = RequestParser(HEADER_BYTES, lambda request: BODY_BYTES)
    for number in range(MAX_UNKNOWN_HEADS + 2):
        parser.feed(KNOWN.replace(b"*/*", b"%d" % number))
    assert parser._known is not None
    assert b"Accept: %d" % (MAX_UNKNOWN_HEADS - 1) in parser._known.behind
