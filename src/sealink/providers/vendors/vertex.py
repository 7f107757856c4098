"""Google Cloud's Vertex AI: Gemini, and Claude. https://cloud.google.com/vertex-ai/generative-ai/docs"""

from urllib.parse import quote

from sealink.providers.profile import Profile, bearer
from sealink.providers.signers.signing import GOOGLE_ACCESS_TOKEN, Settings
from sealink.providers.vendor import Setting, Vendor
from sealink.wire.raw_json.fields import TRUE, Fields, object_of, text_of, to_raw, without

PUBLISHERS = "https://{host}/v1/projects/{project}/locations/{region}/publishers"
SETTINGS = {
    "project": Setting(("GOOGLE_CLOUD_PROJECT",)),
    "region": Setting(("GOOGLE_CLOUD_LOCATION", "CLOUD_ML_REGION"), default="global"),
    "credentials": Setting((), optional=True),  # GOOGLE_APPLICATION_CREDENTIALS is for Google's library to read
}


def located(settings: Settings) -> Settings:
    """The `host` of a region; of the multi-regions see anthropic.lib.vertex in Anthropic's SDK."""
    region = settings["region"]
    hosts = {"global": "aiplatform.googleapis.com"} | {
        multi: f"aiplatform.{multi}.rep.googleapis.com" for multi in ("us", "eu")
    }
    return {**settings, "host": hosts.get(region, f"{region}-aiplatform.googleapis.com")}


def raw_predict(path: str, fields: Fields) -> str:
    """The model and whether it streams stand in the path."""
    if "/count_tokens" in path:
        return "/count-tokens:rawPredict"
    method = "streamRawPredict" if fields.get("stream") == TRUE else "rawPredict"
    return f"/{quote(text_of(fields.get('model')) or '', safe='@')}:{method}"


def version_in_the_body(fields: Fields) -> Fields:
    """`model` is in the path, and `anthropic_version` in the body."""
    is_count = "max_tokens" not in fields  # it names its model as elsewhere
    return {"anthropic_version": to_raw("vertex-2023-10-16"), **(fields if is_count else without(fields, "model"))}


def without_invocations(fields: Fields) -> Fields:
    """`includeServerSideToolInvocations` is left out: the cloud does not know it."""
    config = object_of(fields.get("toolConfig")) or {}
    known = without(config, "includeServerSideToolInvocations")
    if known == config:
        return fields
    return {**fields, "toolConfig": to_raw(known)} if known else without(fields, "toolConfig")


VENDOR = Vendor(
    name="vertex",
    docs="https://cloud.google.com/vertex-ai/generative-ai/docs/model-reference/inference",
    price_list="google",
    # From Gemini 3 on each search query is charged: https://ai.google.dev/gemini-api/docs/google-search#pricing
    one_search_fee=("gemini-1*", "gemini-2*"),
    profiles=(
        Profile("gemini", PUBLISHERS + "/google", auth=bearer, embeddings=None, transforms=(without_invocations,)),
        # https://docs.anthropic.com/en/api/claude-on-vertex-ai, and anthropic.lib.vertex in Anthropic's SDK
        Profile(
            "anthropic",
            PUBLISHERS + "/anthropic/models",
            auth=bearer,
            transforms=(version_in_the_body,),
            path=raw_predict,
        ),
    ),
    settings=SETTINGS,
    located=located,
    signing=GOOGLE_ACCESS_TOKEN,
    otel_name="gcp.vertex_ai",
)
