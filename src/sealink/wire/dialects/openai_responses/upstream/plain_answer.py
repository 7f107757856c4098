"""A view of a whole response that is one message with one text, and complete. No other response decodes into it."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Raw

from sealink.events import Finish
from sealink.wire.dialects.openai_responses.usage import read_plain_usage
from sealink.wire.dialects.openai_responses.views import View
from sealink.wire.raw_json.fields import NULL, UNREADABLE
from sealink.wire.stream.plain_answer import PlainAnswer

_Nothing = Annotated[list[Raw], msgspec.Meta(max_length=0)] | None


class _Part(View):
    type: Literal["output_text"]
    text: Annotated[str, msgspec.Meta(min_length=1)]
    annotations: _Nothing = None
    logprobs: _Nothing = None


class _Message(View):
    type: Literal["message"]
    content: Annotated[list[_Part], msgspec.Meta(min_length=1, max_length=1)]


class _Response(View):
    id: str
    model: str
    created_at: float
    status: Literal["completed"]
    output: Annotated[list[_Message], msgspec.Meta(min_length=1, max_length=1)]
    usage: Raw = NULL
    service_tier: str | None = None
    incomplete_details: None = None
    error: None = None


_RESPONSE: Final = msgspec.json.Decoder(_Response)


def read_plain(body: bytes) -> PlainAnswer | None:
    """The answer, if it is plain; None for any other."""
    try:
        view = _RESPONSE.decode(body)
        usage = read_plain_usage(view.usage, view.service_tier)
        if not body.isascii():
            body.decode()
    except UNREADABLE:
        return None
    text = view.output[0].content[0].text
    return PlainAnswer(view.id, view.model, int(view.created_at), text, Finish("stop", view.status), usage)
