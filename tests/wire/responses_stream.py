"""A Responses stream on its way: out of an upstream, into a client, and what OpenAI's own SDK makes of it."""

import json
from collections.abc import Iterable

from openai._models import construct_type_unchecked
from openai._types import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types.responses import Response, ResponseStreamEvent

from sealink.errors import SealinkError, UpstreamError
from sealink.events import Event, StreamError
from sealink.request import ChatRequest
from sealink.wire.dialect import FallbackIdentity, RequestHead, UpstreamDialect
from sealink.wire.dialects.openai_responses import CLIENT, UPSTREAM
from sealink.wire.framing.sse import SseFramer
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.translator import Translator

HEAD = RequestHead(model="m", stream=True, include_usage=True, task_type=None, fields={})
REQUEST = ChatRequest("m", [], stream=True)
IDENTITY = FallbackIdentity("0123456789abcdef", 1_700_000_000, "m")


def passed_through(chunks: Iterable[bytes]) -> tuple[bytes, Lane]:
    """What a client of this dialect gets of a Responses upstream's bytes."""
    lane = Lane(UPSTREAM.framer(), UPSTREAM.passthrough(HEAD, IDENTITY))
    return b"".join(map(lane.feed, chunks)) + lane.close(None), lane


def translated(
    chunks: Iterable[bytes], upstream: UpstreamDialect, cause: SealinkError | None = None
) -> tuple[bytes, Lane]:
    """The same of any upstream's, which properly ends, or by a `cause`."""
    lane = Lane(upstream.framer(), Translator(upstream.decoder(), CLIENT.encoder(REQUEST, IDENTITY)))
    return b"".join(map(lane.feed, chunks)) + lane.close(cause), lane


def encoded(events: Iterable[Event], request: ChatRequest = REQUEST) -> bytes:
    """What a client of this dialect gets of these events."""
    encoder = CLIENT.encoder(request, IDENTITY)
    return b"".join(encoder.encode(event) for event in events)


def decoded(chunks: Iterable[bytes]) -> list[Event]:
    """The events of a Responses stream that comes in these chunks and then properly ends."""
    framer, decoder = UPSTREAM.framer(), UPSTREAM.decoder()
    frames = [frame for chunk in chunks for frame in framer.feed(chunk)] + framer.close()
    return [event for frame in frames for event in decoder.decode(frame)] + list(decoder.close())


def decoded_as_far(body: bytes) -> list[Event]:
    """The events up to the error of SeaLink's own that ended them; any other exception fails the test."""
    framer, decoder = UPSTREAM.framer(), UPSTREAM.decoder()
    events: list[Event] = []
    try:
        for frame in [*framer.feed(body), *framer.close()]:
            events += decoder.decode(frame)
    except UpstreamError as error:
        events.append(StreamError(error))
    return events


def frames_of(body: bytes) -> list[dict]:
    """The data of a stream's frames."""
    framer = SseFramer()
    frames = [*framer.feed(body), *framer.close()]
    return [json.loads(frame.data) for frame in frames if frame.data not in (b"", b"[DONE]")]


def sdk_response(body: bytes) -> Response | None:
    """What `client.responses.stream()` ends with; it raises where events do not fit together.

    None where there is no such end; an event with an `error` is one for the SDK, which raises that (_streaming.py).
    """
    state = ResponseStreamState(input_tools=omit, text_format=omit)
    for data in frames_of(body):
        if data.get("error"):
            return None
        state.handle_event(construct_type_unchecked(type_=ResponseStreamEvent, value=data))
    return state._completed_response
