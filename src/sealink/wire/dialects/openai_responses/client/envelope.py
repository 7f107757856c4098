"""The response object around an answer's items. https://platform.openai.com/docs/api-reference/responses/object"""

from typing import Any

from msgspec import Raw

from sealink.request import ChatRequest
from sealink.wire.dialects.openai_responses.upstream.write_request import write_format, write_tool_choice, write_tools


def envelope(request: ChatRequest, id: str, model: str, created: int) -> dict[str, Any]:
    """A response that is being made, with what was asked for as it was understood. Nothing is stored."""
    sampling, choice = request.sampling, request.tool_choice
    return {
        "id": id,
        "object": "response",
        "created_at": created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": sampling.max_tokens,
        "max_tool_calls": None,
        "metadata": request.extras.get("metadata", Raw(b"{}")),
        "model": model,
        "output": [],
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "previous_response_id": None,
        "prompt_cache_key": request.extras.get("prompt_cache_key"),
        "reasoning": {"effort": request.reasoning_effort, "summary": request.thinking_summary},
        "safety_identifier": request.extras.get("safety_identifier"),
        "service_tier": request.service_tier,
        "store": False,
        "temperature": sampling.temperature,
        "text": {"format": write_format(request.response_format) or {"type": "text"}},
        "tool_choice": "auto" if choice is None else write_tool_choice(choice, request.tools),
        "tools": write_tools(request),
        "top_logprobs": request.top_logprobs or 0,
        "top_p": sampling.top_p,
        "truncation": "disabled",
        "usage": None,
        "user": request.user,
    }
