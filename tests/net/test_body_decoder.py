"""Compressed request bodies: decoded within the limit, or refused with what is understood."""

import gzip
import zlib

import pytest
import zstandard

from sealink.net.message import Request
from sealink.net.server.request_parser import RequestParser

BODY = b'{"model": "m", "input": "hi"}' * 20
LIMIT = 1000


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


zstd = zstandard.ZstdCompressor().compress

CODED = [
    ("gzip", gzip.compress),
    ("x-gzip", gzip.compress),
    ("GZIP", gzip.compress),
    ("deflate", zlib.compress),
    ("deflate", raw_deflate),
    ("zstd", zstd),
    ("zstd", zstandard.ZstdCompressor(write_content_size=False, write_checksum=True).compress),
    ("identity", bytes),
    ("", bytes),
]


def sent(coding: str, body: bytes, *, chunked: bool = False) -> tuple[list[Request], RequestParser]:
    parser = RequestParser(2000, lambda request: LIMIT)
    head = f"POST / HTTP/1.1\r\nHost: x\r\nContent-Encoding: {coding}\r\n"
    if chunked:
        wire = f"{head}Transfer-Encoding: chunked\r\n\r\n{len(body):x}\r\n".encode() + body + b"\r\n0\r\n\r\n"
    else:
        wire = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    requests = [request for index in range(len(wire)) for request in parser.feed(wire[index : index + 1])]
    return requests, parser


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize(("coding", "encode"), CODED)
def test_a_body_is_decoded(coding: str, encode: object, chunked: bool) -> None:
    assert callable(encode)
    (request,), _ = sent(coding, encode(BODY), chunked=chunked)
    assert request.body == BODY


@pytest.mark.parametrize(("coding", "encode"), CODED)
def test_the_limit_is_that_of_the_decoded_body(coding: str, encode: object) -> None:
    assert callable(encode)
    (request,), _ = sent(coding, encode(b"x" * LIMIT))
    assert len(request.body) == LIMIT
    requests, parser = sent(coding, encode(b"x" * (LIMIT + 1)))
    assert not requests
    assert parser.refusal is not None
    assert (parser.refusal.status, parser.refusal.code) == (413, "body_too_large")


@pytest.mark.parametrize("coding", ["br", "compress", "gzip, zstd", "nonsense"])
def test_other_codings_are_refused_with_what_is_understood(coding: str) -> None:
    _, parser = sent(coding, BODY)
    assert parser.refusal is not None
    assert parser.refusal.status == 415
    assert dict(parser.refusal.headers) == {"accept-encoding": "gzip, deflate, zstd"}


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", BODY),
        ("deflate", b"\xff" * 10),
        ("zstd", BODY),
        ("gzip", gzip.compress(BODY) + gzip.compress(BODY)),
        ("zstd", zstd(BODY) + zstd(BODY)),
    ],
    ids=["gzip that is JSON", "deflate", "zstd that is JSON", "two members of gzip", "two frames of zstd"],
)
def test_a_body_that_is_not_in_its_coding(coding: str, body: bytes) -> None:
    _, parser = sent(coding, body)
    assert parser.refusal is not None
    assert (parser.refusal.status, parser.refusal.code) == (400, "invalid_encoding")


@pytest.mark.parametrize(("coding", "encode"), CODED[:-2])
def test_a_body_that_is_cut_off_is_told_as_such(coding: str, encode: object) -> None:
    assert callable(encode)
    body = encode(BODY)
    for length in range(1, len(body)):
        _, parser = sent(coding, body[:length])
        refusal = parser.refusal
        assert refusal is not None
        assert (refusal.status, refusal.code, refusal.param) == (400, "invalid_encoding", "content-encoding")
        assert refusal.message.endswith("it is cut off before its end.")
