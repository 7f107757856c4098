"""One frame of an upstream's stream, whatever its framing."""

from typing import Final

import msgspec

MAX_FRAME_BYTES: Final = 16 * 1024 * 1024
"""A larger frame is an error of the upstream."""


class Frame(msgspec.Struct, gc=False):
    """One event: `raw` as it was on the wire, blank line included, and its `data` and `event` name."""

    raw: bytes
    data: bytes
    event: bytes = b""

    @property
    def is_plain(self) -> bool:
        """Whether the frame is one `data: …` line and nothing else, byte for byte."""
        return self.raw == b"data: %b\n\n" % self.data
