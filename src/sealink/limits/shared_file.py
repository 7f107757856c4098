"""A memory-mapped file in which processes of one machine count. It outlives them.

The file is an array of 8-byte cells: a header, the digests of the names that are counted, and a slot for each name, in
the order in which they were first seen. The kernel holds the locks (fcntl(2), on ranges of bytes) and the pages: a
process that is killed leaves its cells as they are, and frees its locks. Where nothing was counted, the file takes no
space on the disk.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import sys
import time
from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Final

PROCESSES: Final = 64
"""How many processes count at a time."""
SLOT_CELLS: Final = 1024
_CELL: Final = 8
_LAYOUT: Final = 0x5EA11A0C00000002
"""Another number for each layout of the file."""

_LAYOUT_CELL, _BOOT_CELL, _CLOCK_CELL, _CAPACITY_CELL, _COUNT_CELL = range(5)
_PROCESS_CELLS: Final = 64
_JOURNAL_CELLS: Final = _PROCESS_CELLS + PROCESSES
_HEADER_CELLS: Final = _JOURNAL_CELLS + PROCESSES
_DIGEST_CELLS: Final = 2

_DIGITS: Final = 14
"""Of a hexadecimal number of 56 bits."""
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


class FileFull(Exception):
    """There is no place for another name, or for another process."""


class SharedFile:
    """The file, opened by this process. Not thread-safe. Raises OSError, FileFull.

    `journal` is the name of the journal in which the process writes what it counts here, if it has one. `rebooted`: the
    machine was started anew since the file was last used, so that its pages may be of any time before. `clock` tells
    the nanoseconds since `clock_began_ns`.
    """

    def __init__(self, path: Path, capacity: int, journal: str = "") -> None:
        self.process = -1
        self.rebooted = False
        self.clock: Callable[[], int] = time.monotonic_ns
        self.fd = _open(path, capacity)
        try:
            self.map = mmap.mmap(self.fd, 0)
        except BaseException:
            os.close(self.fd)
            raise
        self.cells = memoryview(self.map).cast("q")
        self._capacity = self.cells[_CAPACITY_CELL]
        self._slots_at = -(-(_HEADER_CELLS + self._capacity * _DIGEST_CELLS) // SLOT_CELLS) * SLOT_CELLS
        self._locks = _Locks(self.fd)
        self._names: dict[bytes, int] = {}
        with self.locked((_LAYOUT_CELL,)):
            self._set_clock()
            self.process = self._enter()
            self.cells[_JOURNAL_CELLS + self.process] = number_of(journal) if journal else 0

    def close(self) -> None:
        """Leave. Slots must not be used any more."""
        self.cells[_JOURNAL_CELLS + self.process] = 0
        self.cells.release()
        self.map.close()
        os.close(self.fd)

    def now_ns(self) -> int:
        """The time, of a clock that all processes have, that is never set, and that goes on after a reboot."""
        return self.clock() + self.clock_began_ns

    def slot_of(self, name: str) -> int:
        """The first cell of a name's slot. Raises FileFull."""
        digest = hashlib.blake2b(name.encode(), digest_size=_DIGEST_CELLS * _CELL).digest()
        index = self._names.get(digest)
        if index is None:
            with self.locked((_LAYOUT_CELL,)):
                index = self._find(digest)
        return self._slots_at + index * SLOT_CELLS

    def locked(self, slots: Sequence[int]) -> "_Held":
        """Hold slots, given in ascending order so that no two processes can wait for each other."""
        return _Held(self._locks, slots)

    def is_dead(self, process: int) -> bool:
        """Whether a process that has counted here is gone."""
        if process == self.process or not self._locks.take_free(_PROCESS_CELLS + process):
            return False
        self._locks.free(_PROCESS_CELLS + process)
        return True

    def unrecovered(self) -> list[int]:
        """The processes whose journals may have what is not counted here: those that live, and those that have died."""
        journals = self.cells[_JOURNAL_CELLS : _JOURNAL_CELLS + PROCESSES].tolist()
        return [process for process, journal in enumerate(journals) if journal and process != self.process]

    def writer_of(self, journal: str) -> int | None:
        """The process, dead by now, that has written this journal; None: it has counted nothing here."""
        number = number_of(journal)
        written = [each for each in self.unrecovered() if self.cells[_JOURNAL_CELLS + each] == number]
        return next((process for process in written if self.is_dead(process)), None)

    def is_recovered(self, process: int) -> None:
        """All that a dead process has written is counted."""
        self.cells[_JOURNAL_CELLS + process] = 0

    def _enter(self) -> int:
        """A number for this process: none that a living one has; if there is one, none of a process whose journal may
        have what is not counted."""
        for process in sorted(range(PROCESSES), key=lambda process: self.cells[_JOURNAL_CELLS + process] != 0):
            if self._locks.take_free(_PROCESS_CELLS + process):
                return process
        raise FileFull(f"{PROCESSES} processes count here already")

    @property
    def slots(self) -> range:
        """All slots that are in use."""
        return range(self._slots_at, self._slots_at + self.cells[_COUNT_CELL] * SLOT_CELLS, SLOT_CELLS)

    def _find(self, digest: bytes) -> int:
        """A name's number; a name that is new gets the next one."""
        cells, names = self.cells, self._names
        for index in range(len(names), cells[_COUNT_CELL]):
            begin = _HEADER_CELLS + index * _DIGEST_CELLS
            names[cells[begin : begin + _DIGEST_CELLS].tobytes()] = index
        index = names.get(digest, len(names))
        if index == self._capacity:
            raise FileFull(f"{self._capacity} names are counted already")
        if index == len(names):
            begin = _HEADER_CELLS + index * _DIGEST_CELLS
            cells[begin : begin + _DIGEST_CELLS] = memoryview(digest).cast("q")
            cells[_COUNT_CELL] = index + 1
            names[digest] = index
        return index

    def _set_clock(self) -> None:
        """After a start of the machine the monotonic clock has begun anew: the real one says how long it was off."""
        boot = _boot()
        if self.cells[_BOOT_CELL] != boot:
            self.rebooted = self.cells[_BOOT_CELL] != 0
            self.cells[_CLOCK_CELL] = time.time_ns() - time.monotonic_ns()
            self.cells[_BOOT_CELL] = boot
            self.cells[_JOURNAL_CELLS : _JOURNAL_CELLS + PROCESSES] = memoryview(array("q", [0] * PROCESSES))
        self.clock_began_ns = self.cells[_CLOCK_CELL]


class _Held:
    """Cells that are locked from `with` to its end."""

    __slots__ = ("_held", "_locks", "_slots")

    def __init__(self, locks: "_Locks", slots: Sequence[int]) -> None:
        self._locks = locks
        self._slots = slots
        self._held: list[int] = []

    def __enter__(self) -> None:
        try:
            for slot in self._slots:
                self._locks.take(slot)
                self._held.append(slot)
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        for slot in self._held:
            self._locks.free(slot)


def number_of(name: str) -> int:
    """A number, other than 0, for a name that is unique for all time."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=7).digest()) + 1


def number_of_request(request_id: str) -> int:
    """The same of a request: its id is a random number already."""
    try:
        return int(request_id[-_DIGITS:], 16) + 1
    except ValueError:
        return number_of(request_id)


class _Locks:
    """Locks on cells of a file. On Linux they are the file descriptor's, elsewhere the process's, which then must not
    open the file twice."""

    def __init__(self, fd: int) -> None:
        self._fd = fd

    if sys.platform == "linux":

        def take(self, cell: int) -> None:
            """Wait for it."""
            fcntl.fcntl(self._fd, fcntl.F_OFD_SETLKW, _flock(fcntl.F_WRLCK, cell))

        def take_free(self, cell: int) -> bool:
            """Take it, unless somebody has it."""
            try:
                fcntl.fcntl(self._fd, fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK, cell))
            except (BlockingIOError, PermissionError):
                return False
            return True

        def free(self, cell: int) -> None:
            fcntl.fcntl(self._fd, fcntl.F_OFD_SETLK, _flock(fcntl.F_UNLCK, cell))

    else:

        def take(self, cell: int) -> None:
            """Wait for it."""
            fcntl.lockf(self._fd, fcntl.LOCK_EX, 1, cell * _CELL)

        def take_free(self, cell: int) -> bool:
            """Take it, unless somebody has it."""
            try:
                fcntl.lockf(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, cell * _CELL)
            except (BlockingIOError, PermissionError):
                return False
            return True

        def free(self, cell: int) -> None:
            fcntl.lockf(self._fd, fcntl.LOCK_UN, 1, cell * _CELL)


@lru_cache(maxsize=4096)
def _flock(kind: int, cell: int) -> bytes:
    """Linux's `struct flock` for the first byte of a cell: kind, whence, start, length, process (0)."""
    return struct.pack("hhqqi4x", kind, os.SEEK_SET, cell * _CELL, 1, 0)


def _open(path: Path, capacity: int) -> int:
    """The file, made if it is not there, and anew if it has another layout."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        locks = _Locks(fd)
        try:
            locks.take(_LAYOUT_CELL)
            if os.fstat(fd).st_size == 0:
                _lay_out(fd, capacity)
            if os.pread(fd, _CELL, 0) == _LAYOUT.to_bytes(_CELL, sys.byteorder):
                locks.free(_LAYOUT_CELL)
                return fd
            if path.exists() and os.path.samestat(os.fstat(fd), path.stat()):
                path.unlink()
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)


def _lay_out(fd: int, capacity: int) -> None:
    """Its layout is written last: a file that was not made to its end is made anew."""
    slots_at = -(-(_HEADER_CELLS + capacity * _DIGEST_CELLS) // SLOT_CELLS) * SLOT_CELLS
    os.ftruncate(fd, (slots_at + capacity * SLOT_CELLS) * _CELL)
    os.pwrite(fd, capacity.to_bytes(_CELL, sys.byteorder), _CAPACITY_CELL * _CELL)
    os.pwrite(fd, _LAYOUT.to_bytes(_CELL, sys.byteorder), _LAYOUT_CELL * _CELL)


def _boot() -> int:
    """Which start of the machine this is; 1 where it does not say so."""
    try:
        text = _BOOT_ID.read_bytes()
    except OSError:
        return 1
    return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest()) + 2
