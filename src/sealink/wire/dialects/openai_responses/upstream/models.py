"""Which reasoning parameters each of OpenAI's models accepts.

Derived from the model's name, so that a model released tomorrow gets the newest rules. From "Reasoning models"
(https://platform.openai.com/docs/guides/reasoning) and the pages of the models, as of November 2026.
"""

import re
from functools import lru_cache
from typing import Final

import msgspec

EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""All efforts that clients of any dialect ask for, in ascending order."""

_O_SERIES: Final = ("low", "medium", "high")
_GPT_5: Final = ("minimal", "low", "medium", "high")
_GPT_5_1: Final = ("none", "low", "medium", "high")
_LATER: Final = ("none", "low", "medium", "high", "xhigh")

_GPT = re.compile(r"gpt-(\d{1,2})(?:\.(\d{1,2}))?(?![\do])")
_O = re.compile(r"(?:^|[/.-])o[1-9](?:-|$)")


class ModelRules(msgspec.Struct, frozen=True):
    """`thinks`: the model reasons, accepts its encrypted reasoning back, and refuses a temperature while it does.
    `efforts`: those it accepts; () for an unknown model, which is sent any effort as it is."""

    thinks: bool = False
    efforts: tuple[str, ...] = ()


@lru_cache(maxsize=256)
def rules_of(model: str) -> ModelRules:
    """The rules of a model by its name, as OpenAI or a cloud in front of it spells it."""
    name = model.lower()
    if _O.search(name) or ("codex-mini" in name and "gpt" not in name):
        return ModelRules(thinks=True, efforts=_O_SERIES)
    found = _GPT.search(name)
    version = (int(found[1]), int(found[2] or 0)) if found else (0, 0)
    if version < (5, 0) or "-chat" in name:
        return ModelRules()
    if version == (5, 0):
        return ModelRules(thinks=True, efforts=("high",) if "-pro" in name else _GPT_5)
    return ModelRules(thinks=True, efforts=_GPT_5_1 if version == (5, 1) and "max" not in name else _LATER)


def nearest_effort(effort: str, efforts: tuple[str, ...]) -> str:
    """The accepted effort that is nearest; the lower one of two that are equally near."""
    if not efforts or effort in efforts or effort not in EFFORTS:
        return effort
    place = EFFORTS.index(effort)
    return min(efforts, key=lambda accepted: abs(EFFORTS.index(accepted) - place))
