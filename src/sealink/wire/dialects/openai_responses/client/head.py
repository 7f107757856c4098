"""The top of a request: what it is routed by. Everything else in it travels as it came."""

from collections.abc import Mapping
from typing import Final

from msgspec import Raw

from sealink.errors import InvalidRequest
from sealink.wire.dialect import RequestHead
from sealink.wire.raw_json.fields import Fields, is_null
from sealink.wire.raw_json.request_fields import missing, read_body, read_field, read_task_type

_PASSED_HEADERS: Final = ("openai-beta",)


def parse_head(body: bytes, headers: Mapping[str, str]) -> RequestHead:
    """Raises InvalidRequest, naming the field. Usage is always told in this API."""
    body, fields = read_body(body)
    model = read_field(fields, "model", str | None)
    if not model:
        raise missing("model")
    read_field(fields, "input", str | list[dict[str, Raw]] | None)
    return RequestHead(
        model=model,
        stream=read_field(fields, "stream", bool | None) or False,
        include_usage=True,
        task_type=read_task_type(fields),
        fields=fields,
        body=body,
        headers=[(name, headers[name]) for name in _PASSED_HEADERS if name in headers],
    )


def instructions_of(fields: Fields) -> str:
    """The system's words, which stand before the conversation. Raises InvalidRequest."""
    said = read_field(fields, "instructions", str | None)
    return said or ""


def refuse_kept_state(fields: Fields) -> None:
    """What only the upstream that keeps it could give: an earlier response, a conversation, a stored prompt."""
    for name in ("previous_response_id", "conversation", "prompt"):
        if not is_null(fields.get(name)):
            raise InvalidRequest(
                f"`{name}` names something that is kept by OpenAI, and this model is not served by OpenAI's Responses "
                "API: send the whole conversation as `input`.",
                code="unsupported_parameter",
                param=name,
            )
    if read_field(fields, "background", bool | None):
        raise InvalidRequest(
            "`background` cannot be passed on: this model answers while one waits.",
            code="unsupported_parameter",
            param="background",
        )
