"""How much the model shall think: OpenAI's `reasoning_effort` → Anthropic's `thinking` and `effort`.

Models from 4.6 on take an effort, the ones before a budget of tokens. A client that sends Anthropic's own
`thinking` gets just that.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import ChatRequest
from sealink.wire.dialects.anthropic_messages.models import ModelRules
from sealink.wire.dialects.anthropic_messages.turns import THINKING_TYPES, Turn

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
    raw = request.extras.get("thinking")
    try:
        return None if raw is None else msgspec.json.decode(raw, type=NativeThinking | None)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidRequest(f"thinking: {error}", param="thinking") from error


def choose_thinking(
    request: ChatRequest, rules: ModelRules, max_tokens: int, turns: Sequence[Turn], dropped: list[str]
) -> Thinking:
    """What to send. An effort that has no place in this request is named in `dropped`."""
    effort, native = request.reasoning_effort, read_native(request)
    if effort is not None and effort not in (*_EFFORTS, "none"):
        raise InvalidRequest(
            f"reasoning_effort is one of none, {', '.join(_EFFORTS)}, not {effort!r}.", param="reasoning_effort"
        )
    if native is not None:
        chosen = Thinking(request.extras["thinking"], is_on=native.type in ("enabled", "adaptive"))
        if effort in _EFFORTS and rules.thinking == "adaptive":
            chosen.effort = _effort(effort, rules)
        elif effort is not None:
            dropped.append("reasoning_effort")
        return chosen
    if effort is None:
        return Thinking()
    if effort == "none":
        return _switched_off(rules)
    if rules.thinking == "adaptive":
        # Without `display` newer models send thinking without its text.
        return Thinking({"type": "adaptive", "display": "summarized"}, _effort(effort, rules), is_on=True)
    budget = _budget(effort, max_tokens)
    if rules.thinking == "none" or not budget or not _may_have_budget(request, turns):
        dropped.append("reasoning_effort")
        return Thinking()
    return Thinking({"type": "enabled", "budget_tokens": budget}, is_on=True)


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
    budget = min(BUDGETS_TOKENS[effort], max_tokens // 2)
    return budget if budget >= MIN_BUDGET_TOKENS else 0


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
