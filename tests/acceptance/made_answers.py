"""Answers as each upstream dialect gives them, streamed or whole: some words, or some words and a tool call.

Written after the vendors' documentation, the same answer in each, so that a program can be shown to get it whoever
is behind SeaLink.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

Fields = dict[str, Any]

USAGE = (12, 7)
"""Tokens in and out."""


@dataclass(frozen=True)
class Said:
    """`thought` and its `signature` come first, then the words, then the call."""

    words: tuple[str, ...] = ()
    thought: str = ""
    signature: str = ""
    call_id: str = ""
    tool: str = ""
    arguments: str = ""

    @property
    def text(self) -> str:
        return "".join(self.words)


def openai(said: Said, stream: bool) -> bytes:
    """Chat completions."""
    counts = {"prompt_tokens": USAGE[0], "completion_tokens": USAGE[1], "total_tokens": sum(USAGE)}
    finish = "tool_calls" if said.tool else "stop"
    call = {"id": said.call_id, "type": "function", "function": {"name": said.tool, "arguments": said.arguments}}
    if not stream:
        message = {"role": "assistant", "content": said.text or None, "refusal": None}
        message |= {"reasoning_content": said.thought} if said.thought else {}
        message |= {"tool_calls": [call]} if said.tool else {}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": finish}
        return _json(_completion("chat.completion", [choice], usage=counts))
    deltas: list[Fields] = [{"role": "assistant", "content": ""}]
    deltas += [{"reasoning_content": said.thought}] if said.thought else []
    deltas += [{"content": word} for word in said.words]
    if said.tool:
        head = {**call, "index": 0, "function": {"name": said.tool, "arguments": ""}}
        deltas += [{"tool_calls": [head]}]
        deltas += [{"tool_calls": [{"index": 0, "function": {"arguments": it}}]} for it in _halves(said.arguments)]
    ends = [*[None] * len(deltas), finish]
    chunks = [
        _completion("chat.completion.chunk", [{"index": 0, "delta": delta, "finish_reason": end}])
        for delta, end in zip([*deltas, {}], ends, strict=True)
    ]
    chunks.append(_completion("chat.completion.chunk", [], usage=counts))
    return b"".join(_data(chunk) for chunk in chunks) + b"data: [DONE]\n\n"


def anthropic(said: Said, stream: bool) -> bytes:
    """Messages."""
    blocks: list[Fields] = []
    if said.thought:
        blocks.append({"type": "thinking", "thinking": said.thought, "signature": said.signature})
    if said.words:
        blocks.append({"type": "text", "text": said.text})
    if said.tool:
        call = {"type": "tool_use", "id": said.call_id, "name": said.tool, "input": json.loads(said.arguments)}
        blocks.append(call)
    stop = {"stop_reason": "tool_use" if said.tool else "end_turn", "stop_sequence": None}
    usage = {"input_tokens": USAGE[0], "output_tokens": USAGE[1]}
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m"}
    if not stream:
        return _json({**message, "content": blocks, **stop, "usage": usage})
    begun = {**message, "content": [], "stop_reason": None, "stop_sequence": None}
    begun["usage"] = {**usage, "output_tokens": 1}
    events: list[Fields] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    for index, block in enumerate(blocks):
        events += _anthropic_block(index, block, said)
    events += [{"type": "message_delta", "delta": stop, "usage": {"output_tokens": USAGE[1]}}, {"type": "message_stop"}]
    return b"".join(b"event: %b\n%b" % (event["type"].encode(), _data(event)) for event in events)


def gemini(said: Said, stream: bool) -> bytes:
    """generateContent. The signature stands on the call's part."""
    parts: list[Fields] = [{"text": said.thought, "thought": True}] if said.thought else []
    parts += [{"text": word} for word in said.words]
    if said.tool:
        call: Fields = {"functionCall": {"name": said.tool, "args": json.loads(said.arguments)}}
        parts.append({**call, **({"thoughtSignature": said.signature} if said.signature else {})})
    counts = {"promptTokenCount": USAGE[0], "candidatesTokenCount": USAGE[1], "totalTokenCount": sum(USAGE)}
    tail = {"usageMetadata": counts, "modelVersion": "m", "responseId": "r_1"}
    groups = [[part] for part in parts] if stream else [parts]
    answers = [{"candidates": [{"content": {"parts": group, "role": "model"}, "index": 0}], **tail} for group in groups]
    answers[-1]["candidates"][0]["finishReason"] = "STOP"  # type: ignore[index]
    return b"".join(map(_data, answers)) if stream else _json(answers[0])


def responses(said: Said, stream: bool) -> bytes:
    """OpenAI's responses."""
    items = list(_items(said))
    counts = {"input_tokens": USAGE[0], "output_tokens": USAGE[1], "total_tokens": sum(USAGE)}
    counts |= {"input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}
    response = {
        **{"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "completed", "error": None},
        **{"incomplete_details": None, "output": items, "usage": counts, "parallel_tool_calls": True, "tools": []},
        **{"tool_choice": "auto", "metadata": {}, "instructions": None, "temperature": 1.0, "top_p": 1.0},
    }
    if not stream:
        return _json(response)
    begun = {**response, "status": "in_progress", "output": [], "usage": None}
    events: list[Fields] = [{"type": "response.created", "response": begun}]
    for index, item in enumerate(items):
        events += _item_events(index, item, said)
    events.append({"type": "response.completed", "response": response})
    numbered = [{**event, "sequence_number": number} for number, event in enumerate(events)]
    return b"".join(b"event: %b\n%b" % (event["type"].encode(), _data(event)) for event in numbered)


def openrouter(said: Said, stream: bool) -> bytes:
    """Chat completions with the thinking once more in `reasoning_details`, signed, and some that is encrypted.

    https://openrouter.ai/docs/use-cases/reasoning-tokens
    """
    if not said.thought:
        return openai(said, stream)
    thoughts = _halves(said.thought) if stream else (said.thought,)
    signed, encrypted = details(said)
    signatures = [""] * len(thoughts[1:]) + [said.signature]
    pieces = [[{**signed, "text": it, "signature": by}] for it, by in zip(thoughts, signatures, strict=True)]
    pieces[-1].append(encrypted)
    told = [{"reasoning": it, "reasoning_details": piece} for it, piece in zip(thoughts, pieces, strict=True)]
    return _with_more(openai(replace(said, thought=""), stream), stream, told, {})


def details(said: Said) -> list[Fields]:
    """The `reasoning_details` of an answer."""
    text = {"type": "reasoning.text", "text": said.thought, "signature": said.signature}
    encrypted = {"type": "reasoning.encrypted", "data": said.signature[::-1], "id": said.call_id}
    return [{**text, "format": "anthropic-claude-v1", "index": 0}, {**encrypted, "format": "x", "index": 1}]


def gemini_openai(said: Said, stream: bool) -> bytes:
    """Chat completions of Google's: the signature stands in the call's `extra_content`.

    https://ai.google.dev/gemini-api/docs/thought-signatures
    """
    extra = {"extra_content": {"google": {"thought_signature": said.signature}}} if said.signature else {}
    return _with_more(openai(said, stream), stream, [], extra)


MADE: dict[str, Callable[[Said, bool], bytes]] = {
    "openai": openai,
    "anthropic": anthropic,
    "gemini": gemini,
    "responses": responses,
}
"""By the dialect's name in sealink.toml."""


SIGNED: dict[str, Callable[[Said, bool], bytes]] = {"openrouter": openrouter, "gemini_openai": gemini_openai}
"""Vendors that speak OpenAI's chat and sign what the model thought, each in its own way."""


def error(dialect: str, words: str) -> bytes:
    """A refused request's body."""
    if dialect == "anthropic":
        return _json({"type": "error", "error": {"type": "invalid_request_error", "message": words}})
    if dialect == "gemini":
        return _json({"error": {"code": 400, "message": words, "status": "INVALID_ARGUMENT"}})
    return _json({"error": {"message": words, "type": "invalid_request_error", "param": None, "code": None}})


def _with_more(body: bytes, stream: bool, thinking: list[Fields], extra: Fields) -> bytes:
    """Chat completions with thinking before the words, and something more in each call."""
    if not stream:
        answer = json.loads(body)
        message = answer["choices"][0]["message"]
        for call in message.get("tool_calls", ()):
            call.update(extra)
        return _json({**answer, "choices": [{**answer["choices"][0], "message": message | dict(*thinking)}]})
    first, *chunks = [json.loads(line[6:]) for line in body.split(b"\n\n") if line.startswith(b"data: {")]
    for chunk in chunks:
        for call in chunk["choices"][0]["delta"].get("tool_calls", ()) if chunk["choices"] else ():
            call.update(extra if "id" in call else {})
    thoughts = [_completion("chat.completion.chunk", [{**first["choices"][0], "delta": it}]) for it in thinking]
    return b"".join(map(_data, [first, *thoughts, *chunks])) + b"data: [DONE]\n\n"


def _completion(kind: str, choices: list[Fields], usage: Fields | None = None) -> Fields:
    return {"id": "chatcmpl-1", "object": kind, "created": 1, "model": "m", "choices": choices, "usage": usage}


def _anthropic_block(index: int, block: Fields, said: Said) -> list[Fields]:
    deltas: list[Fields]
    if block["type"] == "thinking":
        empty = {"type": "thinking", "thinking": "", "signature": ""}
        deltas = [{"type": "thinking_delta", "thinking": it} for it in _halves(said.thought)]
        deltas.append({"type": "signature_delta", "signature": said.signature})
    elif block["type"] == "text":
        empty = {"type": "text", "text": ""}
        deltas = [{"type": "text_delta", "text": word} for word in said.words]
    else:
        empty = {**block, "input": {}}
        deltas = [{"type": "input_json_delta", "partial_json": it} for it in ("", *_halves(said.arguments))]
    return [
        {"type": "content_block_start", "index": index, "content_block": empty},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def _items(said: Said) -> Iterable[Fields]:
    if said.thought:
        summary = [{"type": "summary_text", "text": said.thought}]
        yield {"type": "reasoning", "id": "rs_1", "summary": summary, "encrypted_content": said.signature}
    if said.words:
        content = [{"type": "output_text", "text": said.text, "annotations": [], "logprobs": []}]
        yield {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": content}
    if said.tool:
        call = {"call_id": said.call_id, "name": said.tool, "arguments": said.arguments}
        yield {"type": "function_call", "id": "fc_1", "status": "completed", **call}


def _item_events(index: int, item: Fields, said: Said) -> list[Fields]:
    where = {"output_index": index, "item_id": item["id"]}
    opened = {"message": {"content": [], "status": "in_progress"}, "function_call": {"arguments": ""}}
    begun = {**item, **opened.get(item["type"], {"summary": []})}
    events: list[Fields] = [{"type": "response.output_item.added", "output_index": index, "item": begun}]
    if item["type"] == "message":
        part = item["content"][0]
        place = {**where, "content_index": 0}
        events.append({"type": "response.content_part.added", **place, "part": {**part, "text": ""}})
        delta = "response.output_text.delta"
        events += [{"type": delta, **place, "delta": word, "logprobs": []} for word in said.words]
        events.append({"type": "response.output_text.done", **place, "text": said.text, "logprobs": []})
        events.append({"type": "response.content_part.done", **place, "part": part})
    elif item["type"] == "reasoning":
        place, part = {**where, "summary_index": 0}, item["summary"][0]
        events.append({"type": "response.reasoning_summary_part.added", **place, "part": {**part, "text": ""}})
        events.append({"type": "response.reasoning_summary_text.delta", **place, "delta": said.thought})
        events.append({"type": "response.reasoning_summary_text.done", **place, "text": said.thought})
        events.append({"type": "response.reasoning_summary_part.done", **place, "part": part})
    else:
        delta = "response.function_call_arguments.delta"
        events += [{"type": delta, **where, "delta": it} for it in _halves(said.arguments)]
        done = {"type": "response.function_call_arguments.done", "arguments": said.arguments, "name": said.tool}
        events.append({**done, **where})
    return [*events, {"type": "response.output_item.done", "output_index": index, "item": item}]


def _halves(text: str) -> tuple[str, str]:
    return text[: len(text) // 2], text[len(text) // 2 :]


def _data(value: Fields) -> bytes:
    return b"data: " + _json(value) + b"\n\n"


def _json(value: Fields) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
