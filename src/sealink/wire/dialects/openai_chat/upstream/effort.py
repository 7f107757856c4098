"""How much the model shall think, in OpenAI's one word for it. https://platform.openai.com/docs/guides/reasoning

A budget of tokens becomes the effort that comes next to it, for models that are known to take one: OpenAI's others,
and many vendors' models, refuse a request with `reasoning_effort`.
"""

import re
from typing import Final

from sealink.request import ChatRequest

_TAKES_EFFORT: Final = re.compile(r"(?:^|/)(?:o[1-9]|gpt-(?:[5-9]|oss)|codex)")
_CANNOT_STOP: Final = re.compile(r"(?:^|/)(?:o[1-9]|gpt-oss|gpt-5(?!\.))")
"""Models that have no effort of "none"."""

_UP_TO_TOKENS: Final = {"low": 4096, "medium": 16_384}


def write_effort(request: ChatRequest, model: str, dropped: list[str]) -> str | None:
    """What the client said; or what its budget comes to. A budget with no place is named in `dropped`."""
    budget = request.thinking_budget
    if request.reasoning_effort is not None or budget is None:
        return request.reasoning_effort
    if not _TAKES_EFFORT.search(model.lower()):
        if budget:
            dropped.append("thinking_budget")
        return None
    if budget == 0:
        return "low" if _CANNOT_STOP.search(model.lower()) else "none"
    return next((effort for effort, limit in _UP_TO_TOKENS.items() if budget <= limit), "high")
