"""Thinking: a reasoning effort or a budget of tokens → Claude's `thinking` field and effort.

Models from 4.6 on take an effort, earlier ones a budget of tokens. A client that sends Anthropic's own `thinking`
field gets exactly that. https://platform.claude.com/docs/en/build-with-claude/thinking
"""

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from msgspec import Raw

from sealink.request import ChatRequest
from sealink.wire.dialects.shared.claude.models import ModelRules
from sealink.wire.dialects.shared.unsupported import supported_effort
from sealink.wire.raw_json.request_fields import read_field

MIN_BUDGET_TOKENS: Final = 1024
"""The smallest budget that Claude takes."""

BUDGETS_TOKENS: Final = {
    "minimal": MIN_BUDGET_TOKENS,
    "low": 4096,
    "medium": 8192,
    "high": 16_384,
    "xhigh": 32_000,
    "max": 32_000,
}
"""Thinking budgets by effort, for models that take a budget. Above 32k Anthropic recommends batch processing."""

_EFFORTS: Final = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "xhigh", "max": "max"}


class TurnStart(msgspec.Struct):
    """How one turn of the conversation begins: the rules for thinking depend on it."""

    role: str
    begins_with: Literal["thinking", "tool_result", "other"]


class Thinking(msgspec.Struct):
    """What to send: the `thinking` field and the effort. `is_on`: the model will think."""

    field: Raw | dict[str, Any] | None = None
    effort: str | None = None
    is_on: bool = False


class NativeThinking(msgspec.Struct):
    """Anthropic's own `thinking` field, as far as other fields depend on it."""

    type: str
    budget_tokens: int = 0


def read_native(request: ChatRequest) -> NativeThinking | None:
    """The client's own `thinking` field, if it sends one. Raises InvalidRequest if it has the wrong type."""
    native: NativeThinking | None = read_field(request.extras, "thinking", NativeThinking | None)
    return native


def is_claude_signature(signature: str) -> bool:
    """Whether Claude signed this thinking. Its signatures are base64; another model's begin with a dialect's name and
    a colon. Claude refuses a conversation with thinking that it did not sign."""
    return bool(signature) and ":" not in signature


def choose_thinking(
    request: ChatRequest, rules: ModelRules, max_tokens: int, turns: Sequence[TurnStart], dropped: list[str]
) -> Thinking:
    """What to send. An effort or a budget that cannot be sent with this request is named in `dropped`."""
    effort, budget = supported_effort(request, _EFFORTS), request.thinking_budget
    if (native := read_native(request)) is not None:
        return _native(request, native, rules, dropped)
    if effort == "none" or (effort is None and budget == 0):
        return _turned_off(rules)
    if effort is None and budget is None:
        return _only_displayed(request, rules)
    if rules.thinking == "adaptive":
        level = _effort(effort, rules) if effort is not None else _effort_nearest(budget or 0)
        return Thinking(_adaptive(request.thinking_summary or "auto"), level, is_on=True)
    budget = _within_limits(budget, max_tokens) if budget is not None else _budget_of_effort(effort or "", max_tokens)
    if rules.thinking == "none" or not budget or not _may_have_budget(request, turns):
        dropped.append("reasoning_effort" if effort is not None else "thinking_budget")
        return Thinking()
    field = {"type": "enabled", "budget_tokens": budget}
    return Thinking(field | _display(request.thinking_summary), is_on=True)


def _native(request: ChatRequest, native: NativeThinking, rules: ModelRules, dropped: list[str]) -> Thinking:
    """The client's own `thinking` field; beside it an effort counts only for a model that takes one."""
    chosen = Thinking(request.extras["thinking"], is_on=native.type in ("enabled", "adaptive"))
    effort = request.reasoning_effort
    if effort in _EFFORTS and rules.thinking == "adaptive":
        chosen.effort = _effort(effort, rules)
    elif effort is not None:
        dropped.append("reasoning_effort")
    if request.thinking_budget is not None:
        dropped.append("thinking_budget")
    return chosen


def _only_displayed(request: ChatRequest, rules: ModelRules) -> Thinking:
    """The client asks only for a summary of the thinking: that matters for a model that thinks by default."""
    thinks_by_default = rules.thinking == "adaptive" and rules.thinking_off != ""
    if request.thinking_summary is None or not thinks_by_default:
        return Thinking()
    return Thinking(_adaptive(request.thinking_summary), is_on=True)


def _adaptive(summary: str) -> dict[str, Any]:
    # Without `display` newer models send thinking without its text.
    return {"type": "adaptive", **_display(summary)}


def _display(summary: str | None) -> dict[str, Any]:
    """Claude has one kind of summary."""
    return {} if summary is None else {"display": "omitted" if summary == "none" else "summarized"}


def _turned_off(rules: ModelRules) -> Thinking:
    """Thinking turned off; a model that always thinks gets the lowest effort."""
    if rules.thinking_off is None:
        return Thinking(effort="low", is_on=True)
    return Thinking({"type": rules.thinking_off} if rules.thinking_off else None)


def _effort(effort: str, rules: ModelRules) -> str:
    level = _EFFORTS[effort]
    return "high" if level == "xhigh" and not rules.has_xhigh_effort else level


def _budget_of_effort(effort: str, max_tokens: int) -> int:
    """The budget for an effort. Thinking counts towards max_tokens, and half of them are left for the answer. 0 if the
    other half is less than the smallest budget."""
    budget = min(BUDGETS_TOKENS.get(effort, 0), max_tokens // 2)
    return budget if budget >= MIN_BUDGET_TOKENS else 0


def _within_limits(budget: int, max_tokens: int) -> int:
    """The client's budget within Claude's limits: at least 1024, less than max_tokens. 0 if no budget is both."""
    budget = max(MIN_BUDGET_TOKENS, min(budget, max_tokens - 1))
    return budget if budget < max_tokens else 0


def _effort_nearest(budget: int) -> str:
    """The effort nearest to a budget, for a model that takes no budget."""
    return next((level for level in ("low", "medium", "high") if budget <= BUDGETS_TOKENS[level]), "max")


def _may_have_budget(request: ChatRequest, turns: Sequence[TurnStart]) -> bool:
    """With a budget, Claude refuses a forced tool, a prefilled answer, and tool results after a turn that does not
    begin with signed thinking (because another model wrote it, or its thinking was not sent back)."""
    is_forced = request.tool_choice is not None and request.tool_choice.mode in ("required", "named")
    is_prefilled = bool(turns) and turns[-1].role == "assistant"
    return not is_forced and not is_prefilled and _open_turn_begins_with_thinking(turns)


def _open_turn_begins_with_thinking(turns: Sequence[TurnStart]) -> bool:
    """Whether the assistant's turn that is still open, across its tool calls, began with thinking."""
    first = None
    for turn in reversed(turns):
        if turn.role == "user" and turn.begins_with != "tool_result":
            break
        if turn.role == "assistant":
            first = turn
    return first is None or first.begins_with == "thinking"
