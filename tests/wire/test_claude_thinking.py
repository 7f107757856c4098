"""Thinking and sampling: what each Claude model takes."""

from typing import Any

import pytest
from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.request import (
    ChatRequest,
    Message,
    Reasoning,
    RedactedReasoning,
    Sampling,
    Text,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from sealink.wire.dialects.shared.claude.models import rules_of
from wire.anthropic_request import OPUS_5, SONNET_4_5, SONNET_4_6, body, write
from wire.upstream_asking import WEATHER, asking, extras, user


@pytest.mark.parametrize(
    ("model", "limit"),
    [
        (OPUS_5, 128_000),
        ("claude-opus-4-6", 128_000),
        ("us.anthropic.claude-opus-4-6-v1", 128_000),
        ("claude-haiku-4-5-20251001", 64_000),
        ("anthropic/claude-sonnet-4.5", 64_000),
        ("claude-sonnet-4-5@20250929", 64_000),
        ("claude-opus-4-1-20250805", 32_000),
        ("claude-opus-4-20250514", 32_000),
        ("claude-3-7-sonnet-latest", 32_000),
        ("claude-3-5-haiku-20241022", 8192),
        ("claude-3-haiku-20240307", 4096),
        ("claude-mythos-preview", 128_000),
        ("glm-4.6", 8192),
    ],
)
def test_max_tokens_is_all_that_the_model_can_write(model: str, limit: int) -> None:
    assert body(asking(), model)["max_tokens"] == limit


@pytest.mark.parametrize("max_tokens", [0, 5, 10**6])
def test_max_tokens_as_requested(max_tokens: int) -> None:
    assert body(asking(sampling=Sampling(max_tokens=max_tokens)))["max_tokens"] == max_tokens


def sampled(model: str, effort: str | None = None, **parameters: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The sampling fields that come out, and what is dropped."""
    written, outgoing = write(asking(sampling=Sampling(**parameters), reasoning_effort=effort), model)
    names = ("temperature", "top_p", "top_k", "stop_sequences")
    return {name: written[name] for name in names if name in written}, tuple(outgoing.dropped)


@pytest.mark.parametrize(
    ("model", "parameters", "written", "dropped"),
    [
        (SONNET_4_6, {"temperature": 0.3}, {"temperature": 0.3}, ()),
        (SONNET_4_6, {"temperature": 1.7}, {"temperature": 1}, ()),
        (SONNET_4_6, {"top_p": 0.5, "top_k": 3}, {"top_p": 0.5, "top_k": 3}, ()),
        (SONNET_4_6, {"temperature": 0.3, "top_p": 0.5}, {"temperature": 0.3}, ("top_p",)),
        (SONNET_4_6, {"temperature": 0.3, "top_p": 1.0}, {"temperature": 0.3}, ()),
        ("claude-sonnet-4-0", {"temperature": 0.3, "top_p": 0.5}, {"temperature": 0.3, "top_p": 0.5}, ()),
        ("kimi-k2", {"temperature": 0.3, "top_p": 0.5}, {"temperature": 0.3, "top_p": 0.5}, ()),
        (OPUS_5, {"temperature": 0.3, "top_p": 0.5, "top_k": 3}, {}, ("temperature", "top_p", "top_k")),
        (OPUS_5, {"temperature": 1.0, "top_p": 1.0}, {}, ()),
        (OPUS_5, {"stop": ["END", " \n", ""]}, {"stop_sequences": ["END"]}, ("stop",)),
        (OPUS_5, {"stop": []}, {}, ()),
        (OPUS_5, {"seed": 1, "frequency_penalty": 0.1}, {}, ("seed", "frequency_penalty")),
        (OPUS_5, {"presence_penalty": -1.0, "logit_bias": Raw(b"{}")}, {}, ("presence_penalty", "logit_bias")),
        (OPUS_5, {"frequency_penalty": 0.0, "presence_penalty": 0.0}, {}, ()),
    ],
)
def test_sampling(model: str, parameters: Any, written: Any, dropped: Any) -> None:
    assert sampled(model, **parameters) == (written, dropped)


def test_thinking_fixes_the_sampling_of_older_models() -> None:
    parameters = {"temperature": 0.3, "top_p": 0.97, "top_k": 3}
    assert sampled(SONNET_4_6, "low", **parameters) == ({"top_p": 0.97}, ("temperature", "top_k"))
    assert sampled(SONNET_4_5, "low", temperature=1.0, top_p=0.5) == ({"temperature": 1}, ("top_p",))


def thought(model: str, effort: str, **fields: Any) -> tuple[Any, Any, tuple[str, ...]]:
    """`thinking`, `output_config` and what is dropped."""
    written, outgoing = write(asking(reasoning_effort=effort, **fields), model)
    return written.get("thinking"), written.get("output_config"), tuple(outgoing.dropped)


ADAPTIVE = {"type": "adaptive", "display": "summarized"}


@pytest.mark.parametrize(
    ("model", "effort", "thinking", "config"),
    [
        (SONNET_4_6, "minimal", ADAPTIVE, {"effort": "low"}),
        (SONNET_4_6, "medium", ADAPTIVE, {"effort": "medium"}),
        (SONNET_4_6, "xhigh", ADAPTIVE, {"effort": "high"}),
        (SONNET_4_6, "max", ADAPTIVE, {"effort": "max"}),
        (OPUS_5, "xhigh", ADAPTIVE, {"effort": "xhigh"}),
        ("claude-fable-6", "high", ADAPTIVE, {"effort": "high"}),
        ("claude-mythos-preview", "xhigh", ADAPTIVE, {"effort": "high"}),
        (SONNET_4_5, "low", {"type": "enabled", "budget_tokens": 4096}, None),
        (SONNET_4_5, "high", {"type": "enabled", "budget_tokens": 16_384}, None),
        ("claude-3-7-sonnet-20250219", "max", {"type": "enabled", "budget_tokens": 16_000}, None),
        (SONNET_4_6, "none", None, None),
        ("claude-opus-4-8", "none", None, None),
        (SONNET_4_5, "none", None, None),
        (OPUS_5, "none", {"type": "disabled"}, None),
        ("claude-sonnet-5", "none", {"type": "disabled"}, None),
        ("claude-haiku-5-5", "none", {"type": "disabled"}, None),
        ("claude-sonnet-5-5", "none", {"type": "between_tools"}, None),
        ("claude-opus-5-5", "none", None, {"effort": "low"}),
        ("claude-fable-5", "none", None, {"effort": "low"}),
    ],
)
def test_reasoning_effort(model: str, effort: str, thinking: Any, config: Any) -> None:
    assert thought(model, effort) == (thinking, config, ())


def test_no_effort_no_thinking() -> None:
    assert body(asking()).keys() == {"model", "max_tokens", "stream", "messages"}


@pytest.mark.parametrize(("max_tokens", "budget"), [(40_000, 16_384), (4000, 2000), (2048, 1024)])
def test_a_budget_leaves_room_for_the_answer(max_tokens: int, budget: int) -> None:
    thinking, _, dropped = thought(SONNET_4_5, "high", sampling=Sampling(max_tokens=max_tokens))
    assert thinking == {"type": "enabled", "budget_tokens": budget}
    assert dropped == ()


CALL = Message("assistant", [ToolCall(id="t", name="f", arguments="{}")])
RESULT = Message("tool", [ToolResult(call_id="t", content=[Text(text="1")])])
THOUGHT = Message("assistant", [Reasoning(text="Hm", signature="c2ln"), *CALL.parts])


@pytest.mark.parametrize(
    "request_",
    [
        asking(reasoning_effort="high", sampling=Sampling(max_tokens=2000)),
        asking(reasoning_effort="high", tools=[WEATHER], tool_choice=ToolChoice("required")),
        asking(user(Text(text="Hi")), Message("assistant", [Text(text="It is")]), reasoning_effort="high"),
        asking(user(Text(text="Hi")), CALL, RESULT, reasoning_effort="high"),
        asking(user(Text(text="Hi")), CALL, RESULT, THOUGHT, RESULT, reasoning_effort="high"),
    ],
)
def test_a_budget_that_would_be_refused_is_dropped(request_: ChatRequest) -> None:
    written, outgoing = write(request_, SONNET_4_5)
    assert "thinking" not in written
    assert outgoing.dropped == ("reasoning_effort",)


@pytest.mark.parametrize(
    "messages",
    [
        [user(Text(text="Hi")), THOUGHT, RESULT],
        [user(Text(text="Hi")), THOUGHT, RESULT, CALL, RESULT],
        [user(Text(text="Hi")), CALL, RESULT, Message("assistant", [Text(text="1")]), user(Text(text="Hi"))],
    ],
)
def test_a_conversation_that_may_go_on_with_a_budget(messages: list[Message]) -> None:
    assert "thinking" in body(asking(*messages, reasoning_effort="high"), SONNET_4_5)


def test_a_model_that_does_not_think() -> None:
    assert thought("claude-3-5-sonnet-20241022", "high") == (None, None, ("reasoning_effort",))


def test_an_effort_that_is_none() -> None:
    with pytest.raises(InvalidRequest) as caught:
        body(asking(reasoning_effort="a lot"))
    assert caught.value.param == "reasoning_effort"


def test_anthropics_own_thinking_goes_as_it_is() -> None:
    own = {"type": "enabled", "budget_tokens": 2000, "display": "omitted"}
    request = asking(extras=extras(thinking=own), reasoning_effort="high", sampling=Sampling(temperature=0.5))
    written, outgoing = write(request, SONNET_4_5)
    assert written["thinking"] == own
    assert outgoing.dropped == ("reasoning_effort", "temperature")
    adaptive = asking(extras=extras(thinking={"type": "adaptive"}), reasoning_effort="low")
    assert body(adaptive)["thinking"] == {"type": "adaptive"}
    assert body(adaptive)["output_config"] == {"effort": "low"}


def test_a_budget_of_ones_own_is_left_room_for_by_default() -> None:
    own = extras(thinking={"type": "enabled", "budget_tokens": 20_000})
    assert body(asking(extras=own), "glm-4.6")["max_tokens"] == 28_192
    assert body(asking(extras=own), SONNET_4_5)["max_tokens"] == 64_000


@pytest.mark.parametrize(
    ("model", "thinking"),
    [("claude-3-5-sonnet-v2@20241022", "none"), ("claude-instant-1.2", "none"), ("claude-4-opus-20250514", "budget"),
     ("anthropic/claude-4.7-opus-20260416", "adaptive"), ("claude-opus-latest", "adaptive"), ("deepseek-v4", "budget"),
     ("CLAUDE-Sonnet-4-6", "adaptive")],
)  # fmt: skip
def test_a_models_rules_are_read_from_its_name(model: str, thinking: str) -> None:
    assert rules_of(model).thinking == thinking


@pytest.mark.parametrize(
    ("model", "fields", "thinking", "effort"),
    [
        (SONNET_4_5, {"thinking_budget": 5000}, {"type": "enabled", "budget_tokens": 5000}, None),
        (SONNET_4_5, {"thinking_budget": 10}, {"type": "enabled", "budget_tokens": 1024}, None),
        (
            SONNET_4_5,
            {"thinking_budget": 5000, "sampling": Sampling(max_tokens=3000)},
            {"type": "enabled", "budget_tokens": 2999},
            None,
        ),
        (SONNET_4_5, {"thinking_budget": 0}, None, None),
        (SONNET_4_6, {"thinking_budget": 5000}, {"type": "adaptive", "display": "summarized"}, "medium"),
        (SONNET_4_6, {"thinking_budget": 90_000}, {"type": "adaptive", "display": "summarized"}, "max"),
        (OPUS_5, {"thinking_budget": 0}, {"type": "disabled"}, None),
        (OPUS_5, {"thinking_summary": "none"}, {"type": "adaptive", "display": "omitted"}, None),
        (OPUS_5, {"thinking_summary": "detailed"}, {"type": "adaptive", "display": "summarized"}, None),
        (SONNET_4_6, {"thinking_summary": "auto"}, None, None),
        (
            SONNET_4_5,
            {"thinking_budget": 2000, "thinking_summary": "none"},
            {"type": "enabled", "budget_tokens": 2000, "display": "omitted"},
            None,
        ),
    ],
)
def test_a_budget_and_whether_thinking_is_to_be_read(
    model: str, fields: dict[str, Any], thinking: Any, effort: str | None
) -> None:
    written, outgoing = write(asking(**fields), model)
    assert (written.get("thinking"), written.get("output_config", {}).get("effort")) == (thinking, effort)
    assert outgoing.dropped == ()


def test_a_budget_that_leaves_nothing_is_named() -> None:
    written, outgoing = write(asking(thinking_budget=2000, sampling=Sampling(max_tokens=1000)), SONNET_4_5)
    assert "thinking" not in written
    assert outgoing.dropped == ("thinking_budget",)


def test_other_dialects_signatures_stay_behind() -> None:
    parts = [Reasoning(text="a", signature="gemini:x"), RedactedReasoning(data="responses:y"), Text(text="b")]
    turn = Message("assistant", [*parts, Reasoning(signature="own")])
    written = body(asking(user(Text(text="Hi")), turn, user(Text(text="Ho"))))
    assert written["messages"][1]["content"] == [
        {"type": "text", "text": "b"},
        {"type": "thinking", "thinking": "", "signature": "own"},
    ]
