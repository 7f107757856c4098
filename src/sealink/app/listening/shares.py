"""The sockets of several workers: each has TCP sockets of its own, over which the kernel spreads new connections."""

import socket
from collections.abc import Sequence

from sealink.app.listening.sockets import RESERVED, SHARED, Sockets, on_port, open_public, open_tcp
from sealink.config import Config


class Shares:
    """Sockets for workers as they start. `config` has the port that was really taken.

    Those that cannot be opened twice are for all workers: Unix sockets, and what somebody else has opened. Raises
    OSError.
    """

    def __init__(self, config: Config, count: int, given: Sockets | None) -> None:
        self._count = count
        self._dealt = 0
        self._for_all: list[socket.socket] = []
        self._handed: dict[object, list[socket.socket]] = {}
        """By address: sockets that the SeaLink before has handed over, for as many workers as it had."""
        self._reserved: list[socket.socket] = []
        self.admin: Sequence[socket.socket] = given.admin if given else ()
        if given is not None and given.public:
            self._sort(given)
        elif config.server.unix_socket:
            self._for_all = open_public(config.server)
        else:
            self._reserve(config)
        self.config = on_port(config, self._first())

    def deal(self) -> list[socket.socket]:
        """The sockets of a worker that is about to start, beside those for all. Raises OSError."""
        number, self._dealt = self._dealt, self._dealt + 1
        if not self._handed and not self._reserved:
            return []
        dealt = [each for group in self._handed.values() for each in group[number :: self._count]]
        if dealt and number < self._count:
            return dealt
        return open_tcp(self.config.server.host, self.config.server.port, SHARED)

    @property
    def for_all(self) -> Sequence[socket.socket]:
        """The sockets that every worker listens on."""
        return self._for_all

    def close(self) -> None:
        """Give up this process's hold on all."""
        for each in (*self._for_all, *self._reserved, *self.admin):
            each.close()

    def _sort(self, given: Sockets) -> None:
        for each in given.public:
            if given.for_all or not _may_be_shared(each):
                self._for_all.append(each)
            else:
                self._handed.setdefault(each.getsockname(), []).append(each)

    def _reserve(self, config: Config) -> None:
        """Bind the port, so that all workers get the same one, and nobody else. Nothing listens on these."""
        for probe in open_tcp(config.server.host, config.server.port):  # others may share theirs, but not with us
            probe.close()
        self._reserved = open_tcp(config.server.host, config.server.port, RESERVED)

    def _first(self) -> list[socket.socket]:
        return [*self._reserved, *self._for_all, *(each for group in self._handed.values() for each in group)]


def _may_be_shared(each: socket.socket) -> bool:
    return each.family != socket.AF_UNIX and bool(each.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT))
