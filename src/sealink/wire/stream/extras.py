"""SeaLink's own field in a stream's last frame: what the answer cost, and who ended it."""

from typing import Final

from msgspec import Raw

FIELD: Final = "sealink"


def with_field(frames: bytes, extras: Raw) -> bytes:
    """The frames, of which the last object of JSON has `extras` as the field `sealink`. Only `[DONE]` may follow it."""
    end = frames.rfind(b"}")
    if end < 0:
        return frames
    comma = b"" if frames[:end].rstrip().endswith(b"{") else b","
    return b"".join((frames[:end], comma, b'"%b":' % FIELD.encode(), bytes(extras), frames[end:]))
