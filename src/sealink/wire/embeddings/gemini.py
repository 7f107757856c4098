"""Embeddings of Google's Gemini API. https://ai.google.dev/api/embeddings#method:-models.batchembedcontents"""

from typing import Annotated, Final
from urllib.parse import quote

import msgspec

from sealink.usage import Usage
from sealink.wire.dialect import OutgoingRequest, RequestHead
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.embeddings.answer import encode_answer
from sealink.wire.embeddings.parse_request import encoding_of, only_texts, parse_request
from sealink.wire.embeddings.upstream import MAX_TOKENS, Estimate
from sealink.wire.raw_json.fields import UNREADABLE, encode

_PASSED: Final = ("taskType", "title")


class _Embedding(msgspec.Struct):
    values: list[float]


class _Usage(msgspec.Struct, rename="camel"):
    prompt_token_count: Annotated[int, msgspec.Meta(ge=0, le=MAX_TOKENS)] = 0


class _Answer(msgspec.Struct, rename="camel"):
    embeddings: list[_Embedding]
    usage_metadata: _Usage | None = None


_ANSWER = msgspec.json.Decoder(_Answer)


class GeminiEmbeddings:
    """An EmbeddingsUpstream. A provider's base URL has no path. `taskType` and `title` are passed on where given."""

    def outgoing(self, head: RequestHead, model: str) -> OutgoingRequest:
        request = parse_request(head)
        resource = f"models/{model.removeprefix('models/')}"
        passed = {name: request.extras[name] for name in _PASSED if name in request.extras}
        size = {} if request.dimensions is None else {"outputDimensionality": request.dimensions}
        requests = [
            {"model": resource, "content": {"parts": [{"text": text}]}, **size, **passed}
            for text in only_texts(request, "Gemini's format")
        ]
        path = f"/v1beta/{quote(resource, safe='/@')}:batchEmbedContents"
        dropped = [*(["user"] if request.user else []), *(name for name in request.extras if name not in _PASSED)]
        return OutgoingRequest(path, encode({"requests": requests}), dropped=dropped)

    def answer(self, body: bytes, head: RequestHead, model: str, estimate: Estimate) -> tuple[bytes, Usage | None]:
        """Newer models report the prompt's tokens."""
        try:
            answer = _ANSWER.decode(body)
            usage = Usage(input_tokens=answer.usage_metadata.prompt_token_count) if answer.usage_metadata else None
            vectors, tokens = [each.values for each in answer.embeddings], usage.input_tokens if usage else estimate()
            return encode_answer(vectors, encoding_of(head.fields), model, tokens), usage
        except UNREADABLE as error:
            raise malformed(f"no embeddings: {error}") from error
