"""How Ollama's answers end. https://docs.ollama.com/api/chat"""

from typing import Final

from sealink.events import FinishReason

_REASONS: Final[dict[str, FinishReason]] = {"stop": "stop", "length": "length"}


def finish_reason(done_reason: str, *, has_calls: bool) -> FinishReason:
    """Ollama ends an answer with tool calls with `stop`, too. Any other word counts as `stop`: `load` and `unload` mean
    that an empty conversation put a model into memory, or took it out."""
    reason = _REASONS.get(done_reason, "stop")
    return "tool_calls" if reason == "stop" and has_calls else reason
