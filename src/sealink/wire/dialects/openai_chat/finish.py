"""The words with which choices end: OpenAI's five, and what vendors say instead of them."""

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
"""Not ends but failures: the answer is not whole, and must not look as if it were."""

_LENGTH: Final = "max_tokens max_length model_length token_limit max_output_tokens model_context_window_exceeded"
_TOOL_CALLS: Final = "tool_call tool_use function_calls"
_CONTENT_FILTER: Final = (
    "content_filtered safety sensitive recitation refusal blocklist prohibited_content spii image_safety language"
)
_STANDARD_OF: Final = (
    dict.fromkeys(_LENGTH.split(), "length")
    | dict.fromkeys(_TOOL_CALLS.split(), "tool_calls")
    | dict.fromkeys(_CONTENT_FILTER.split(), "content_filter")
    | {word: word for word in STANDARD}
)


def standard_reason(word: str) -> str | None:
    """OpenAI's word for a vendor's (`eos`, `MAX_TOKENS`, …); None if it tells of a failure.

    A word that nobody knows is a stop: agents loop on one that is not OpenAI's.
    """
    word = word.lower()
    return None if word in FAILURES else _STANDARD_OF.get(word, "stop")
