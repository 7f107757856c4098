"""The response headers that SeaLink speaks with."""

from sealink.errors import HeaderList
from sealink.policy.routing import Target
from sealink.wire.dialect import Outgoing

JSON: HeaderList = (("content-type", "application/json"),)

EVENT_STREAM: HeaderList = (
    ("content-type", "text/event-stream; charset=utf-8"),
    # Proxies must neither store, compress nor buffer a stream; nginx listens to the last of these.
    ("cache-control", "no-cache, no-transform"),
    ("x-accel-buffering", "no"),
)


def identity(request_id: str) -> HeaderList:
    """The request's id, under the names that OpenAI's and Anthropic's SDKs log and under SeaLink's own."""
    return (("x-request-id", request_id), ("request-id", request_id), ("x-sealink-request-id", request_id))


def provenance(asked_for: str, target: Target, outgoing: Outgoing, *, is_fallback: bool) -> HeaderList:
    """Where an answer comes from, and what was left out on the way there."""
    headers = [
        ("x-sealink-upstream", target.provider.name),
        ("x-sealink-original-model", asked_for),
        ("x-sealink-served-model", target.model),
    ]
    if is_fallback:
        headers.append(("x-sealink-fallback", "true"))
    if outgoing.dropped:
        headers.append(("x-sealink-dropped", ", ".join(outgoing.dropped)))
    return headers
