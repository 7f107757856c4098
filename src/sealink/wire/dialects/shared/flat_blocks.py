"""The blocks of a flat format, in which text, thinking and calls follow each other without borders.

Where one block ends and the next begins is inferred from what comes: one is open at a time, until something of
another kind begins. Formats that have blocks themselves do without this.
"""

from sealink.events import BlockEnd, BlockKind, BlockMeta, BlockStart, Event


class Blocks:
    """One choice's blocks. `kind` is the open one's, None if none is open; `number` that of the last to be opened.

    `signature` is the open one's so far: it is told when the block ends.
    """

    __slots__ = ("choice", "kind", "number", "signature")

    def __init__(self, choice: int = 0) -> None:
        self.choice = choice
        self.kind: BlockKind | None = None
        self.number = -1
        self.signature = ""

    def enter(self, kind: BlockKind) -> list[Event]:
        """Now a block of `kind` is open: the one that was, or a new one."""
        return [] if kind == self.kind else self.open(kind)

    def open(self, kind: BlockKind, *, id: str = "", name: str = "") -> list[Event]:
        """A new block, of the same kind, perhaps, as the one before."""
        events = self.open_beside(kind, id=id, name=name)
        self.kind = kind
        return events

    def open_beside(
        self, kind: BlockKind, *, id: str = "", name: str = "", data: str = "", raw: bytes = b""
    ) -> list[Event]:
        """A block that stays open beside those to come: whoever opens it closes it."""
        events = self.close()
        self.number += 1
        events.append(BlockStart(self.number, kind, self.choice, id, name, data, raw))
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
        """A block that is all there at once."""
        return [*self.open_beside(kind, id=id, name=name, data=data, raw=raw), BlockEnd(self.number, self.choice)]
