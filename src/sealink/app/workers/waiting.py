"""To wait for processes, or for a signal."""

import contextlib
import signal
import socket
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Final, Self

_READ_BYTES: Final = 4096


class Waiting:
    """Ends when a process does, or a signal has come, also one that comes just before, or to another thread: Python
    calls handlers in its main thread alone, which such a signal does not wake (the docs of signal.set_wakeup_fd)."""

    def __init__(self, woken: socket.socket) -> None:
        self._woken = woken

    @classmethod
    @contextlib.contextmanager
    def begin(cls) -> Iterator[Self]:
        """Of the main thread, which no event loop runs in."""
        woken, waking = socket.socketpair()
        with woken, waking:
            for each in (woken, waking):
                each.setblocking(False)
            before = signal.set_wakeup_fd(waking.fileno(), warn_on_full_buffer=False)
            try:
                yield cls(woken)
            finally:
                signal.set_wakeup_fd(before)

    def wait(self, processes: Sequence[BaseProcess], at_most_s: float | None) -> None:
        """None: however long it takes."""
        if self._woken in wait([self._woken, *(process.sentinel for process in processes)], at_most_s):
            self._woken.recv(_READ_BYTES)
