"""The reading end of a journal: its entries in the order they were written."""

import logging
import os
from collections.abc import Iterator
from io import BufferedReader
from pathlib import Path

import msgspec

from sealink.ledger.entry import DamagedLine, Entry, from_line
from sealink.ledger.journal import OwnedFolder, segment_numbers, segment_path

log = logging.getLogger("sealink.ledger")


class EntryPosition(msgspec.Struct, frozen=True):
    """An entry, and the number of the segment that it is in."""

    entry: Entry
    segment: int


class Replay:
    """Reads the segments of one folder, as far as they have been written; more may come.

    `owned`: the folder as its owner has it. Where this process writes it, no segment beyond the newest is read.
    """

    def __init__(self, folder: Path, owned: OwnedFolder | None = None) -> None:
        self._folder = folder
        self._owned = owned
        self._number = 0
        self._file: BufferedReader | None = None
        self._is_finished = True
        self.read_to_end: list[int] = []
        self._damaged: set[int] = set()

    def read(self, limit: int) -> Iterator[EntryPosition]:
        """The next entries: fewer than `limit` when that is all there is for now.

        Raises OSError where the next segment cannot be opened; what was handed out before is not handed out again.
        """
        count = 0
        while count < limit:
            line = self._file.readline() if self._file else b""
            if line.endswith(b"\n"):
                if (entry := self._entry(line)) is not None:
                    count += 1
                    yield EntryPosition(entry, self._number)
            elif not self._go_on(len(line)):
                return

    def discard(self, needed: set[int]) -> None:
        """Remove the segments that were read to their end, but for the `needed` ones.

        One with a damaged line is not removed but renamed to `*.damaged`, beside the folder, for an operator to read.
        """
        for number in self.read_to_end:
            if number not in needed:
                self._remove(number)
        self.read_to_end = [number for number in self.read_to_end if number in needed]

    def close(self) -> None:
        """Stop reading: the segment that is being read counts as read to its end."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self.read_to_end.append(self._number)

    def _entry(self, line: bytes) -> Entry | None:
        try:
            return from_line(line)
        except DamagedLine as error:
            log.error("a damaged line in %s: %s", segment_path(self._folder, self._number), error)
            self._damaged.add(self._number)
            return None

    def _go_on(self, torn: int) -> bool:
        """At the end of what is written so far, perhaps behind `torn` bytes of a line: may there be more to read?"""
        if self._file is not None:
            self._file.seek(-torn, os.SEEK_CUR)
        successor = next((number for number in segment_numbers(self._folder) if number > self._number), None)
        if successor is None or self._is_beyond_newest(successor):
            return False
        if self._is_finished:
            self._open(successor)
        else:  # it is not written any more, but may have grown after the last read and before its successor was made
            self._is_finished = True
        return True

    def _is_beyond_newest(self, number: int) -> bool:
        newest = None if self._owned is None else self._owned.newest
        return newest is not None and number > newest

    def _open(self, number: int) -> None:
        try:
            file = segment_path(self._folder, number).open("rb")
        except FileNotFoundError:
            file = None  # its owner has uploaded and removed it meanwhile: this reader is a report
        self.close()
        self._number, self._file, self._is_finished = number, file, file is None

    def _remove(self, number: int) -> None:
        path = segment_path(self._folder, number)
        if number in self._damaged:
            path.rename(self._folder.with_name(f"{self._folder.name}-{path.stem}.damaged"))
        else:
            path.unlink(missing_ok=True)
