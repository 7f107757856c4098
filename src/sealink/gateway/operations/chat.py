"""The operations of chat: a stream and a whole answer, in any client's dialect, from any upstream's."""

from sealink.errors import InvalidRequest
from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.failover.streamed import StreamOperation
from sealink.gateway.failover.whole import WholeOperation
from sealink.policy.routing import Target
from sealink.providers.transforms import apply_profile
from sealink.wire.dialect import OutgoingRequest, UpstreamDialect, same_dialect
from sealink.wire.identifiers import NameRestorer, restore_names, sent_names
from sealink.wire.stream.handler import StreamHandler
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.outcome import Outcome, observe
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
        spellings = request.client.spellings
        outgoing.dropped = [spellings.get(name, name) for name in outgoing.dropped]
    return outgoing


def open_lane(request: ClientRequest, target: Target) -> Lane:
    """What turns a target's stream into the client's."""
    return Lane(target.provider.dialect.framer(), _stream_handler(request, target))


def read_answer(answer: bytes, request: ClientRequest, target: Target) -> tuple[bytes, Outcome]:
    """A whole answer in the client's dialect."""
    client, dialect = request.client, target.provider.dialect
    if same_dialect(dialect, client):
        return dialect.passthrough_whole(answer)
    names = sent_names(request.neutral, dialect.identifiers)
    events, outcome = restore_names(dialect.decode_whole(answer), names), Outcome()
    for event in events:
        observe(event, outcome)
    return client.whole(request.neutral, events, request.fallback_identity), outcome


STREAM = StreamOperation(write_request, open_lane)
WHOLE = WholeOperation(write_request, read_answer)


def _translate(request: ClientRequest, dialect: UpstreamDialect, model: str) -> OutgoingRequest:
    neutral = request.neutral
    try:
        return dialect.write_request(neutral, model)
    except InvalidRequest as error:
        error.param = request.client.spellings.get(error.param or "", error.param)
        raise


def _stream_handler(request: ClientRequest, target: Target) -> StreamHandler:
    client, dialect = request.client, target.provider.dialect
    if same_dialect(dialect, client):
        return dialect.passthrough(request.head)
    names = sent_names(request.neutral, dialect.identifiers)
    decoder = NameRestorer(dialect.decoder(), names) if names else dialect.decoder()
    return Translator(decoder, client.encoder(request.neutral, request.fallback_identity))
