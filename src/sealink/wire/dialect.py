"""What a wire format must be able to do, as a client's and as an upstream's.

Every upstream format is decoded into sealink.events, every client format is encoded from them, so that no code is
about a pair of formats. All of it is pure: bytes and plain data in, bytes and plain data out.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, Literal, Protocol, TypeGuard, runtime_checkable

import msgspec

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest, StructuredOutput
from sealink.wire.identifiers import Identifiers
from sealink.wire.model_list import ModelList
from sealink.wire.stream.handler import CuttableHandler, Decoder, Encoder, Framer, StreamHandler
from sealink.wire.stream.outcome import Outcome
from sealink.wire.stream.plain_answer import PlainAnswer

HeartbeatShape = Literal["comment", "chunk", "off"]
"""An SSE comment, an event without content, or nothing: clients differ in which of them they accept."""


Limited = Literal["requests", "tokens"]
"""What limits are of that clients are told of."""


class OutgoingRequest(msgspec.Struct):
    """A request for an upstream. `path` is appended to the provider's base URL.

    `dropped` are the names of the client's fields that the upstream does not support and that were left out.
    """

    path: str
    body: bytes
    headers: HeaderList = ()
    dropped: Sequence[str] = ()


class RequestHead(msgspec.Struct):
    """What every request is routed by, its body as it came, and its top-level fields.

    `headers` are the client's headers that an upstream of the same dialect gets too (betas, versions); so does `query`,
    the URL's part after the `?`.
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
    """The id, time of creation (Unix time in seconds) and model of an answer whose upstream gives it none."""

    id: str
    created: int
    model: str = ""


ANONYMOUS: Final = FallbackIdentity("", 0)


class ClientApi(Protocol):
    """An API of models as its clients speak it, whatever they ask the models for."""

    name: str

    def parse_head(self, body: bytes, headers: Mapping[str, str]) -> RequestHead:
        """Raises InvalidRequest, naming the field, if this is not a request of this API.

        Header names are in lower case."""

    def prompt_text(self, head: RequestHead) -> str:
        """A request's text, for estimating its tokens where no provider reports their number."""

    def max_output_tokens(self, head: RequestHead) -> int | None:
        """How many tokens a request says that its answer may have at most; None where it does not say so."""

    def structured_output(self, head: RequestHead) -> StructuredOutput | None:
        """What a request asks for that is parsed when it is whole; None: for nothing of that kind, or in words that
        cannot be read."""

    def limit_headers(self, what: Limited) -> tuple[str, str, str]:
        """The names of the headers that tell of a limit: how much it is, what is left of it, when it is whole again."""

    def limit_reset(self, reset_s: float, reset_at: Callable[[], str]) -> str:
        """The last one's value: in how many seconds, or when (RFC 3339)."""

    def error_body(self, error: SealinkError, request_id: str) -> bytes: ...


class ClientDialect(ClientApi, Protocol):
    """A wire format of chat as clients speak it: its answers are made of events, and can be streamed.

    `spellings`: this format's names for fields that upstream dialects report as dropped or refused, which they do by
    their names in OpenAI's chat API. A name that is not listed is the same in both.
    """

    spellings: Mapping[str, str]

    def parse_request(self, head: RequestHead) -> ChatRequest:
        """The whole request, for translation. Raises InvalidRequest as above."""

    def encoder(self, request: ChatRequest, identity: FallbackIdentity) -> Encoder: ...

    def whole(self, request: ChatRequest, events: Iterable[Event], identity: FallbackIdentity) -> bytes:
        """A not-streamed answer, made of the same events."""

    def plain(self, request: ChatRequest, answer: PlainAnswer, identity: FallbackIdentity) -> bytes:
        """The same bytes for the events of a plain answer, made without them."""

    def error_frame(self, error: SealinkError) -> bytes:
        """The frame that ends a stream in which nothing but heartbeats has been sent."""

    def heartbeat(self, shape: HeartbeatShape) -> bytes:
        """Bytes that show a waiting client that the stream is alive; b"" for `off`."""

    def with_extras(self, first: bytes, last: bytes, extras: msgspec.Raw) -> bytes:
        """The last bytes of a stream whose `first` frames these were, with `extras` as the field `sealink` of its last
        chunk."""


@runtime_checkable
class CountingDialect(ClientDialect, Protocol):
    """A client dialect that has an endpoint for counting a request's tokens."""

    def forward_count(self, head: RequestHead, model: str) -> OutgoingRequest:
        """The client's own request, for that endpoint of an upstream of the same dialect."""

    def counted(self, tokens: int) -> bytes:
        """The endpoint's answer."""


class UpstreamDialect(Protocol):
    """A wire format as upstreams speak it.

    `json_stream`: what its streams begin with if they are JSON themselves (b"[", b"{"); else b"". `model_list`: None
    where an upstream has none.
    """

    name: str
    json_stream: bytes
    identifiers: Identifiers

    @property
    def model_list(self) -> ModelList | None: ...

    def write_request(self, request: ChatRequest, model: str) -> OutgoingRequest:
        """The request in this dialect. Raises InvalidRequest naming a feature that it does not support."""

    def framer(self) -> Framer: ...
    def decoder(self) -> Decoder: ...

    def read_plain(self, body: bytes) -> PlainAnswer | None:
        """A not-streamed answer that is a text and nothing else, and as this dialect has it: a client of the same
        dialect gets its body as it came. None for any other, which is read by `passthrough_whole` or `decode_whole`."""

    def decode_whole(self, body: bytes) -> list[Event]:
        """The events of a not-streamed answer. Raises UpstreamError if it is not one."""

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        """The error of an answer with an error status, in whatever shape the vendor sends it."""


class PassthroughDialect(UpstreamDialect, Protocol):
    """An upstream dialect that clients speak too: between two ends of it, the original bytes are passed through.

    `takes_whole_chunks`: its passthrough turns a whole answer, given as a stream's only frame, into a stream.
    """

    takes_whole_chunks: bool

    def forward_request(self, head: RequestHead, model: str) -> OutgoingRequest:
        """The client's own request, with only those changes that SeaLink must make: the model's name, no
        `metadata.task_type`, usage asked for."""

    def passes_through(self, head: RequestHead) -> bool:
        """Whether its answer to this request is what the client has asked for, and need not be translated."""

    def passthrough(self, head: RequestHead, identity: FallbackIdentity = ANONYMOUS) -> StreamHandler: ...

    def cuttable_passthrough(self, head: RequestHead, identity: FallbackIdentity = ANONYMOUS) -> CuttableHandler | None:
        """As `passthrough`, of a stream that may have to end before its upstream does. None: the ending has all of the
        answer once more, so that it can only be written by who has written the answer."""

    def passthrough_whole(self, body: bytes, identity: FallbackIdentity = ANONYMOUS) -> tuple[bytes, Outcome]:
        """A not-streamed answer for a client of the same dialect, changed only where a vendor departs from it."""


def same_dialect(upstream: UpstreamDialect, client: ClientApi) -> TypeGuard[PassthroughDialect]:
    """Whether both ends speak one dialect."""
    return upstream.name == client.name
