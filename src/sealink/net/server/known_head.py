"""The head of a request that llhttp has accepted already, recognized in the next request without being parsed again.

A client that keeps its connection sends the same head with each request, but for the digits of `content-length`. Byte
for byte the same head means the same, so that nothing is accepted here that llhttp would refuse or read otherwise.
"""

import re
from typing import Final, Self

import msgspec

from sealink.net.message import Request

_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]{1,9})[ \t]*\r\n", re.IGNORECASE)
_END: Final = b"\r\n\r\n"
_MAX_DIGITS: Final = 9
_MEAN_MORE: Final = frozenset({"content-encoding", "expect", "transfer-encoding", "upgrade"})
"""Headers by which a request is more than its head and its body."""


class KnownHead(msgspec.Struct, frozen=True):
    """What stands before and behind the digits of the body's length, and the request without its body. Those digits
    begin at `length_at`; what is behind them ends before `end_before`."""

    before: bytes
    behind: bytes
    request: Request
    length_at: int
    end_before: int

    @classmethod
    def of(cls, data: bytes, request: Request) -> Self | None:
        """The head of a request that was all of `data`; None if it is not one that can be recognized again."""
        end = data.find(_END) + len(_END)
        length = _LENGTH.search(data, 0, end)
        if length is None or len(data) - end != int(length[1]) or len(request.body) != len(data) - end:
            return None
        if not request.keep_alive or request.version != "1.1" or not _MEAN_MORE.isdisjoint(request.headers):
            return None
        before, behind = data[: length.start(1)], data[length.end(1) : end]
        headers = dict(request.headers)
        known = msgspec.structs.replace(request, headers=headers, body=b"", principal=None, id="")
        return cls(before, behind, known, len(before), len(before) + _MAX_DIGITS + len(behind))

    def read(self, data: bytes, max_body_bytes: int) -> Request | None:
        """The request that `data` is, if it has this head, and is all there; of at most so many bytes."""
        behind, length_at = self.behind, self.length_at
        end = data.find(behind, length_at, self.end_before)
        if end < 0 or not data.startswith(self.before):
            return None
        digits = data[length_at:end]
        body = data[end + len(behind) :]
        size = len(body)
        if not digits.isdigit() or int(digits) != size or size > max_body_bytes:
            return None
        known = self.request
        headers = {**known.headers, "content-length": digits.decode()}
        return Request(known.method, known.path, known.query, headers, body, known.peer)
