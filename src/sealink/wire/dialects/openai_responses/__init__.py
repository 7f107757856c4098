"""OpenAI's Responses API. https://platform.openai.com/docs/api-reference/responses

head, request, input, tools   what a client asks
encoder, blocks, items        events → what a client reads
annotations, envelope         the citations in it, and the object around it
write, turns, models          a neutral request → POST /responses
stream, output, views         frames, or a whole response → events
relay, mend                   an upstream's stream → the same, put right where OpenAI's own SDK would break
signatures                    what it takes to send a model its own thinking back
usage, errors, heartbeats     what it cost, what went wrong, that it goes on
prompt                        the words of a request, to be counted
"""

from sealink.wire.dialects.openai_responses.client.dialect import OpenAIResponsesClient
from sealink.wire.dialects.openai_responses.upstream.dialect import OpenAIResponsesUpstream

CLIENT = OpenAIResponsesClient()
UPSTREAM = OpenAIResponsesUpstream()

__all__ = ["CLIENT", "UPSTREAM"]
