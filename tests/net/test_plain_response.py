"""What is read without a parser is what llhttp reads, and whatever that refuses or reads otherwise is left to it."""

import asyncio

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sealink.errors import HeaderList, SealinkError
from sealink.net.client.connection import Connection
from sealink.net.client.limits import UpstreamLimits
from sealink.net.client.plain_response import plain_head, whole_chunks
from sealink.net.client.response import Response

BODY = b'{"ok":true}'
SIZED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\nX-Id: \xe9\r\n\r\n" + BODY
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"

Reading = tuple[int, HeaderList, bool, bool, bool, bytes, str]


def read(*pieces: bytes) -> Reading:
    """What becomes of a response that comes in these reads, of which a parser sees all if the first is not a head."""
    response = Response("upstream:443", "POST", UpstreamLimits())
    connection = Connection(UpstreamLimits(), lambda _: None, lambda _: None)
    connection._response = response
    for piece in pieces:
        if not response.is_over:
            connection.data_received(piece)
    body, error = b"", ""
    try:
        while data := response.read_now():
            body += data
    except SealinkError as failure:
        error = f"{failure.code} {failure.message}"
    return response.status, list(response.headers), response.framed, response.keep_alive, response.complete, body, error


def both(data: bytes) -> tuple[Reading, Reading]:
    """At once, and byte by byte."""

    async def main() -> tuple[Reading, Reading]:
        return read(data), read(*[data[at : at + 1] for at in range(len(data))])

    return asyncio.run(main())


@pytest.mark.parametrize("data", [SIZED, CHUNKED], ids=["sized", "chunked"])
def test_what_is_plain_is_read_as_llhttp_reads_it(data: bytes) -> None:
    assert plain_head(data, 1000) is not None
    plain, parsed = both(data)
    assert plain == parsed
    assert (plain[0], plain[4]) == (200, True)


NAMES = st.sampled_from(
    ["Content-Length", "content-length", "Transfer-Encoding", "Connection", "Content-Encoding", "Content-Type", "X-A"]
)
VALUES = st.sampled_from(
    [
        *(
            "11",
            "11 ",
            "011",
            "12",
            "+11",
            "11, 11",
            "chunked",
            "Chunked",
            "gzip, chunked",
            "identity",
            "gzip",
            "close",
        ),
        *(
            "close",
            "keep-alive",
            "Keep-Alive",
            "upgrade",
            "text/event-stream",
            "application/json",
            "a\tb",
            "\x7f",
            "\x01",
            "",
        ),
    ]
)
SEPARATORS = st.sampled_from([": ", ":", ":  ", ":\t", " : "])
LINE_ENDS = st.sampled_from(["\r\n", "\r\n", "\r\n", "\n", "\r\n "])
FIELDS = st.lists(st.tuples(NAMES, SEPARATORS, VALUES, LINE_ENDS), max_size=4)
BODIES = st.sampled_from(
    [
        BODY,
        BODY + b"x",
        BODY[:-1],
        b"",
        b"b\r\n" + BODY + b"\r\n0\r\n\r\n",
        b"B\r\n" + BODY + b"\r\n0\r\n\r\nHTTP/1.1 2",
        b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
        b"5\r\nhello\r\n0\r\nT: x\r\n\r\n",
        b"5;x=1\r\nhello\r\n0\r\n\r\n",
        b"0x5\r\nhello\r\n0\r\n\r\n",
        b"5\r\na\r\nbc\r\n0\r\n\r\n",
        b"\r\n0\r\n\r\n",
        b"6\r\nhello\r\n\r\n0\r\n\r\n",
    ]
)
OK = "HTTP/1.1 200 OK\r\n"
NOT_OK = "HTTP/1.1 404 N\r\n"
STARTS = st.sampled_from(
    [*[OK] * 4, "HTTP/1.1 200\r\n", "HTTP/1.0 200 OK\r\n", OK.replace(" ", "  "), "HTTP/1.1 404 N\r\n"]
)


@given(STARTS, FIELDS, BODIES)
@example("HTTP/1.1 200 OK\r\n", [("Content-Length", ": ", "11", "\r\n")] * 2, BODY)
@example(
    "HTTP/1.1 200 OK\r\n",
    [("Content-Length", ": ", "11", "\r\n"), ("Transfer-Encoding", ": ", "chunked", "\r\n")],
    b"b\r\n" + BODY + b"\r\n0\r\n\r\n",
)
def test_heads_of_any_kind_are_read_as_llhttp_reads_them(
    start: str, fields: list[tuple[str, str, str, str]], body: bytes
) -> None:
    head = start + "".join(["".join(field) for field in fields]) + "\r\n"
    plain, parsed = both(head.encode("latin-1") + body)
    if parsed[-1]:  # how far a parser had read by then depends on the reads
        assert (plain[-1] != "", plain[4]) == (True, False)
    else:
        assert plain == parsed


@pytest.mark.parametrize(
    ("data", "bodies"),
    [
        (b"", []),
        (b"5\r\nhello\r\n", [b"hello"]),
        (b"5\r\na\r\nbc\r\n", [b"a\r\nbc"]),
        (b"05\r\nhello\r\nA\r\n0123456789\r\n", [b"hello", b"0123456789"]),
        (b"5\r\nhello\r\n0\r\n\r\n", [b"hello", b""]),
        (b"0\r\n\r\n", [b""]),
        (b"0\r\n\r\n0\r\n\r\n", None),
        (b"5\r\nhello\r\n0\r\nTrailer: x\r\n\r\n", None),
        (b"5;extension\r\nhello\r\n", None),
        (b"5\r\nhell\r\n", None),
        (b"5\r\nhello", None),
        (b"5\r\nhello\r", None),
        (b"0x5\r\nhello\r\n", None),
        (b"+5\r\nhello\r\n", None),
        (b" 5\r\nhello\r\n", None),
        (b"5\r\nhello\r\n1_0\r\n" + b"x" * 16 + b"\r\n", None),
        (b"5\r\nhello\r\n\r\n\r\n", None),
        (b"5\r\nhello\r\n6", None),
        (b"\r\n", None),
        (b"-1\r\n\r\n", None),
    ],
)
def test_whole_chunks(data: bytes, bodies: list[bytes] | None) -> None:
    assert whole_chunks(data) == bodies
