"""What vendors want otherwise than the dialect has it. Each is cited in the vendor's file."""

import json
from typing import Any

import pytest

from recordings import Case
from sealink.app import UPSTREAM_DIALECTS
from sealink.errors import UpstreamRejected
from sealink.providers import VENDORS
from sealink.providers.profile import Profile
from sealink.providers.transforms import apply_profile, normalized_error
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.raw_json.fields import encode


def taste(
    vendor: str, body: dict[str, Any], dialect: str = "openai", path: str = "/chat/completions"
) -> OutgoingRequest:
    return apply_profile(OutgoingRequest(path, encode(body), dropped=["earlier"]), VENDORS[vendor].profile(dialect))


def fields(vendor: str, body: dict[str, Any], **ways: str) -> dict[str, Any]:
    fields = json.loads(taste(vendor, body, **ways).body)
    assert isinstance(fields, dict)
    return fields


def test_a_vendor_with_an_empty_profile_gets_the_very_same_request() -> None:
    outgoing = OutgoingRequest("/chat/completions", b"it is not even looked at")
    assert apply_profile(outgoing, VENDORS["together"].profile()) is outgoing
    assert apply_profile(outgoing, Profile("openai", "")) is outgoing
    assert apply_profile(outgoing, None) is outgoing


def test_a_request_that_suits_the_vendor_stays_as_it_was_to_the_byte() -> None:
    body = b'{ "model" : "mistral-small-latest",\n"max_tokens" : 5 }'
    assert apply_profile(OutgoingRequest("/p", body), VENDORS["mistral"].profile()).body is body


def test_what_is_refused_is_left_out_and_named() -> None:
    outgoing = taste("groq", {"model": "m", "logit_bias": {"1": 2}, "top_p": 1})
    assert json.loads(outgoing.body) == {"model": "m", "top_p": 1}
    assert outgoing.dropped == ["earlier", "logit_bias"]
    assert taste("groq", {"model": "m", "logit_bias": None}).dropped == ["earlier"]


@pytest.mark.parametrize("vendor", ["mistral", "deepseek", "qwen", "zhipu", "zai", "ollama", "writer", "perplexity"])
def test_the_old_name_of_the_token_limit(vendor: str) -> None:
    assert fields(vendor, {"model": "m", "max_completion_tokens": 5}) == {"model": "m", "max_tokens": 5}
    both = {"model": "m", "max_tokens": 4, "max_completion_tokens": 5}
    assert fields(vendor, both) == {"model": "m", "max_tokens": 4}
    assert fields(vendor, {**both, "max_tokens": None}) == {"model": "m", "max_tokens": 5}


@pytest.mark.parametrize("model", ["o3", "o4-mini", "gpt-5-mini"])
@pytest.mark.parametrize("vendor", ["openai", "azure"])
def test_the_new_name_of_the_token_limit_for_reasoning_models(vendor: str, model: str) -> None:
    assert fields(vendor, {"model": model, "max_tokens": 5}) == {"model": model, "max_completion_tokens": 5}
    assert fields(vendor, {"model": "gpt-4o", "max_tokens": 5}) == {"model": "gpt-4o", "max_tokens": 5}


def test_mistral_is_asked_for_nothing_that_its_schema_does_not_have() -> None:
    asked = {"model": "m", "stream": True, "stream_options": {"include_usage": True}, "seed": 42, "user": "u"}
    assert fields("mistral", asked) == {"model": "m", "stream": True, "random_seed": 42}
    assert taste("mistral", asked).dropped == ["earlier", "user"]


def test_what_was_really_sent_to_mistral_needs_no_mending(recorded: list[Case]) -> None:
    requests = [case.request for case in recorded if case.id.startswith("mistral/") and case.request]
    unredacted = [request for request in requests if "call_REDACTED" not in str(request)]
    assert unredacted
    assert all(fields("mistral", request) == request for request in unredacted)


def test_thinking_is_switched_off_where_there_is_a_switch() -> None:
    for vendor in ("deepseek", "zhipu", "zai"):
        switched = fields(vendor, {"model": "m", "reasoning_effort": "none"})
        assert switched == {"model": "m", "thinking": {"type": "disabled"}}
        assert fields(vendor, {"model": "m", "reasoning_effort": "low"}) == {"model": "m", "reasoning_effort": "low"}
        said = {"model": "m", "reasoning_effort": "none", "thinking": {"type": "enabled"}}
        assert fields(vendor, said) == said


@pytest.mark.parametrize(("effort", "thinks"), [("none", False), ("minimal", False), ("low", True), ("high", True)])
def test_thinking_is_a_flag_at_qwen(effort: str, thinks: bool) -> None:
    assert fields("qwen", {"model": "m", "reasoning_effort": effort}) == {"model": "m", "enable_thinking": thinks}
    said = {"model": "m", "enable_thinking": False}
    assert fields("qwen", {**said, "reasoning_effort": "high"}) == said


SIGNED = {"role": "assistant", "content": None, "reasoning_details": [{}], "extra_content": {"google": {}}}
CALL = {"id": "abcDEF123", "type": "function", "function": {"name": "f", "arguments": '{"extra_content":1}'}}


@pytest.mark.parametrize(
    ("vendor", "kept"),
    [
        *((vendor, ()) for vendor in ("openai", "azure", "groq", "cerebras", "mistral")),
        *((vendor, ("extra_content",)) for vendor in ("gemini", "deepseek")),
        *((vendor, ("reasoning_details", "extra_content")) for vendor in ("openrouter", "vercel-gateway")),
    ],
)
def test_what_other_vendors_have_signed_stays_here(vendor: str, kept: tuple[str, ...]) -> None:
    extra = {"extra_content": {"google": {}}}
    user = {"role": "user", "content": "reasoning_details"}
    asked = {"model": "m", "messages": [user, {**SIGNED, "tool_calls": [{**CALL, **extra}]}, 7]}
    call = {**CALL, **(extra if "extra_content" in kept else {})}
    said = {name: value for name, value in SIGNED.items() if name in ("role", "content", *kept)}
    messages = [user, {**said, "tool_calls": [call]}, 7]
    assert fields(vendor, asked) == {"model": "m", "messages": messages}


MEANT = {
    "anthropic/loongsuite-sync_messages_create_with_all_params-2-e0bcb1": (400, 402),
    "gemini/mirascope-google_gemini_2_5_flash-d86810": (400, 401),
    "llamacpp/rig-image_without_mmproj-5c5bdb": (500, 400),
    "llamacpp/rig-schema_and_grammar_conflict-3f237c": (500, 400),
    "llamacpp/rig-tools_without_jinja-9c9940": (500, 400),
    "xai/rig-provider_error_classifies_with_contract_but_reports_no_id-baff3f": (400, 404),
    "xai/ruby_llm-ing_with_xai_grok-4-1-fast-non-reasoning_raises_appropriate_auth_error-d3e5d9": (400, 401),
}
"""The recorded errors whose status says something else than their words, with both statuses."""

APIS = {"openai-chat": "openai", "anthropic-messages": "anthropic", "openai-responses": "responses", "gemini": "gemini"}


def test_what_a_vendor_means_by_an_error(recorded: list[Case]) -> None:
    found = {}
    for case in recorded:
        vendor = VENDORS.get(case.id.split("/")[0])
        if case.kind == "error" and vendor is not None and case.api in APIS:
            dialect = APIS[case.api]
            error = UPSTREAM_DIALECTS[dialect].read_error(case.meta["status"], case.headers, case.body)
            meant = normalized_error(error, vendor.profile(dialect))
            assert isinstance(meant, UpstreamRejected)
            if meant.meant_status != meant.status:
                found[case.id] = (meant.status, meant.meant_status)
    assert found == MEANT


def test_writer_has_a_path_of_its_own() -> None:
    assert taste("writer", {"model": "m"}).path == "/chat"


def test_vertex_has_claude_in_the_path() -> None:
    asked = {"model": "claude-sonnet-4-5@20250929", "max_tokens": 5, "stream": True}
    outgoing = taste("vertex", asked, dialect="anthropic", path="/v1/messages")
    assert outgoing.path == "/claude-sonnet-4-5@20250929:streamRawPredict"
    assert json.loads(outgoing.body) == {"anthropic_version": "vertex-2023-10-16", "max_tokens": 5, "stream": True}
    whole = taste("vertex", {**asked, "stream": False}, dialect="anthropic", path="/v1/messages")
    assert whole.path.endswith(":rawPredict")


def test_vertex_is_not_asked_for_an_answer_where_tokens_are_counted() -> None:
    asked = {"model": "claude-sonnet-4-5", "messages": []}
    outgoing = taste("vertex", asked, dialect="anthropic", path="/v1/messages/count_tokens")
    assert outgoing.path == "/count-tokens:rawPredict"
    assert json.loads(outgoing.body) == {"anthropic_version": "vertex-2023-10-16", **asked}


def test_the_cloud_does_not_tell_what_googles_tools_did() -> None:
    """google-genai 3.4.0, models._ToolConfig_to_vertex."""
    ways = {"dialect": "gemini", "path": "/models/m:generateContent"}
    mode = {"functionCallingConfig": {"mode": "AUTO"}}
    asked = {"contents": [], "toolConfig": {**mode, "includeServerSideToolInvocations": True}}
    assert fields("vertex", asked, **ways) == {"contents": [], "toolConfig": mode}
    assert fields("vertex", {"toolConfig": {"includeServerSideToolInvocations": True}}, **ways) == {}
    assert fields("gemini", asked, **ways) == asked
