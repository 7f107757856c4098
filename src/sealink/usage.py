"""The token counts of an answer."""

from typing import Literal

import msgspec

Provenance = Literal["provider", "estimated", "partial"]


class Usage(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Token counts with one meaning for all dialects. A snapshot: a later one replaces an earlier one.

    `input_tokens` is the whole prompt, cached parts included (OpenAI's rule; Anthropic's
    `input_tokens` leaves them out, its dialect adds them). `output_tokens` includes reasoning.
    `billed`: the input and output tokens that the provider charges for, where it counts them separately.
    `extras` holds the provider's other usage fields by its own names, as raw JSON.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cached_read_tokens: int = 0
    cached_write_tokens: int = 0
    reasoning_tokens: int = 0
    billed: tuple[int, int] | None = None
    extras: dict[str, msgspec.Raw] = {}
