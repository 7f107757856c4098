"""A not-streamed answer from an OpenAI-compatible upstream, mended where it has a shape of its own."""

import re
from typing import Final

from sealink.errors import UpstreamError
from sealink.wire.dialects.openai_chat.finish import standard
from sealink.wire.dialects.openai_chat.upstream.errors import error_in, read_error_event
from sealink.wire.dialects.openai_chat.upstream.mend import ASSISTANT, mend_content, words_of
from sealink.wire.dialects.openai_chat.upstream.tool_calls import in_whole_answer
from sealink.wire.dialects.openai_chat.usage import read_usage
from sealink.wire.dialects.shared.upstream_errors import malformed
from sealink.wire.raw_json.fields import (
    NULL,
    Fields,
    array_of,
    encode,
    integer_of,
    is_null,
    made_strict,
    object_of,
    parse_object,
    text_of,
    to_raw,
)
from sealink.wire.stream.outcome import Outcome

COMPLETION: Final = to_raw("chat.completion")

_UNIX_TIME = re.compile("[0-9]{1,12}")


def passthrough_whole(body: bytes) -> tuple[bytes, Outcome]:
    """The answer for an OpenAI client: the same bytes where there is nothing to mend. Raises UpstreamError."""
    fields, body = _parsed(body)
    if (error := error_in(fields, b"")) is not None:
        raise read_error_event(error)
    if (choices := array_of(fields.get("choices"))) is None:
        raise malformed("the answer has no `choices`.")
    outcome = Outcome(content_started=True, complete=True)
    mended = {**fields, "object": COMPLETION}
    if _UNIX_TIME.fullmatch(created := text_of(fields.get("created")) or ""):  # Writer's is a string
        mended["created"] = to_raw(int(created))
    said = [object_of(choice) or {} for choice in choices]
    told = [_choice(choice, position, fields, outcome) for position, choice in enumerate(said)]
    if told != said:
        mended["choices"] = to_raw(told)
    if usage := object_of(fields.get("usage")):
        outcome.usage, outcome.provenance = read_usage(usage), "provider"
    return (body if mended == fields else encode(mended)), outcome


def _parsed(body: bytes) -> tuple[Fields, bytes]:
    try:
        return parse_object(body), body
    except (ValueError, RecursionError):
        strict = made_strict(body, constants=True) or b""
    try:
        return parse_object(strict), strict
    except (ValueError, RecursionError):
        raise malformed(f"{body[:200].decode(errors='replace')!r} is not a JSON object.") from None


def _choice(said: Fields, position: int, answer: Fields, outcome: Outcome) -> Fields:
    """A choice in OpenAI's shape, equal to `said` where it has it."""
    if not is_null(said.get("error")):
        raise read_error_event(said)
    index = integer_of(said.get("index"))
    index = position if index is None else index
    original = object_of(said.get("message"))
    message = _message(original or object_of(said.get("delta")) or {}, text_of(answer.get("id")) or "")
    word = text_of(said.get("finish_reason")) or ""
    reason = standard(word) if word else ("tool_calls" if array_of(message.get("tool_calls")) else "stop")
    if reason is None:
        raise UpstreamError(f"The upstream ended the answer with finish_reason {word!r}.", code="upstream_failed")
    outcome.finish_reasons[index] = word
    outcome.add_text(words_of(message))
    mended = {**said, "index": to_raw(index)}
    if message != original:
        mended["message"] = to_raw(message)
    if reason != word:
        mended["finish_reason"] = to_raw(reason)
    if not is_null(logprobs := said.get("logprobs")) and object_of(logprobs) is None:
        mended["logprobs"] = NULL
    return mended


def _message(said: Fields, answer_id: str) -> Fields:
    said = mend_content(said)
    if text_of(said.get("role")) != "assistant":
        said = {**said, "role": ASSISTANT}
    if (calls := array_of(said.get("tool_calls"))) is None:
        return said
    before = [call for call in map(object_of, calls) if call is not None]
    after = [in_whole_answer(call, index, answer_id) for index, call in enumerate(before)]
    return said if after == before and len(before) == len(calls) else {**said, "tool_calls": to_raw(after)}
