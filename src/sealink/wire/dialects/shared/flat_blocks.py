"""The blocks of a flat format, in which text, thinking and tool calls follow each other without block boundaries.

Where one block ends and the next begins is inferred from the deltas: one block is open at a time, until a delta of
another kind comes. Formats that have blocks of their own do not need this.
"""

from sealink.events import BlockEnd, BlockKind, BlockMeta, BlockStart, Event
from sealink.wire.identifiers import UniqueIds


class Blocks:
    """One choice's blocks. `kind` is the open block's, None if none is open; `number` is the last opened block's.

    `signature` is the open block's so far: its event is sent when the block ends.
    """

    __slots__ = ("_ids", "choice", "kind", "number", "signature")

    def __init__(self, choice: int = 0) -> None:
        self.choice = choice
        self.kind: BlockKind | None = None
        self.number = -1
        self.signature = ""
        self._ids = UniqueIds()

    def enter(self, kind: BlockKind) -> list[Event]:
        """Make sure that a block of `kind` is open: the present one, or a new one."""
        return [] if kind == self.kind else self.open(kind)

    def open(self, kind: BlockKind, *, id: str = "", name: str = "") -> list[Event]:
        """Open a new block, even if the present one is of the same kind."""
        events = self.open_beside(kind, id=id, name=name)
        self.kind = kind
        return events

    def open_beside(
        self, kind: BlockKind, *, id: str = "", name: str = "", data: str = "", raw: bytes = b""
    ) -> list[Event]:
        """Open a block that may stay open while later ones come and go: the caller closes it. A call whose `id` an
        earlier one has gets another."""
        events = self.close()
        self.number += 1
        events.append(BlockStart(self.number, kind, self.choice, id and self._ids.take(id), name, data, raw))
        return events

    def close(self) -> list[Event]:
        if self.kind is None:
            return []
        self.kind = None
        ending: list[Event] = [BlockEnd(self.number, self.choice)]
        if self.signature:
            ending.insert(0, BlockMeta(self.number, self.signature, self.choice))
            self.signature = ""
        return ending

    def whole(self, kind: BlockKind, *, id: str = "", name: str = "", data: str = "", raw: bytes = b"") -> list[Event]:
        """A block that is complete at once."""
        return [*self.open_beside(kind, id=id, name=name, data=data, raw=raw), BlockEnd(self.number, self.choice)]
