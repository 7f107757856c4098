"""How much the model is to think: a reasoning effort or a token budget → `thinkingConfig`.

https://ai.google.dev/gemini-api/docs/thinking; efforts as in Google's own table for OpenAI's clients,
https://ai.google.dev/gemini-api/docs/openai#thinking. Models up to 2.5 take a budget, those from 3 on a level.
"""

from typing import Any, Final

from sealink.request import ChatRequest
from sealink.wire.dialects.gemini_generate.upstream.models import ModelRules
from sealink.wire.dialects.shared.unsupported import supported_effort

BUDGETS_TOKENS: Final = {
    "minimal": 1024,
    "low": 1024,
    "medium": 8192,
    "high": 24_576,
    "xhigh": 32_768,
    "max": 32_768,
}
"""Thinking budgets by effort; a model's own limits take precedence."""

_LEVELS: Final = {
    "minimal": "MINIMAL",
    "low": "LOW",
    "medium": "MEDIUM",
    "high": "HIGH",
    "xhigh": "HIGH",
    "max": "HIGH",
}


def thinking_config(request: ChatRequest, rules: ModelRules, dropped: list[str]) -> dict[str, Any]:
    """The config; {} where the client asks for none. What this model does not accept is named in `dropped`."""
    effort, budget, summary = supported_effort(request, _LEVELS), request.thinking_budget, request.thinking_summary
    if rules.thinking == "none":
        unsupported = {
            "reasoning_effort": effort not in (None, "none"),
            "thinking_budget": bool(budget),
            "thinking_summary": summary not in (None, "none"),
        }
        dropped += [name for name, is_set in unsupported.items() if is_set]
        return {}
    written = _level(effort, budget, rules) if rules.thinking == "level" else _budget(effort, budget, rules)
    thinks = summary is not None or effort not in (None, "none") or bool(budget)
    if thinks and summary != "none" and effort != "none" and budget != 0:
        written["includeThoughts"] = True
    return written


def _level(effort: str | None, budget: int | None, rules: ModelRules) -> dict[str, Any]:
    """The level for an effort, or else for a budget."""
    if effort is None and budget is None:
        return {}
    level = _LEVELS.get(effort or "") or ("MINIMAL" if effort else _level_of(budget or 0))
    if level == "MINIMAL":
        level = rules.lowest_level
    return {"thinkingLevel": "HIGH" if level == "MEDIUM" and not rules.has_medium else level}


def _level_of(budget: int) -> str:
    """The level of the effort that has about this budget."""
    if budget < BUDGETS_TOKENS["low"]:
        return "MINIMAL"
    return "LOW" if budget < BUDGETS_TOKENS["medium"] else "MEDIUM" if budget < BUDGETS_TOKENS["high"] else "HIGH"


def _budget(effort: str | None, budget: int | None, rules: ModelRules) -> dict[str, Any]:
    """A budget within the model's limits; the least where the model cannot stop thinking."""
    if budget is None:
        if effort is None:
            return {}
        budget = BUDGETS_TOKENS.get(effort, 0)
    if budget > 0 or not rules.can_stop_thinking:
        budget = min(max(budget, rules.min_budget), rules.max_budget)
    return {"thinkingBudget": budget}
