"""Pure parts of the way to an upstream: URLs, proxies, request heads, the map of failures, the race of addresses."""

import asyncio
import errno
import socket
import ssl
import zlib
from itertools import product

import httptools
import pytest
from scripted_upstream import failure_of, on_both_loops, open_sockets, serving, until

from sealink.errors import SealinkError, UpstreamError
from sealink.net.client import happy_eyeballs
from sealink.net.client.failure import upstream_failure
from sealink.net.client.happy_eyeballs import connect_socket, interleaved
from sealink.net.client.limits import UpstreamLimits
from sealink.net.client.origin import Origin, split_url
from sealink.net.client.proxy import Proxies, Proxy
from sealink.net.client.request_head import OWNED, fixed_head, whole_head
from sealink.net.message import UpstreamRequest

# URLs


@pytest.mark.parametrize(
    ("url", "origin", "authority", "target"),
    [
        ("https://api.openai.com/v1/x", Origin("https", "api.openai.com", 443), "api.openai.com", "/v1/x"),
        ("HTTPS://API.openai.com", Origin("https", "api.openai.com", 443), "api.openai.com", "/"),
        ("http://127.0.0.1:8000/v1?a=b&c", Origin("http", "127.0.0.1", 8000), "127.0.0.1:8000", "/v1?a=b&c"),
        ("http://[::1]:8000/v1#frag", Origin("http", "::1", 8000), "[::1]:8000", "/v1"),
        ("https://h:80/", Origin("https", "h", 80), "h:80", "/"),
        ("https://bücher.example/", Origin("https", "xn--bcher-kva.example", 443), "xn--bcher-kva.example", "/"),
    ],
)
def test_urls(url: str, origin: Origin, authority: str, target: str) -> None:
    assert split_url(url) == (origin, target)
    assert origin.authority == authority


@pytest.mark.parametrize(
    "url",
    [
        "api.openai.com/v1",
        "ftp://host/",
        "https:///v1",
        "https://host:port/",
        "https://host:99999/",
        "https://user:secret@host/",
        "https://host/a b",
        "https://host/ü",
        "https://[::1/",
        "",
    ],
)
def test_urls_that_cannot_be_used(url: str) -> None:
    with pytest.raises(UpstreamError) as caught:
        split_url(url)
    assert caught.value.code == "upstream_address"
    assert "secret" not in caught.value.message


# Proxies

PROXIED = Proxies(http="http://p:1", https="p:2", no_proxy=())


def test_each_scheme_has_its_proxy() -> None:
    assert PROXIED.choose(Origin("http", "h", 80)) == Proxy(Origin("http", "p", 1))
    assert PROXIED.choose(Origin("https", "h", 443)) == Proxy(Origin("http", "p", 2))
    assert Proxies(http="p").choose(Origin("https", "h", 443)) is None
    assert Proxies(https="https://p").choose(Origin("https", "h", 443)) == Proxy(Origin("https", "p", 443))
    assert Proxies().choose(Origin("http", "h", 80)) is None


@pytest.mark.parametrize(
    ("entry", "exempt", "not_exempt"),
    [
        ("*", ["h", "127.0.0.1", "::1"], []),
        ("example.com", ["example.com", "api.example.com"], ["badexample.com", "example.com.evil.test", "com"]),
        (".example.com", ["example.com", "api.example.com"], ["badexample.com"]),
        ("EXAMPLE.com", ["example.com"], []),
        (" example.com ", ["example.com"], []),
        ("example.com:8000", ["example.com"], []),
        ("example.com:8001", [], ["example.com"]),
        ("*:8000", ["h"], []),
        ("127.0.0.1", ["127.0.0.1"], ["127.0.0.2", "localhost"]),
        ("10.0.0.0/8", ["10.1.2.3"], ["11.0.0.1", "10.example.com"]),
        ("::1", ["::1"], ["::2"]),
        ("[::1]", ["::1"], ["::2"]),
        ("[::1]:8000", ["::1"], ["::2"]),
        ("[::1]:8001", [], ["::1"]),
        ("fe80::/10", ["fe80::1"], ["::1", "127.0.0.1"]),
        ("", [], ["h", "127.0.0.1"]),
        (".", [], ["h"]),
    ],
)
def test_no_proxy(entry: str, exempt: list[str], not_exempt: list[str]) -> None:
    proxies = Proxies(http="p", no_proxy=("first.test", entry))
    for host in exempt:
        assert proxies.choose(Origin("http", host, 8000)) is None, host
    for host in not_exempt:
        assert proxies.choose(Origin("http", host, 8000)) is not None, host


@pytest.mark.parametrize(
    "url", ["socks5://me:secret@p:1", "http://me:secret@:1", "http://me:secret@p:99999", "http://"]
)
def test_a_proxy_that_cannot_be_used_is_told_at_once(url: str) -> None:
    with pytest.raises(ValueError, match=r"^the https proxy: ") as caught:
        Proxies(https=url)
    assert "secret" not in str(caught.value)


# Request heads


def _head(*headers: tuple[str, str], method: str = "POST", body: bytes = b"{}") -> bytes:
    origin, target = split_url("https://host/v1?key=secret")
    request = UpstreamRequest(method, "", headers, body)
    return whole_head(fixed_head(method, target, headers, origin, None), request)


def test_what_belongs_to_the_connection_is_not_passed_on() -> None:
    assert _head(*((name.title(), "x") for name in OWNED)) == (
        b"POST /v1?key=secret HTTP/1.1\r\nhost: host\r\naccept-encoding: identity\r\ncontent-length: 2\r\n\r\n"
    )


def test_a_length_is_sent_where_it_means_something() -> None:
    assert b"content-length" not in _head(method="GET", body=b"")
    assert b"content-length: 0" in _head(method="POST", body=b"")


@pytest.mark.parametrize("value", ["sk-key\r\nx-evil: 1", "sk-key\n", "\rsk-key", "sk-\0key", "sk-key…"])
def test_a_header_cannot_smuggle(value: str) -> None:
    with pytest.raises(UpstreamError) as caught:
        _head(("x-a", "b"), ("authorization", value))
    assert caught.value.code == "upstream_unsendable"
    assert "'authorization'" in caught.value.message
    assert "host:443" in caught.value.message
    assert "sk-" not in caught.value.message


@pytest.mark.parametrize(("method", "length"), [("POST", b"content-length: 0\r\n"), ("GET", b"")])
def test_what_is_this_requests_alone_stands_behind_the_others(method: str, length: bytes) -> None:
    request = UpstreamRequest(method, "", (), own_lines=b"traceparent: 00-1-2-01\r\n")
    assert whole_head(b"fixed\r\n", request) == b"fixed\r\ntraceparent: 00-1-2-01\r\n" + length + b"\r\n"


def test_a_method_cannot_smuggle() -> None:
    with pytest.raises(UpstreamError, match="its method"):
        _head(method="GET / HTTP/1.1\r\nhost: evil\r\n\r\n")


# The map of failures


def _raised_in_callback() -> httptools.HttpParserCallbackError:
    error = httptools.HttpParserCallbackError("callback")
    error.__context__ = UpstreamError("Ours.", code="ours")
    return error


RESET, REFUSED, TLS, TIMEOUT = "upstream_reset", "upstream_refused", "upstream_tls", "connect"
FAILURES: list[tuple[Exception, str, str, str]] = [  # cause, then its code at connect, tls, exchange
    (ConnectionRefusedError(errno.ECONNREFUSED, "x"), REFUSED, TLS, RESET),
    (ConnectionResetError(errno.ECONNRESET, "x"), REFUSED, TLS, RESET),
    (ConnectionResetError(), REFUSED, TLS, RESET),
    (BrokenPipeError(errno.EPIPE, "x"), REFUSED, TLS, RESET),
    (OSError(errno.EHOSTUNREACH, "x"), REFUSED, TLS, RESET),
    (OSError(errno.ENETUNREACH, "x"), REFUSED, TLS, RESET),
    (TimeoutError(), TIMEOUT, TIMEOUT, RESET),
    (TimeoutError(errno.ETIMEDOUT, "x"), TIMEOUT, TIMEOUT, RESET),
    (ssl.SSLError(1, "x"), REFUSED, TLS, RESET),
    (ssl.SSLEOFError(8, "x"), REFUSED, TLS, RESET),
    (OSError(errno.EMFILE, "x"), "overloaded", "overloaded", "overloaded"),
    (OSError(errno.ENFILE, "x"), "overloaded", "overloaded", "overloaded"),
    (socket.gaierror(socket.EAI_NONAME, "x"), *["upstream_unresolved"] * 3),
    (UnicodeError("x"), *["upstream_unresolved"] * 3),
    (httptools.HttpParserError("x"), *["upstream_malformed"] * 3),
    (httptools.HttpParserInvalidStatusError("x"), *["upstream_malformed"] * 3),
    (httptools.HttpParserUpgrade(1), *["upstream_status"] * 3),
    (httptools.HttpParserCallbackError("x"), *["upstream_malformed"] * 3),
    (_raised_in_callback(), *["ours"] * 3),
    (zlib.error("x"), *["upstream_encoding"] * 3),
    (UpstreamError("Ours.", code="ours"), *["ours"] * 3),
    (KeyError("a secret"), *["internal_error"] * 3),
]


@pytest.mark.parametrize("cause_and_codes", FAILURES, ids=lambda row: repr(row[0]))
def test_the_map_of_failures(cause_and_codes: tuple[Exception, str, str, str]) -> None:
    cause, *codes = cause_and_codes
    for stage, code in zip(("connect", "tls", "exchange"), codes, strict=True):
        error = upstream_failure(cause, "host:443", stage)  # type: ignore[arg-type]
        assert isinstance(error, SealinkError)
        assert error.code == code
        assert "host:443" in error.message or code == "ours"
        assert "secret" not in error.message


def test_every_error_number_has_words() -> None:
    for number, stage in product(errno.errorcode, ("connect", "tls", "exchange")):
        error = upstream_failure(OSError(number, "x"), "host:443", stage)  # type: ignore[arg-type]
        assert error.status in (502, 503, 504)


# The race of addresses


def _address(family: socket.AddressFamily, host: str, port: int) -> happy_eyeballs.AddressInfo:
    where = (host, port) if family is socket.AF_INET else (host, port, 0, 0)
    return family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", where


def test_families_take_turns() -> None:
    six = [_address(socket.AF_INET6, f"::{n}", 1) for n in range(3)]
    four = [_address(socket.AF_INET, f"127.0.0.{n}", 1) for n in range(2)]
    assert interleaved([*six, *four]) == [six[0], four[0], six[1], four[1], six[2]]
    assert interleaved(four) == four


def test_the_families_are_tried_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[str] = []

    async def refuse(address: happy_eyeballs.AddressInfo, limits: UpstreamLimits) -> socket.socket:
        tried.append(str(address[4][0]))
        raise ConnectionRefusedError

    monkeypatch.setattr(happy_eyeballs, "_connect", refuse)
    six, four = socket.AF_INET6, socket.AF_INET
    addresses = [_address(family, host, 1) for family, host in ((six, "::1"), (six, "::2"), (four, "4"))]
    with pytest.raises(ConnectionRefusedError):
        asyncio.run(connect_socket(addresses, UpstreamLimits()))
    assert tried == ["::1", "4", "::2"]


async def _accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.transport.abort()


@on_both_loops
async def test_an_address_that_refuses_is_passed_over() -> None:
    async with serving(_accept) as port:
        addresses = [_address(socket.AF_INET, host, port) for host in ("127.0.0.2", "127.0.0.3", "127.0.0.1")]
        with await connect_socket(addresses, UpstreamLimits(connection_attempt_delay_s=60)) as sock:
            assert sock.getpeername() == ("127.0.0.1", port)


@on_both_loops
async def test_an_address_that_is_silent_loses_the_race(monkeypatch: pytest.MonkeyPatch) -> None:
    connect = happy_eyeballs._connect

    async def connect_or_hang(address: happy_eyeballs.AddressInfo, limits: UpstreamLimits) -> socket.socket:
        if address[4][0] == "127.0.0.2":
            await asyncio.Event().wait()
        return await connect(address, limits)

    monkeypatch.setattr(happy_eyeballs, "_connect", connect_or_hang)
    async with serving(_accept) as port:
        addresses = [_address(socket.AF_INET, host, port) for host in ("127.0.0.2", "127.0.0.1")]
        with await connect_socket(addresses, UpstreamLimits(connection_attempt_delay_s=0.01)) as sock:
            assert sock.getpeername() == ("127.0.0.1", port)


@on_both_loops
async def test_the_first_refusal_is_told_when_all_refuse(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(address: happy_eyeballs.AddressInfo, limits: UpstreamLimits) -> socket.socket:
        raise OSError(address[4][1], "x")

    monkeypatch.setattr(happy_eyeballs, "_connect", refuse)
    addresses = [_address(socket.AF_INET, "127.0.0.1", number) for number in (5, 6, 7)]
    with pytest.raises(OSError, match="Errno 5"):
        await connect_socket(addresses, UpstreamLimits())


@on_both_loops
async def test_sockets_that_come_second_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    gate = asyncio.Event()

    async def connect_together(address: happy_eyeballs.AddressInfo, limits: UpstreamLimits) -> socket.socket:
        await gate.wait()
        return socket.create_connection(address[4][:2])  # type: ignore[arg-type]

    monkeypatch.setattr(happy_eyeballs, "_connect", connect_together)
    async with serving(_accept) as port:
        addresses = [_address(socket.AF_INET, "127.0.0.1", port)] * 4
        before = open_sockets()
        asyncio.get_running_loop().call_later(0.05, gate.set)
        (await connect_socket(addresses, UpstreamLimits(connection_attempt_delay_s=0))).close()
        await until(lambda: open_sockets() == before)


@on_both_loops
async def test_a_race_that_is_cancelled_leaves_nothing() -> None:
    async with serving(_accept) as port:
        addresses = [_address(socket.AF_INET, "127.0.0.1", port)] * 4
        for turns in range(12):
            racing = asyncio.create_task(connect_socket(addresses, UpstreamLimits(connection_attempt_delay_s=0)))
            for _ in range(turns):
                await asyncio.sleep(0)
            if racing.done():
                racing.result().close()
            racing.cancel()
            await asyncio.wait([racing])


@on_both_loops
async def test_sockets_are_probed_and_send_at_once() -> None:
    async with serving(_accept) as port:
        addresses = [_address(socket.AF_INET, "127.0.0.1", port)]
        limits = UpstreamLimits(keepalive_idle_s=77, keepalive_interval_s=11, keepalive_probes=5)
        with await connect_socket(addresses, limits) as sock:
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 77
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 11
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT) == 5
        with await connect_socket(addresses, UpstreamLimits(keepalive_idle_s=0)) as sock:
            assert not sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_failure_of_is_strict() -> None:
    async def succeed() -> None: ...

    with pytest.raises(pytest.fail.Exception):
        asyncio.run(failure_of(succeed()))
