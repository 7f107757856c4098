"""What is written to an Anthropic upstream for a request."""

import json
from typing import Any

from sealink.request import ChatRequest
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.dialects.anthropic_messages import UPSTREAM

SONNET_4_5, SONNET_4_6, OPUS_5 = "claude-sonnet-4-5", "claude-sonnet-4-6", "claude-opus-5"
HI = {"type": "text", "text": "Hi"}


def write(request: ChatRequest, model: str = SONNET_4_6) -> tuple[dict[str, Any], OutgoingRequest]:
    outgoing = UPSTREAM.write_request(request, model)
    return json.loads(outgoing.body), outgoing


def body(request: ChatRequest, model: str = SONNET_4_6) -> dict[str, Any]:
    return write(request, model)[0]
