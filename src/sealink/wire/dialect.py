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
from sealink.usage import Provenance, Usage
from sealink.wire.relayed_text import RelayedText
from sealink.wire.sse import Frame

HeartbeatShape = Literal["comment", "chunk", "off"]
"""A line that is no event, an event that says nothing, or none at all: each suits other clients."""


class Outcome(msgspec.Struct):
    """What a lane learned about an answer while moving it.

    `complete`: the upstream said that the answer is whole. `content_started`: a real delta (text,
    reasoning, a tool call, a refusal) has been seen, not just a role or a ping. `error`: what the client
    was, or must be, told. `finish`: the upstream's own words for how each choice ended.
    `text`: the words so far, for counting.
    """

    text: RelayedText = msgspec.field(default_factory=RelayedText)
    usage: Usage | None = None
    provenance: Provenance | None = None
    finish: dict[int, str] = {}
    frames: int = 0
    content_started: bool = False
    complete: bool = False
    error: SealinkError | None = None

    def say(self, words: str, choice: int = 0) -> None:
        """Some more of the answer itself has come."""
        self.content_started = True
        if choice != self.text.choice:
            self.text.turn_to(choice)
        self.text.say(words)


class Outgoing(msgspec.Struct):
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


class Birth(msgspec.Struct, frozen=True):
    """What an answer is given that has none of its own: an id, and when it began (Unix time in seconds)."""

    id: str
    created: int


class Framer(Protocol):
    """Cuts an upstream's bytes into frames: SSE, NDJSON, binary event stream."""

    def feed(self, data: bytes) -> Iterable[Frame]: ...
    def close(self) -> Iterable[Frame]: ...


class Decoder(Protocol):
    """One upstream stream's frames → events. Raises UpstreamError on a frame that makes no sense.

    `forgets_deltas`: a frame that brings more words of an open block, and nothing else, leaves no trace.
    """

    forgets_deltas: bool

    def decode(self, frame: Frame) -> Iterable[Event]: ...
    def close(self) -> Iterable[Event]:
        """The upstream's bytes have come to a proper end: what that means. Events up to StreamEnd if the
        answer is whole as it stands, nothing if it is not."""


class Encoder(Protocol):
    """Events → one client stream's bytes: whole frames, as many as the event needs.

    `repeats_deltas`: the deltas of a block but its first become frames that differ in their words alone, and several
    leave the same traces as one that says it all.
    """

    repeats_deltas: bool

    def encode(self, event: Event) -> bytes: ...
    def fail(self, error: SealinkError) -> bytes:
        """The one error frame that ends a stream which has already begun."""


class Relay(Protocol):
    """One upstream stream's frames → the frames for a client of the same dialect, mended where needed.

    Keeps `outcome` up to date. `relay` returns `frame.raw` itself where there is nothing to mend.
    `words`: those of the last frame, if one that differs from it in its words alone would leave the same traces and
    be answered alike; else "". Such frames need not be relayed: `skipped` tells what they said before another one is.
    `padding` opens a field of such a frame whose value is noise.
    """

    outcome: Outcome
    words: str
    padding: bytes

    def relay(self, frame: Frame) -> bytes: ...
    def skipped(self, words: str) -> None: ...
    def finish(self) -> bytes:
        """The upstream's bytes have come to a proper end: what the client must still get. Sets
        `outcome.complete` if the answer is whole."""

    def fail(self, error: SealinkError) -> bytes: ...


class ClientDialect(Protocol):
    """A wire format as clients speak it.

    `spellings`: its own names of the fields that upstreams' dialects name, as dropped or refused, in the words of
    OpenAI's chat. A name that is not here is the same.
    """

    name: str
    spellings: Mapping[str, str]

    def read_head(self, body: bytes, headers: Mapping[str, str]) -> RequestHead:
        """Raises InvalidRequest, naming the field, on JSON that cannot be a request of this dialect.

        Header names are in lower case."""

    def read_request(self, head: RequestHead) -> ChatRequest:
        """The whole request, for translation. Raises InvalidRequest as above."""

    def encoder(self, request: ChatRequest, birth: Birth) -> Encoder: ...

    def whole(self, request: ChatRequest, events: Iterable[Event], birth: Birth) -> bytes:
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

    def forward_count(self, head: RequestHead, model: str) -> Outgoing:
        """The client's own bytes, for that endpoint of an upstream of the same dialect."""

    def counted(self, tokens: int) -> bytes:
        """The endpoint's answer."""


class UpstreamDialect(Protocol):
    """A wire format as upstreams speak it."""

    name: str

    def write_request(self, request: ChatRequest, model: str) -> Outgoing:
        """Translate. Raises InvalidRequest naming a feature that this dialect cannot express."""

    def framer(self) -> Framer: ...
    def decoder(self) -> Decoder: ...

    def whole_events(self, body: bytes) -> list[Event]:
        """The events of a not-streamed answer. Raises UpstreamError if it is not one."""

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        """What an answer with an error status says, in whatever shape the vendor puts it."""


class RelayDialect(UpstreamDialect, Protocol):
    """A wire format that clients speak too: between two ends of it, the original bytes travel."""

    def forward_request(self, head: RequestHead, model: str) -> Outgoing:
        """The client's own bytes, for a client of the same dialect, with what SeaLink must change:
        the model's name, `metadata.task_type` taken out, usage asked for."""

    def relay(self, head: RequestHead) -> Relay: ...

    def relay_whole(self, body: bytes) -> tuple[bytes, Outcome]:
        """A not-streamed answer for a client of the same dialect, mended where needed."""


def are_one(upstream: UpstreamDialect, client: ClientDialect) -> TypeGuard[RelayDialect]:
    """Whether both ends speak one dialect."""
    return upstream.name == client.name
