"""How Ollama's answers end. https://docs.ollama.com/api/chat"""

from typing import Final

from sealink.events import Finish, FinishReason

_REASONS: Final[dict[str, FinishReason]] = {"stop": "stop", "length": "length"}
"""A reason that is not listed counts as `stop`: `load` and `unload` mean that a request without messages has put the
model into memory, or has taken it out."""


def read_finish(done_reason: str, *, has_calls: bool) -> Finish:
    """Ollama ends an answer that has tool calls with `stop`, too."""
    reason = _REASONS.get(done_reason, "stop")
    return Finish("tool_calls" if reason == "stop" and has_calls else reason, raw_reason=done_reason)
