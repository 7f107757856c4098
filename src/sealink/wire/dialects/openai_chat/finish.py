"""Finish reasons: OpenAI's five, and what vendors send instead of them."""

from typing import Final, Literal, get_args

Standard = Literal["stop", "length", "tool_calls", "content_filter", "function_call"]
STANDARD: Final = frozenset(get_args(Standard))

FAILURES: Final = frozenset(
    {
        "error",  # Mistral, OpenRouter
        "network_error",  # Zhipu
        "insufficient_system_resource",  # DeepSeek
        "abort",  # vLLM
        "malformed_function_call",  # Gemini
    }
)
"""Reasons that mean failure: the answer is not complete, and the client must not take it for complete."""

_LENGTH: Final = "max_tokens max_length model_length token_limit max_output_tokens model_context_window_exceeded"
_TOOL_CALLS: Final = "tool_call tool_use function_calls"
_CONTENT_FILTER: Final = (
    "content_filtered safety sensitive recitation refusal blocklist prohibited_content spii image_safety language"
)
_STANDARD_OF: Final = (
    dict.fromkeys(_LENGTH.split(), "length")
    | dict.fromkeys(_TOOL_CALLS.split(), "tool_calls")
    | dict.fromkeys(_CONTENT_FILTER.split(), "content_filter")
    | {reason: reason for reason in STANDARD}
)


def standard_reason(reason: str) -> str | None:
    """OpenAI's finish reason for a vendor's (`eos`, `MAX_TOKENS`, …); None if it means failure.

    An unknown reason becomes `stop`: agents loop on one that is not OpenAI's.
    """
    reason = reason.lower()
    return None if reason in FAILURES else _STANDARD_OF.get(reason, "stop")
