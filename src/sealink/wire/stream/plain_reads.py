"""Reads of an upstream's socket that are one chunk with one frame, known by its two ends, whose text is plain.

Nearly every read of a stream is one. The accelerator, `_plain_reads.c`, is the same in C, and is used where it has been
built. Both give the same bytes (tests/wire/test_passage.py).
"""

from collections.abc import Callable
from typing import Final, Protocol

LINE_END: Final = b"\r\n"

_MAX_DIGITS: Final = 8
_NO_LINE: Final = b"\0"
_MAX_KEPT: Final = 16 * 1024
"""Up to which size of reads, and of chunks, the line before them is kept: some dozen bytes each, for all streams."""


class ChunkWriter(Protocol):
    """Where the chunks go. `write_chunk` is None while something else than chunks must be written."""

    write_chunk: Callable[[bytes, int], bool] | None


Fit = tuple[
    bytes,
    bytes,
    bytes | None,
    bytes | None,
    list[str],
    int,
    list[int] | None,
    Callable[[], object] | None,
    ChunkWriter,
    Callable[[], object],
    Callable[[], object],
]
"""What fits a template: (before, after, opening, closing, pieces, most_pieces, room, advance, client, heard,
client_full).

A chunk of the upstream's is `before`, text, `after`; the client's is `opening`, text, `closing`, or the same if these
are None. `after` and `closing` include the line end behind a chunk. The text goes to `pieces`, up to `most_pieces` of
them. `room`: how many bytes of text must still be left behind it, one number from which they are taken; None: any
number may come. Before the chunk is written to `client` there is a call of `advance`, if there is
one, and of `heard`; `client_full` is called if there is no room for more. A plain tuple is taken apart at once.
"""


class Fitting(Protocol):
    """A passage: it passes on what has this `fit`, and takes a second look at other reads."""

    fit: Fit | None

    def look_again(self, read: bytes) -> bool | None: ...


PassOn = Callable[[Fitting, bytes], bool | None]


class _LinesBySize(dict[int, bytes]):
    """By a chunk's size: the line that begins it (RFC 9112 §7.1)."""

    def __missing__(self, size: int) -> bytes:
        line = b"%x\r\n" % size
        if size < _MAX_KEPT:
            self[size] = line
        return line


class _LinesByLength(dict[int, tuple[bytes, int]]):
    """By the length of a read that is one chunk, framing included: the line that begins it, and how long the rest is.
    _NO_LINE if there is none."""

    def __missing__(self, length: int) -> tuple[bytes, int]:
        line = _NO_LINE
        for digits in range(1, _MAX_DIGITS + 1):
            size = length - digits - 2 * len(LINE_END)
            if 16 ** (digits - 1) <= size < 16**digits:
                line = b"%x\r\n" % size
        entry = line, length - len(line)
        if length < _MAX_KEPT:
            self[length] = entry
        return entry


LINE_OF_SIZE: Final = _LinesBySize()
LINE_OF_LENGTH: Final = _LinesByLength()


def pass_on_in_python(passage: Fitting, read: bytes) -> bool | None:
    """Write a read that fits to the client, as it is or as the client's chunk. Returns whether there is room for more;
    None for a read that has to be parsed.

    A read that begins within a chunk must not be given.
    """
    if passage.fit is None:
        return None
    before, after, opening, closing, pieces, most_pieces, room, advance, client, heard, client_full = passage.fit
    write_chunk = client.write_chunk
    if write_chunk is None:
        return None
    if len(pieces) >= most_pieces:
        return passage.look_again(read)
    line, rest_size = LINE_OF_LENGTH[len(read)]
    # In CPython 3.11 these take half as long as startswith(), endswith() and a slice.
    raw = read.removeprefix(line).removeprefix(before).removesuffix(after)
    raw_size = len(raw)
    if not raw or raw_size != rest_size - len(before) - len(after) or (room is not None and raw_size >= room[0]):
        return passage.look_again(read)
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return None
    if '"' in text or "\\" in text or not text.isprintable():
        return passage.look_again(read)
    if room is not None:
        room[0] -= raw_size
    pieces.append(text)
    if opening is None or closing is None:
        chunk, size = read, rest_size - 2
    else:
        size = len(opening) + len(raw) + len(closing) - 2
        chunk = LINE_OF_SIZE[size] + opening + raw + closing
    if advance is not None:
        advance()
    heard()
    if write_chunk(chunk, size):
        return True
    client_full()
    return False


pass_on_in_c: PassOn | None
try:
    from sealink.wire.stream._plain_reads import pass_on as pass_on_in_c
except ImportError:  # it was not built
    pass_on_in_c = None

pass_on: PassOn = pass_on_in_c or pass_on_in_python
"""The one that new streams use."""


def use_accelerator(is_wanted: bool) -> None:
    """Pass new streams on in C, where it has been built, or in Python."""
    global pass_on
    pass_on = (pass_on_in_c if is_wanted else None) or pass_on_in_python
