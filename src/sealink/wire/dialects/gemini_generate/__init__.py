"""Google's generateContent: the Gemini API, and the same in Google's cloud. https://ai.google.dev/api/generate-content

upstream   what upstreams of this dialect are sent, and what they answer
views      the fields that are read of Gemini's wire objects
usage      token counts
finish     how answers end
"""

from typing import Final

from sealink.wire.dialect import UpstreamDialect
from sealink.wire.dialects.gemini_generate.upstream.dialect import GeminiGenerateUpstream, names_a_version

UPSTREAM: Final[UpstreamDialect] = GeminiGenerateUpstream("/v1beta/models")
"""For a base URL without a path, as Google's SDK takes it."""

UPSTREAM_BELOW_A_VERSION: Final[UpstreamDialect] = GeminiGenerateUpstream("/models")
"""For a base URL that names a version of the API, as the cloud's do: …/v1/projects/P/locations/L/publishers/google."""


def upstream_at(base_url: str) -> UpstreamDialect:
    """The dialect with the path that a base URL leaves to be added."""
    return UPSTREAM_BELOW_A_VERSION if names_a_version(base_url) else UPSTREAM


__all__ = ["UPSTREAM", "upstream_at"]
