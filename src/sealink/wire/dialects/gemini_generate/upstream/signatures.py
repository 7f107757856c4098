"""Thought signatures, on their way through clients. https://ai.google.dev/gemini-api/docs/thought-signatures

Gemini signs parts of all kinds, and needs each signature back on the part that it came with. Clients send
back a list of thinking blocks, in no particular place. So the signature that they get names its owner:

    gemini:thought:…    a thought's own
    gemini:text:…       a text's
    gemini:end:…        of a part without text at the end of a stream
    gemini:call=ID:…    a tool call's
    gemini:part:{…}     a whole part as JSON, of a kind that no client knows (code that Google ran, a search)
"""

from typing import Literal

import msgspec

from sealink.wire.dialects.gemini_generate.upstream.errors import NAME

Owner = Literal["thought", "text", "end", "call", "part"]

_OWNERS: dict[str, Owner] = {"thought": "thought", "text": "text", "end": "end", "call": "call", "part": "part"}


class Signature(msgspec.Struct, frozen=True):
    """`value` is Google's base64, or a part's JSON. `call_id`: of the tool call that it belongs to, or ""."""

    owner: Owner
    value: str
    call_id: str = ""


def write_signature(owner: Owner, value: str, call_id: str = "") -> str:
    """A signature as events carry it."""
    return f"{NAME}:{owner}={call_id}:{value}" if call_id else f"{NAME}:{owner}:{value}"


def read_signature(signature: str) -> Signature | None:
    """The signature, if it is Gemini's. Base64 has no colon; a call's id may have one."""
    name, _, rest = signature.partition(":")
    if name != NAME:
        return None
    if rest.startswith("call="):
        call_id, _, value = rest.removeprefix("call=").rpartition(":")
        return Signature("call", value, call_id)
    word, _, value = rest.partition(":")
    owner = _OWNERS.get(word)
    return None if owner is None else Signature(owner, value)
