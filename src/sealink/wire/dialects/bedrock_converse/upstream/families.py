"""What only the models of one vendor take: thinking, `top_k`, cache points, tools that Bedrock runs.

Most of it is in the model's own words, in `additionalModelRequestFields`. A family is told by the model's id
(us.anthropic.claude-sonnet-4-5-20250929-v1:0), or by its ARN where that has the name.
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.request import ChatRequest
from sealink.wire.dialects.anthropic_messages.upstream.models import rules_of
from sealink.wire.dialects.anthropic_messages.upstream.sampling import write_sampling
from sealink.wire.dialects.anthropic_messages.upstream.schema import output_schema
from sealink.wire.dialects.anthropic_messages.upstream.thinking import choose_thinking
from sealink.wire.dialects.anthropic_messages.upstream.turns import Turn as ClaudeTurn
from sealink.wire.dialects.bedrock_converse.upstream.turns import Turn
from sealink.wire.dialects.shared.unsupported import dropped_parameters, supported_effort
from sealink.wire.raw_json.fields import is_null

_EFFORTS: Final = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
_INFERENCE_NAMES: Final = {"temperature": "temperature", "top_p": "topP", "stop_sequences": "stopSequences"}


class Said(msgspec.Struct):
    """What of a request goes where. `inference` is `inferenceConfig`, `fields` are the model's own, `paths` those
    of its own fields that the answer is to have."""

    inference: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    output: dict[str, Any] = {}
    paths: list[str] = []


class Family:
    """Any vendor's models, about which nothing is known: what is Bedrock's own, and no more."""

    caches = False
    is_strict = False
    system_tools: Mapping[str, str] = {}
    read_extras: tuple[str, ...] = ("metadata",)

    def say(self, request: ChatRequest, turns: Sequence[Turn], dropped: list[str]) -> Said:
        """The knobs, and how much to think."""
        said = Said(inference=plain_inference(request))
        dropped += dropped_parameters(request, ("top_k", "reasoning_effort", "thinking_budget", "thinking_summary"))
        return said

    def schema(self, schema: Raw) -> Raw | dict[str, Any]:
        """A JSON Schema to keep to. Raises InvalidRequest if the model has no structured outputs."""
        return schema


class Claude(Family):
    """Anthropic's. What they take is the same wherever they are served.

    https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html
    """

    caches = True
    read_extras = ("betas", "metadata", "thinking")

    def __init__(self, model: str) -> None:
        self._rules = rules_of(model)
        self.is_strict = self._rules.structured_outputs

    def say(self, request: ChatRequest, turns: Sequence[Turn], dropped: list[str]) -> Said:
        max_tokens = request.sampling.max_tokens or self._rules.max_output_tokens
        thinking = choose_thinking(request, self._rules, max_tokens, [_as_claudes(turn) for turn in turns], dropped)
        knobs = write_sampling(request.sampling, self._rules, thinking.is_on, dropped)
        said = Said(inference=_max_tokens(request))
        said.inference |= {wire: knobs[name] for name, wire in _INFERENCE_NAMES.items() if name in knobs}
        if "top_k" in knobs:
            said.fields["top_k"] = knobs["top_k"]
        if thinking.field is not None:
            said.fields["thinking"] = thinking.field
        if thinking.effort is not None:
            said.output["effort"] = thinking.effort
        if "stopSequences" in said.inference:
            said.paths.append("/stop_sequence")
        if not is_null(betas := request.extras.get("betas")):
            said.fields["anthropic_beta"] = betas
        return said

    def schema(self, schema: Raw) -> Raw | dict[str, Any]:
        return output_schema(schema, self._rules)


class Nova(Family):
    """Amazon's. https://docs.aws.amazon.com/nova/latest/nova2-userguide/using-converse-api.html"""

    caches = True

    def __init__(self, model: str) -> None:
        self._thinks = "nova-2" in model
        self.system_tools = (
            {"web_search": "nova_grounding", "code_execution": "nova_code_interpreter"} if self._thinks else {}
        )

    def say(self, request: ChatRequest, turns: Sequence[Turn], dropped: list[str]) -> Said:
        said = Said(inference=plain_inference(request))
        if request.sampling.top_k is not None:
            said.fields["inferenceConfig"] = {"topK": request.sampling.top_k}
        dropped += dropped_parameters(request, ("thinking_budget", "thinking_summary"))
        if not self._thinks:
            dropped += dropped_parameters(request, ("reasoning_effort",))
        elif (effort := supported_effort(request, _EFFORTS)) == "none":
            said.fields["reasoningConfig"] = {"type": "disabled"}
        elif effort is not None:
            level = _EFFORTS[effort]
            said.fields["reasoningConfig"] = {"type": "enabled", "maxReasoningEffort": level}
            if level == "high":  # "temperature, topP and maxTokens must be unset"
                named = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p"}
                dropped += [name for wire, name in named.items() if said.inference.pop(wire, None) is not None]
        return said


class GptOss(Family):
    """OpenAI's open models."""

    def say(self, request: ChatRequest, turns: Sequence[Turn], dropped: list[str]) -> Said:
        said = Said(inference=plain_inference(request))
        dropped += dropped_parameters(request, ("top_k", "thinking_budget", "thinking_summary"))
        effort = supported_effort(request, _EFFORTS)
        if effort == "none":
            dropped.append("reasoning_effort")  # they always think
        elif effort is not None:
            said.fields["reasoning_effort"] = _EFFORTS[effort]
        return said


def family_of(model: str) -> Family:
    """The family of a model by its id."""
    name = model.lower()
    if "claude" in name:
        return Claude(model)
    if "nova" in name:
        return Nova(name)
    return GptOss() if "gpt-oss" in name else Family()


def plain_inference(request: ChatRequest) -> dict[str, Any]:
    """The knobs that Bedrock has for all models. Its temperature ends at 1, OpenAI's at 2."""
    sampling = request.sampling
    inference = _max_tokens(request)
    if sampling.temperature is not None:
        inference["temperature"] = min(sampling.temperature, 1.0)
    if sampling.top_p is not None:
        inference["topP"] = sampling.top_p
    if sampling.stop:
        inference["stopSequences"] = sampling.stop
    return inference


def _max_tokens(request: ChatRequest) -> dict[str, Any]:
    """Without one a model writes as much as it can."""
    return {} if request.sampling.max_tokens is None else {"maxTokens": request.sampling.max_tokens}


def _as_claudes(turn: Turn) -> ClaudeTurn:
    """A turn by what it begins with, on which Claude's rules for thinking depend."""
    first = turn.groups[0][0]
    kind = "thinking" if "reasoningContent" in first else "tool_result" if "toolResult" in first else "text"
    return ClaudeTurn(turn.role, [{"type": kind}])
