"""What a wire format must be able to do, as a client's and as an upstream's.

N decoders and M encoders meet in sealink.events; nothing here or below knows a pair of formats. All of
it is pure: bytes and plain data in, bytes and plain data out.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, Protocol, TypeGuard, runtime_checkable

import msgspec

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.stream.handler import Decoder, Encoder, Framer, StreamHandler
from sealink.wire.stream.outcome import Outcome

HeartbeatShape = Literal["comment", "chunk", "off"]
"""A line that is no event, an event that says nothing, or none at all: each suits other clients."""


class OutgoingRequest(msgspec.Struct):
    """A request as it goes to an upstream. `path` is appended to the provider's base URL.

    `dropped` names the client's fields that this upstream cannot express.
    """

    path: str
    body: bytes
    headers: HeaderList = ()
    dropped: Sequence[str] = ()


class RequestHead(msgspec.Struct):
    """The few fields that every request is routed by, its body as it came, and the same as top-level fields.

    `headers` are those of the client's that an upstream of the same dialect is to see (betas, versions), and so is
    `query`, all that followed a `?` in the URL.
    """

    model: str
    stream: bool
    include_usage: bool
    task_type: str | None
    fields: dict[str, msgspec.Raw]
    body: bytes = b""
    headers: HeaderList = ()
    query: str = ""


class FallbackIdentity(msgspec.Struct, frozen=True):
    """What an answer is given that has none of its own: an id, and when it began (Unix time in seconds)."""

    id: str
    created: int


class ClientDialect(Protocol):
    """A wire format as clients speak it.

    `spellings`: its own names of the fields that upstreams' dialects name, as dropped or refused, in the words of
    OpenAI's chat. A name that is not here is the same.
    """

    name: str
    spellings: Mapping[str, str]

    def parse_head(self, body: bytes, headers: Mapping[str, str]) -> RequestHead:
        """Raises InvalidRequest, naming the field, on JSON that cannot be a request of this dialect.

        Header names are in lower case."""

    def parse_request(self, head: RequestHead) -> ChatRequest:
        """The whole request, for translation. Raises InvalidRequest as above."""

    def encoder(self, request: ChatRequest, identity: FallbackIdentity) -> Encoder: ...

    def whole(self, request: ChatRequest, events: Iterable[Event], identity: FallbackIdentity) -> bytes:
        """A not-streamed answer: the fold of the same events."""

    def error_body(self, error: SealinkError, request_id: str) -> bytes: ...
    def error_frame(self, error: SealinkError) -> bytes:
        """The frame that ends a stream in which nothing but heartbeats has been sent."""

    def heartbeat(self, shape: HeartbeatShape) -> bytes:
        """A sign of life for a client that waits, b"" for `off`."""

    def prompt_text(self, head: RequestHead) -> str:
        """The words of a request, to be counted where no provider says how many tokens they are."""


@runtime_checkable
class CountingDialect(ClientDialect, Protocol):
    """A wire format with an endpoint that counts a request's tokens."""

    def forward_count(self, head: RequestHead, model: str) -> OutgoingRequest:
        """The client's own bytes, for that endpoint of an upstream of the same dialect."""

    def counted(self, tokens: int) -> bytes:
        """The endpoint's answer."""


class UpstreamDialect(Protocol):
    """A wire format as upstreams speak it."""

    name: str

    def write_request(self, request: ChatRequest, model: str) -> OutgoingRequest:
        """Translate. Raises InvalidRequest naming a feature that this dialect cannot express."""

    def framer(self) -> Framer: ...
    def decoder(self) -> Decoder: ...

    def decode_whole(self, body: bytes) -> list[Event]:
        """The events of a not-streamed answer. Raises UpstreamError if it is not one."""

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        """What an answer with an error status says, in whatever shape the vendor puts it."""


class PassthroughDialect(UpstreamDialect, Protocol):
    """A wire format that clients speak too: between two ends of it, the original bytes travel."""

    def forward_request(self, head: RequestHead, model: str) -> OutgoingRequest:
        """The client's own bytes, for a client of the same dialect, with what SeaLink must change:
        the model's name, `metadata.task_type` taken out, usage asked for."""

    def passthrough(self, head: RequestHead) -> StreamHandler: ...

    def passthrough_whole(self, body: bytes) -> tuple[bytes, Outcome]:
        """A not-streamed answer for a client of the same dialect, mended where needed."""


def same_dialect(upstream: UpstreamDialect, client: ClientDialect) -> TypeGuard[PassthroughDialect]:
    """Whether both ends speak one dialect."""
    return upstream.name == client.name
