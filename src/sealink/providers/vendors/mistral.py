"""Mistral."""

from sealink.providers.profile import Overrides, Profile
from sealink.providers.transforms import (
    nine_character_call_ids,
    no_stream_options,
    old_name_of_max_tokens,
    openais_message_fields_only,
    renamed,
)
from sealink.providers.vendor import Vendor

VENDOR = Vendor(
    name="mistral",
    docs="https://docs.mistral.ai/api",
    price_list="mistral",
    profiles=(
        Profile(
            "openai",
            "https://api.mistral.ai/v1",
            # It answers 422 to every field that its schema does not have (ChatCompletionRequest in
            # github.com/mistralai/client-python; of stream_options: github.com/openai/openai-agents-python/issues/442).
            # Recorded requests say random_seed: mistral/dd-trace-py-mistral_v1_chat_completions_post_*.
            transforms=(
                no_stream_options,
                old_name_of_max_tokens,
                renamed("seed", "random_seed"),
                openais_message_fields_only,
                # "Tool call id was … but must be a-z, A-Z, 0-9, with a length of 9"
                # (github.com/zed-industries/zed/issues/53034)
                nine_character_call_ids,
            ),
            unsupported=("logit_bias", "store", "user", "verbosity"),
            # https://docs.mistral.ai/api/endpoint/embeddings
            embeddings=Overrides(transforms=(renamed("dimensions", "output_dimension"),), unsupported=("user",)),
        ),
    ),
    key_variable="MISTRAL_API_KEY",
    serves=("mistral-*", "magistral-*", "ministral-*", "codestral-*", "devstral-*"),
    models=("mistral-large-latest", "mistral-small-latest"),
    otel_name="mistral_ai",
)
