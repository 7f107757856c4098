"""A response that its handler breaks off, by FIN after what was written or by RST: nothing logged, nothing left."""

import logging

import pytest
from served import GET, on_both_loops, serving

from sealink.net.message import Request, Responder
from sealink.net.server.response_writer import ResponseWriter


def breaking(raw: bytes, *, reset: bool, first: bytes = b"") -> object:
    async def handler(request: Request, responder: Responder) -> None:
        assert isinstance(responder, ResponseWriter)
        if first:
            responder.start(200, [])
            responder.write(first)
        responder.break_off(raw, reset=reset)
        responder.break_off(raw, reset=reset)
        responder.write(b"nobody hears this")
        responder.finish()

    return handler


@on_both_loops
async def test_bytes_that_are_not_http() -> None:
    async with serving(breaking(b"\x80nonsense", reset=False)) as served:
        client = await served.connect()
        client.send(GET)
        assert await client.rest() == b"\x80nonsense"
        await served.settle()


@on_both_loops
async def test_a_stream_is_closed_after_all_that_was_written() -> None:
    much = b"x" * 3_000_000
    async with serving(breaking(b"", reset=False, first=much)) as served:
        client = await served.connect()
        client.send(GET)
        await client.head()
        assert await client.chunk() == much
        assert await client.rest() == b""
        await served.settle()


@on_both_loops
async def test_a_stream_is_reset() -> None:
    async with serving(breaking(b"", reset=True, first=b"abc")) as served:
        client = await served.connect()
        client.send(GET)
        with pytest.raises(ConnectionResetError):
            await client.rest()
        await served.settle()


@on_both_loops
async def test_it_is_no_fault_of_the_handlers(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with serving(breaking(b"", reset=False, first=b"abc")) as served:
            client = await served.connect()
            client.send(GET)
            assert (await client.rest()).endswith(b"\r\n\r\n3\r\nabc\r\n")
            await served.settle()
    assert caplog.records == []
