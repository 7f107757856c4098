"""OpenAI's Chat Completions as upstreams speak it: OpenAI, and everyone who calls himself compatible."""

from sealink.errors import HeaderList, SealinkError
from sealink.events import Event
from sealink.request import ChatRequest
from sealink.wire.dialect import OutgoingRequest, RequestHead
from sealink.wire.dialects.openai_chat import errors
from sealink.wire.dialects.openai_chat.upstream.decode import ChatDecoder, decode_whole
from sealink.wire.dialects.openai_chat.upstream.foreign_signatures import FOREIGN_SIGNATURE, without_foreign_thinking
from sealink.wire.dialects.openai_chat.upstream.passthrough import ChatPassthrough
from sealink.wire.dialects.openai_chat.upstream.passthrough_whole import passthrough_whole
from sealink.wire.dialects.openai_chat.upstream.write_request import write_request
from sealink.wire.framing.sse import SseFramer
from sealink.wire.raw_json.fields import TRUE, Fields, encode, integer_of, object_of, to_raw
from sealink.wire.raw_json.request_fields import without_task_type
from sealink.wire.stream.outcome import Outcome

PATH = "/chat/completions"


class OpenAIChatUpstream:
    """A PassthroughDialect. A provider's base URL ends in `/v1`, or wherever `/chat/completions` hangs.

    One that `wants_thinking` is told what its model thought in earlier answers; OpenAI refuses such a field.

    Not `asks_for_usage`: the vendor refuses `stream_options`, and sends the usage unasked.
    """

    name = errors.NAME

    def __init__(self, *, wants_thinking: bool = False) -> None:
        self._wants_thinking = wants_thinking

    def write_request(self, request: ChatRequest, model: str) -> OutgoingRequest:
        body, dropped = write_request(request, model, with_thinking=self._wants_thinking)
        return OutgoingRequest(PATH, body, dropped=dropped)

    def forward_request(self, head: RequestHead, model: str) -> OutgoingRequest:
        """The client's own bytes; re-encoded, field by field, only if something must change."""
        fields = _asking_for_usage(for_upstream(head, model), head)
        return OutgoingRequest(PATH, head.body if fields == head.fields else encode(fields))

    def framer(self) -> SseFramer:
        return SseFramer()

    def decoder(self) -> ChatDecoder:
        return ChatDecoder()

    def passthrough(self, head: RequestHead) -> ChatPassthrough:
        return ChatPassthrough(usage_asked=head.include_usage, choices_asked=integer_of(head.fields.get("n")) or 1)

    def decode_whole(self, body: bytes) -> list[Event]:
        return decode_whole(body)

    def passthrough_whole(self, body: bytes) -> tuple[bytes, Outcome]:
        return passthrough_whole(body)

    def read_error(self, status: int, headers: HeaderList, body: bytes) -> SealinkError:
        return errors.read_error(status, headers, body)


def for_upstream(head: RequestHead, model: str) -> Fields:
    """A request's fields, with the upstream's name for the model and without what is SeaLink's."""
    fields = dict(head.fields)
    if model != head.model:
        fields["model"] = to_raw(model)
    if head.task_type is not None:
        fields = without_task_type(fields)
    return without_foreign_thinking(fields) if FOREIGN_SIGNATURE.search(head.body) else fields


def _asking_for_usage(fields: Fields, head: RequestHead) -> Fields:
    """SeaLink always learns the usage, whether or not the client asked."""
    if not head.stream or head.include_usage:
        return fields
    options = object_of(fields.get("stream_options")) or {}
    return {**fields, "stream_options": to_raw({**options, "include_usage": TRUE})}
