"""Settings of LiteLLM that have no counterpart, and what to do about them."""

from typing import Final

NEEDS_NOTHING: Final = frozenset(
    {
        "drop_params",
        "set_verbose",
        "json_logs",
        "model",
        "weight",
        "id",
        "base_model",
        "api_version",
        "custom_llm_provider",
        "litellm_credential_name",
        "description",
    }
)
"""Settings that SeaLink does without, and those that are read elsewhere."""

INSTEAD: Final = {
    "success_callback": "SeaLink has metrics, a request log and traces instead of callbacks",
    "failure_callback": "SeaLink has metrics, a request log and traces instead of callbacks",
    "callbacks": "SeaLink has metrics, a request log and traces instead of callbacks",
    "cache": "SeaLink does not cache answers",
    "guardrails": "SeaLink has no guardrails",
    "database_url": "give SeaLink a database of its own: [store] url; keys that LiteLLM has made cannot be read",
    "redis_host": "for several nodes: [shared] redis_url",
    "rpm": "limits are those of keys, teams and models: requests_per_minute",
    "tpm": "limits are those of keys, teams and models: tokens_per_minute",
    "max_parallel_requests": "limits are those of keys, teams and models: concurrent_streams",
    "context_window_fallbacks": "a prompt that is too long is an error, by which agents shorten it",
    "content_policy_fallbacks": "a refusal is an answer, and is not asked for elsewhere",
    "environment_variables": "set these variables where SeaLink is started",
    "include": "import each of these files, and put the results together",
    "allowed_fails": "[breaker] says when a target is skipped",
    "cooldown_time": "[breaker] says for how long a target is skipped",
    "alerting": "deploy/alerts.yaml has alert rules; [[webhooks]] tells of targets that are down",
}
"""What to do about settings that have no counterpart."""
