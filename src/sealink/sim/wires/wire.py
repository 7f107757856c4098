"""The interface of a wire format: how requests are parsed and answers written."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Literal, Protocol

import msgspec

from sealink.errors import SealinkError
from sealink.sim.answer import Answer
from sealink.sim.ask import Ask


class Reply(msgspec.Struct, frozen=True):
    """The `id` of a response, and the time when it was created, in Unix seconds."""

    id: str
    created: int


Content = Literal["finish", "usage", "end"]


class Closing(msgspec.Struct, frozen=True):
    """A frame after the last token, and what it contains: the finish reason, the usage, the end mark."""

    frame: bytes
    contains: tuple[Content, ...]


class AnswerStream(msgspec.Struct):
    """The SSE frames of a streamed answer.

    `opening` is sent at once, then one of `ticks` for each token, then `closing`. Each holds whole frames.
    """

    opening: bytes
    ticks: Iterator[bytes]
    closing: list[Closing]


class SimWire(Protocol):
    """A wire format. `models_paths` are the paths that list models; `other_endpoints` answer further POST requests."""

    models_paths: tuple[str, ...]
    request_id_header: str

    @property
    def other_endpoints(self) -> Mapping[str, Callable[[bytes], bytes]]: ...

    def takes(self, path: str) -> bool:
        """Whether a request to this path is for an answer."""

    def read(self, path: str, body: bytes) -> Ask:
        """Parse a request. Raises InvalidRequest, with the vendor's message where it is known."""

    def stream(self, ask: Ask, answers: list[Answer], reply: Reply) -> AnswerStream: ...
    def whole(self, ask: Ask, answers: list[Answer], reply: Reply) -> bytes: ...
    def models(self, ids: Sequence[str]) -> bytes: ...
    def model(self, id: str) -> bytes: ...
    def error(self, error: SealinkError, request_id: str) -> bytes: ...

    # The rest is for faults.

    def error_event(self, error: SealinkError) -> bytes:
        """The frame for an error inside a stream."""

    def same_index(self, tick: bytes) -> bytes:
        """`tick` with index 0 for every tool call."""
