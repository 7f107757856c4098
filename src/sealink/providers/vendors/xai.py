"""xAI."""

from sealink.providers.profile import Profile, StatusOverride
from sealink.providers.stated_cost import StatedCost
from sealink.providers.vendor import Vendor

# Recorded: xai/ruby_llm-ing_with_xai_grok-4-1-fast-non-reasoning_raises_appropriate_auth_error-d3e5d9,
# xai/rig-provider_error_classifies_with_contract_but_reports_no_id-baff3f.
STATUS_OVERRIDES = (StatusOverride(400, "Incorrect API key", 401), StatusOverride(400, "Model not found", 404))

VENDOR = Vendor(
    name="xai",
    docs="https://docs.x.ai/docs/api-reference",
    price_list="x-ai",
    # https://docs.x.ai/developers/cost-tracking: with all discounts and its own tools
    stated_cost=StatedCost(("cost_in_usd_ticks",), per_usd=10**10),
    profiles=(
        Profile("openai", "https://api.x.ai/v1", status_overrides=STATUS_OVERRIDES),
        # Its search of X comes as a `custom_tool_call` of `x_keyword_search` (https://docs.x.ai/docs/guides/tools).
        Profile("responses", "https://api.x.ai/v1", status_overrides=STATUS_OVERRIDES, server_call_ids="xs_call"),
    ),
    key_variable="XAI_API_KEY",
    serves=("grok-*",),
    models=("grok-4",),
    otel_name="x_ai",
)
