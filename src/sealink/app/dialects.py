"""Which wire format stands behind each name that a config uses. What clients speak: gateway/endpoints."""

from collections.abc import Callable
from typing import Final

from sealink.providers.profile import Profile
from sealink.wire.dialect import UpstreamDialect
from sealink.wire.dialects import (
    anthropic_messages,
    bedrock_converse,
    cohere_chat,
    gemini_generate,
    ollama_chat,
    openai_chat,
    openai_responses,
)
from sealink.wire.embeddings import EmbeddingsUpstream
from sealink.wire.embeddings.cohere import CohereEmbeddings
from sealink.wire.embeddings.gemini import GeminiEmbeddings
from sealink.wire.embeddings.openai import OpenAIEmbeddings

UPSTREAM_DIALECTS: dict[str, UpstreamDialect] = {
    "openai": openai_chat.UPSTREAM,
    "anthropic": anthropic_messages.UPSTREAM,
    "bedrock": bedrock_converse.UPSTREAM,
    "cohere": cohere_chat.UPSTREAM,
    "gemini": gemini_generate.UPSTREAM,
    "ollama": ollama_chat.UPSTREAM,
    "responses": openai_responses.UPSTREAM,
}

UPSTREAMS_BY_ADDRESS: dict[str, Callable[[str], UpstreamDialect]] = {"gemini": gemini_generate.upstream_at}
"""Dialects whose paths depend on how much of them a provider's base URL says."""

RECORDED_AS = {
    "openai": "openai-chat",
    "anthropic": "anthropic-messages",
    "bedrock": "bedrock-converse",
    "cohere": "cohere-v2",
    "gemini": "gemini",
    "ollama": "ollama-chat",
    "responses": "openai-responses",
    "sim": "openai-chat",
}
"""The names of the wire formats in recordings."""

EMBEDDINGS: dict[str, EmbeddingsUpstream] = {
    "openai": OpenAIEmbeddings(),
    "responses": OpenAIEmbeddings(),
    "ollama": OpenAIEmbeddings("/v1/embeddings"),
    "gemini": GeminiEmbeddings(),
    "cohere": CohereEmbeddings(),
}
"""Which embeddings there are where a dialect is spoken."""

SIMULATED: Final = "openai"
"""What the simulated models of a config speak."""


def spoken_at(dialect: str, base_url: str, profile: Profile) -> UpstreamDialect:
    """A dialect as a vendor speaks it: it may want earlier thinking again, have no custom tools, run tools itself, or
    have a part of the path in its URL."""
    if dialect == "openai":
        return openai_chat.OpenAIChatUpstream(
            wants_thinking=profile.wants_thinking, takes_custom_tools=profile.takes_custom_tools
        )
    if profile.server_call_ids:
        return openai_responses.OpenAIResponsesUpstream(profile.server_call_ids)
    at_address = UPSTREAMS_BY_ADDRESS.get(dialect)
    return UPSTREAM_DIALECTS[dialect] if at_address is None else at_address(base_url)
