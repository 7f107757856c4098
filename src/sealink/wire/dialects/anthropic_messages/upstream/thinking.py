"""How much the model shall think: an effort, or a budget of tokens → Anthropic's `thinking` and `effort`.

Models from 4.6 on take an effort, the ones before a budget of tokens. A client that sends Anthropic's own
`thinking` gets just that.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.request import ChatRequest
from sealink.wire.dialects.anthropic_messages.extras import read_extra
from sealink.wire.dialects.anthropic_messages.upstream.models import ModelRules
from sealink.wire.dialects.anthropic_messages.upstream.turns import THINKING_TYPES, Turn
from sealink.wire.dialects.shared.unsupported import supported_effort

MIN_BUDGET_TOKENS: Final = 1024
"""Anthropic takes no smaller one."""

BUDGETS_TOKENS: Final = {
    "minimal": MIN_BUDGET_TOKENS,
    "low": 4096,
    "medium": 8192,
    "high": 16_384,
    "xhigh": 32_000,
    "max": 32_000,
}
"""Thinking budgets by effort, for the models that take one. Above 32k Anthropic advises against live requests."""

_EFFORTS: Final = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}


class Thinking(msgspec.Struct):
    """What a request says about thinking: the `thinking` field, `output_config.effort`, and whether it is on."""

    field: Raw | dict[str, Any] | None = None
    effort: str | None = None
    is_on: bool = False


class NativeThinking(msgspec.Struct):
    """Anthropic's own field, as far as other fields depend on it."""

    type: str
    budget_tokens: int = 0


def read_native(request: ChatRequest) -> NativeThinking | None:
    """The client's own `thinking`. Raises InvalidRequest if it is none."""
    return read_extra(request.extras, "thinking", NativeThinking)


def choose_thinking(
    request: ChatRequest, rules: ModelRules, max_tokens: int, turns: Sequence[Turn], dropped: list[str]
) -> Thinking:
    """What to send. An effort or a budget that has no place in this request is named in `dropped`."""
    effort, budget = supported_effort(request, _EFFORTS), request.thinking_budget
    if (native := read_native(request)) is not None:
        return _native(request, native, rules, dropped)
    if effort == "none" or (effort is None and budget == 0):
        return _switched_off(rules)
    if effort is None and budget is None:
        return _shown(request, rules)
    if rules.thinking == "adaptive":
        level = _effort(effort, rules) if effort is not None else _effort_of(budget or 0)
        return Thinking(_adaptive(request.thinking_summary or "auto"), level, is_on=True)
    budget = _fitting(budget, max_tokens) if budget is not None else _budget(effort or "", max_tokens)
    if rules.thinking == "none" or not budget or not _may_have_budget(request, turns):
        dropped.append("reasoning_effort" if effort is not None else "thinking_budget")
        return Thinking()
    field = {"type": "enabled", "budget_tokens": budget}
    return Thinking(field | _display(request.thinking_summary), is_on=True)


def _native(request: ChatRequest, native: NativeThinking, rules: ModelRules, dropped: list[str]) -> Thinking:
    """The client has said it in Anthropic's own words."""
    chosen = Thinking(request.extras["thinking"], is_on=native.type in ("enabled", "adaptive"))
    effort = request.reasoning_effort
    if effort in _EFFORTS and rules.thinking == "adaptive":
        chosen.effort = _effort(effort, rules)
    elif effort is not None:
        dropped.append("reasoning_effort")
    if request.thinking_budget is not None:
        dropped.append("thinking_budget")
    return chosen


def _shown(request: ChatRequest, rules: ModelRules) -> Thinking:
    """How much to think is left to the model; whether to tell it is asked only of one that thinks unasked."""
    thinks_anyway = rules.thinking == "adaptive" and rules.thinking_off != ""
    if request.thinking_summary is None or not thinks_anyway:
        return Thinking()
    return Thinking(_adaptive(request.thinking_summary), is_on=True)


def _adaptive(summary: str) -> dict[str, Any]:
    # Without `display` newer models send thinking without its text.
    return {"type": "adaptive", **_display(summary)}


def _display(summary: str | None) -> dict[str, Any]:
    """Anthropic has one kind of summary."""
    return {} if summary is None else {"display": "omitted" if summary == "none" else "summarized"}


def _switched_off(rules: ModelRules) -> Thinking:
    """A model that always thinks is told to think as little as it can."""
    if rules.thinking_off is None:
        return Thinking(effort="low", is_on=True)
    return Thinking({"type": rules.thinking_off} if rules.thinking_off else None)


def _effort(effort: str, rules: ModelRules) -> str:
    level = _EFFORTS[effort]
    return "high" if level == "xhigh" and not rules.has_xhigh_effort else level


def _budget(effort: str, max_tokens: int) -> int:
    """Thinking counts towards max_tokens: half of them are left for the answer. 0 where too few are left to think."""
    budget = min(BUDGETS_TOKENS.get(effort, 0), max_tokens // 2)
    return budget if budget >= MIN_BUDGET_TOKENS else 0


def _fitting(budget: int, max_tokens: int) -> int:
    """A budget that was asked for, within Anthropic's limits: at least 1024, less than max_tokens. 0: there is none."""
    budget = max(MIN_BUDGET_TOKENS, min(budget, max_tokens - 1))
    return budget if budget < max_tokens else 0


def _effort_of(budget: int) -> str:
    """The effort that comes next to a budget, for a model that takes none."""
    return next((level for level in ("low", "medium", "high") if budget <= BUDGETS_TOKENS[level]), "max")


def _may_have_budget(request: ChatRequest, turns: Sequence[Turn]) -> bool:
    """With a budget, Anthropic refuses a forced tool, a prefilled answer, and tool results that follow a turn
    which does not begin with signed thinking (one that another model wrote, or whose thinking was not sent back)."""
    forced = request.tool_choice is not None and request.tool_choice.mode in ("required", "named")
    prefilled = bool(turns) and turns[-1].role == "assistant"
    return not forced and not prefilled and _open_turn_begins_with_thinking(turns)


def _open_turn_begins_with_thinking(turns: Sequence[Turn]) -> bool:
    """Whether the assistant's turn that is still under way, across its tool calls, began with thinking."""
    first = None
    for turn in reversed(turns):
        if turn.role == "user" and turn.content[0]["type"] != "tool_result":
            break
        if turn.role == "assistant":
            first = turn.content[0]
    return first is None or first["type"] in THINKING_TYPES
