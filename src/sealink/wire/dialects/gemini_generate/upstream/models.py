"""What each Gemini model accepts: the rules that a request's shape depends on.

Derived from the version in the model's name, so that a model released tomorrow gets the newest rules. From
https://ai.google.dev/gemini-api/docs/thinking (levels and budgets),
https://ai.google.dev/gemini-api/docs/generate-content/whats-new-gemini-3.6 (sampling, candidates) and
https://ai.google.dev/gemini-api/docs/function-calling (multimodal results), as of November 2026.
"""

import re
from functools import lru_cache
from typing import Final, Literal

import msgspec

# gemini-2.5-flash-lite-preview-09-2025, google/gemini-3-pro-preview, gemini-2.0-flash-001
_VERSION = re.compile(r"gemini-(\d{1,2})(?:\.(\d{1,2}))?(?!\d)")
_NEWEST: Final = (99, 0)
"""For names without a version (gemini-flash-latest)."""


class ModelRules(msgspec.Struct, frozen=True):
    """What a model accepts. The defaults are those of an unknown model.

    `thinking`: a token budget, a level, or neither. `min_budget`, `max_budget`: in tokens; `can_stop_thinking`: a
    budget of 0, too. `lowest_level`: the least that it thinks. `has_medium`: it has a level between low and high.
    `signs_calls`: it refuses a call of the current turn without its signature. `samples`: it accepts temperature,
    top_p and top_k. `has_candidates`: it can give several answers. `multimodal_results`: a function's result may hold
    images and files. `combines_tools`: it accepts its own tools beside functions.
    """

    thinking: Literal["none", "budget", "level"] = "none"
    min_budget: int = 0
    max_budget: int = 24_576
    can_stop_thinking: bool = True
    lowest_level: Literal["MINIMAL", "LOW"] = "LOW"
    has_medium: bool = True
    signs_calls: bool = False
    samples: bool = True
    has_candidates: bool = True
    multimodal_results: bool = False
    combines_tools: bool = False


@lru_cache(maxsize=256)
def rules_of(model: str) -> ModelRules:
    """The rules of a model by its name, as the API or a cloud spells it. A tuned model's counts as unknown."""
    name = model.lower()
    if "gemini-" not in name:
        return ModelRules()
    found = _VERSION.search(name)
    version = (int(found[1]), int(found[2] or 0)) if found else _NEWEST
    is_flash, is_lite = "flash" in name, "flash-lite" in name
    if version < (3, 0):
        return _budget_rules(version, is_flash=is_flash, is_lite=is_lite, draws="image" in name)
    return ModelRules(
        thinking="level",
        lowest_level="MINIMAL" if is_flash and version <= (3, 6) else "LOW",
        has_medium=is_flash or version > (3, 0),
        signs_calls=True,
        samples=version < (3, 5) or (version == (3, 5) and not is_lite),
        has_candidates=False,
        multimodal_results=True,
        combines_tools=True,
    )


def _budget_rules(version: tuple[int, int], *, is_flash: bool, is_lite: bool, draws: bool) -> ModelRules:
    if version < (2, 5) or draws:
        return ModelRules()
    if not is_flash:
        return ModelRules(thinking="budget", min_budget=128, max_budget=32_768, can_stop_thinking=False)
    return ModelRules(thinking="budget", min_budget=512 if is_lite else 1)
