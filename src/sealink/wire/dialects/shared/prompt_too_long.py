"""Whether an upstream's error says that the prompt does not fit the model's context window.

Agents shorten a conversation when they read `context_length_exceeded` (OpenAI's) or `prompt is too long` (Anthropic's).
Most servers send neither but a sentence of their own, so this is the one place that knows their sentences. They are
those of public bug reports: github.com/earendil-works/pi/issues/129, jin-bo/agentao/pull/88,
BerriAI/litellm/pull/21647, NVIDIA/TensorRT-LLM/issues/2702.
"""

import re
from typing import Final

CODE: Final = "context_length_exceeded"

_STATUSES: Final = (400, 413, 422)
_MAX_SEARCHED_CHARS: Final = 8192

_CONTEXT: Final = r"context[ _-]?(?:length|window|size|limit)"
_PROMPT: Final = r"(?:prompt|inputs?|messages?)(?:[ _](?:tokens?|count|length|size|sequence))*"
_OTHER_LIMIT: Final = r"(?!.{0,60}?\b(?:bytes|[kmg]i?b|images?|files?|pixels|characters|payload)\b)"

_TOO_LONG: Final = re.compile(
    "|".join(
        (
            # OpenAI's code, ContextWindowExceededError (LiteLLM), "context size has been exceeded" (llama.cpp)
            rf"{_CONTEXT}\w*(?: has been| was)? ?_?exceed",
            # "exceeds the context window" (OpenAI), "exceed_context_size_error" (llama.cpp), "exceed context limit"
            rf"exceed\w*.{{0,60}}?{_CONTEXT}",
            # "maximum context length is 4096 tokens" (OpenAI, vLLM, OpenRouter), "maximum prompt length is" (xAI)
            r"maximum (?:context (?:length|window|size)|prompt length).{0,80}?\d",
            r"context length (?:is|of) only \d",  # vLLM, LM Studio
            rf"(?:longer|greater|larger) than (?:the )?(?:model's )?(?:max(?:imum)? )?(?:{_CONTEXT}|model length)",
            r"larger context length, or provide a shorter input",  # LM Studio
            # Anthropic, Fireworks, DeepInfra, Bedrock, Perplexity ("length of all messages is too long"), Atlas
            r"(?<!image )(?<!audio )(?<!file )\b(?:prompt|inputs?|all messages|conversation)(?: tokens?)?"
            rf"(?: is| are)? too (?:long|large){_OTHER_LIMIT}",
            # "Prompt exceeds max length" (Zhipu), "Prompt length (9) exceeds maximum input length (8)" (TensorRT-LLM),
            # "prompt token count of 9 exceeds the limit of 8" (Copilot), "Input Tokens Exceeded" (Nova)
            rf"\b{_PROMPT}(?: is| of)?[ (]*[\d,]*(?: tokens?)?\)? (?:cannot |should not |must not )?exceed"
            rf"{_OTHER_LIMIT}\w*.{{0,40}}?(?:max|limit|length|tokens)",
            r"tokens in the prompt exceed",  # Cohere
            # Gemini, Vertex AI
            r"input token count.{0,60}?(?:exceeds the maximum number of tokens|only supports up to)",
            r"exceed\w* (?:the )?(?:model|max(?:imum)?)(?: number of)?(?: input)? tokens?\b",  # Moonshot
            r"message token length exceed",  # StepFun, 01.AI
            r"(?:tokens|prompt_len\w*|prompt length).{0,80}?exceed\w* (?:the )?max_(?:seq_len|model_len|num_tokens)",
            r"max_total_tokens \(\d+\) must be less than or equal to max_seq_len",  # SiliconFlow
            r"\btoo many (?:input |prompt )?tokens",  # Cohere, Bedrock
            r"token limit exceeded",
            r"tokens in request more than max tokens allowed",
            r"too large for model with \d",  # Mistral
            r"body too large for .{1,80}? max size: \d+ tokens",  # GitHub Models
            # TGI, Together
            r"`?inputs`? (?:tokens )?(?:\+ `?max_new_tokens`? must be <=|must have less than \d+ tokens)",
            r"range of input length should be",  # Qwen on DashScope
            # Groq, Cerebras
            r"reduce (?:the length of )?(?:the |your )?(?:input |prompt )?(?:messages|prompt|input)\b",
            r"reduce the input token count",  # Vertex AI
            r"string too long\. expected a string with maximum length \d{6}",  # OpenAI: a message, not a name
            r"(?:prompt|输入|上下文|tokens?).{0,30}?(?:超长|过长|超出|超过|超限)",
        )
    ),
    re.IGNORECASE | re.DOTALL,
)

_RATE_LIMIT: Final = re.compile(
    r"rate[ _-]?limit|\bper[ -](?:second|minute|min|hour|day|week|month)\b|\b(?:daily|hourly|weekly|monthly)\b"
    r"|\b[TR]P[MD]\b|quota|throttl|too many requests|please wait|\bcredits?\b|balance|速率|频率|限流|配额",
    re.IGNORECASE,
)
"""A limit that waiting or paying removes. It often counts tokens too: "Too many tokens, please wait"."""


def is_prompt_too_long(status: int | None, *words: str | None) -> bool:
    """Whether an error with this status says so: in its message, its code, its type, or what it quotes.

    `status` is None for an error inside a stream that has no status of its own.
    """
    if status is not None and status not in _STATUSES:
        return False
    text = " ".join(word[:_MAX_SEARCHED_CHARS] for word in words if word)
    return _TOO_LONG.search(text) is not None and _RATE_LIMIT.search(text) is None
