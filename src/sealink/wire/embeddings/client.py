"""How OpenAI's clients ask for embeddings."""

from collections.abc import Mapping

from sealink.errors import InvalidRequest
from sealink.wire.dialect import RequestHead
from sealink.wire.dialects.openai_chat.client.dialect import OpenAIChatClient
from sealink.wire.embeddings.request import encoding_of, texts_of
from sealink.wire.raw_json.fields import is_null
from sealink.wire.raw_json.request_fields import missing, read_body, read_field, read_task_type


class EmbeddingsClient(OpenAIChatClient):
    """A ClientDialect whose answers are never streamed. Errors are those of OpenAI's API."""

    name = "embeddings"

    def parse_head(self, body: bytes, headers: Mapping[str, str]) -> RequestHead:
        """Raises InvalidRequest, naming the field."""
        body, fields = read_body(body)
        for name in ("model", "input"):
            if is_null(fields.get(name)):
                raise missing(name)
        model = read_field(fields, "model", str)
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

    def prompt_text(self, head: RequestHead) -> str:
        return "\n".join(texts_of(head.fields))
