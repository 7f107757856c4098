"""OpenAI's Responses API. https://platform.openai.com/docs/api-reference/responses

client         what clients of this dialect send, and what they are sent
upstream       what upstreams of this dialect are sent, and what they answer

views          the fields that are read of a stream's objects
usage          token counts
finish         how a response ends: status, reasons, error codes
shared_fields  request fields that a response repeats
annotations    citations, read and written
signatures     what it takes to send a model its own thinking back
"""

from sealink.wire.dialects.openai_responses.client.dialect import OpenAIResponsesClient
from sealink.wire.dialects.openai_responses.upstream.dialect import OpenAIResponsesUpstream

CLIENT = OpenAIResponsesClient()
UPSTREAM = OpenAIResponsesUpstream()

__all__ = ["CLIENT", "UPSTREAM", "OpenAIResponsesUpstream"]
