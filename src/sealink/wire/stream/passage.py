"""The passage answers a read of the upstream's socket as it is, HTTP's chunk framing included, without parsing it.

Nearly every read of a stream is one chunk with one frame, which differs from the last one only in its text: the lane's
template says how it begins and ends. With the chunk's header before it, which depends on nothing but the read's length,
a comparison of both ends tells whether a read is such a one (`plain_reads.py`). Some vendors pad their frames, some
count in them, and some texts have escapes: these take a second look, and still no parser.
"""

from collections.abc import Callable
from types import MethodType
from typing import Final

from sealink.wire.stream import plain_reads
from sealink.wire.stream.outcome import Outcome
from sealink.wire.stream.plain_reads import LINE_END, LINE_OF_LENGTH, LINE_OF_SIZE, ChunkWriter, Fit
from sealink.wire.stream.template import Template

MAX_USES: Final = 256
"""Frames in a row that a template answers. The next one is parsed, so that the text is compacted now and then."""


class _NoClient:
    write_chunk: Callable[[bytes, int], bool] | None = None


_NO_CLIENT: Final = _NoClient()


class Passage:
    """Between a lane's upstream and its client, if both ends are chunked. Open while the lane has a template.

    `pass_on` moves a read, as in plain_reads.py; the lane asks `fill` for the frames that it has found itself. `fit` is
    what a plain read must fit.
    """

    __slots__ = (
        "_client",
        "_client_full",
        "_first_piece",
        "_heard",
        "_outcome",
        "_room",
        "fit",
        "template",
    )

    def __init__(self, outcome: Outcome) -> None:
        self.template: Template | None = None
        self.fit: Fit | None = None
        self._outcome = outcome
        self._first_piece = 0
        self._room: list[int] | None = None
        self._client: ChunkWriter = _NO_CLIENT
        self._heard: Callable[[], object] = list
        self._client_full: Callable[[], object] = list

    @property
    def pass_on(self) -> Callable[[bytes], bool | None]:
        """A call of it is one call: in C, where that is used."""
        return MethodType(plain_reads.pass_on, self)

    def connect(self, client: ChunkWriter, heard: Callable[[], object], client_full: Callable[[], object]) -> None:
        """Where what is passed on goes. `heard` is called with each read, `client_full` when no more is wanted."""
        self._client, self._heard, self._client_full = client, heard, client_full
        if self.template is not None:
            self._fit(self.template)

    @property
    def taken(self) -> int:
        """How many frames it has answered since it was opened last."""
        return len(self._outcome.text.pieces) - self._first_piece

    @property
    def text(self) -> str:
        """The text of these frames."""
        return self._outcome.text.since(self._first_piece)

    def open(self, template: Template, room: list[int] | None = None) -> None:
        """The next reads are likely to fit this template. `room`: how many bytes of text must still be left behind
        each, one number from which they are taken; None: any number may come."""
        self.template = template
        self._first_piece = len(self._outcome.text.pieces)
        self._room = room
        if self._client is not _NO_CLIENT:
            self._fit(template)

    def end(self) -> None:
        """The stream is over: the outcome has all frames, and nobody is referred to any longer."""
        self.close()
        self.connect(_NO_CLIENT, list, list)

    def close(self) -> None:
        """Take nothing more, until it is opened again."""
        if self.template is not None:
            self._outcome.frames += self.taken
            self.template = self.fit = None

    def fill(self, frame: bytes) -> bytes:
        """The client's frame for one that was found in another way; b"" if it has to be parsed."""
        template = self.template
        if template is None or self.taken >= MAX_USES or not (answer := template.fill(frame)):
            return b""
        if self._room is not None:
            size = len(template.text.encode(errors="replace"))
            if size >= self._room[0]:
                return b""
            self._room[0] -= size
        self._outcome.text.append(template.text)
        if template.numbers:
            self._advance()
        return answer

    def look_again(self, read: bytes) -> bool | None:
        """Move a read whose frame fits but for its padding, its counts, or the escapes in its text."""
        template, write_chunk, (line, _) = self.template, self._client.write_chunk, LINE_OF_LENGTH[len(read)]
        if template is None or write_chunk is None or not (read.startswith(line) and read.endswith(LINE_END)):
            return None
        if not (answer := self.fill(read[len(line) : -2])):
            return None
        chunk = read if template.is_unchanged else LINE_OF_SIZE[len(answer)] + answer + LINE_END
        self._heard()
        if write_chunk(chunk, len(answer)):
            return True
        self._client_full()
        return False

    def _advance(self) -> None:
        """Expect the next frame's numbers."""
        if self.template is not None:
            self.template.advance()
            self._fit(self.template)

    def _fit(self, template: Template) -> None:
        is_unchanged = template.is_unchanged
        self.fit = (
            template.before,
            template.rest + LINE_END,
            None if is_unchanged else template.opening,
            None if is_unchanged else template.answer_rest + LINE_END,
            self._outcome.text.pieces,
            self._first_piece + MAX_USES,
            self._room,
            self._advance if template.numbers else None,
            self._client,
            self._heard,
            self._client_full,
        )
