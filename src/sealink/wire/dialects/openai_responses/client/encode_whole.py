"""Events → a whole response: the object that a stream's last frame carries.

https://platform.openai.com/docs/api-reference/responses/object
"""

from collections.abc import Iterable

from sealink.events import Event, StreamError
from sealink.request import ChatRequest
from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.openai_responses.client.encode_stream import ResponseEncoder
from sealink.wire.dialects.openai_responses.client.items import item_id, stem_of
from sealink.wire.dialects.openai_responses.client.response_object import new_response
from sealink.wire.dialects.openai_responses.finish import finish_fields
from sealink.wire.dialects.openai_responses.usage import usage_object
from sealink.wire.raw_json.fields import encode
from sealink.wire.stream.plain_answer import PlainAnswer


def encode_whole(request: ChatRequest, events: Iterable[Event], identity: FallbackIdentity) -> bytes:
    """Raises the SealinkError that the answer brought."""
    encoder = ResponseEncoder(request, identity)
    for event in events:
        if isinstance(event, StreamError):
            raise event.error
        encoder.encode(event)
    return encode(encoder.response)


def encode_plain(request: ChatRequest, answer: PlainAnswer, identity: FallbackIdentity) -> bytes:
    """The same of a plain answer."""
    id, created = answer.id or f"resp_{identity.id}", identity.created if answer.created is None else answer.created
    text = {"type": "output_text", "text": answer.text, "annotations": [], "logprobs": []}
    message = {
        "id": item_id("msg", stem_of(id), 0),
        "type": "message",
        "status": "completed",
        "role": "assistant",
        "content": [text],
    }
    response = {
        **new_response(request, id, answer.model or request.model, created),
        **finish_fields(answer.finish),
        "output": [message],
        "usage": None if answer.usage is None else usage_object(answer.usage),
    }
    return encode(response)
