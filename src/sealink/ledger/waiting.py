"""What the journals hold and the store may not have yet, for those who only look on."""

from contextlib import closing
from pathlib import Path

import msgspec

from sealink.ledger.entry import Admission
from sealink.ledger.replay import Replay
from sealink.ledger.row import Row, row_of

_ALL = 1 << 62


class Waiting(msgspec.Struct):
    """Settled requests and open ones, by request id. Some of both may be in the store already."""

    settled: dict[str, Row] = {}
    open: dict[str, Admission] = {}


def read_waiting(root: Path) -> Waiting:
    """What stands in the journals under `root`, nothing if there is no such folder.

    Read it before the store: what is carried meanwhile is then found in both, and not in neither.
    """
    waiting = Waiting()
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.is_dir():
            _read(folder, waiting)
    return waiting


def _read(folder: Path, waiting: Waiting) -> None:
    with closing(Replay(folder)) as replay:
        for placed in replay.read(_ALL):
            entry = placed.entry
            if isinstance(entry, Admission):
                waiting.open[entry.request_id] = entry
            elif (admission := waiting.open.pop(entry.request_id, None)) is not None:
                waiting.settled[entry.request_id] = row_of(admission, entry)
