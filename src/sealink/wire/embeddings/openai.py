"""Embeddings of OpenAI, and of every vendor that calls its API compatible.

The client's own bytes are passed on in both directions. An answer is rewritten only if its vectors are not in the
encoding that was asked for: not every vendor knows base64, which OpenAI's SDK asks for by default.
"""

import msgspec
from msgspec import Raw

from sealink.usage import Usage
from sealink.wire.dialect import OutgoingRequest, RequestHead
from sealink.wire.dialects.shared.forwarded_fields import forwarded_fields
from sealink.wire.dialects.shared.openai_usage import read_usage
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.embeddings.answer import encode_vector, from_base64
from sealink.wire.embeddings.parse_request import encoding_of
from sealink.wire.embeddings.upstream import Estimate
from sealink.wire.raw_json.fields import UNREADABLE, Fields, encode, object_of, parse_object, starts_with, to_raw


class _Item(msgspec.Struct):
    embedding: Raw


_ITEMS = msgspec.json.Decoder(list[_Item])
_ITEM_FIELDS = msgspec.json.Decoder(list[Fields])
_VECTOR = msgspec.json.Decoder(list[float])
_TEXT = msgspec.json.Decoder(str)


class OpenAIEmbeddings:
    """An EmbeddingsUpstream. `path` is appended to a provider's base URL."""

    def __init__(self, path: str = "/embeddings") -> None:
        self._path = path

    def outgoing(self, head: RequestHead, model: str) -> OutgoingRequest:
        fields = forwarded_fields(head, model)
        return OutgoingRequest(self._path, head.body if fields == head.fields else encode(fields))

    def answer(self, body: bytes, head: RequestHead, model: str, estimate: Estimate) -> tuple[bytes, Usage | None]:
        try:
            fields = parse_object(body)
            items = _ITEMS.decode(fields["data"])
            wanted, other = encoding_of(head.fields), b"[" if encoding_of(head.fields) == "base64" else b'"'
            if any(starts_with(item.embedding, other) for item in items):
                reencoded = [_reencoded(item, wanted == "base64") for item in _ITEM_FIELDS.decode(fields["data"])]
                body = encode(fields | {"data": to_raw(reencoded)})
        except (*UNREADABLE, KeyError, ValueError) as error:
            raise malformed(f"no embeddings: {error}") from error
        usage = object_of(fields.get("usage"))
        return body, read_usage(usage) if usage else None


def _reencoded(item: Fields, to_base64: bool) -> Fields:
    raw = item["embedding"]
    if to_base64:
        return item | {"embedding": to_raw(encode_vector(_VECTOR.decode(raw), "base64"))}
    return item | {"embedding": to_raw(from_base64(_TEXT.decode(raw)))}
