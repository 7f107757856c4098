"""The writing end of the ledger: entries appended to files that outlive the process.

    sealink.db.journal/               the root: one folder for each process that writes, or died writing
        20260102T030405-4711-9f3c/    held by flock(2) while its owner lives
            00000001.jsonl            segments: appended to until they are full, then never again
            00000002.jsonl

The kernel keeps what write() has taken when the process is killed, so an entry is safe as soon as `append` returns;
only a loss of power can lose it, unless `fsync` is set.
"""

import contextlib
import errno
import fcntl
import os
import re
import secrets
import time
from pathlib import Path
from typing import Final, Self

from sealink.ledger.entry import Entry, to_line

_TRIAL_BYTES: Final = 4096
_SEGMENT: Final = re.compile(r"(\d{8}|[1-9]\d{8,17})\.jsonl", re.ASCII)


class OwnedFolder:
    """A folder of segments that nobody but its owner writes or removes, until it is released or its owner dies.

    The lock is on the folder itself, so there is no lock file to outlive it. `newest` is the segment that this process
    writes; None where it does not, and all that are there have been written.
    """

    def __init__(self, path: Path, fd: int) -> None:
        self.path = path
        self.newest: int | None = None
        self._fd = fd

    @classmethod
    def new(cls, root: Path) -> Self:
        """A new folder below `root`, locked. Raises OSError if none can be made."""
        while True:
            path = root / f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-{os.getpid()}-{secrets.token_hex(4)}"
            path.mkdir(parents=True)
            # Between mkdir and flock, a process in search of dead owners may have taken the folder and removed it.
            if (folder := cls.take(path)) is not None:
                return folder

    @classmethod
    def take(cls, path: Path) -> Self | None:
        """The folder at `path`, or None if its owner lives, or if it is no longer there. Raises OSError otherwise."""
        try:
            fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        except FileNotFoundError:
            return None
        with contextlib.ExitStack() as undo:
            undo.callback(os.close, fd)
            with contextlib.suppress(BlockingIOError, FileNotFoundError):
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.path.samestat(os.fstat(fd), path.stat()):
                    undo.pop_all()
                    return cls(path, fd)
        return None

    def release(self) -> None:
        """Give up the lock."""
        os.close(self._fd)

    def sync(self) -> None:
        """Make the names of new segments outlive a loss of power."""
        os.fsync(self._fd)


def segment_path(folder: Path, number: int) -> Path:
    """Where a segment is."""
    return folder / f"{number:08d}.jsonl"


def segment_numbers(folder: Path) -> list[int]:
    """The segments that are in a folder, oldest first; none when its owner has removed it. Raises OSError.

    Whatever else somebody has put there is not looked at.
    """
    try:
        with os.scandir(folder) as found:
            names = [_SEGMENT.fullmatch(entry.name) for entry in found if entry.is_file(follow_symlinks=False)]
    except FileNotFoundError:
        return []
    return sorted(int(name[1]) for name in names if name)


class Journal:
    """Appends entries to segments of about `segment_bytes`. Not thread-safe.

    `fsync` makes each entry outlive a loss of power, and each `append` wait for the disk.
    """

    def __init__(self, folder: OwnedFolder, *, segment_bytes: int, fsync: bool) -> None:
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._fsync = fsync
        self._number = 0
        self._size = 0
        self._fd: int | None = None
        self._open_next()

    def append(self, entry: Entry) -> None:
        """Write an entry. Raises OSError if not all of it could be written."""
        line = to_line(entry)
        fd = self._open_next() if self._fd is None or self._size >= self._segment_bytes else self._fd
        written = os.write(fd, line)
        self._size += written
        if written != len(line):
            self.close()  # what was written of the line stays the last of its segment
            raise OSError(errno.ENOSPC, "only a part of a line could be written to the journal")
        if self._fsync:
            os.fsync(fd)

    def try_out(self) -> None:
        """Write something, and remove it again. Raises OSError if it could not be written."""
        path = self._folder.path / "trial"
        try:
            path.write_bytes(bytes(_TRIAL_BYTES))
        finally:
            path.unlink(missing_ok=True)

    def finish_segment(self) -> None:
        """Go on in another segment, unless nothing was written into this one."""
        if self._size:
            self._open_next()

    def close(self) -> None:
        """Finish the segment that is being written, if there is one."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _open_next(self) -> int:
        self.close()
        while self._fd is None:
            path = segment_path(self._folder.path, self._number + 1)
            with contextlib.suppress(FileExistsError):  # somebody has put a file of this name there
                self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL, 0o600)
            self._number += 1
        self._folder.newest = self._number
        self._size = 0
        if self._fsync:
            self._folder.sync()
        return self._fd
