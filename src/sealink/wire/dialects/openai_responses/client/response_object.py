"""The response object around an answer's items. https://platform.openai.com/docs/api-reference/responses/object"""

from typing import Any

from msgspec import Raw

from sealink.request import ChatRequest
from sealink.wire.dialects.openai_responses.shared_fields import write_format, write_tool, write_tool_choice
from sealink.wire.dialects.openai_responses.signatures import NAME


def new_response(request: ChatRequest, id: str, model: str, created: int) -> dict[str, Any]:
    """A response in progress, which repeats the request's parameters as SeaLink understood them. Nothing is stored."""
    sampling, choice = request.sampling, request.tool_choice
    builtin = [tool.raw for tool in request.builtin_tools if tool.dialect == NAME]
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
        "tools": [*map(write_tool, request.tools), *builtin],
        "top_logprobs": request.top_logprobs or 0,
        "top_p": sampling.top_p,
        "truncation": "disabled",
        "usage": None,
        "user": request.user,
    }
