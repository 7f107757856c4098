"""What a client wants to have embedded, and what an upstream's format must be able to do.

https://platform.openai.com/docs/api-reference/embeddings/create
"""

from collections.abc import Callable
from typing import Final, Literal, Protocol, get_args

import msgspec

from sealink.errors import InvalidRequest
from sealink.usage import Usage
from sealink.wire.dialect import OutgoingRequest, RequestHead
from sealink.wire.raw_json.fields import Fields, is_null, to_raw, without
from sealink.wire.raw_json.request_fields import own_metadata, read_field, read_value

EncodingFormat = Literal["float", "base64"]
Estimate = Callable[[], int]

MAX_TOKENS: Final = 2**53
"""An upstream that tells of more makes no sense."""

_READ = ("model", "input", "dimensions", "encoding_format", "user", "metadata")


class EmbeddingsRequest(msgspec.Struct):
    """`texts` is empty where the client sent tokens: those mean something to OpenAI's vocabularies alone.

    `extras` are the client's other fields, for the upstream's format to use or to drop by name.
    """

    texts: list[str]
    encoding_format: EncodingFormat
    dimensions: int | None = None
    user: str | None = None
    extras: Fields = {}


class EmbeddingsUpstream(Protocol):
    """A format of embeddings as upstreams speak it."""

    def outgoing(self, head: RequestHead, model: str) -> OutgoingRequest:
        """Raises InvalidRequest naming what cannot be asked for in this format."""

    def answer(self, body: bytes, head: RequestHead, model: str, estimate: Estimate) -> tuple[bytes, Usage | None]:
        """The upstream's answer in OpenAI's shape, and the usage if the upstream told it. Raises UpstreamError.

        `estimate` counts the prompt's tokens for the client where the upstream does not say how many they were.
        """


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
    """The texts to embed, none where tokens were sent. Raises InvalidRequest on anything else."""
    said = read_value(fields["input"], "input", str | list[str | int | list[int]])
    texts = [said] if isinstance(said, str) else said
    if not texts:
        raise InvalidRequest("`input` is empty.", code="invalid_value", param="input")
    words = [text for text in texts if isinstance(text, str)]
    if words and len(words) < len(texts):
        raise InvalidRequest("`input` mixes texts and tokens.", code="invalid_type", param="input")
    return words


def encoding_of(fields: Fields) -> EncodingFormat:
    """Raises InvalidRequest on another word."""
    said: EncodingFormat | None = read_field(fields, "encoding_format", str | None)
    if said is not None and said not in get_args(EncodingFormat):
        raise InvalidRequest(f"`encoding_format` cannot be {said!r}.", code="invalid_value", param="encoding_format")
    return said or "float"


def only_texts(request: EmbeddingsRequest, upstream: str) -> list[str]:
    """The texts. Raises InvalidRequest where there are only tokens."""
    if not request.texts:
        raise InvalidRequest(
            f"`input` holds tokens, and {upstream} takes only texts.", code="unsupported_parameter", param="input"
        )
    return request.texts
