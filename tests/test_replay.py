"""The replaying upstream does what the acceptance tests take its word for."""

import http.client
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from replay import BYTE_BY_BYTE, Answer, Exchange, Framing, ReplayingUpstream

BODY = b"data: one\n\ndata: two\n\n"


@contextmanager
def asked(upstream: ReplayingUpstream) -> Iterator[http.client.HTTPResponse]:
    with closing(http.client.HTTPConnection("127.0.0.1", upstream.port, timeout=10)) as connection:
        connection.request("POST", "/v1/chat/completions", b'{"model": "m"}', {"Authorization": "Bearer k"})
        with connection.getresponse() as answer:
            yield answer


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_the_body_arrives_in_every_framing(framing: Framing) -> None:
    made = Answer(BODY, 207, framing=framing, sizes=BYTE_BY_BYTE)
    with ReplayingUpstream(lambda _: made) as upstream, asked(upstream) as answer:
        assert (answer.status, answer.read()) == (207, BODY)
        [exchange] = upstream.exchanges
        assert exchange.request.model == "m"
        assert exchange.request.headers["authorization"] == "Bearer k"


def test_an_answer_is_held_until_it_is_released() -> None:
    with ReplayingUpstream(lambda _: Answer(BODY, held_at=11)) as upstream, asked(upstream) as answer:
        assert answer.read1() == BODY[:11]
        upstream.exchanges[0].release()
        assert answer.read() == BODY[11:]


@pytest.mark.parametrize("framing", ["chunked", "length"])
def test_a_cut_answer_is_incomplete(framing: Framing) -> None:
    with ReplayingUpstream(lambda _: Answer(BODY, framing=framing, cut_at=5)) as upstream, asked(upstream) as answer:
        with pytest.raises(http.client.IncompleteRead):
            answer.read()
        assert not upstream.exchanges[0].complete


def test_the_moment_at_which_the_peer_leaves_is_noted() -> None:
    with ReplayingUpstream(lambda _: Answer(BODY, held_at=-1)) as upstream:
        with socket.create_connection(("127.0.0.1", upstream.port)) as client:
            client.sendall(b"GET / HTTP/1.1\r\n\r\n")
            upstream.wait(lambda: upstream.busy == 1)
            left_at = time.monotonic()
        upstream.wait(lambda: upstream.exchanges[0].ended.is_set())
        [exchange] = upstream.exchanges
        assert isinstance(exchange, Exchange)
        assert exchange.gone_at is not None
        assert exchange.gone_at - left_at < 1
        assert not exchange.complete
