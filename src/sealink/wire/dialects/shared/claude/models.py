"""The rules of each Claude model: what a request to it may contain.

The rules follow from the version in the model's name, so that a model released tomorrow gets the newest. Sources:
"Thinking support, defaults, and rejected configurations by model"
(https://platform.claude.com/docs/en/build-with-claude/thinking-troubleshooting), "Limits and feature
compatibility" (…/build-with-claude/thinking) and "Effort levels" (…/build-with-claude/effort), as of
November 2026.
"""

import re
from functools import lru_cache
from typing import Final, Literal

import msgspec

# As in claude-3-5-sonnet-20241022, claude-opus-4-20250514, claude-sonnet-4-5@20250929, anthropic/claude-4.7-opus,
# us.anthropic.claude-opus-4-6-v1. Eight digits are a date, not a version.
_VERSION = re.compile(r"claude-(?:[a-z]+-)*?(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
_TIER = re.compile(r"opus|sonnet|haiku")

_NEWEST: Final = (99, 0)
"""The version of Claude names without one (claude-mythos-preview, claude-opus-latest): the newest rules apply."""

UNKNOWN_MAX_OUTPUT_TOKENS: Final = 8192
"""For other vendors' models behind Anthropic's format: all that are still served can write this many."""

# The `thinking.type` that turns thinking off where it is on by default. Other models from 5.0 on always think.
_THINKING_OFF: Final = {
    ("opus", (5, 0)): "disabled",
    ("sonnet", (5, 0)): "disabled",
    ("sonnet", (5, 5)): "between_tools",
    ("haiku", (5, 5)): "disabled",
}


class ModelRules(msgspec.Struct, frozen=True):
    """The rules of one model. The defaults are for a model about which nothing is known.

    `thinking`: it takes a budget of tokens, an effort (`adaptive`), or does not think at all.
    `thinking_off`: the `thinking.type` that turns thinking off; "" where it is off by default, None where
    it is always on.
    `sampling_is_fixed`: it refuses any temperature, top_p or top_k but the default.
    `thinking_fixes_sampling`: the same while it thinks, except for a top_p of at least 0.95.
    `temperature_or_top_p`: it refuses both in one request.
    """

    max_output_tokens: int = UNKNOWN_MAX_OUTPUT_TOKENS
    thinking: Literal["none", "budget", "adaptive"] = "budget"
    thinking_off: str | None = ""
    has_xhigh_effort: bool = False
    sampling_is_fixed: bool = False
    thinking_fixes_sampling: bool = False
    temperature_or_top_p: bool = False
    structured_outputs: bool = True


def is_claude(model: str) -> bool:
    """Whether this is one of Anthropic's, whoever serves it."""
    return "claude" in model.lower()


@lru_cache(maxsize=256)
def rules_of(model: str) -> ModelRules:
    """The rules of a model by its name, as Anthropic or a cloud spells it."""
    if not is_claude(model):
        return ModelRules()
    name = model.lower()
    version = _version_of(name)
    return ModelRules(
        max_output_tokens=_max_output_tokens(version),
        thinking="adaptive" if version >= (4, 6) else "budget" if version >= (3, 7) else "none",
        thinking_off=_thinking_off(name, version),
        has_xhigh_effort=(4, 7) <= version < _NEWEST,
        sampling_is_fixed=version >= (4, 7),
        thinking_fixes_sampling=True,
        temperature_or_top_p=version >= (4, 1),
        structured_outputs=version >= (4, 5),
    )


def _version_of(name: str) -> tuple[int, int]:
    found = _VERSION.search(name)
    return (int(found[1]), int(found[2] or 0)) if found else _NEWEST


def _max_output_tokens(version: tuple[int, int]) -> int:
    """The most that the model can write. Before 4.5 the API refuses a prompt that, together with `max_tokens`, exceeds
    the context window: for those models it is half of what Sonnet can write, to leave room for the prompt."""
    for since, limit in (((4, 6), 128_000), ((4, 5), 64_000), ((3, 7), 32_000), ((3, 5), 8192)):
        if version >= since:
            return limit
    return 4096


def _thinking_off(name: str, version: tuple[int, int]) -> str | None:
    if version < (5, 0):
        return ""
    tier = _TIER.search(name)
    return _THINKING_OFF.get((tier[0], version)) if tier else None
