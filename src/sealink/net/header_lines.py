"""Headers as they go out. Those of most answers are the same but for a few, and need not be written anew."""

from typing import Final

from sealink.errors import HeaderList

_SERVERS_OWN: Final = frozenset({"connection", "content-length", "date", "keep-alive", "transfer-encoding", "upgrade"})
"""Headers that belong to the connection, and are written by the server alone."""


class HeaderLines(str):
    """Headers, each with its line end, that may go out as they are: `header_lines` has made them, or they are made of
    nothing that could hold a line break."""

    __slots__ = ()

    @property
    def pairs(self) -> HeaderList:
        """The same as a list."""
        return pairs_of(self)


NO_LINES: Final = HeaderLines()
Headers = HeaderList | HeaderLines


def pairs_of(lines: str) -> HeaderList:
    """Lines of headers as a list."""
    return [(name, value) for name, _, value in [line.partition(": ") for line in lines.split("\r\n")[:-1]]]


def header_lines(headers: HeaderList) -> HeaderLines:
    """Raises ValueError where a header holds a line break."""
    lines = [f"{name}: {value}\r\n" for name, value in headers if name not in _SERVERS_OWN]
    fields = "".join(lines)
    if fields.count("\r") != len(lines) or fields.count("\n") != len(lines) or "\0" in fields:
        raise ValueError("A response header holds a line break.")  # or a client could be sent a second response
    return HeaderLines(fields)
