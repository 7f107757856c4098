"""What the simulated model needs of a wire format: how requests are read and how answers look."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from sealink.errors import SealinkError
from sealink.sim.answer import Answer
from sealink.sim.ask import Ask


class Reply(msgspec.Struct, frozen=True):
    """Who answers, as the wire has it: the response's `id` and the time it began, in Unix seconds."""

    id: str
    created: int


Says = Literal["finish", "usage", "end"]


class Closing(msgspec.Struct, frozen=True):
    """A frame behind the last token, and what it tells: the reason for the end, the usage, that it was the last."""

    frame: bytes
    says: tuple[Says, ...]


class AnswerStream(msgspec.Struct):
    """A streamed answer in the order it goes out: `opening` at once, then one of `ticks` for each token's
    time, then `closing`. Each is whole SSE frames; together they are the body."""

    opening: bytes
    ticks: Iterator[bytes]
    closing: list[Closing]


class SimWire(Protocol):
    """One wire format. `models_paths` list the models; `side_questions` answers what else it takes by POST."""

    models_paths: tuple[str, ...]
    request_id_header: str

    @property
    def side_questions(self) -> Mapping[str, Callable[[bytes], bytes]]: ...

    def takes(self, path: str) -> bool:
        """Whether answers are asked for at this path."""

    def read(self, path: str, body: bytes) -> Ask:
        """Raises InvalidRequest, in the vendor's words as far as they are known."""

    def stream(self, ask: Ask, answers: list[Answer], reply: Reply) -> AnswerStream: ...
    def whole(self, ask: Ask, answers: list[Answer], reply: Reply) -> bytes: ...
    def models(self, ids: Sequence[str]) -> bytes: ...
    def model(self, id: str) -> bytes: ...
    def error(self, error: SealinkError, request_id: str) -> bytes: ...

    # For faults.

    def error_event(self, error: SealinkError) -> bytes:
        """The frame of an error inside a stream."""

    def same_index(self, tick: bytes) -> bytes:
        """Frames with the same index in all tool calls."""
