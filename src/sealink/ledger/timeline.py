"""When what happened to a request. It is stored in the request's row and shown by `sealink usage show`."""

from typing import Literal

Moment = Literal[
    "admitted",
    "connected",
    "hedged",
    "headers",
    "first_content",
    "gap",
    "heartbeat",
    "last_byte",
    "client_gone",
    "upstream_closed",
]

MAX_OF_A_KIND = 16
"""How many marks of one kind are kept: a stream that stalls a thousand times still shows how it ended."""


class Timeline:
    """The marks of one request, in the order they were made: (moment, milliseconds since it was admitted).

    A `gap` is marked at its end. The marks of a kind after MAX_OF_A_KIND are only counted, in `dropped`.
    """

    def __init__(self) -> None:
        self.marks: list[tuple[str, float]] = []
        self.dropped = 0

    def mark(self, moment: Moment, at_ms: float) -> None:
        """Add a mark."""
        marks = self.marks
        if len(marks) < MAX_OF_A_KIND or sum([kind == moment for kind, _ in marks]) < MAX_OF_A_KIND:
            marks.append((moment, at_ms))
        else:
            self.dropped += 1
