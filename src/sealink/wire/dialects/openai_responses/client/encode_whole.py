"""Events → a whole response: the object that a stream's last frame carries.

https://platform.openai.com/docs/api-reference/responses/object
"""

from collections.abc import Iterable

from sealink.events import Event, StreamError
from sealink.request import ChatRequest
from sealink.wire.dialect import FallbackIdentity
from sealink.wire.dialects.openai_responses.client.encode_stream import ResponseEncoder
from sealink.wire.raw_json.fields import encode


def encode_whole(request: ChatRequest, events: Iterable[Event], identity: FallbackIdentity) -> bytes:
    """Raises the SealinkError that the answer brought."""
    encoder = ResponseEncoder(request, identity)
    for event in events:
        if isinstance(event, StreamError):
            raise event.error
        encoder.encode(event)
    return encode(encoder.response)
