"""A vendor's profile applied to a request or an error, and the transforms that several vendors share."""

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

_NINE_CHARACTERS: Final = re.compile("[a-zA-Z0-9]{9}")


def apply_profile(outgoing: OutgoingRequest, profile: Overrides | None) -> OutgoingRequest:
    """The request as the vendor wants it; the same object if its profile is empty."""
    if profile is None or not (profile.transforms or profile.unsupported or profile.path):
        return outgoing
    parsed = parse_object(outgoing.body)
    unsupported = [name for name in profile.unsupported if not is_null(parsed.get(name))]
    fields = without(parsed, *unsupported)
    for transform in profile.transforms:
        fields = transform(fields)
    return msgspec.structs.replace(
        outgoing,
        path=profile.path(outgoing.path, parsed) if profile.path else outgoing.path,
        body=outgoing.body if fields == parsed else encode(fields),
        dropped=[*outgoing.dropped, *unsupported],
    )


def normalized_error(error: SealinkError, profile: Overrides | None) -> SealinkError:
    """The error, with the status that the vendor means by it."""
    if isinstance(error, UpstreamRejected) and profile is not None:
        for override in profile.status_overrides:
            if override.status == error.status and re.search(override.pattern, error.message, re.IGNORECASE):
                error.meant_status = override.meant_status
    return error


def renamed(old: str, new: str, *, models: tuple[str, ...] = ("*",)) -> Transform:
    """A transform: OpenAI's `old` is `new` here (for models of these names). A `new` that is set already wins."""

    def transform(fields: Fields) -> Fields:
        model = text_of(fields.get("model")) or ""
        if old not in fields or not any(fnmatchcase(model, pattern) for pattern in models):
            return fields
        if not is_null(fields.get(new)):
            return without(fields, old)
        return {new if name == old else name: raw for name, raw in fields.items() if name != new}

    where = "" if models == ("*",) else f" ({', '.join(f'`{pattern}`' for pattern in models)})"
    transform.__doc__ = f"`{old}` is `{new}`{where}."
    return transform


old_name_of_max_tokens = renamed("max_completion_tokens", "max_tokens")


def no_stream_options(fields: Fields) -> Fields:
    """`stream_options` is dropped: usage is always sent."""
    return without(fields, "stream_options")


def thinking_switch(fields: Fields) -> Fields:
    """`reasoning_effort: "none"` is `thinking: {"type": "disabled"}`."""
    if text_of(fields.get("reasoning_effort")) != "none" or "thinking" in fields:
        return fields
    return {**without(fields, "reasoning_effort"), "thinking": to_raw({"type": "disabled"})}


def without_message_fields(*names: str) -> Transform:
    """A transform: a conversation that another vendor's model began has fields in its messages and tool calls by which
    that vendor recognizes its own thinking (openai_chat/signatures.py). Strict vendors answer 400 to such fields."""

    def transform(fields: Fields) -> Fields:
        messages = bytes(fields.get("messages", b""))
        if not any(f'"{name}"'.encode() in messages for name in names):
            return fields
        return {**fields, "messages": to_raw([_without(raw, names) for raw in array_of(Raw(messages)) or ()])}

    transform.__doc__ = f"{' and '.join(f'`{name}`' for name in names)}, other vendors' in earlier answers, left out."
    return transform


def _without(raw: Raw, names: tuple[str, ...]) -> Raw:
    fields = object_of(raw)
    if fields is None:
        return raw
    rest = without(fields, *names)
    if calls := array_of(rest.get("tool_calls")):
        rest["tool_calls"] = to_raw([_without(call, names) for call in calls])
    return to_raw(rest)


openais_message_fields_only = without_message_fields("reasoning_details", "extra_content")


def nine_character_call_ids(fields: Fields) -> Fields:
    """Call ids are nine letters and digits: others become nine characters of their hash."""
    messages = array_of(fields.get("messages"))
    if messages is None or b"tool_call" not in bytes(fields["messages"]):
        return fields
    return {**fields, "messages": to_raw([_with_nine_character_ids(raw) for raw in messages])}


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
