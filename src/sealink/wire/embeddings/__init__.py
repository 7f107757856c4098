"""Embeddings: OpenAI's request and answer for clients, and the formats of several upstreams.

client                   what OpenAI's clients need of this API
parse_request            the client's request
answer                   the client's answer: vectors as numbers or base64
upstream                 what an upstream's format must be able to do
openai, cohere, gemini   the formats of upstreams
"""

from sealink.wire.embeddings.client import EmbeddingsClient
from sealink.wire.embeddings.upstream import EmbeddingsUpstream

CLIENT = EmbeddingsClient()

__all__ = ["CLIENT", "EmbeddingsUpstream"]
