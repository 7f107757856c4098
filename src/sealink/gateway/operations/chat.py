"""The operations of chat: a stream and a whole answer, in any client's dialect, from any upstream's."""

from functools import partial
from typing import TypeGuard

from sealink.errors import InvalidRequest
from sealink.events import Event
from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.failover.gathered import GatheredOperation
from sealink.gateway.failover.streamed import StreamOperation
from sealink.gateway.failover.whole import WholeOperation
from sealink.policy.routing import Target
from sealink.providers.transforms import apply_profile
from sealink.request import ChatRequest
from sealink.wire.dialect import OutgoingRequest, PassthroughDialect, UpstreamDialect, same_dialect
from sealink.wire.identifiers import NameRestorer, restore_names, sent_names
from sealink.wire.stream.answer_framing import WholeDecoder, decode_stream, whole_json
from sealink.wire.stream.gathering import Gathering
from sealink.wire.stream.handler import CuttableHandler, Decoder, StreamHandler
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.metered_handler import MeteredHandler
from sealink.wire.stream.outcome import Outcome, empty_answer, is_empty, observe
from sealink.wire.stream.translator import Translator


def write_request(request: ClientRequest, target: Target) -> OutgoingRequest:
    """The request for a target: the client's own bytes if it speaks the client's dialect, else a translation."""
    dialect = target.provider.dialect
    if same_dialect(dialect, request.client):
        outgoing = dialect.forward_request(request.head, target.model)
    else:
        outgoing = _translate(request, dialect, target.model)
    outgoing = apply_profile(outgoing, target.provider.profile)
    if outgoing.dropped:
        spellings = request.dialect.spellings
        outgoing.dropped = [spellings.get(name, name) for name in outgoing.dropped]
    return outgoing


def open_lane(request: ClientRequest, target: Target) -> Lane:
    """What turns a target's stream, or its whole answer, into the client's stream."""
    dialect = target.provider.dialect
    handler = _keeping_text(_stream_handler(request, target), request)

    def whole_handler() -> StreamHandler:
        if _passes_through(dialect, request) and dialect.takes_whole_chunks:
            return handler
        decoder = _with_names(WholeDecoder(dialect), request, dialect)
        encoder = request.dialect.encoder(_answered(request), request.fallback_identity)
        return _keeping_text(Translator(decoder, encoder), request)

    return Lane(dialect.framer(), handler, whole_handler=whole_handler, json_stream=dialect.json_stream)


def read_answer(answer: bytes, request: ClientRequest, target: Target) -> tuple[bytes, Outcome]:
    """A whole answer in the client's dialect, from a whole answer or from a stream."""
    dialect = target.provider.dialect
    if (plain := dialect.read_plain(answer)) is not None:
        if not _passes_through(dialect, request):
            answer = request.dialect.plain(_answered(request), plain, request.fallback_identity)
        return answer, plain.outcome()
    body = whole_json(answer)
    if body is not None and _passes_through(dialect, request):
        read, outcome = dialect.passthrough_whole(body, request.fallback_identity)
    else:
        events = decode_stream(answer, dialect) if body is None else dialect.decode_whole(body)
        read, outcome = _translated(events, request, dialect)
    if is_empty(outcome):
        raise empty_answer()
    return read, outcome


def open_gathering_lane(request: ClientRequest, target: Target, gathering: Gathering) -> Lane:
    """What reads a target's stream, or its whole answer, for a client who wants the whole answer."""
    dialect = target.provider.dialect

    def whole_handler() -> StreamHandler:
        return Translator(_with_names(WholeDecoder(dialect), request, dialect), gathering)

    handler = Translator(_with_names(dialect.decoder(), request, dialect), gathering)
    return Lane(dialect.framer(), handler, whole_handler=whole_handler, json_stream=dialect.json_stream)


def fold(events: list[Event], request: ClientRequest) -> bytes:
    """A whole answer in the client's dialect, of the events of a stream."""
    return request.dialect.whole(_answered(request), events, request.fallback_identity)


STREAM = StreamOperation(write_request, open_lane)
WHOLE = WholeOperation(write_request, read_answer)
GATHERED = GatheredOperation(write_request, read_answer, open_gathering_lane, fold)


def _translate(request: ClientRequest, dialect: UpstreamDialect, model: str) -> OutgoingRequest:
    neutral = request.neutral
    try:
        return dialect.write_request(neutral, model)
    except InvalidRequest as error:
        error.param = request.dialect.spellings.get(error.param or "", error.param)
        raise


def _translated(events: list[Event], request: ClientRequest, dialect: UpstreamDialect) -> tuple[bytes, Outcome]:
    events, outcome = restore_names(events, _names(request, dialect)), Outcome()
    for event in events:
        observe(event, outcome)
    return request.dialect.whole(_answered(request), events, request.fallback_identity), outcome


def _answered(request: ClientRequest) -> ChatRequest:
    """What an encoder needs to know of the request. One that was passed through may have what the neutral form does
    not have: then only its head is known."""
    try:
        return request.neutral
    except InvalidRequest:
        head = request.head
        return ChatRequest(head.model, [], stream=head.stream, include_usage=head.include_usage)


def _keeping_text(handler: StreamHandler, request: ClientRequest) -> StreamHandler:
    if request.keeps_chars:
        handler.outcome.text.keep(request.keeps_chars)
    return handler


def _stream_handler(request: ClientRequest, target: Target) -> StreamHandler:
    dialect, meter = target.provider.dialect, request.meter
    if meter is not None:
        return MeteredHandler(_cuttable_handler(request, dialect), partial(meter.of, target), meter.code, meter.room)
    if _passes_through(dialect, request):
        return dialect.passthrough(request.head, request.fallback_identity)
    return _translator(request, dialect)


def _cuttable_handler(request: ClientRequest, dialect: UpstreamDialect) -> CuttableHandler:
    relay = None
    if _passes_through(dialect, request):
        relay = dialect.cuttable_passthrough(request.head, request.fallback_identity)
    return _translator(request, dialect) if relay is None else relay


def _translator(request: ClientRequest, dialect: UpstreamDialect) -> Translator:
    decoder = _with_names(dialect.decoder(), request, dialect)
    return Translator(decoder, request.dialect.encoder(_answered(request), request.fallback_identity))


def _passes_through(dialect: UpstreamDialect, request: ClientRequest) -> TypeGuard[PassthroughDialect]:
    """Whether the client gets the upstream's own bytes."""
    return same_dialect(dialect, request.client) and dialect.passes_through(request.head)


def _with_names(decoder: Decoder, request: ClientRequest, dialect: UpstreamDialect) -> Decoder:
    names = _names(request, dialect)
    return NameRestorer(decoder, names) if names else decoder


def _names(request: ClientRequest, dialect: UpstreamDialect) -> dict[str, str]:
    """The client's names of tools by those that were sent. A request that was passed through has its own."""
    return {} if same_dialect(dialect, request.dialect) else sent_names(request.neutral, dialect.identifiers)
