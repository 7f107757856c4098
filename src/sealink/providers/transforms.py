"""A request is made to a vendor's taste: what its file declares, applied. What several vendors share stands here."""

import base64
import hashlib
import re
from fnmatch import fnmatchcase
from typing import Final

import msgspec
from msgspec import Raw

from sealink.errors import SealinkError, UpstreamRejected
from sealink.providers.profile import Overrides, Transform
from sealink.wire.dialect import OutgoingRequest
from sealink.wire.raw_json.fields import (
    Fields,
    array_of,
    encode,
    is_null,
    object_of,
    parse_object,
    text_of,
    to_raw,
    without,
)


def apply_profile(outgoing: OutgoingRequest, profile: Overrides | None) -> OutgoingRequest:
    """The request as the vendor wants it; the very same where it has no wishes."""
    if profile is None or not (profile.transforms or profile.unsupported or profile.path):
        return outgoing
    said = parse_object(outgoing.body)
    refused = [name for name in profile.unsupported if not is_null(said.get(name))]
    fields = without(said, *refused)
    for quirk in profile.transforms:
        fields = quirk(fields)
    return msgspec.structs.replace(
        outgoing,
        path=profile.path(outgoing.path, said) if profile.path else outgoing.path,
        body=outgoing.body if fields == said else encode(fields),
        dropped=[*outgoing.dropped, *refused],
    )


def normalized_error(error: SealinkError, profile: Overrides | None) -> SealinkError:
    """The error, and what the vendor means by it."""
    if isinstance(error, UpstreamRejected) and profile is not None:
        for told in profile.status_overrides:
            if told.status == error.status and re.search(told.words, error.message, re.IGNORECASE):
                error.meant_status = told.meant
    return error


def renamed(old: str, new: str, *, models: tuple[str, ...] = ("*",)) -> Transform:
    """A quirk: what OpenAI calls `old` is `new` here (for models of these names). What says `new` already is left."""

    def quirk(fields: Fields) -> Fields:
        model = text_of(fields.get("model")) or ""
        if old not in fields or not any(fnmatchcase(model, pattern) for pattern in models):
            return fields
        if not is_null(fields.get(new)):
            return without(fields, old)
        return {new if name == old else name: raw for name, raw in fields.items() if name != new}

    where = "" if models == ("*",) else f" ({', '.join(f'`{pattern}`' for pattern in models)})"
    quirk.__doc__ = f"`{old}` is `{new}`{where}."
    return quirk


max_tokens_is_the_old_name = renamed("max_completion_tokens", "max_tokens")


def usage_comes_unasked(fields: Fields) -> Fields:
    """`stream_options` is refused; usage comes unasked."""
    return without(fields, "stream_options")


def thinking_has_a_switch(fields: Fields) -> Fields:
    """`reasoning_effort: "none"` is `thinking: {"type": "disabled"}`."""
    if text_of(fields.get("reasoning_effort")) != "none" or "thinking" in fields:
        return fields
    return {**without(fields, "reasoning_effort"), "thinking": to_raw({"type": "disabled"})}


def never_given(*names: str) -> Transform:
    """A quirk: a conversation that another vendor's model began has fields in its messages and calls, by which that
    one knows its own thinking (openai_chat/signatures.py). Vendors that are strict answer 400 to those of others."""

    def quirk(fields: Fields) -> Fields:
        messages = bytes(fields.get("messages", b""))
        if not any(f'"{name}"'.encode() in messages for name in names):
            return fields
        return {**fields, "messages": to_raw([_without(raw, names) for raw in array_of(Raw(messages)) or ()])}

    quirk.__doc__ = f"{' and '.join(f'`{name}`' for name in names)}, other vendors' in earlier answers, left out."
    return quirk


def _without(raw: Raw, names: tuple[str, ...]) -> Raw:
    said = object_of(raw)
    if said is None:
        return raw
    rest = without(said, *names)
    if calls := array_of(rest.get("tool_calls")):
        rest["tool_calls"] = to_raw([_without(call, names) for call in calls])
    return to_raw(rest)


knows_openais_fields_alone = never_given("reasoning_details", "extra_content")


def nine_character_call_ids(fields: Fields) -> Fields:
    """Call ids are nine letters and digits: others become nine characters of their hash."""
    messages = array_of(fields.get("messages"))
    if messages is None or b"tool_call" not in bytes(fields["messages"]):
        return fields
    return {**fields, "messages": to_raw([_with_nine_character_ids(raw) for raw in messages])}


_NINE_CHARACTERS: Final = re.compile("[a-zA-Z0-9]{9}")


def _with_nine_character_ids(raw: Raw) -> Raw:
    message = object_of(raw) or {}
    changed = _nine_characters(message, "tool_call_id")
    calls = [object_of(call) or {} for call in array_of(message.get("tool_calls")) or ()]
    fitted = [_nine_characters(call, "id") for call in calls]
    if any(fitted):
        changed["tool_calls"] = to_raw([call | id for call, id in zip(calls, fitted, strict=True)])
    return to_raw({**message, **changed}) if changed else raw


def _nine_characters(fields: Fields, name: str) -> Fields:
    """The field with an id that fits, if it does not."""
    id = text_of(fields.get(name))
    if id is None or _NINE_CHARACTERS.fullmatch(id):
        return {}
    digest = base64.b32encode(hashlib.sha256(id.encode()).digest())
    return {name: to_raw(digest[:9].decode().lower())}
