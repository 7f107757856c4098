"""What an answer costs, from the vendor's own bytes: each price is worked out here by hand from the vendor's list."""

import json
import time
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from fakes import FakeUpstream
from one_exchange import ROLE, STOP, TEXT, Run

from fake_clock import on_fake_clock
from sealink.app.providers import provider_of
from sealink.catalog.prices import PriceRule, PriceRules
from sealink.catalog.rates import Rates
from sealink.config import ProviderConfig
from sealink.gateway.admitted_request import ClientRequest
from sealink.gateway.metering import Charge, Meter
from sealink.ledger.row import row_of
from sealink.policy.routing import Target
from sealink.wire.dialects import openai_chat
from sealink.wire.framing.sse import DONE, data_frame
from sealink.wire.stream.outcome import Outcome, observe

M = Decimal(10) ** -6
"""A price is for a million tokens."""
TEXT_ANSWER = [{"type": "text", "text": "Hi"}]


def chat(usage: dict[str, Any], **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}
    return {"id": "1", "object": "chat.completion", "model": "m", "choices": [choice], "usage": usage, **fields}


def messages(usage: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": "1",
        "type": "message",
        "role": "assistant",
        "model": "m",
        "content": TEXT_ANSWER,
        "stop_reason": "end_turn",
        "usage": usage,
    }


def responses(usage: dict[str, Any], *output: dict[str, Any], **fields: Any) -> dict[str, Any]:
    message = {"id": "m", "type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}
    return {"id": "1", "status": "completed", "model": "m", "output": [*output, message], "usage": usage, **fields}


def converse(usage: dict[str, Any]) -> dict[str, Any]:
    content = {"message": {"role": "assistant", "content": [{"text": "Hi"}]}}
    return {"output": content, "stopReason": "end_turn", "usage": usage}


def gemini(usage: dict[str, Any], **candidate: Any) -> dict[str, Any]:
    content = {"content": {"role": "model", "parts": [{"text": "Hi"}]}, "finishReason": "STOP"}
    return {"candidates": [content | candidate], "usageMetadata": usage}


def modalities(**counts: int) -> list[dict[str, Any]]:
    return [{"modality": name, "tokenCount": count} for name, count in counts.items()]


def search(kind: str) -> dict[str, Any]:
    return {"id": kind, "type": "web_search_call", "status": "completed", "action": {"type": kind}}


QUERIES = {"groundingMetadata": {"webSearchQueries": ["a", "", "b", "a"]}}
CHATTED = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}

TABLE: dict[str, tuple[dict[str, str], str, dict[str, Any], Decimal | None]] = {
    # recording anthropic/rig-static_prefix_ttl_coexists_with_extended_thinking-72abde
    "cache writes by lifetime": (
        {"vendor": "anthropic"},
        "claude-sonnet-4-6",
        messages(
            {
                "cache_creation": {"ephemeral_1h_input_tokens": 1603, "ephemeral_5m_input_tokens": 67},
                "cache_creation_input_tokens": 1670,
                "cache_read_input_tokens": 500,
                "input_tokens": 10,
                "output_tokens": 13,
            }
        ),
        (10 * 3 + 67 * Decimal("3.75") + 1603 * 6 + 500 * Decimal("0.3") + 13 * 15) * M,
    ),
    "the dialect's own vendor, where none is known": (
        {"dialect": "anthropic", "name": "whatever"},
        "claude-sonnet-4-6",
        messages({"input_tokens": 10, "output_tokens": 13}),
        (10 * 3 + 13 * 15) * M,
    ),
    "cache writes on Bedrock": (
        {"vendor": "bedrock", "region": "us-east-1"},
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        converse(
            {
                "inputTokens": 10,
                "outputTokens": 20,
                "totalTokens": 1330,
                "cacheReadInputTokens": 300,
                "cacheWriteInputTokens": 1000,
                "cacheDetails": [{"ttl": "1h", "inputTokens": 600}, {"ttl": "5m", "inputTokens": 400}],
            }
        ),
        (
            10 * Decimal("3.3")
            + 300 * Decimal("0.33")
            + 400 * Decimal("4.125")
            + 600 * Decimal("6.6")
            + 20 * Decimal("16.5")
        )
        * M,
    ),
    # recording anthropic/ellmer-anthropic-web-search-08fca2
    "a web search of Anthropic's": (
        {"vendor": "anthropic"},
        "claude-sonnet-4-6",
        messages(
            {
                "input_tokens": 4,
                "cache_creation_input_tokens": 11107,
                "cache_read_input_tokens": 2836,
                "output_tokens": 155,
                "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1},
            }
        ),
        (4 * 3 + 11107 * Decimal("3.75") + 2836 * Decimal("0.3") + 155 * 15) * M + 2 * Decimal("0.01"),
    ),
    "searches of OpenAI's, and a page that was opened": (
        {"vendor": "openai", "dialect": "responses"},
        "gpt-5.2",
        responses(
            {"input_tokens": 100, "output_tokens": 10, "input_tokens_details": {"cached_tokens": 40}},
            search("search"),
            search("open_page"),
            search("search"),
            {"id": "f", "type": "file_search_call", "status": "completed"},
        ),
        (60 * Decimal("1.75") + 40 * Decimal("0.175") + 10 * 14) * M + 2 * Decimal("0.01") + Decimal("0.0025"),
    ),
    # recording openai-chat/ruby_llm-chat_audio_models_openai_gpt-audio-mini_can_understand_mp3_audio-6cd163
    "audio": (
        {"vendor": "openai"},
        "gpt-audio-mini",
        chat(
            {
                "prompt_tokens": 59,
                "completion_tokens": 123,
                "total_tokens": 182,
                "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 43, "text_tokens": 16},
                "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 100, "text_tokens": 23},
            }
        ),
        (16 * Decimal("0.6") + 43 * 10 + 23 * Decimal("2.4") + 100 * 20) * M,
    ),
    "audio that is cached in part, and thoughts": (
        {"vendor": "gemini"},
        "gemini-2.5-flash",
        gemini(
            {
                "promptTokenCount": 1000,
                "candidatesTokenCount": 50,
                "thoughtsTokenCount": 70,
                "cachedContentTokenCount": 300,
                "totalTokenCount": 1120,
                "promptTokensDetails": modalities(TEXT=400, AUDIO=600),
                "cacheTokensDetails": modalities(TEXT=100, AUDIO=200),
            }
        ),
        (300 * Decimal("0.3") + 400 * 1 + 100 * Decimal("0.03") + 200 * Decimal("0.1") + 120 * Decimal("2.5")) * M,
    ),
    "an image that is drawn": (
        {"vendor": "gemini"},
        "gemini-2.5-flash-image",
        gemini(
            {
                "promptTokenCount": 300,
                "candidatesTokenCount": 1300,
                "totalTokenCount": 1600,
                "promptTokensDetails": modalities(TEXT=42, IMAGE=258),
                "candidatesTokensDetails": modalities(TEXT=10, IMAGE=1290),
            }
        ),
        (300 * Decimal("0.3") + 10 * Decimal("2.5") + 1290 * 30) * M,
    ),
    "each search of Gemini 3": (
        {"vendor": "gemini"},
        "gemini-3-flash-preview",
        gemini({"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}, **QUERIES),
        (10 * Decimal("0.5") + 5 * 3) * M + 2 * Decimal("0.014"),
    ),
    "one fee for all searches of Gemini 2.5": (
        {"vendor": "gemini"},
        "gemini-2.5-flash",
        gemini({"promptTokenCount": 10, "candidatesTokenCount": 5, "totalTokenCount": 15}, **QUERIES),
        (10 * Decimal("0.3") + 5 * Decimal("2.5")) * M + Decimal("0.035"),
    ),
    "thoughts that are in the candidates' count": (
        {"vendor": "gemini"},
        "gemini-2.5-flash",
        gemini({"promptTokenCount": 10, "candidatesTokenCount": 50, "thoughtsTokenCount": 40, "totalTokenCount": 60}),
        (10 * Decimal("0.3") + 50 * Decimal("2.5")) * M,
    ),
    "the flex tier": (
        {"vendor": "openai"},
        "gpt-5.1",
        chat(CHATTED | {"prompt_tokens_details": {"cached_tokens": 200}}, service_tier="flex"),
        (800 * Decimal("0.625") + 200 * Decimal("0.0625") + 100 * 5) * M,
    ),
    "the priority tier of Responses": (
        {"vendor": "openai", "dialect": "responses"},
        "gpt-5.1",
        responses({"input_tokens": 1000, "output_tokens": 100}, service_tier="priority"),
        (1000 * Decimal("2.5") + 100 * 20) * M,
    ),
    "the standard tier": (
        {"vendor": "openai"},
        "gpt-5.1",
        chat(CHATTED, service_tier="default"),
        (1000 * Decimal("1.25") + 100 * 10) * M,
    ),
    # recording xai/fantasy-xai-grok-code-fast-multi_tool-473381
    "what xAI says": (
        {"vendor": "xai"},
        "grok-code-fast-1",
        chat(
            {
                "prompt_tokens": 470,
                "completion_tokens": 68,
                "total_tokens": 723,
                "completion_tokens_details": {"reasoning_tokens": 185},
                "cost_in_usd_ticks": 4389400,
            }
        ),
        Decimal("0.00043894"),
    ),
    # recording xai/req_llm-grok_3_mini_latest-streaming-6134cc
    "reasoning that only the total counts": (
        {"vendor": "xai"},
        "grok-3-mini",
        chat(
            {
                "prompt_tokens": 28,
                "completion_tokens": 12,
                "total_tokens": 320,
                "completion_tokens_details": {"reasoning_tokens": 280},
            }
        ),
        (28 * Decimal("0.3") + 292 * Decimal("0.5")) * M,
    ),
    "reasoning that the completion counts": (
        {"vendor": "openai"},
        "gpt-5.1",
        chat(CHATTED | {"completion_tokens_details": {"reasoning_tokens": 90}}),
        (1000 * Decimal("1.25") + 100 * 10) * M,
    ),
    # recording openrouter/pydantic-ai-openrouter_stream_error-baafd4
    "more reasoning than completion, by a total without it": (
        {"vendor": "openai"},
        "gpt-5.1",
        chat(
            {
                "prompt_tokens": 43,
                "completion_tokens": 10,
                "total_tokens": 53,
                "completion_tokens_details": {"reasoning_tokens": 11},
            }
        ),
        (43 * Decimal("1.25") + 10 * 10) * M,
    ),
    "what OpenRouter says": (
        {"vendor": "openrouter"},
        "any/model",
        chat(CHATTED | {"cost": 0.0123}),
        Decimal("0.0123"),
    ),
    "what OpenRouter and the owner of the key's account say": (
        {"vendor": "openrouter"},
        "any/model",
        chat(CHATTED | {"cost": 0.001, "is_byok": True, "cost_details": {"upstream_inference_cost": 0.02}}),
        Decimal("0.021"),
    ),
    "what Perplexity says": (
        {"vendor": "perplexity"},
        "sonar-pro",
        chat(CHATTED | {"cost": {"request_cost": 0.006, "total_cost": 0.0105}}),
        Decimal("0.0105"),
    ),
    # recording vercel-gateway/fantasy-gemini-2.5-flash-multi_tool-9b5a07
    "what Vercel says": (
        {"vendor": "vercel-gateway"},
        "google/gemini-2.5-flash",
        chat({"prompt_tokens": 61, "completion_tokens": 10, "total_tokens": 71, "cost": 0.0002833, "is_byok": False}),
        Decimal("0.0002833"),
    ),
    "what others say is not what they bill": (
        {"vendor": "openai"},
        "gpt-4o",
        chat(CHATTED | {"cost": 7, "cost_in_usd_ticks": 7}),
        (1000 * Decimal("2.5") + 100 * 10) * M,
    ),
    "nonsense is not charged": (
        {"vendor": "xai"},
        "grok-3-mini",
        chat(CHATTED | {"cost_in_usd_ticks": "1e999999"}),
        (1000 * Decimal("0.3") + 100 * Decimal("0.5")) * M,
    ),
    "nor is what is below nothing": (
        {"vendor": "xai"},
        "grok-3-mini",
        chat(CHATTED | {"cost_in_usd_ticks": -5}),
        (1000 * Decimal("0.3") + 100 * Decimal("0.5")) * M,
    ),
    "billed units": (
        {"vendor": "cohere"},
        "command-r",
        {
            "id": "1",
            "finish_reason": "COMPLETE",
            "message": {"role": "assistant", "content": TEXT_ANSWER},
            "usage": {
                "billed_units": {"input_tokens": 80, "output_tokens": 310},
                "tokens": {"input_tokens": 1500, "output_tokens": 350},
                "cached_tokens": 1000,
            },
        },
        (80 * Decimal("0.15") + 310 * Decimal("0.6")) * M,
    ),
    "a name that sounds like a vendor": (
        {"name": "my-gemini-proxy", "dialect": "openai"},
        "gemini-2.5-pro",
        chat(CHATTED),
        None,
    ),
    "a name that is another vendor's": (
        {"name": "anthropic-to-openai", "vendor": "openai"},
        "gpt-4o",
        chat(CHATTED),
        (1000 * Decimal("2.5") + 100 * 10) * M,
    ),
    "a server of one's own": ({"vendor": "vllm"}, "gpt-4o", chat(CHATTED), None),
}


def target_of(model: str, **settings: str) -> Target:
    config = ProviderConfig(**({"name": "my-provider", "base_url": "http://x", "api_key": "k"} | settings))  # type: ignore[arg-type]
    return Target(provider_of(config), model)


def request_with(*content: dict[str, Any]) -> ClientRequest:
    body = {"model": "m", "messages": [{"role": "user", "content": list(content) or "Hello"}]}
    head = openai_chat.CLIENT.parse_head(json.dumps(body).encode(), {})
    return ClientRequest("req_1", openai_chat.CLIENT, head, time.monotonic())


def outcome_of(target: Target, answer: dict[str, Any]) -> Outcome:
    outcome = Outcome()
    for event in target.provider.dialect.decode_whole(json.dumps(answer).encode()):
        observe(event, outcome)
    return outcome


def charge_of(
    target: Target, answer: dict[str, Any], *rules: PriceRule, request: ClientRequest | None = None
) -> Charge:
    return Meter(request or request_with(), PriceRules(rules)).read(outcome_of(target, answer), target).charge


@pytest.mark.parametrize("name", TABLE)
def test_an_answer_costs(name: str) -> None:
    settings, model, answer, usd = TABLE[name]
    charge = charge_of(target_of(model, **settings), answer)
    expected = None if usd is None else int(usd * 10**9)
    assert (charge.cost_nano_usd, charge.price_nano_usd) == (expected, expected)


def test_the_operators_price_comes_before_all_others() -> None:
    rule = PriceRule(
        provider="my-*", model="gpt-*", rates=Rates(input=10**9, output=2 * 10**9), markup_millipercent=10_000
    )
    answer = chat(CHATTED | {"cost": 5})
    target = target_of("gpt-4o", vendor="openrouter")
    assert charge_of(target, answer, rule) == Charge(1_200_000, 1_320_000)
    assert charge_of(msgspec.structs.replace(target, model="o3"), answer, rule) == Charge(5 * 10**9, 5 * 10**9)


def test_a_markup_is_on_top_of_what_the_vendor_charges() -> None:
    rule = PriceRule(markup_millipercent=-50_000)
    assert charge_of(target_of("any/model", vendor="openrouter"), chat(CHATTED | {"cost": 0.5}), rule) == Charge(
        500_000_000, 250_000_000
    )
    assert charge_of(target_of("qwen3", vendor="vllm"), chat(CHATTED), rule) == Charge(None, None)


def test_requests_and_their_images_may_have_a_price() -> None:
    rule = PriceRule(rates=Rates(input=0, output=0, request=1000, image=7))
    image = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}
    target = target_of("m", vendor="vllm")
    request = request_with(image, {"type": "text", "text": "?"}, image)
    assert charge_of(target, chat(CHATTED), rule, request=request).cost_nano_usd == 1014
    assert charge_of(target, chat(CHATTED), rule).cost_nano_usd == 1000


def test_a_simulated_answer_costs_nothing_unless_the_operator_says_so() -> None:
    target = target_of("m", vendor="vllm")
    target = msgspec.structs.replace(target, provider=msgspec.structs.replace(target.provider, simulated=True))
    assert charge_of(target, chat(CHATTED)) == Charge(0, 0)
    assert charge_of(target, chat(CHATTED), PriceRule(rates=Rates(request=5, input=0, output=0))).cost_nano_usd == 5


NONSENSE: list[tuple[dict[str, Any], int | None]] = [
    (
        {"prompt_tokens": 10, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 10**6}},
        10**6 * 1250 + 10_000,
    ),
    ({"prompt_tokens": 0, "completion_tokens": 1}, 10_000),
    ({"prompt_tokens": -10, "completion_tokens": 1}, 10_000),
    ({"prompt_tokens": 10**30, "completion_tokens": 1}, None),
    ({"prompt_tokens": 10, "completion_tokens": 10**18, "total_tokens": -1}, None),
    ({"prompt_tokens": "10", "completion_tokens": 1.5, "prompt_tokens_details": []}, 10 * 2500 + 10_000),
    ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, 2500 + 10_000),
]


@pytest.mark.parametrize(("usage", "cost"), NONSENSE)
@on_fake_clock
async def test_nonsense_loses_no_row_and_makes_no_cost_that_cannot_be(usage: dict[str, Any], cost: int | None) -> None:
    """Prices: 2.5 $ in, 1.25 $ cached, 10 $ out. A prompt that nobody has counted is estimated: one token."""
    last = data_frame(
        json.dumps({"id": "1", "object": "chat.completion.chunk", "choices": [], "usage": usage}).encode()
    )
    run = Run(FakeUpstream(ROLE, TEXT + STOP + last + DONE))
    price_as(run, "gpt-4o")
    assert await run.to_the_end() is None
    assert run.settlement.cost_nano_usd == cost
    assert run.settlement.ended == "done"
    row = row_of(run.ledger.admitted[0], run.settlement)
    assert row["output_tokens"] >= 1


def price_as(run: Run, model: str) -> None:
    """Have the run's targets answer as this model of OpenAI's."""
    route = run.admitted.route
    targets = tuple(target_of(model, vendor="openai") for _ in route.targets)
    run.admitted.route = msgspec.structs.replace(route, targets=targets)


@on_fake_clock
async def test_whatever_happens_a_request_is_settled(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> int:
        raise RuntimeError("no price today")

    monkeypatch.setattr("sealink.gateway.metering.listed_cost_nano_usd", fail)
    run = Run(FakeUpstream(ROLE, TEXT + STOP + DONE))
    price_as(run, "gpt-4o")
    assert await run.to_the_end() is None
    assert (run.settlement.ended, run.settlement.cost_nano_usd) == ("done", None)
    assert run.settlement.usage is not None
    assert "req_1: the usage or the cost of the answer could not be worked out" in caplog.text
