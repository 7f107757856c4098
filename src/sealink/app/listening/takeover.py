"""A SeaLink takes over from another: it gets that one's sockets, and when it is ready has it stop.

    new                                  old
     │ connects to DATA_DIR/takeover-PORT.sock ▶│ a thread waits there
     │◀─ how many sockets, and the sockets ─────│ (SCM_RIGHTS, unix(7))
     │ listens on them beside the old one       │
     │ ─ "stop" ───────────────────────────────▶│ SIGUSR1 to itself: it listens no more, and lets open streams finish

Both have the same sockets, so a connection that waits to be accepted is accepted by either.
"""

import contextlib
import json
import logging
import os
import signal
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, Self

from sealink.app.listening.sockets import Sockets, is_at
from sealink.config import Config, ServerConfig

log = logging.getLogger("sealink.takeover")

TAKEN_OVER: Final = signal.SIGUSR1
"""What a process sends itself, and its workers: another one has their sockets now."""

_ANSWER_S: Final = 10.0
"""How long the other process may take to answer: it does so at once, unless it hangs."""
_HEAD_BYTES: Final = 4096
_MAX_SOCKETS: Final = 250
"""Of one message; the kernel's own limit is 253."""
_STOP: Final = b"stop\n"


def meeting_place(server: ServerConfig) -> Path:
    """Where a SeaLink with this public address can be asked for its sockets."""
    name = f"{zlib.crc32(server.unix_socket.encode()):08x}" if server.unix_socket else str(server.port)
    return Path(server.data_dir) / f"takeover-{name}.sock"


class MeetingPlace:
    """A socket at which the next SeaLink gets the sockets of this one. Only this user can open it."""

    def __init__(self, server: ServerConfig, sockets: Callable[[], Sockets]) -> None:
        """Raises OSError where there can be none."""
        self._path = meeting_place(server)
        self._sockets = sockets
        self._listening = _listen(self._path)
        self._inode = self._path.stat().st_ino
        threading.Thread(target=self._run, name="sealink-takeover", daemon=True).start()

    def close(self) -> None:
        """Nobody can take over any more."""
        with contextlib.suppress(OSError):  # the next one's is there already, or it was removed
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # the thread wakes up
        self._listening.close()

    def _run(self) -> None:
        while True:
            try:
                connection, _ = self._listening.accept()
            except OSError:  # it is closed
                return
            with connection:
                try:
                    if self._is_taken_over(connection):
                        os.kill(os.getpid(), TAKEN_OVER)
                        return
                except OSError as error:
                    log.warning("a SeaLink that wanted to take over has left: %s", error.strerror)

    def _is_taken_over(self, connection: socket.socket) -> bool:
        """Hand the sockets over, and wait until the other one listens, or has given up."""
        sockets = self._sockets()
        head = json.dumps({"public": len(sockets.public), "admin": len(sockets.admin)}).encode()
        socket.send_fds(connection, [head], [each.fileno() for each in (*sockets.public, *sockets.admin)])
        return connection.recv(len(_STOP)) == _STOP


class Predecessor:
    """The SeaLink that this one takes over from, and the sockets that it has handed over."""

    def __init__(self, connection: socket.socket, sockets: Sockets) -> None:
        self.sockets = sockets
        self._connection = connection

    @classmethod
    def of(cls, config: Config) -> Self | None:
        """The SeaLink that listens on the public address of a config; None if there is none. Raises OSError where the
        one that is there does not answer."""
        connection = _connected(meeting_place(config.server))
        if connection is None:
            return None
        sockets = _at_addresses(config, _received(connection))
        if sockets.public:
            return cls(connection, sockets)
        for each in (connection, *sockets.admin):
            each.close()
        return None

    def stop(self) -> None:
        """Have it stop: this one listens."""
        with self._connection:
            try:
                self._connection.sendall(_STOP)
            except OSError as error:
                log.warning("the SeaLink before has ended by itself: %s", error.strerror)


def _connected(path: Path) -> socket.socket | None:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(_ANSWER_S)
    try:
        with _address(path) as address:
            connection.connect(address)
    except (FileNotFoundError, ConnectionRefusedError):
        connection.close()
        return None
    return connection


def _received(connection: socket.socket) -> Sockets:
    head, fds, _, _ = socket.recv_fds(connection, _HEAD_BYTES, _MAX_SOCKETS)
    sockets = [socket.socket(fileno=fd) for fd in fds]
    public = json.loads(head)["public"] if head else 0
    return Sockets(sockets[:public], sockets[public:])


def _at_addresses(config: Config, found: Sockets) -> Sockets:
    """Those that listen where the config says; the others are closed."""
    server, admin = config.server, config.admin
    public = [each for each in found.public if is_at(each, server.host, server.port, server.unix_socket)]
    of_admin = [each for each in found.admin if is_at(each, admin.host, admin.port)]
    for each in (*found.public, *found.admin):
        if each not in public and each not in of_admin:
            each.close()
    return Sockets(public, of_admin)


def _listen(path: Path) -> socket.socket:
    """A Unix socket that comes to be at `path` when it listens, in place of whatever is there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f"{path.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _address(new) as address:
            listening.bind(address)
        new.chmod(0o600)
        listening.listen()
        new.replace(path)
    except BaseException:
        listening.close()
        raise
    return listening


@contextlib.contextmanager
def _address(path: Path) -> Iterator[str]:
    """A path as a Unix socket's address, which has 107 bytes at most: by way of its open folder, on Linux."""
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        short = Path(f"/proc/self/fd/{folder}")
        yield str(short / path.name) if short.exists() else str(path)
    finally:
        os.close(folder)
