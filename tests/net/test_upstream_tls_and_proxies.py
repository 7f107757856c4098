"""TLS with and without trust, and the way through a proxy, on both event loops."""

import asyncio
import contextlib
import ssl
from base64 import b64encode
from collections.abc import AsyncIterator

import pytest
import trustme
from scripted_upstream import (
    CHUNKED_HEAD,
    CLOSE,
    HOLD,
    OK,
    ask,
    failure_of,
    on_both_loops,
    pooled,
    post,
    read_all,
    scripted,
    serving,
    until,
)

from sealink.net.client import Proxies, UpstreamLimits, UpstreamPool


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


@pytest.fixture(scope="module")
def certified(authority: trustme.CA) -> ssl.SSLContext:
    return _server(authority.issue_cert("localhost", "127.0.0.1"))


def _server(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


# TLS


@on_both_loops
async def test_tls(trusting: ssl.SSLContext, certified: ssl.SSLContext) -> None:
    async with scripted(tls=certified) as upstream, pooled(tls=trusting) as pool:
        for host in ("localhost", "127.0.0.1", "localhost"):
            assert await ask(pool, f"https://{host}:{upstream.port}/") == b"ok"
        assert (upstream.accepted, pool.idle) == (2, 2)


@on_both_loops
async def test_the_server_is_told_the_name(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    asked_for: list[str | None] = []
    context = _server(authority.issue_cert("localhost"))
    context.sni_callback = lambda _, name, __: asked_for.append(name)
    async with scripted(tls=context) as upstream, pooled(tls=trusting) as pool:
        await ask(pool, f"https://LocalHost:{upstream.port}/")
        assert asked_for == ["localhost"]


@on_both_loops
async def test_a_certificate_for_another_name_is_refused(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    async with scripted(tls=_server(authority.issue_cert("other.test"))) as upstream, pooled(tls=trusting) as pool:
        error = await failure_of(ask(pool, f"https://localhost:{upstream.port}/"))
        assert (error.status, error.code) == (502, "upstream_tls")
        assert f"localhost:{upstream.port}" in error.message
        assert "Hostname mismatch" in error.message
        assert upstream.requests == []
        assert pool.active == 0


@on_both_loops
async def test_an_address_is_checked_as_a_name_is(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    async with scripted(tls=_server(authority.issue_cert("localhost"))) as upstream, pooled(tls=trusting) as pool:
        error = await failure_of(ask(pool, f"https://127.0.0.1:{upstream.port}/"))
        assert error.code == "upstream_tls"
        assert "IP address mismatch" in error.message


@on_both_loops
async def test_an_unknown_authority_is_refused_by_default(certified: ssl.SSLContext) -> None:
    async with scripted(tls=certified) as upstream, pooled() as pool:
        error = await failure_of(ask(pool, f"https://localhost:{upstream.port}/"))
        assert error.code == "upstream_tls"
        assert "unable to get local issuer certificate" in error.message
        assert upstream.requests == []


@on_both_loops
async def test_a_server_that_does_not_speak_tls(trusting: ssl.SSLContext) -> None:
    async def speak_plainly(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await reader.read()
        writer.transport.abort()

    async with serving(speak_plainly) as port, pooled(tls=trusting) as pool:
        error = await failure_of(ask(pool, f"https://localhost:{port}/"))
        assert error.code == "upstream_tls"
        assert "wrong version number" in error.message


@on_both_loops
async def test_a_server_that_speaks_first(trusting: ssl.SSLContext) -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 smtp.example.com ESMTP\r\n")
        await reader.read()
        writer.transport.abort()

    async with serving(greet) as port, pooled(tls=trusting) as pool:
        assert (await failure_of(ask(pool, f"https://localhost:{port}/"))).code == "upstream_tls"
        await until(lambda: pool.active == 0)


@on_both_loops
async def test_a_server_that_hangs_up_on_the_handshake(trusting: ssl.SSLContext) -> None:
    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.transport.abort()

    async with serving(hang_up) as port, pooled(tls=trusting) as pool:
        assert (await failure_of(ask(pool, f"https://localhost:{port}/"))).code == "upstream_tls"


@contextlib.asynccontextmanager
async def silent_server() -> AsyncIterator[tuple[int, list[asyncio.StreamWriter]]]:
    """Accepts, reads, and says nothing. Its list holds the connections that are open."""
    open_connections: list[asyncio.StreamWriter] = []

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_connections.append(writer)
        with contextlib.suppress(ConnectionError):
            while await reader.read(65536):
                pass
        open_connections.remove(writer)
        writer.transport.abort()

    async with serving(listen) as port:
        yield port, open_connections


@on_both_loops
async def test_a_handshake_that_hangs_is_a_connect_timeout(trusting: ssl.SSLContext) -> None:
    async with silent_server() as (port, connections), pooled(tls=trusting) as pool:
        error = await failure_of(pool.send(post(f"https://localhost:{port}/"), connect_s=0.05))
        assert (error.status, error.code) == (504, "connect")
        await until(lambda: not connections)
        assert pool.active == 0


@on_both_loops
async def test_cancelled_in_the_handshake(trusting: ssl.SSLContext) -> None:
    async with silent_server() as (port, connections), pooled(tls=trusting) as pool:
        asking = asyncio.create_task(ask(pool, f"https://localhost:{port}/"))
        await until(lambda: len(connections) == 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: not connections)
        assert pool.active == 0


@on_both_loops
async def test_cancelled_at_any_turn_of_the_loop(trusting: ssl.SSLContext, certified: ssl.SSLContext) -> None:
    async with scripted([CHUNKED_HEAD, b"2\r\nok\r\n", b"0\r\n\r\n"], tls=certified) as upstream:
        for turns in range(0, 60, 2):
            async with pooled(tls=trusting) as pool:
                asking = asyncio.create_task(ask(pool, f"https://127.0.0.1:{upstream.port}/"))
                for _ in range(turns):
                    await asyncio.sleep(0)
                asking.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await asking
                await until(lambda pool=pool: pool.active == 0)
        await until(lambda: upstream.open == 0)


@on_both_loops
async def test_closing_mid_body_closes_tls_at_once(trusting: ssl.SSLContext, certified: ssl.SSLContext) -> None:
    answer = [CHUNKED_HEAD, b"2\r\nok\r\n", HOLD]
    async with scripted(answer, tls=certified) as upstream, pooled(tls=trusting) as pool:
        response = await pool.send(post(f"https://localhost:{upstream.port}/"), connect_s=5)
        assert await response.read() == b"ok"
        begun = asyncio.get_running_loop().time()
        response.close()
        await until(lambda: upstream.open == 0)
        assert asyncio.get_running_loop().time() - begun < 0.5  # well under linger_s


@on_both_loops
async def test_truncated_and_closed_over_tls(trusting: ssl.SSLContext, certified: ssl.SSLContext) -> None:
    answers = [[CHUNKED_HEAD, b"2\r\nok\r\n", CLOSE], [CLOSE]]
    async with scripted(*answers, tls=certified) as upstream, pooled(tls=trusting) as pool:
        url = f"https://localhost:{upstream.port}/"
        assert (await failure_of(ask(pool, url))).code == "upstream_truncated"
        assert (await failure_of(ask(pool, url))).code == "upstream_closed"
        await until(lambda: pool.active == 0)


@on_both_loops
async def test_a_farewell_ends_a_body_without_framing(trusting: ssl.SSLContext, certified: ssl.SSLContext) -> None:
    async def say_farewell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nsome text")
        writer.close()  # close_notify, then FIN
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()

    async with serving(say_farewell, certified) as port, pooled(tls=trusting) as pool:
        assert await ask(pool, f"https://localhost:{port}/") == b"some text"


@on_both_loops
async def test_an_idle_tls_connection_that_is_closed_is_dropped(
    trusting: ssl.SSLContext, certified: ssl.SSLContext
) -> None:
    async with scripted([OK, HOLD, CLOSE], [OK], tls=certified) as upstream, pooled(tls=trusting) as pool:
        url = f"https://localhost:{upstream.port}/"
        await ask(pool, url)
        upstream.go_on()
        await until(lambda: pool.idle == 0)
        assert await ask(pool, url) == b"ok"


@on_both_loops
async def test_a_reader_that_lags_stops_the_reading_of_tls(trusting: ssl.SSLContext, certified: ssl.SSLContext) -> None:
    size = 20_000_000
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {size}\r\n\r\n".encode())
        with contextlib.suppress(ConnectionError):
            while sent < size:
                writer.write(b"x" * 10_000)
                await writer.drain()
                sent += 10_000
            await reader.read()
        writer.transport.abort()

    async with serving(flood, certified) as port, pooled(tls=trusting) as pool:
        response = await pool.send(post(f"https://localhost:{port}/"), connect_s=5)
        await asyncio.sleep(0.1)  # nobody reads
        assert sent < size
        first = await response.read()
        assert len(first) < 1_000_000
        assert len(first) + len(await read_all(response)) == size


# Proxies


class TunnelProxy:
    """A proxy of a few lines: CONNECT is answered with `reply`, and after a 200 bytes go both ways."""

    def __init__(self, reply: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> None:
        self.reply = reply
        self.heads: list[bytes] = []
        self.open = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, RuntimeError):
            head = await reader.readuntil(b"\r\n\r\n")
            self.heads.append(head)
            writer.write(self.reply)
            if self.reply.startswith(b"HTTP/1.1 200"):
                await self._connect(head, reader, writer)
            else:
                await reader.read()
        self.open -= 1
        writer.transport.abort()

    async def _connect(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = head.split(b" ")[1].rpartition(b":")
        far_reader, far_writer = await asyncio.open_connection(host.decode(), int(port))
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, RuntimeError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.transport.abort()


@on_both_loops
async def test_plain_http_is_asked_of_the_proxy_in_absolute_form() -> None:
    async with scripted() as proxy, pooled(proxies=Proxies(http=f"http://me:p%40ss@127.0.0.1:{proxy.port}")) as pool:
        for _ in range(2):
            assert await ask(pool, "http://upstream.test/v1?a=b") == b"ok"
        lines = proxy.requests[0].split(b"\r\n")
        assert lines[0] == b"POST http://upstream.test/v1?a=b HTTP/1.1"
        assert b"host: upstream.test" in lines
        assert b"proxy-authorization: Basic " + b64encode(b"me:p@ss") in lines
        assert proxy.accepted == 1


@pytest.mark.parametrize("is_tls_proxy", [False, True], ids=["http proxy", "https proxy"])
@on_both_loops
async def test_https_goes_through_a_tunnel(
    is_tls_proxy: bool, trusting: ssl.SSLContext, certified: ssl.SSLContext
) -> None:
    proxy = TunnelProxy()
    async with (
        scripted(tls=certified) as upstream,
        serving(proxy, certified if is_tls_proxy else None) as port,
    ):
        scheme = "https" if is_tls_proxy else "http"
        async with pooled(proxies=Proxies(https=f"{scheme}://me:pw@localhost:{port}"), tls=trusting) as pool:
            url = f"https://localhost:{upstream.port}/v1?key=secret"
            for _ in range(3):
                assert await ask(pool, url) == b"ok"
            assert proxy.heads == [
                f"CONNECT localhost:{upstream.port} HTTP/1.1\r\nhost: localhost:{upstream.port}\r\n"
                f"proxy-authorization: Basic {b64encode(b'me:pw').decode()}\r\n\r\n".encode()
            ]
            assert b"proxy-authorization" not in upstream.requests[0]
            assert (upstream.accepted, pool.idle, pool.active) == (1, 1, 0)
        await until(lambda: proxy.open == 0)


@on_both_loops
async def test_a_wrong_name_behind_a_tunnel_is_refused(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    proxy = TunnelProxy()
    async with scripted(tls=_server(authority.issue_cert("other.test"))) as upstream, serving(proxy) as port:
        async with pooled(proxies=Proxies(https=f"http://127.0.0.1:{port}"), tls=trusting) as pool:
            error = await failure_of(ask(pool, f"https://localhost:{upstream.port}/"))
            assert error.code == "upstream_tls"
            assert error.message.startswith(f"TLS with localhost:{upstream.port} failed: Hostname mismatch")
        await until(lambda: proxy.open == 0)


@on_both_loops
async def test_a_proxy_that_wants_a_password(trusting: ssl.SSLContext) -> None:
    proxy = TunnelProxy(b"HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 3\r\n\r\nwho")
    async with serving(proxy) as port, pooled(proxies=Proxies(https=f"127.0.0.1:{port}"), tls=trusting) as pool:
        error = await failure_of(ask(pool, "https://upstream.test/v1?key=secret"))
        assert (error.status, error.code) == (502, "upstream_proxy")
        assert error.message == f"The proxy 127.0.0.1:{port} refused a tunnel to upstream.test:443: status 407."
        await until(lambda: proxy.open == 0)
        assert (pool.idle, pool.active) == (0, 0)


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nsurprise", "upstream_malformed"),
        (b"SSH-2.0-OpenSSH\r\n", "upstream_malformed"),
    ],
)
@on_both_loops
async def test_a_proxy_that_answers_nonsense(reply: bytes, code: str, trusting: ssl.SSLContext) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await reader.read()
        writer.transport.abort()

    async with serving(answer) as port, pooled(proxies=Proxies(https=f"127.0.0.1:{port}"), tls=trusting) as pool:
        error = await failure_of(ask(pool, "https://upstream.test/"))
        assert error.code == code
        assert f"proxy 127.0.0.1:{port}" in error.message
        await until(lambda: pool.active == 0)


@on_both_loops
async def test_a_proxy_that_is_not_there(unused_port: int) -> None:
    async with pooled(proxies=Proxies(http=f"127.0.0.1:{unused_port}")) as pool:
        error = await failure_of(ask(pool, "http://upstream.test/"))
        assert error.code == "upstream_refused"
        assert error.message == f"The connection to proxy 127.0.0.1:{unused_port} was refused."


@pytest.fixture
def unused_port() -> int:
    import socket

    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port: int = unused.getsockname()[1]
        return port


@on_both_loops
async def test_a_proxy_that_hangs_is_a_connect_timeout(trusting: ssl.SSLContext) -> None:
    async with silent_server() as (port, connections):
        pool = UpstreamPool(UpstreamLimits(), Proxies(https=f"http://127.0.0.1:{port}"), trusting)
        error = await failure_of(pool.send(post("https://upstream.test/"), connect_s=0.05))
        assert error.code == "connect"
        assert f"proxy 127.0.0.1:{port}" in error.message
        await until(lambda: not connections)
        await pool.close()


@on_both_loops
async def test_cancelled_at_any_turn_of_a_tunnel(trusting: ssl.SSLContext, certified: ssl.SSLContext) -> None:
    proxy = TunnelProxy()
    async with scripted(tls=certified) as upstream, serving(proxy) as port:
        for turns in range(0, 60, 2):
            async with pooled(proxies=Proxies(https=f"http://127.0.0.1:{port}"), tls=trusting) as pool:
                asking = asyncio.create_task(ask(pool, f"https://127.0.0.1:{upstream.port}/"))
                for _ in range(turns):
                    await asyncio.sleep(0)
                asking.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await asking
                await until(lambda pool=pool: pool.active == 0)
        await until(lambda: proxy.open == 0)
        await until(lambda: upstream.open == 0)


@on_both_loops
async def test_who_is_exempt_is_reached_directly() -> None:
    async with scripted() as upstream, pooled(proxies=Proxies(http="http://nowhere.invalid", no_proxy=("*",))) as pool:
        assert await ask(pool, upstream.url) == b"ok"
