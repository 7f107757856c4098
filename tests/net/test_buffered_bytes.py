"""What the bodies of all requests take together is bounded, and given back with each request, however it ends."""

import asyncio
import gzip
import zlib

import pytest
from served import GET, Gate, Owner, Served, on_both_loops, serving

from sealink.net.message import Request, Responder

CAP, SIZE = 1000, 400
BODY = b"x" * SIZE
HEAD = b"POST /v1/x HTTP/1.1\r\nHost: x\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def posted(body: bytes = BODY, coding: bytes = b"") -> bytes:
    encoding = b"Content-Encoding: %b\r\n" % coding if coding else b""
    return HEAD + encoding + b"Content-Length: %d\r\n\r\n" % len(body) + body


async def fill(served: Served, gate: Gate) -> None:
    """Two requests are with the handler, and take all but 200 bytes of what there is."""
    for number in (1, 2):
        (await served.connect()).send(posted())
        while len(gate.paths) < number:
            await asyncio.sleep(0)
    assert served.server.buffered.held == 2 * SIZE


@pytest.mark.parametrize(
    "asked",
    [
        HEAD + b"Content-Length: 201\r\n\r\n",
        HEAD + b"Content-Length: 201\r\nExpect: 100-continue\r\n\r\n",
        CHUNKED + b"96\r\n" + b"x" * 150 + b"\r\n96\r\n" + b"x" * 150,
        posted(gzip.compress(b"x" * 201), b"gzip"),
        posted(zlib.compress(b"x" * 90_000), b"deflate"),
    ],
    ids=["announced", "announced, held back", "in chunks", "inflated", "inflated to far more"],
)
@on_both_loops
async def test_what_does_not_fit_is_refused(asked: bytes) -> None:
    gate = Gate()
    async with serving(gate, max_buffered_bytes=CAP) as served:
        await fill(served, gate)
        client = await served.connect()
        response = await client.ask(asked)
        assert (response.status, response.json["code"]) == (503, "overloaded")
        assert await client.rest() == b""
        assert served.server.buffered.held == 2 * SIZE
        gate.opened.set()


@on_both_loops
async def test_what_fits_is_let_in_however_full_it_is() -> None:
    gate = Gate()
    async with serving(gate, max_buffered_bytes=CAP) as served:
        await fill(served, gate)
        clients = [await served.connect() for _ in range(3)]
        for client, asked in zip(
            clients, (posted(BODY[:150]), GET, posted(gzip.compress(b"x" * 50, 9), b"gzip")), strict=True
        ):
            client.send(asked)
        gate.opened.set()
        assert [(await client.response()).status for client in clients] == [200, 200, 200]


@on_both_loops
async def test_bytes_are_given_back_when_the_request_is_done() -> None:
    async with serving(max_buffered_bytes=CAP) as served:
        client = await served.connect()
        for _ in range(10):
            assert (await client.ask(posted())).status == 200
            assert (await client.ask(CHUNKED + b"190\r\n" + BODY + b"\r\n0\r\n\r\n")).status == 200
            assert (await client.ask(posted(gzip.compress(BODY), b"gzip"))).status == 200
        assert (await client.ask(posted(b"x" * CAP))).status == 200


UNFINISHED = {
    "a body that is not whole": [HEAD + b"Content-Length: 900\r\n\r\n" + BODY],
    "chunks that are not whole": [CHUNKED + b"190\r\n" + BODY + b"\r\n5\r\nx"],
    "one with the handler, one behind it": [posted(), posted()],
    "one with the handler, one that is not whole": [posted() + HEAD + b"Content-Length: 500\r\n\r\n" + BODY],
    "a refused one behind it": [posted() + CHUNKED + b"190\r\n" + BODY + b"\r\nzz\r\n"],
}


@pytest.mark.parametrize("pieces", UNFINISHED.values(), ids=UNFINISHED)
@on_both_loops
async def test_bytes_are_given_back_when_the_client_leaves(pieces: list[bytes]) -> None:
    async with serving(Gate(), max_buffered_bytes=CAP) as served:
        client = await served.connect()
        for piece in pieces:
            client.send(piece)
        while served.server.buffered.held < SIZE * (1 if b"\r\nzz" in pieces[-1] else len(pieces)):
            await asyncio.sleep(0)
        client.reset()
        await served.settle()
        assert served.server.buffered.held == 0


@on_both_loops
async def test_a_request_that_goes_on_without_its_client_keeps_its_bytes() -> None:
    owner, held = Owner(), list[Responder]()

    def handler(request: Request, responder: Responder) -> None:
        responder.hold(owner)
        held.append(responder)

    async with serving(handler, max_buffered_bytes=CAP) as served:
        client = await served.connect()
        client.send(posted())
        while not served.server.open_requests:
            await asyncio.sleep(0)
        client.reset()
        while owner.told != ["gone"]:
            await asyncio.sleep(0)
        assert served.server.buffered.held == SIZE
        held.pop().let_go()
        await served.settle()
        assert served.server.buffered.held == 0


@on_both_loops
async def test_bytes_are_given_back_when_a_body_is_too_slow() -> None:
    async with serving(max_buffered_bytes=CAP, request_timeout_s=0.05) as served:
        client = await served.connect()
        assert (await client.ask(HEAD + b"Content-Length: 900\r\n\r\n" + BODY)).status == 408
        assert served.server.buffered.held == 0
