"""What OpenAI's stock SDK makes of a chat completion.

A stream is accumulated from the client's own chunks, by index, as the recordings' README says. Through SeaLink
everything must stand where OpenAI's API has it (reasoning in `reasoning_content`). Read `straight` from a vendor,
much is forgiven: reasoning elsewhere, tool calls with no index or one index for several.
"""

from typing import Any

import openai

from acceptance.readings import Choice, Failure, Reading, Tokens, ToolCall, parsed

Fields = dict[str, Any]


def read(client: openai.OpenAI, request: Fields, *, straight: bool = False) -> Reading:
    """Send a request, streamed if it says so, and read the answer to its end."""
    stated = {name: request[name] for name in ("model", "messages")}
    rest = {name: value for name, value in request.items() if name not in ("model", "messages", "stream")}
    chunks: list[Fields] = []
    try:
        if not request.get("stream"):
            return whole(client.chat.completions.create(**stated, extra_body=rest).to_dict(warnings=False), straight)
        answer = client.chat.completions.create(**stated, stream=True, extra_body=rest)
        chunks.extend(chunk.to_dict(warnings=False) for chunk in answer)
    except openai.APIError as error:
        return folded(chunks, failure_of(error), straight)
    return folded(chunks, None, straight)


def failure_of(error: openai.APIError) -> Failure:
    if isinstance(error, openai.APIStatusError):
        return Failure(error.message, error.status_code, error.body, dict(error.response.headers))
    return Failure(error.message, 200, error.body)


def folded(chunks: list[Fields], failure: Failure | None, straight: bool = False) -> Reading:
    """A stream's chunks, added up."""
    reading = Reading(failure=failure, citations=[])
    for chunk in chunks:
        _add_chunk(reading, chunk, straight)
    for choice in reading.choices.values():
        for call in choice.tool_calls:
            call.arguments = parsed(call.arguments)
    return reading


def whole(answer: Fields, straight: bool = False) -> Reading:
    """A completion that was not streamed."""
    reading = Reading(citations=[])
    _take_envelope(reading, answer)
    for part in answer["choices"]:
        message = part["message"]
        reading.choices[part["index"]] = Choice(
            text=message.get("content") or "",
            reasoning=_reasoning(message, straight),
            refusal=message.get("refusal") or "",
            tool_calls=[_call(call) for call in message.get("tool_calls") or ()],
            finish_reason=part.get("finish_reason"),
        )
        reading.citations += _sources(message)
    return reading


def tokens_of(usage: Fields) -> Tokens:
    """OpenAI's counts: the prompt with what was cached of it, the completion with its reasoning."""
    prompt, completion = usage.get("prompt_tokens_details") or {}, usage.get("completion_tokens_details") or {}
    return Tokens(
        input=usage.get("prompt_tokens"),
        output=usage.get("completion_tokens"),
        cached_read=prompt.get("cached_tokens"),
        cached_write=prompt.get("cache_write_tokens"),
        reasoning=completion.get("reasoning_tokens"),
    )


def _add_chunk(reading: Reading, chunk: Fields, straight: bool) -> None:
    _take_envelope(reading, chunk)
    for part in chunk.get("choices") or ():
        choice = reading.choices.setdefault(part["index"], Choice())
        choice.finish_reason = part.get("finish_reason") or choice.finish_reason
        delta = part.get("delta") or {}  # some vendors leave it out
        choice.text += delta.get("content") or ""
        choice.refusal += delta.get("refusal") or ""
        choice.reasoning += _reasoning(delta, straight)
        reading.citations = (reading.citations or []) + _sources(delta)
        for piece in delta.get("tool_calls") or ():
            call, body = _call_of(piece, choice.tool_calls, straight), _body(piece)
            call.name += body.get("name") or ""
            call.arguments += body.get("arguments") or body.get("input") or ""


def _take_envelope(reading: Reading, said: Fields) -> None:
    """What stands beside the choices: the counts and, at Perplexity's, all addresses so far."""
    reading.citations = said.get("citations") or reading.citations
    if usage := said.get("usage"):
        reading.usage, reading.tokens = usage, tokens_of(usage)


def _call_of(piece: Fields, calls: list[ToolCall], straight: bool) -> ToolCall:
    """The call that a piece belongs to: the one of its index."""
    for call in reversed(calls):
        if call.index == piece.get("index") and not (straight and piece.get("id") and piece["id"] != call.id):
            call.id = call.id or piece.get("id")
            return call
    calls.append(ToolCall(piece.get("id"), "", "", piece.get("index")))
    return calls[-1]


def _call(call: Fields) -> ToolCall:
    body = _body(call)
    return ToolCall(call.get("id"), body["name"], parsed(body.get("arguments") or body.get("input") or ""))


def _body(call: Fields) -> Fields:
    return call.get("function") or call.get("custom") or {}


def _sources(said: Fields) -> list[str]:
    return [(note.get("url_citation") or {}).get("url", "") for note in said.get("annotations") or ()]


def _reasoning(said: Fields, straight: bool) -> str:
    return said.get("reasoning_content") or (straight and said.get("reasoning")) or ""
