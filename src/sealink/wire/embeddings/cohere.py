"""Embeddings of Cohere. https://docs.cohere.com/reference/embed"""

from typing import Annotated, Any, Final

import msgspec

from sealink.usage import Usage
from sealink.wire.dialect import OutgoingRequest, RequestHead
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.embeddings.answer import encode_answer
from sealink.wire.embeddings.parse_request import encoding_of, only_texts, parse_request
from sealink.wire.embeddings.upstream import MAX_TOKENS, Estimate
from sealink.wire.raw_json.fields import UNREADABLE, encode, to_raw

PATH: Final = "/v2/embed"
INPUT_TYPE: Final = to_raw("search_document")
"""Cohere requires an `input_type`. Without one from the client, the texts are taken for documents to be searched."""

_PASSED: Final = ("input_type", "truncate", "max_tokens", "priority")


class _Vectors(msgspec.Struct):
    float: list[list[float]]


class _Billed(msgspec.Struct):
    input_tokens: Annotated[float, msgspec.Meta(ge=0, le=MAX_TOKENS)] = 0


class _Meta(msgspec.Struct):
    billed_units: _Billed | None = None


class _Answer(msgspec.Struct):
    embeddings: _Vectors
    meta: _Meta | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


class CohereEmbeddings:
    """An EmbeddingsUpstream. A provider's base URL has no path."""

    def outgoing(self, head: RequestHead, model: str) -> OutgoingRequest:
        request = parse_request(head)
        body: dict[str, Any] = {
            "model": model,
            "texts": only_texts(request, "Cohere's format"),
            "input_type": INPUT_TYPE,
            "embedding_types": ["float"],
            **({} if request.dimensions is None else {"output_dimension": request.dimensions}),
            **{name: request.extras[name] for name in _PASSED if name in request.extras},
        }
        dropped = [*(["user"] if request.user else []), *(name for name in request.extras if name not in _PASSED)]
        return OutgoingRequest(PATH, encode(body), dropped=dropped)

    def answer(self, body: bytes, head: RequestHead, model: str, estimate: Estimate) -> tuple[bytes, Usage | None]:
        try:
            answer = _ANSWER.decode(body)
            billed = answer.meta.billed_units if answer.meta else None
            usage = Usage(input_tokens=int(billed.input_tokens)) if billed else None
            tokens = usage.input_tokens if usage else estimate()
            return encode_answer(answer.embeddings.float, encoding_of(head.fields), model, tokens), usage
        except UNREADABLE as error:
            raise malformed(f"no embeddings: {error}") from error
