"""The models that an OpenAI-compatible endpoint lists."""

from typing import Any

import msgspec

from sealink.catalog.models import SIM_MODEL
from sealink.net.message import UpstreamRequest


def models_request(base_url: str, key: str) -> UpstreamRequest:
    """A request for the list. `base_url` ends in /v1; `key` may be ""."""
    headers = [("authorization", f"Bearer {key}")] if key else []
    return UpstreamRequest(method="GET", url=f"{base_url.rstrip('/')}/models", headers=headers)


def models_in(body: bytes) -> list[str]:
    """The models in an answer, the simulated one first. Raises ValueError for what is no list of models."""
    try:
        listed = [str(model["id"]) for model in msgspec.json.decode(body, type=dict[str, Any])["data"]]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ValueError("this is no list of models") from error
    return sorted(listed, key=lambda id: id != SIM_MODEL)
