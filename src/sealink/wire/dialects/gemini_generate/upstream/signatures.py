"""Thought signatures, on their way through clients. https://ai.google.dev/gemini-api/docs/thought-signatures

Gemini signs parts of all kinds, and wants each signature back on the part that it came with. Clients hand
back a list of thinking blocks, in no certain place. So what they are given says whose signature it is:

    gemini:thought:…    a thought's own
    gemini:text:…       the text's; at the end of a stream it comes on a part without text (`gemini:end:…`)
    gemini:call=ID:…    a tool call's
    gemini:part:{…}     a whole part that no client has a place for (code that Google ran, a search), JSON
"""

from typing import Literal

import msgspec

from sealink.wire.dialects.gemini_generate.upstream.errors import NAME

Owner = Literal["thought", "text", "end", "call", "part"]

_OWNERS: dict[str, Owner] = {"thought": "thought", "text": "text", "end": "end", "call": "call", "part": "part"}


class Signature(msgspec.Struct, frozen=True):
    """`value` is Google's base64, or a part's JSON; `call_id` the tool call's, if it is one's."""

    owner: Owner
    value: str
    call_id: str = ""


def mark(owner: Owner, value: str, call_id: str = "") -> str:
    """A signature as clients are given it."""
    return f"{NAME}:{owner}={call_id}:{value}" if call_id else f"{NAME}:{owner}:{value}"


def read_mark(signature: str) -> Signature | None:
    """None for what is not Gemini's. Base64 has no colon; an id may have one."""
    name, _, rest = signature.partition(":")
    if name != NAME:
        return None
    if rest.startswith("call="):
        call_id, _, value = rest.removeprefix("call=").rpartition(":")
        return Signature("call", value, call_id)
    word, _, value = rest.partition(":")
    owner = _OWNERS.get(word)
    return None if owner is None else Signature(owner, value)
