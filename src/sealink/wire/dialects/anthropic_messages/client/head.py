"""The top of a request: what it is routed by, and what else of it an Anthropic upstream is to see.

An upstream validates its own parameters; here only that is refused which SeaLink itself could not act on.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from sealink.errors import HeaderList
from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.shared.prompt_text import join_strings
from sealink.wire.raw_json.fields import is_null
from sealink.wire.raw_json.request_fields import missing, read_body, read_field, read_task_type

_PASSED_HEADERS: Final = ("anthropic-", "x-claude-code-", "x-stainless-", "x-app")
_KEPT_BACK: Final = ("anthropic-dangerous-direct-browser-access", "anthropic-auth")
"""Versions, betas (those to come, too) and what Claude Code says of its sessions go on: "Forward headers … unchanged"
(https://code.claude.com/docs/en/llm-gateway). Keys, cookies and the connection's own headers do not."""

_WORDY: Final = ("system", "messages", "tools", "output_config")
_NOT_WORDS: Final = frozenset(
    {"data", "url", "file_id", "type", "signature", "encrypted_content", "tool_use_id", "id", "role", "cache_control"}
)


class _MessageHead(msgspec.Struct):
    role: str


def parse_head(body: bytes, headers: Mapping[str, str]) -> RequestHead:
    """Raises InvalidRequest, naming the field. A stream always tells its usage."""
    body, fields = read_body(body)
    for name in ("model", "messages"):
        if is_null(fields.get(name)):
            raise missing(name)
    model = read_field(fields, "model", str)
    if not model:
        raise missing("model")
    read_field(fields, "messages", list[_MessageHead])
    return RequestHead(
        model=model,
        stream=read_field(fields, "stream", bool | None) or False,
        include_usage=True,
        task_type=read_task_type(fields),
        fields=fields,
        body=body,
        headers=_passed(headers),
    )


def prompt_text(head: RequestHead) -> str:
    """Instructions, messages, tools and schemas as text; images and documents in base64 are left out."""
    return join_strings(head.fields, _WORDY, _NOT_WORDS)


def _passed(headers: Mapping[str, str]) -> HeaderList:
    return [
        (name, value)
        for name, value in headers.items()
        if name.startswith(_PASSED_HEADERS) and not name.startswith(_KEPT_BACK)
    ]
