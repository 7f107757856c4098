"""A view of a whole answer that is one candidate with one part of text. No other answer decodes into it."""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import Raw

from sealink.wire.dialects.gemini_generate.finish import read_finish
from sealink.wire.dialects.gemini_generate.usage import read_usage
from sealink.wire.dialects.gemini_generate.views import View
from sealink.wire.raw_json.fields import UNREADABLE
from sealink.wire.stream.plain_answer import PlainAnswer


class _Text(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(min_length=1)]


class _Content(View):
    parts: Annotated[list[_Text], msgspec.Meta(min_length=1, max_length=1)]


class _Candidate(View):
    content: _Content
    finish_reason: Literal["STOP", "MAX_TOKENS"]
    index: Literal[0] = 0
    finish_message: None = None
    grounding_metadata: None = None
    citation_metadata: None = None
    logprobs_result: None = None


class _Response(View):
    candidates: Annotated[list[_Candidate], msgspec.Meta(min_length=1, max_length=1)]
    prompt_feedback: None = None
    usage_metadata: Raw = Raw()
    response_id: str | None = None
    model_version: str | None = None
    error: None = None


_RESPONSE: Final = msgspec.json.Decoder(_Response)


def read_plain(body: bytes) -> PlainAnswer | None:
    """The answer, if it is plain; None for any other."""
    try:
        if not body.isascii():
            body.decode()
        view = _RESPONSE.decode(msgspec.json.format(body, indent=-1) if b"\n" in body else body)
        usage = read_usage(view.usage_metadata, final=True) if view.usage_metadata else None
    except UNREADABLE:
        return None
    candidate = view.candidates[0]
    finish = read_finish(candidate.finish_reason, "", choice=0, has_calls=False)
    return PlainAnswer(
        view.response_id or "", view.model_version or "", None, candidate.content.parts[0].text, finish, usage
    )
