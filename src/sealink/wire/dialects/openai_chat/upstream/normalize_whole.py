"""A not-streamed answer of an OpenAI-compatible upstream → OpenAI's own shape."""

from typing import Final

import msgspec

from sealink.errors import UpstreamError
from sealink.wire.dialect import ANONYMOUS, FallbackIdentity
from sealink.wire.dialects.openai_chat.finish import standard_reason
from sealink.wire.dialects.openai_chat.metadata import normalize_metadata
from sealink.wire.dialects.openai_chat.upstream.errors import error_in, read_error_event
from sealink.wire.dialects.openai_chat.upstream.normalize_calls import whole_calls
from sealink.wire.dialects.openai_chat.upstream.normalize_message import ASSISTANT, normalize_content
from sealink.wire.dialects.openai_chat.usage import standard_counts, usage_in_choices
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.raw_json.fields import (
    NULL,
    Fields,
    array_of,
    integer_of,
    is_null,
    made_strict,
    object_of,
    parse_object,
    text_of,
    to_raw,
)

COMPLETION: Final = to_raw("chat.completion")


class WholeAnswer(msgspec.Struct):
    """A normalised answer. `body` is it as it came, for one that is not `is_changed`; `messages` are the choices'.

    `finish_reasons`: by choice, as the upstream spelled them.
    """

    body: bytes
    fields: Fields
    is_changed: bool = False
    messages: list[Fields] = []
    finish_reasons: dict[int, str] = {}


def normalize_whole(body: bytes, identity: FallbackIdentity = ANONYMOUS) -> WholeAnswer:
    """`identity` stands in for what the answer lacks. Raises UpstreamError for an error, and for what is no answer."""
    fields, body = _parse(body)
    if (error := error_in(fields, b"")) is not None:
        raise read_error_event(error)
    if (choices := array_of(fields.get("choices"))) is None:
        raise malformed("the answer has no `choices`.")
    answer = WholeAnswer(body, {**normalize_metadata(fields, identity), "object": COMPLETION})
    answer.fields |= _usage(fields)
    before = [object_of(choice) or {} for choice in choices]
    after = [_normalize_choice(choice, position, answer) for position, choice in enumerate(before)]
    if after != before:
        answer.fields["choices"] = to_raw(after)
    answer.is_changed = answer.fields != fields
    return answer


def _usage(fields: Fields) -> Fields:
    """The usage as OpenAI has it, if that is another than it came."""
    usage = object_of(fields.get("usage")) or usage_in_choices(fields)
    if usage is None:
        return {} if is_null(fields.get("usage")) else {"usage": NULL}
    standard = standard_counts(usage)
    return {"usage": to_raw(standard)} if standard is not usage or "usage" not in fields else {}


def _parse(body: bytes) -> tuple[Fields, bytes]:
    try:
        return parse_object(body), body
    except (ValueError, RecursionError):
        strict = made_strict(body, constants=True) or b""
    try:
        return parse_object(strict), strict
    except (ValueError, RecursionError):
        raise malformed(f"{body[:200].decode(errors='replace')!r} is not a JSON object.") from None


def _normalize_choice(choice: Fields, position: int, answer: WholeAnswer) -> Fields:
    """A choice in OpenAI's shape, equal to `choice` where nothing has to be changed."""
    if not is_null(choice.get("error")):
        raise read_error_event(choice)
    index = integer_of(choice.get("index"))
    index = position if index is None else index
    original = object_of(choice.get("message"))
    message = _normalize_message(
        original or object_of(choice.get("delta")) or {}, text_of(answer.fields.get("id")) or ""
    )
    own_reason = text_of(choice.get("finish_reason")) or ""
    reason = (
        standard_reason(own_reason) if own_reason else ("tool_calls" if array_of(message.get("tool_calls")) else "stop")
    )
    if reason is None:
        raise UpstreamError(f"The upstream ended the answer with finish_reason {own_reason!r}.", code="upstream_failed")
    answer.finish_reasons[index] = own_reason
    answer.messages.append(message)
    normalized = {**choice, "index": to_raw(index)}
    if message != original:
        normalized["message"] = to_raw(message)
    if reason != own_reason:
        normalized["finish_reason"] = to_raw(reason)
    if not is_null(logprobs := choice.get("logprobs")) and object_of(logprobs) is None:
        normalized["logprobs"] = NULL
    return normalized


def _normalize_message(message: Fields, answer_id: str) -> Fields:
    message = normalize_content(message)
    if text_of(message.get("role")) != "assistant":
        message = {**message, "role": ASSISTANT}
    if (calls := array_of(message.get("tool_calls"))) is None:
        return message
    before = [call for call in map(object_of, calls) if call is not None]
    after = whole_calls(before, answer_id)
    return message if after == before and len(before) == len(calls) else {**message, "tool_calls": to_raw(after)}
