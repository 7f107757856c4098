"""Where lines of the log are written: those of a moment together, in one write."""

from collections.abc import Callable
from typing import Final, TextIO

GATHER_S: Final = 0.05
"""How long a line may wait for others."""

Later = Callable[[float, Callable[[], None]], object]
"""Calls a function after some seconds, as a loop's call_later does."""


class LogLines:
    """Writes to a stream. `close` writes what still waits."""

    def __init__(self, stream: TextIO, later: Later) -> None:
        self._stream = stream
        self._later = later
        self._waiting: list[bytes] = []

    def write(self, line: bytes) -> None:
        """Write a line, which has its end, soon."""
        if not self._waiting:
            self._later(GATHER_S, self.close)
        self._waiting.append(line)

    def close(self) -> None:
        """Write what waits."""
        if self._waiting:
            lines, self._waiting = self._waiting, []
            self._stream.write(b"".join(lines).decode())
            self._stream.flush()
