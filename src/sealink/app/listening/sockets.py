"""The sockets of a config's addresses, bound and not yet listening."""

import contextlib
import errno
import socket
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from sealink.app.listening.address import printable
from sealink.config import Config, ServerConfig

_NOT_ON_THIS_MACHINE: Final = (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL)
"""What a name's IPv6 address fails with where IPv6 is off; asyncio passes over it too."""


ALONE: Final = (socket.SO_REUSEADDR,)
"""Options of sockets at whose address nobody else listens; connections there that linger are no obstacle."""
SHARED: Final = (socket.SO_REUSEADDR, socket.SO_REUSEPORT)
"""Of sockets that share their address with others of the same user."""
RESERVED: Final = (socket.SO_REUSEPORT,)
"""Of sockets that nobody listens on: they keep an address from all that do not know of SO_REUSEPORT, which
SO_REUSEADDR would not."""


class Sockets(NamedTuple):
    """What SeaLink listens on: the sockets of its public port and of its admin port.

    `for_all`: each worker listens on every one. Else those of TCP are dealt to them.
    """

    public: Sequence[socket.socket] = ()
    admin: Sequence[socket.socket] = ()
    for_all: bool = False


def open_public(server: ServerConfig) -> list[socket.socket]:
    """The sockets of the public port. Raises OSError."""
    if server.unix_socket:
        return [open_unix(Path(server.unix_socket), int(server.unix_socket_mode, 8))]
    return open_tcp(server.host, server.port)


def open_tcp(host: str, port: int, options: Iterable[int] = ALONE) -> list[socket.socket]:
    """A socket for each address of a host. Port 0 takes a free one, the same for all. Raises OSError."""
    opened: list[socket.socket] = []
    unusable: OSError | None = None
    with contextlib.ExitStack() as undo:
        for family, address in _addresses(host, port):
            if port == 0 and opened:
                address = (address[0], opened[0].getsockname()[1], *address[2:])
            try:
                bound = _bound(family, address, options)
            except OSError as error:
                if error.errno not in _NOT_ON_THIS_MACHINE:
                    raise
                unusable = error
                continue
            undo.callback(bound.close)
            opened.append(bound)
        if not opened and unusable is not None:
            raise unusable
        undo.pop_all()
    return opened


def open_unix(path: Path, mode: int) -> socket.socket:
    """A Unix socket at `path`, in place of one on which nobody listens any more. Raises OSError."""
    with contextlib.suppress(FileNotFoundError):
        if stat.S_ISSOCK(path.stat().st_mode) and not _is_answered(path):
            path.unlink()
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        opened.bind(str(path))
        path.chmod(mode)  # nobody can connect before it listens
    except BaseException:
        opened.close()
        raise
    return opened


def origin(server: ServerConfig, port: int) -> str:
    """Where clients reach it; over a Unix socket the host in a URL has no meaning."""
    scheme = "https" if server.tls_cert else "http"
    return f"{scheme}://localhost" if server.unix_socket else f"{scheme}://{printable(server.host)}:{port}"


def base_url(server: ServerConfig, sockets: Sequence[socket.socket]) -> str:
    """As OpenAI's clients are given it, with the port that was really taken."""
    port = 0 if server.unix_socket else sockets[0].getsockname()[1]
    return f"{origin(server, port)}/v1"


def on_port(config: Config, sockets: Sequence[socket.socket]) -> Config:
    """The config with the port that was really taken."""
    if config.server.unix_socket:
        return config
    return _with_server(config, port=sockets[0].getsockname()[1])


def at_addresses_of(config: Config, sockets: Sequence[socket.socket]) -> Config:
    """The config with the address of sockets that were opened by somebody else."""
    first = next((each for each in sockets if each.family != socket.AF_UNIX), sockets[0])
    if first.family == socket.AF_UNIX:
        return _with_server(config, unix_socket=str(first.getsockname()))
    host, port = first.getsockname()[:2]
    return _with_server(config, host=host, port=port, unix_socket="")


def is_at(each: socket.socket, host: str, port: int, unix_socket: str = "") -> bool:
    """Whether a socket listens at an address of a config. Raises OSError for a host that is not known."""
    if each.family == socket.AF_UNIX:
        return bool(unix_socket) and Path(each.getsockname()).resolve() == Path(unix_socket).resolve()
    return not unix_socket and each.getsockname()[:2] in {address[:2] for _, address in _addresses(host, port)}


def _with_server(config: Config, **settings: Any) -> Config:
    return msgspec.structs.replace(config, server=msgspec.structs.replace(config.server, **settings))


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, Any]]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list({(family, address): None for family, _, _, _, address in found})


def _bound(family: socket.AddressFamily, address: Any, options: Iterable[int]) -> socket.socket:
    bound = socket.socket(family, socket.SOCK_STREAM)
    try:
        for option in options:
            bound.setsockopt(socket.SOL_SOCKET, option, 1)
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind(address)
    except BaseException:
        bound.close()
        raise
    return bound


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            return False
    return True


def with_version(public_url: str) -> str:
    """[server] public_url as clients are given it; "" where it is not set."""
    return f"{public_url.rstrip('/').removesuffix('/v1')}/v1" if public_url else ""
