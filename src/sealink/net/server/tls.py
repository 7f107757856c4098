"""The certificate of a port, and its renewal while the port is open."""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, NoReturn, Self

log = logging.getLogger("sealink.tls")

_ALPN: Final = ("http/1.1",)

_Version = tuple[tuple[int, int, int], ...]
"""Of each file what changes with it: inode, size, time."""


class CertificateError(Exception):
    """A certificate and a key that cannot be used. The message names the file."""


class ServerTls:
    """TLS with the certificate chain and the private key of two PEM files.

    Connections that are made get the newest pair that could be used; those that are open keep theirs. Raises
    CertificateError if the first pair cannot be used.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        self._certificate, self._key = certificate, key
        self._loaded = self._version()
        self._newest = self.context = self._context()
        """What a server is started with."""
        self.context.sni_callback = self._choose  # OpenSSL asks at each handshake, with or without a name

    @classmethod
    def of(cls, certificate: str, key: str) -> Self | None:
        """TLS where there is a certificate."""
        return cls(Path(certificate), Path(key)) if certificate else None

    def reload(self) -> None:
        """Read the files again. Raises CertificateError, and the pair before stays in force. Blocks."""
        version = self._version()
        self._newest = self._context()
        self._loaded = version

    async def watch(self, poll_s: float, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> NoReturn:
        """Read the files again when they change: they are looked at every `poll_s`."""
        failed: _Version | None = None
        told: _Version | None = None
        while True:
            await sleep(poll_s)
            version = await asyncio.to_thread(self._version)
            if version in (self._loaded, told):
                continue
            try:
                await asyncio.to_thread(self.reload)
            except CertificateError as error:
                if version == failed:  # of two files one is written first: only what stays is told
                    log.error("the certificate is not reloaded, the one before stays in force: %s", error)
                    told = version
                failed = version
            else:
                log.info("the certificate is reloaded: %s", self._certificate)

    def _choose(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        if self._newest is not self.context:
            connection.context = self._newest

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.set_alpn_protocols(_ALPN)
        try:
            context.load_cert_chain(self._certificate, self._key, password=_no_password)
        except FileNotFoundError as error:
            missing = next((path for path in (self._certificate, self._key) if not path.exists()), self._certificate)
            raise CertificateError(f"{missing}: {error.strerror}") from error
        except (OSError, ValueError) as error:  # an SSLError is an OSError
            raise CertificateError(f"{self._certificate} with {self._key}: {error}") from error
        return context

    def _version(self) -> _Version:
        found = []
        for path in (self._certificate, self._key):
            with contextlib.suppress(OSError):
                stat = path.stat()
                found.append((stat.st_ino, stat.st_size, stat.st_mtime_ns))
        return tuple(found)


def _no_password() -> NoReturn:
    raise ValueError("the key is encrypted: nobody is here to give its password")
