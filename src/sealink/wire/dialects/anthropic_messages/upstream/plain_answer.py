"""A view of the whole message that most are: one block of text. No other message decodes into it."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Raw

from sealink.wire.dialects.anthropic_messages.finish import read_finish
from sealink.wire.dialects.anthropic_messages.usage import read_plain_usage
from sealink.wire.dialects.anthropic_messages.views import Stop, View
from sealink.wire.raw_json.fields import UNREADABLE
from sealink.wire.stream.plain_answer import PlainAnswer


class _Text(View):
    type: Literal["text"]
    text: Annotated[str, msgspec.Meta(min_length=1)]
    citations: Annotated[list[Raw], msgspec.Meta(max_length=0)] | None = None
    signature: None = None


class _Message(View):
    type: Literal["message"]
    role: Literal["assistant"]
    content: Annotated[list[_Text], msgspec.Meta(min_length=1, max_length=1)]
    stop_reason: Literal["end_turn", "max_tokens", "stop_sequence"]
    id: str
    model: str
    usage: Raw
    stop_sequence: str | None = None
    stop_details: None = None


_MESSAGE: Final = msgspec.json.Decoder(_Message)


def read_plain(body: bytes) -> PlainAnswer | None:
    """The answer, if it is plain; None for any other."""
    try:
        view = _MESSAGE.decode(body)
        usage = read_plain_usage(view.usage)
    except UNREADABLE:
        return None
    finish = read_finish(Stop(view.stop_reason, view.stop_sequence), has_calls=False)
    return PlainAnswer(view.id, view.model, None, view.content[0].text, finish, usage)
