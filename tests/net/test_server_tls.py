"""The server over TLS: certificates that change while it runs, and what TLS does otherwise than TCP."""

import asyncio
import os
import socket
import ssl
from pathlib import Path

import pytest
import trustme
from served import BODY_LIMIT, GET, PATIENCE_S, echo, error_response, on_both_loops

from sealink.net.server import CertificateError, Server, ServerLimits, ServerTls

NAME = "sealink.example"


class Pair:
    """A certificate and its key, as files."""

    def __init__(self, folder: Path) -> None:
        self.authority = trustme.CA()
        self.certificate, self.key = folder / "cert.pem", folder / "key.pem"
        self.issue("first")

    def issue(self, unit: str) -> None:
        """A new pair, of which an organizational unit says which it is, in place of the old one, as renewal does it:
        each file is replaced at once, one after the other."""
        new = self.authority.issue_cert(NAME, "127.0.0.1", organization_unit_name=unit)
        self.put(self.certificate, b"".join(each.bytes() for each in new.cert_chain_pems))
        self.put(self.key, new.private_key_pem.bytes())

    @staticmethod
    def put(path: Path, data: bytes) -> None:
        fresh = path.with_suffix(".new")
        fresh.write_bytes(data)
        os.replace(fresh, path)

    def client(self) -> ssl.SSLContext:
        context = ssl.create_default_context()
        self.authority.configure_trust(context)
        return context


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    return Pair(tmp_path)


def unit_of(writer: asyncio.StreamWriter) -> str:
    """Which certificate a connection was made with."""
    subject = writer.get_extra_info("peercert")["subject"]
    return str(next(value for ((name, value),) in subject if name == "organizationalUnitName"))


class Served:
    def __init__(self, pair: Pair, **limits: float) -> None:
        self.tls = ServerTls(pair.certificate, pair.key)
        self._pair = pair
        self._limits = limits

    async def __aenter__(self) -> "Served":
        self.server = Server(
            echo,
            limits=ServerLimits(**{"keep_alive_grace_s": 0.0, "tls_shutdown_s": 0.1, **self._limits}),  # type: ignore[arg-type]
            check_head=lambda request: BODY_LIMIT,
            error_response=error_response,
        )
        listening = socket.create_server(("127.0.0.1", 0))
        self.port = listening.getsockname()[1]
        await self.server.start_on([listening], self.tls)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.server.stop(0)
        assert (self.server.connections, self.server.open_requests) == (0, 0)

    async def connect(self, name: str | None = NAME) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        context = self._pair.client()
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=context, server_hostname=name or "127.0.0.1")

    async def unit(self, name: str | None = NAME) -> str:
        """Of the certificate that a new connection gets; with a name, or without (an address is no name for SNI)."""
        reader, writer = await self.connect(name)
        writer.write(GET)
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200 ")
        try:
            return unit_of(writer)
        finally:
            writer.transport.abort()


@on_both_loops
async def test_new_connections_get_the_new_certificate_and_open_ones_go_on(pair: Pair) -> None:
    async with Served(pair) as served:
        reader, writer = await served.connect()
        pair.issue("second")
        assert await served.unit() == "first"
        served.tls.reload()
        assert await served.unit() == "second"
        assert await served.unit(None) == "second"
        writer.write(GET)
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200 ")
        assert unit_of(writer) == "first"
        writer.transport.abort()


@on_both_loops
async def test_a_broken_pair_leaves_the_one_before_in_force(pair: Pair) -> None:
    async with Served(pair) as served:
        pair.put(pair.key, Pair(pair.key.parent / "..").key.read_bytes())  # another certificate's
        with pytest.raises(CertificateError, match=r"cert\.pem with .*key\.pem: .*mismatch"):
            served.tls.reload()
        assert await served.unit() == "first"
        pair.put(pair.certificate, b"nonsense")
        with pytest.raises(CertificateError):
            served.tls.reload()
        pair.certificate.unlink()
        with pytest.raises(CertificateError, match=r"cert\.pem: No such file"):
            served.tls.reload()
        assert await served.unit() == "first"


def test_an_encrypted_key_is_refused_without_asking_for_its_password(pair: Pair) -> None:
    from cryptography.hazmat.primitives import serialization

    key = serialization.load_pem_private_key(pair.key.read_bytes(), None)
    encrypted = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    pair.put(pair.key, encrypted)
    with pytest.raises(CertificateError, match="encrypted"):
        ServerTls(pair.certificate, pair.key)


def test_the_files_are_watched(pair: Pair, caplog: pytest.LogCaptureFixture) -> None:
    """A certificate whose key is not there yet is not told; one that stays broken is told once."""
    caplog.set_level("INFO")
    first, other = pair.key.read_bytes(), Pair(pair.key.parent / "..").key.read_bytes()
    logged: list[list[str]] = []
    steps = [lambda: pair.put(pair.key, other), *[lambda: None] * 3, lambda: pair.put(pair.key, first), lambda: None]

    async def step(pause_s: float) -> None:
        assert pause_s == 5.0
        logged.append([record.levelname for record in caplog.records])
        if not steps:
            raise asyncio.CancelledError
        steps.pop(0)()

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(ServerTls(pair.certificate, pair.key).watch(5.0, sleep=step))
    assert logged == [[], [], *[["ERROR"]] * 3, *[["ERROR", "INFO"]] * 2]


@on_both_loops
async def test_a_refusal_that_lingers(pair: Pair) -> None:
    """Over TLS no side can be closed alone: the answer arrives all the same."""
    async with Served(pair, linger_s=0.1) as served:
        reader, writer = await served.connect()
        head = f"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {BODY_LIMIT + 1}\r\n\r\n"
        writer.write(head.encode() + bytes(BODY_LIMIT // 2))
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 413 ")
        writer.transport.abort()


@on_both_loops
async def test_who_is_in_the_middle_of_the_handshake_when_it_stops_is_served(pair: Pair) -> None:
    async with Served(pair, keep_alive_grace_s=PATIENCE_S) as served:
        plain = socket.create_connection(("127.0.0.1", served.port))
        await asyncio.sleep(0.05)  # it is accepted
        stop = asyncio.ensure_future(served.server.stop(PATIENCE_S))
        await asyncio.sleep(0.02)
        reader, writer = await asyncio.open_connection(sock=plain, ssl=pair.client(), server_hostname=NAME)
        writer.write(GET)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close\r\n" in head
        writer.transport.abort()
        served.server.hurry()
        await stop


@on_both_loops
async def test_a_handshake_that_does_not_come(pair: Pair) -> None:
    async with Served(pair, tls_handshake_s=0.05) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        assert await reader.read() == b""
        writer.close()
