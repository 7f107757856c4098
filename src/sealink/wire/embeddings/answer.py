"""What a client is told: OpenAI's list of embeddings. https://platform.openai.com/docs/api-reference/embeddings/object"""

from collections.abc import Iterable, Sequence

from sealink.wire.embeddings.request import EncodingFormat
from sealink.wire.embeddings.vectors import encoded
from sealink.wire.raw_json.fields import encode


def list_of(vectors: Iterable[Sequence[float]], encoding: EncodingFormat, model: str, tokens: int) -> bytes:
    """The vectors in the order of what was to be embedded, which was `tokens` long."""
    data = [
        {"object": "embedding", "index": index, "embedding": encoded(vector, encoding)}
        for index, vector in enumerate(vectors)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return encode({"object": "list", "data": data, "model": model, "usage": usage})
