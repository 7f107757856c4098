"""Parameters that only the models of one vendor take: thinking, `top_k`, cache points, tools that Bedrock runs.

Most of them are the model's own fields, in `additionalModelRequestFields`. The family follows from the model's id
(us.anthropic.claude-sonnet-4-5-20250929-v1:0), or from its ARN if the name is in it.
https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Raw

from sealink.request import ChatRequest
from sealink.wire.dialects.bedrock_converse.upstream.turns import Group, start_of
from sealink.wire.dialects.shared.claude.models import rules_of
from sealink.wire.dialects.shared.claude.sampling import write_sampling
from sealink.wire.dialects.shared.claude.schema import output_schema
from sealink.wire.dialects.shared.claude.thinking import choose_thinking
from sealink.wire.dialects.shared.json_schema import merged_object, read_schema, resolved
from sealink.wire.dialects.shared.turns import Turn
from sealink.wire.dialects.shared.unsupported import dropped_parameters, supported_effort
from sealink.wire.raw_json.fields import is_null

_EFFORTS: Final = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}
_INFERENCE_NAMES: Final = {"temperature": "temperature", "top_p": "topP", "stop_sequences": "stopSequences"}


class ModelParameters(msgspec.Struct):
    """`inferenceConfig`, the model's own fields, `outputConfig`, and which of its own fields the answer shall have."""

    inference: dict[str, Any] = {}
    own_fields: dict[str, Any] = {}
    output: dict[str, Any] = {}
    response_paths: list[str] = []


class Family:
    """Models about which nothing is known: they get only the parameters that Bedrock has for all models.

    `takes_cache_points`: of prompt caching. `enforces_schemas`: it has strict tools. `system_tools`: names of the
    tools that Bedrock runs, by kind. `read_extras`: the extra fields that this family reads.
    """

    takes_cache_points = False
    enforces_schemas = False
    system_tools: Mapping[str, str] = {}
    read_extras: tuple[str, ...] = ("metadata",)

    def parameters(self, request: ChatRequest, turns: Sequence[Turn[Group]], dropped: list[str]) -> ModelParameters:
        """Sampling and thinking. What the model does not take is named in `dropped`."""
        parameters = ModelParameters(inference=plain_inference(request))
        dropped += dropped_parameters(request, ("top_k", "reasoning_effort", "thinking_budget", "thinking_summary"))
        return parameters

    def tool_schema(self, schema: Raw, where: str) -> Raw | dict[str, Any]:
        """The schema of a tool's input."""
        return schema

    def schema(self, schema: Raw) -> Raw | dict[str, Any]:
        """The schema of an answer. Raises InvalidRequest if the model has no structured outputs."""
        return schema


class Claude(Family):
    """Anthropic's models.

    https://docs.aws.amazon.com/bedrock/latest/userguide/claude-messages-extended-thinking.html
    """

    takes_cache_points = True
    read_extras = ("betas", "metadata", "thinking")

    def __init__(self, model: str) -> None:
        self._rules = rules_of(model)
        self.enforces_schemas = self._rules.structured_outputs

    def parameters(self, request: ChatRequest, turns: Sequence[Turn[Group]], dropped: list[str]) -> ModelParameters:
        max_tokens = request.sampling.max_tokens or self._rules.max_output_tokens
        thinking = choose_thinking(request, self._rules, max_tokens, [start_of(turn) for turn in turns], dropped)
        sampling = write_sampling(request.sampling, self._rules, thinking.is_on, dropped)
        parameters = ModelParameters(inference=_max_tokens(request))
        parameters.inference |= {wire: sampling[name] for name, wire in _INFERENCE_NAMES.items() if name in sampling}
        if "top_k" in sampling:
            parameters.own_fields["top_k"] = sampling["top_k"]
        if thinking.field is not None:
            parameters.own_fields["thinking"] = thinking.field
        if thinking.effort is not None:
            parameters.output["effort"] = thinking.effort
        if "stopSequences" in parameters.inference:
            parameters.response_paths.append("/stop_sequence")
        if not is_null(betas := request.extras.get("betas")):
            parameters.own_fields["anthropic_beta"] = betas
        return parameters

    def schema(self, schema: Raw) -> Raw | dict[str, Any]:
        return output_schema(schema, self._rules)


class Nova(Family):
    """Amazon's models. https://docs.aws.amazon.com/nova/latest/nova2-userguide/using-converse-api.html"""

    takes_cache_points = True

    def __init__(self, model: str) -> None:
        self._thinks = "nova-2" in model
        self.system_tools = (
            {"web_search": "nova_grounding", "code_execution": "nova_code_interpreter"} if self._thinks else {}
        )

    def tool_schema(self, schema: Raw, where: str) -> Raw | dict[str, Any]:
        """At the top only `type`, `properties` and `required`: "extraneous key [$schema] is not permitted".

        https://docs.aws.amazon.com/nova/latest/userguide/tool-use-definition.html
        """
        whole = merged_object(resolved(read_schema(schema, where)))
        return {name: whole[name] for name in ("type", "properties", "required") if name in whole}

    def parameters(self, request: ChatRequest, turns: Sequence[Turn[Group]], dropped: list[str]) -> ModelParameters:
        parameters = ModelParameters(inference=plain_inference(request))
        if request.sampling.top_k is not None:
            parameters.own_fields["inferenceConfig"] = {"topK": request.sampling.top_k}
        dropped += dropped_parameters(request, ("thinking_budget", "thinking_summary"))
        if not self._thinks:
            dropped += dropped_parameters(request, ("reasoning_effort",))
        elif (effort := supported_effort(request, _EFFORTS)) == "none":
            parameters.own_fields["reasoningConfig"] = {"type": "disabled"}
        elif effort is not None:
            level = _EFFORTS[effort]
            parameters.own_fields["reasoningConfig"] = {"type": "enabled", "maxReasoningEffort": level}
            if level == "high":  # "temperature, topP and maxTokens must be unset"
                named = {"maxTokens": "max_tokens", "temperature": "temperature", "topP": "top_p"}
                dropped += [name for wire, name in named.items() if parameters.inference.pop(wire, None) is not None]
        return parameters


class GptOss(Family):
    """OpenAI's open models."""

    def parameters(self, request: ChatRequest, turns: Sequence[Turn[Group]], dropped: list[str]) -> ModelParameters:
        parameters = ModelParameters(inference=plain_inference(request))
        dropped += dropped_parameters(request, ("top_k", "thinking_budget", "thinking_summary"))
        effort = supported_effort(request, _EFFORTS)
        if effort == "none":
            dropped.append("reasoning_effort")  # it always thinks
        elif effort is not None:
            parameters.own_fields["reasoning_effort"] = _EFFORTS[effort]
        return parameters


def family_of(model: str) -> Family:
    """The family of a model by its id."""
    name = model.lower()
    if "claude" in name:
        return Claude(model)
    if "nova" in name:
        return Nova(name)
    return GptOss() if "gpt-oss" in name else Family()


def plain_inference(request: ChatRequest) -> dict[str, Any]:
    """The parameters that Bedrock has for all models. Its temperature goes up to 1, OpenAI's up to 2."""
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
    """Without `maxTokens` a model writes as much as it can."""
    return {} if request.sampling.max_tokens is None else {"maxTokens": request.sampling.max_tokens}
