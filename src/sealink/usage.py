"""The token counts of an answer, and what else of it a provider charges for."""

from typing import Final, Literal

import msgspec

Provenance = Literal["provider", "estimated", "partial"]

_STANDARD_TIERS: Final = frozenset({"", "auto", "default", "standard", "standard_only", "on_demand"})


class Usage(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Token counts with one meaning for all dialects. A snapshot: a later one replaces an earlier one.

    `input_tokens` is the whole prompt, cached parts included (OpenAI's rule; Anthropic's
    `input_tokens` leaves them out, its dialect adds them). `output_tokens` includes reasoning.
    `billed`: the input and output tokens that the provider charges for, where it counts them separately.
    `extras` holds the provider's other usage fields by its own names, as raw JSON.

    What follows is there for the price. `cached_write_1h_tokens` are those of `cached_write_tokens` that are kept for
    an hour, the others are kept for five minutes. Tokens of audio and images are parts of the input and output tokens,
    `cached_audio_tokens` of the cached ones. `service_tier`: "" for the standard one; see `service_tier_of`.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_read_tokens: int = 0
    cached_write_tokens: int = 0
    reasoning_tokens: int = 0
    billed: tuple[int, int] | None = None
    extras: dict[str, msgspec.Raw] = {}
    cached_write_1h_tokens: int = 0
    input_audio_tokens: int = 0
    cached_audio_tokens: int = 0
    output_audio_tokens: int = 0
    input_image_tokens: int = 0
    output_image_tokens: int = 0
    web_searches: int = 0
    file_searches: int = 0
    service_tier: str = ""

    @property
    def is_plain(self) -> bool:
        """Whether all of its tokens are plain input and output, and nothing else is charged for."""
        return not (
            self.cached_read_tokens
            or self.cached_write_tokens
            or self.reasoning_tokens
            or self.input_audio_tokens
            or self.cached_audio_tokens
            or self.output_audio_tokens
            or self.input_image_tokens
            or self.output_image_tokens
            or self.web_searches
            or self.file_searches
        )


def service_tier_of(name: str | None) -> str:
    """A service tier as vendors name it (`flex`, `PRIORITY`) in lower case; "" for all names of the standard one."""
    tier = (name or "").lower()
    return "" if tier in _STANDARD_TIERS else tier
