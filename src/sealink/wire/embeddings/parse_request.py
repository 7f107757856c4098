"""A request for embeddings as OpenAI's clients send it: its head, for routing, and all of it, for translation.

https://platform.openai.com/docs/api-reference/embeddings/create
"""

from typing import Final, Literal, get_args

import msgspec

from sealink.errors import InvalidRequest
from sealink.wire.dialect import RequestHead
from sealink.wire.raw_json.fields import Fields, is_null, to_raw, without
from sealink.wire.raw_json.request_fields import (
    ModelName,
    missing,
    own_metadata,
    read_body,
    read_field,
    read_task_type,
    read_value,
)

EncodingFormat = Literal["float", "base64"]

_READ: Final = ("model", "input", "dimensions", "encoding_format", "user", "metadata")


class EmbeddingsRequest(msgspec.Struct):
    """`texts` is empty if the client sent tokens, which only OpenAI's models understand.

    `extras` are the client's other fields, for the upstream's format to pass on or to drop by name.
    """

    texts: list[str]
    encoding_format: EncodingFormat
    dimensions: int | None = None
    user: str | None = None
    extras: Fields = {}


def parse_head(body: bytes) -> RequestHead:
    """Raises InvalidRequest, naming the field."""
    body, fields = read_body(body)
    for name in ("model", "input"):
        if is_null(fields.get(name)):
            raise missing(name)
    model = read_field(fields, "model", ModelName)
    if not model:
        raise InvalidRequest("The field `model` is empty.", code="missing_field", param="model")
    texts_of(fields)
    encoding_of(fields)
    return RequestHead(
        model=model,
        stream=False,
        include_usage=False,
        task_type=read_task_type(fields),
        fields=fields,
        body=body,
    )


def parse_request(head: RequestHead) -> EmbeddingsRequest:
    """The whole request, for translation. Raises InvalidRequest, naming the field."""
    fields = {name: raw for name, raw in head.fields.items() if not is_null(raw)}
    metadata = own_metadata(fields)
    rest = without(fields, *_READ)
    return EmbeddingsRequest(
        texts=texts_of(head.fields),
        encoding_format=encoding_of(head.fields),
        dimensions=read_field(fields, "dimensions", int),
        user=read_field(fields, "user", str),
        extras=rest | ({"metadata": to_raw(metadata)} if metadata else {}),
    )


def texts_of(fields: Fields) -> list[str]:
    """The texts to embed; none if the client sent tokens. Raises InvalidRequest on anything else."""
    value = read_value(fields["input"], "input", str | list[str | int | list[int]])
    inputs = [value] if isinstance(value, str) else value
    if not inputs:
        raise InvalidRequest("`input` is empty.", code="invalid_value", param="input")
    texts = [text for text in inputs if isinstance(text, str)]
    if texts and len(texts) < len(inputs):
        raise InvalidRequest("`input` mixes texts and tokens.", code="invalid_type", param="input")
    return texts


def encoding_of(fields: Fields) -> EncodingFormat:
    """The format of the vectors. Raises InvalidRequest if OpenAI has no such format."""
    format: EncodingFormat | None = read_field(fields, "encoding_format", str | None)
    if format is not None and format not in get_args(EncodingFormat):
        raise InvalidRequest(f"`encoding_format` cannot be {format!r}.", code="invalid_value", param="encoding_format")
    return format or "float"


def only_texts(request: EmbeddingsRequest, upstream: str) -> list[str]:
    """The texts. Raises InvalidRequest if the client sent tokens."""
    if not request.texts:
        raise InvalidRequest(
            f"`input` holds tokens, and {upstream} takes only texts.", code="unsupported_parameter", param="input"
        )
    return request.texts
