"""What the journals hold and the store may not have yet, for reports. Reading a journal does not disturb its owner."""

from contextlib import closing
from pathlib import Path

import msgspec

from sealink.ledger.entry import Admission
from sealink.ledger.replay import Replay
from sealink.ledger.row import Row, row_of

_ALL = 1 << 62


class Unstored(msgspec.Struct):
    """Settled requests and open ones, by request id. Some of both may be in the store already."""

    settled: dict[str, Row] = {}
    open: dict[str, Admission] = {}


def read_unstored(root: Path) -> Unstored:
    """What is in the journals under `root`; nothing if there is no such folder.

    Read it before the store: what is uploaded in between is then found in both, and not in neither.
    """
    unstored = Unstored()
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.is_dir():
            _read(folder, unstored)
    return unstored


def _read(folder: Path, unstored: Unstored) -> None:
    with closing(Replay(folder)) as replay:
        positions = list(replay.read(_ALL))
    for entry in (position.entry for position in positions):
        if isinstance(entry, Admission):
            unstored.open[entry.request_id] = entry
        elif (admission := unstored.open.pop(entry.request_id, None)) is not None:
            unstored.settled[entry.request_id] = row_of(admission, entry)
