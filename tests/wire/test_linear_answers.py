"""Answers are decoded, encoded and passed through in linear time: see linear.py."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest
from aws_messages import event
from linear import ANTHROPIC, BEDROCK, CHAT, CLIENTS, COHERE, GEMINI, OLLAMA, RESPONSES, SAME, UPSTREAMS, assert_linear

from sealink.events import BlockStart, Event, StreamEnd
from sealink.request import ChatRequest
from sealink.wire.dialect import FallbackIdentity, same_dialect
from sealink.wire.dialects.shared.upstream_errors import MAX_CHOICES
from sealink.wire.identifiers import restore_names
from sealink.wire.stream.answer_framing import decode_stream, whole_json
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.translator import Translator

REQUEST: Final = ChatRequest(model="m", messages=[], stream=True)
IDENTITY: Final = FallbackIdentity("id", 1)
SIZE: Final = 250


def sse(*frames: dict[str, Any], named: bool = False) -> bytes:
    return b"".join(
        (b"event: %b\n" % frame["type"].encode() if named else b"") + b"data: " + json.dumps(frame).encode() + b"\n\n"
        for frame in frames
    )


def gemini_stream(size: int) -> bytes:
    calls = [{"functionCall": {"name": "f", "args": {"a": n}}} for n in range(size)]
    pieces = [{"functionCall": {"partialArgs": [{"jsonPath": "$.a", "stringValue": "b"}], "willContinue": True}}] * size
    started = [{"functionCall": {"name": "g", "willContinue": True}}, *pieces]
    parts = [[{"text": "a"}]] * size + [calls] + [[each] for each in started]
    last = {"candidates": [{"content": {"parts": []}, "finishReason": "STOP"}]}
    return sse(*({"candidates": [{"content": {"parts": each}}]} for each in parts), last)


def gemini_grounded(size: int) -> bytes:
    """Sources for each of many words, which are in one text, and quotations in each frame."""
    words, sources = ["wörd "] * 20 * size, [{"uri": f"https://a/{n}", "endIndex": n} for n in range(size)]
    frames: list[dict[str, Any]] = [
        {
            "content": {"parts": [{"text": "".join(words[n::size])}]},
            "citationMetadata": {"citationSources": [sources[n]]},
        }
        for n in range(size)
    ]
    segments = [{"startIndex": 100 * n, "endIndex": 100 * n + 6} for n in range(size)]
    supports = [{"segment": each, "groundingChunkIndices": [n]} for n, each in enumerate(segments)]
    found = {"groundingSupports": supports, "groundingChunks": [{"web": {"uri": "https://a"}}] * size}
    last = {"content": {"parts": []}, "finishReason": "STOP", "groundingMetadata": found}
    return sse(*({"candidates": [each]} for each in [*frames, last]))


def anthropic_stream(size: int) -> bytes:
    frames: list[dict[str, Any]] = [{"type": "message_start", "message": {"id": "m", "model": "m", "content": []}}]
    for n in range(size):
        block = {"type": "tool_use", "id": f"c{n}", "name": "f", "input": {}}
        delta = {"type": "input_json_delta", "partial_json": "{}"}
        frames += [
            {"type": "content_block_start", "index": n, "content_block": block},
            {"type": "content_block_delta", "index": n, "delta": delta},
            {"type": "content_block_stop", "index": n},
        ]
    end = {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 1}}
    return sse(*frames, end, {"type": "message_stop"}, named=True)


def ollama_stream(size: int) -> bytes:
    calls = [{"function": {"name": "f", "arguments": {"a": n}}} for n in range(size)]
    lines: list[dict[str, Any]] = [{"message": {"role": "assistant", "content": "a"}, "done": False}] * size
    lines += [{"message": {"role": "assistant", "content": "", "tool_calls": calls}, "done": False}]
    lines += [{"message": {"role": "assistant", "content": ""}, "done": True, "done_reason": "stop"}]
    return b"".join(json.dumps({"model": "m", **line}).encode() + b"\n" for line in lines)


def chat_stream(size: int) -> bytes:
    """All calls in one frame, then each in a frame of its own, then more arguments for the first one; then calls under
    one id, and one whose arguments come before its name."""

    def call(number: int) -> dict[str, Any]:
        function = {"name": "f", "arguments": "{}"}
        return {"index": number, "id": f"c{number}", "type": "function", "function": function}

    def more(number: int) -> dict[str, Any]:
        return {"index": number, "function": {"arguments": " "}}

    frames = [[call(n) for n in range(size)], *([call(size + n)] for n in range(size)), *([[more(0)]] * size)]
    frames += [[{**call(2 * size + n), "id": "same"}] for n in range(size)]
    frames += [*([[more(3 * size)]] * size), [call(3 * size)]]
    last = {"index": 0, "delta": {}, "finish_reason": "tool_calls"}
    choices = [{"index": 0, "delta": {"tool_calls": calls}, "finish_reason": None} for calls in frames]
    return sse(*({"id": "a", "model": "m", "created": 1, "choices": [each]} for each in [*choices, last]))


def chat_choices(size: int) -> bytes:
    """Text in pieces with log probabilities, annotations, thinking and its details; interleaved choices."""
    logprobs = {"content": [{"token": "a", "logprob": 0, "bytes": [97], "top_logprobs": []}]}
    note = {
        "type": "url_citation",
        "url_citation": {"url": "https://a", "title": "a", "start_index": 0, "end_index": 1},
    }
    deltas: list[dict[str, Any]] = []
    for n in range(size):
        detail = {"type": "reasoning.text", "text": "a", "index": n}
        deltas += [{"reasoning_content": "a"}, {"reasoning": "a", "reasoning_details": [detail]}]
    for _ in range(size):
        deltas += [{"content": "a"}, {"content": "a", "annotations": [note]}, {"refusal": "a"}]
    choices = [{"index": n % 5, "delta": delta, "logprobs": logprobs} for n, delta in enumerate(deltas)]
    last = [{"index": n, "delta": {}, "finish_reason": "stop"} for n in range(5)]
    return sse(*({"id": "a", "model": "m", "created": 1, "choices": [each]} for each in [*choices, *last]))


def chat_scattered(size: int) -> bytes:
    """Calls of one id whose arguments come round and round, calls without an index, and names that come last."""

    def chunk(*calls: dict[str, Any]) -> dict[str, Any]:
        return {"id": "a", "choices": [{"index": 0, "delta": {"tool_calls": list(calls)}}]}

    begun = [chunk({"index": n, "id": "same", "function": {"name": "f", "arguments": ""}}) for n in range(size)]
    filled = [chunk({"index": n, "function": {"arguments": "a"}}) for n in range(size)]
    loose = [chunk({"id": f"l{n}", "function": {"name": "f", "arguments": "{}"}}) for n in range(size)]
    last = {"id": "a", "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    nameless = [chunk({"index": 2 * size + n, "id": f"n{n}", "function": {"arguments": "a"}}) for n in range(size)]
    named = [chunk({"index": 2 * size + n, "function": {"name": "f"}}) for n in range(size)]
    return sse(*begun, *filled, *reversed(filled), *loose, *nameless, *named, last)


def anthropic_texts(size: int) -> bytes:
    """Text with citations, thinking, and results of tools that the upstream ran."""
    frames: list[dict[str, Any]] = [{"type": "message_start", "message": {"id": "m", "model": "m", "content": []}}]
    cited = {"type": "char_location", "cited_text": "a", "document_index": 0, "start_char_index": 0}
    cited |= {"end_char_index": 1, "document_title": "a"}
    found = {"type": "web_search_result", "url": "https://a", "title": "a", "encrypted_content": "a"}
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    text = (
        {"type": "text", "text": ""},
        [{"type": "text_delta", "text": "a"}, {"type": "citations_delta", "citation": cited}],
    )
    thought = {"type": "thinking", "thinking": ""}, [{"type": "thinking_delta", "thinking": "a"}]
    for n in range(size):
        run = {"type": "server_tool_use", "id": f"srvtoolu_{n}", "name": "web_search", "input": {}}
        result = {"type": "web_search_tool_result", "tool_use_id": f"srvtoolu_{n}", "content": [found]}
        blocks += [text, thought, (run, []), (result, [])]
    blocks.append((text[0], text[1] * size))
    for n, (block, deltas) in enumerate(blocks):
        frames.append({"type": "content_block_start", "index": n, "content_block": block})
        frames += [{"type": "content_block_delta", "index": n, "delta": delta} for delta in deltas]
        frames.append({"type": "content_block_stop", "index": n})
    end = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}}
    return sse(*frames, end, {"type": "message_stop"}, named=True)


def responses_items(size: int) -> list[dict[str, Any]]:
    note = {"type": "url_citation", "url": "https://a", "title": "a", "start_index": 0, "end_index": 1}
    text = {"type": "output_text", "text": "a", "annotations": [note]}
    items: list[dict[str, Any]] = []
    for n in range(size):
        items += [
            {"type": "reasoning", "id": f"r{n}", "summary": [{"type": "summary_text", "text": "a"}]},
            {"type": "function_call", "id": f"f{n}", "call_id": f"c{n}", "name": "f", "arguments": "{}"},
            {"type": "custom_tool_call", "id": f"g{n}", "call_id": f"d{n}", "name": "f", "input": "a"},
            {"type": "web_search_call", "id": f"w{n}", "status": "completed", "action": {"type": "search"}},
            {"type": "message", "id": f"m{n}", "role": "assistant", "content": [text]},
        ]
    many = {"type": "message", "id": "m", "role": "assistant", "content": [text] * size}
    thought = {"type": "reasoning", "id": "r", "summary": [{"type": "summary_text", "text": "a"}] * size}
    return [*items, many, thought]


def responses_stream(size: int, *, numbered: bool = True) -> bytes:
    """`numbered`: an item's last event says which one it is, by its index."""
    response = {"id": "r", "object": "response", "model": "m", "status": "in_progress", "output": []}
    frames: list[dict[str, Any]] = [{"type": "response.created", "response": response}]
    items = responses_items(size)
    for n, item in enumerate(items):
        where: dict[str, Any] = {"item_id": item["id"], "output_index": n}
        place = {"output_index": n} if numbered else {}
        blank = {**item, "content": [], "summary": [], "arguments": "", "input": ""}
        frames.append({"type": "response.output_item.added", "output_index": n, "item": blank})
        for part, content in enumerate(item.get("content", ())):
            at = {**where, "content_index": part}
            frames.append({"type": "response.content_part.added", **at, "part": content})
            frames += [{"type": "response.output_text.delta", **at, "delta": "a"}] * 3
            note = content["annotations"][0]
            frames.append({"type": "response.output_text.annotation.added", **at, "annotation": note})
            frames.append({"type": "response.output_text.done", **at, "text": "aaa"})
        for part, _ in enumerate(item.get("summary", ())):
            at = {**where, "summary_index": part}
            frames.append({"type": "response.reasoning_summary_text.delta", **at, "delta": "a"})
        if "arguments" in item:
            frames.append({"type": "response.function_call_arguments.delta", **where, "delta": "{}"})
        frames.append({"type": "response.output_item.done", **place, "item": item})
    done = {**response, "status": "completed", "output": items, "usage": {"input_tokens": 1, "output_tokens": 1}}
    return sse(*frames, {"type": "response.completed", "response": done}, named=True)


def responses_unnumbered(size: int) -> bytes:
    return responses_stream(size, numbered=False)


def responses_at_the_end(size: int) -> bytes:
    """Everything comes with the last event."""
    response = {"id": "r", "object": "response", "model": "m", "status": "in_progress", "output": []}
    done = {**response, "status": "completed", "output": responses_items(size)}
    return sse({"type": "response.created", "response": response}, {"type": "response.completed", "response": done})


def responses_parts(size: int) -> bytes:
    """One message in many parts, of which the deltas come, and one of which only the end comes."""
    response = {"id": "r", "object": "response", "model": "m", "status": "in_progress", "output": []}
    text = {"type": "output_text", "text": "a", "annotations": []}
    messages = [{"type": "message", "id": f"m{n}", "role": "assistant", "content": [text] * size} for n in range(2)]
    frames: list[dict[str, Any]] = [{"type": "response.created", "response": response}]
    for part in range(size):
        at = {"item_id": "m0", "output_index": 0, "content_index": part + 1}
        frames.append({"type": "response.output_text.delta", **at, "delta": "a"})
    frames += [
        {"type": "response.output_item.done", "output_index": n, "item": each} for n, each in enumerate(messages)
    ]
    return sse(*frames, {"type": "response.completed", "response": {**response, "status": "completed"}}, named=True)


def responses_ends(size: int) -> bytes:
    """Many small items, of which only the end comes, without an index."""
    response = {"id": "r", "object": "response", "model": "m", "status": "in_progress", "output": []}
    frames: list[dict[str, Any]] = [{"type": "response.created", "response": response}]
    for n in range(4 * size):
        frames.append({"type": "response.output_item.added", "output_index": n, "item": None})
        frames.append({"type": "response.output_item.done", "item": {"type": "x"}})
    return sse(*frames, {"type": "response.completed", "response": {**response, "status": "completed"}}, named=True)


def bedrock_stream(size: int) -> bytes:
    """Blocks one after the other, then many that are open at once."""

    def block(number: int, **delta: object) -> bytes:
        return event("contentBlockDelta", {"contentBlockIndex": number, "delta": delta})

    def begin(number: int) -> bytes:
        call = {"toolUse": {"toolUseId": f"t{number}", "name": "f"}}
        return event("contentBlockStart", {"contentBlockIndex": number, "start": call})

    def stop(number: int) -> bytes:
        return event("contentBlockStop", {"contentBlockIndex": number})

    out = [event("messageStart", {"role": "assistant"})]
    for n in range(0, 3 * size, 3):
        out += [block(n, reasoningContent={"text": "a"}), stop(n), block(n + 1, text="a"), stop(n + 1)]
        out += [begin(n + 2), block(n + 2, toolUse={"input": "{}"}), stop(n + 2)]
    rest = range(3 * size, 4 * size)
    out += [begin(n) for n in rest] + [block(n, toolUse={"input": "{}"}) for n in rest]
    out += [block(4 * size, text="a", citation={"title": "a"}) for _ in range(size)]
    out += [event("messageStop", {"stopReason": "tool_use"}), event("metadata", {"usage": {"inputTokens": 1}})]
    return b"".join(out)


def cohere_stream(size: int) -> bytes:
    def delta(type: str, **message: object) -> dict[str, Any]:
        return {"type": type, "index": 0, "delta": {"message": message}}

    cited = {
        "start": 0,
        "end": 1,
        "text": "a",
        "sources": [{"type": "document", "id": "d", "document": {"title": "a"}}],
    }
    frames: list[dict[str, Any]] = [{"type": "message-start", "id": "a", "delta": {"message": {}}}]
    for _ in range(size):
        frames += [delta("content-start", content={"type": "text", "text": ""})]
        frames += [delta("content-delta", content={"text": "a"}), delta("citation-start", citations=cited)]
        frames += [{"type": "content-end", "index": 0}]
    frames += [delta("content-delta", content={"text": "a"}), delta("citation-start", citations=cited)] * size
    frames += [delta("tool-plan-delta", tool_plan="a")] * size
    for n in range(size):
        call = {"id": f"c{n}", "type": "function", "function": {"name": "f", "arguments": "{}"}}
        frames += [delta("tool-call-start", tool_calls=call), {"type": "tool-call-end", "index": n}]
    usage = {"tokens": {"input_tokens": 1, "output_tokens": 1}}
    return sse(*frames, {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}})


STREAMS: Final[list[tuple[str, Callable[[int], bytes]]]] = [
    (GEMINI.name, gemini_stream),
    (GEMINI.name, gemini_grounded),
    (ANTHROPIC.name, anthropic_stream),
    (ANTHROPIC.name, anthropic_texts),
    (CHAT.name, chat_stream),
    (CHAT.name, chat_choices),
    (CHAT.name, chat_scattered),
    (OLLAMA.name, ollama_stream),
    (RESPONSES.name, responses_stream),
    (RESPONSES.name, responses_unnumbered),
    (RESPONSES.name, responses_at_the_end),
    (RESPONSES.name, responses_parts),
    (RESPONSES.name, responses_ends),
    (BEDROCK.name, bedrock_stream),
    (COHERE.name, cohere_stream),
]


def named(each: object) -> str:
    return getattr(each, "__name__", str(each))


EACH_CLIENT = pytest.mark.parametrize(
    ("upstream", "stream", "client"),
    [
        pytest.param(upstream, stream, client, marks=[] if (number - place) % len(CLIENTS) == 0 else pytest.mark.full)
        for number, (upstream, stream) in enumerate(STREAMS)
        for place, client in enumerate(CLIENTS)
    ],
    ids=named,
)
"""Each stream for one client's dialect, in full for all."""


def decoded(upstream: str, body: bytes) -> list[Event]:
    dialect = UPSTREAMS[upstream]
    framer, decoder = dialect.framer(), dialect.decoder()
    events: list[Event] = []
    for frame in [*framer.feed(body), *framer.close()]:
        events += decoder.decode(frame)
    events += decoder.close()
    assert isinstance(events[-1], StreamEnd), events[-1]
    assert len(events) >= SIZE // 4
    return events


@pytest.mark.parametrize(("upstream", "stream"), STREAMS, ids=named)
def test_a_stream_is_decoded_in_linear_time(upstream: str, stream: Callable[[int], bytes]) -> None:
    assert_linear(lambda body: decoded(upstream, body), stream, size=SIZE)


@EACH_CLIENT
def test_a_stream_is_encoded_in_linear_time(upstream: str, stream: Callable[[int], bytes], client: str) -> None:
    def encode(events: list[Event]) -> None:
        encoder = CLIENTS[client].encoder(REQUEST, IDENTITY)
        for each in events:
            encoder.encode(each)

    assert_linear(encode, lambda size: decoded(upstream, stream(size)), size=SIZE)


@EACH_CLIENT
def test_a_whole_answer_is_made_in_linear_time(upstream: str, stream: Callable[[int], bytes], client: str) -> None:
    assert_linear(
        lambda events: CLIENTS[client].whole(REQUEST, events, IDENTITY),
        lambda size: decoded(upstream, stream(size)),
        size=SIZE,
    )


@pytest.mark.parametrize(("upstream", "stream"), STREAMS, ids=named)
@pytest.mark.parametrize("piece_bytes", [16_384, 50], ids=["large reads", "small reads"])
def test_a_lane_is_fed_in_linear_time(upstream: str, stream: Callable[[int], bytes], piece_bytes: int) -> None:
    """Framing included, however the stream is cut; all of it in one frame is cut in many reads."""
    dialect = UPSTREAMS[upstream]

    def feed(body: bytes) -> None:
        lane = Lane(dialect.framer(), Translator(dialect.decoder(), CLIENTS["messages"].encoder(REQUEST, IDENTITY)))
        for at in range(0, len(body), piece_bytes):
            lane.feed(body[at : at + piece_bytes])
        lane.close(None)
        assert lane.outcome.error is None, lane.outcome.error

    assert_linear(feed, stream, size=SIZE // 2)


@pytest.mark.parametrize(
    ("upstream", "client", "stream"),
    [(name, client, stream) for name, client in SAME for spoken, stream in STREAMS if spoken == name],
    ids=named,
)
def test_a_stream_is_passed_through_in_linear_time(upstream: str, client: str, stream: Callable[[int], bytes]) -> None:
    dialect, spoken = UPSTREAMS[upstream], CLIENTS[client]
    assert same_dialect(dialect, spoken)
    asked = {"model": "m", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    head = spoken.parse_head(json.dumps({**asked, "input": "Hi"}).encode(), {})

    def pass_on(body: bytes) -> None:
        handler, framer = dialect.passthrough(head), dialect.framer()
        assert b"".join([handler.handle(frame) for frame in framer.feed(body)])

    assert_linear(pass_on, stream, size=SIZE)


@pytest.mark.parametrize("upstream", [CHAT.name, GEMINI.name])
def test_an_answer_has_a_limited_number_of_choices(upstream: str) -> None:
    """Some work is done for each of them at each frame."""

    def frame(number: int) -> bytes:
        if upstream == GEMINI.name:
            return sse({"candidates": [{"index": number, "content": {"parts": [{"text": "a"}]}}]})
        return sse({"id": "a", "choices": [{"index": number, "delta": {"content": "a"}}]})

    allowed = b"".join(map(frame, range(MAX_CHOICES)))
    dialect = UPSTREAMS[upstream]
    lane = Lane(dialect.framer(), Translator(dialect.decoder(), CLIENTS["chat"].encoder(REQUEST, IDENTITY)))
    lane.feed(allowed)
    assert lane.outcome.error is None
    lane.feed(frame(MAX_CHOICES))
    assert lane.outcome.error is not None
    assert lane.outcome.error.code == "upstream_malformed"


# Whole answers


def gemini_whole(size: int) -> dict[str, Any]:
    call, text = {"functionCall": {"name": "f", "args": {}}}, {"text": "a", "thoughtSignature": "AA=="}
    found = {"groundingChunks": [{"web": {"uri": "https://a", "title": "a"}}] * size}
    found["groundingSupports"] = [{"segment": {"startIndex": 0, "endIndex": 1}, "groundingChunkIndices": [0]}] * size
    parts = [text, {"text": "a", "thought": True}, call] * size
    answer = {"content": {"parts": parts}, "finishReason": "STOP", "groundingMetadata": found}
    return {"candidates": [answer], "usageMetadata": {"promptTokenCount": 1}}


def anthropic_whole(size: int) -> dict[str, Any]:
    blocks: list[dict[str, Any]] = []
    for n in range(size):
        blocks += [{"type": "thinking", "thinking": "a", "signature": "s"}, {"type": "text", "text": "a"}]
        blocks += [{"type": "tool_use", "id": f"c{n}", "name": "f", "input": {}}]
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "m", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
    return {**message, "content": blocks, "stop_reason": "tool_use", "usage": usage}


def chat_whole(size: int) -> dict[str, Any]:
    calls = [{"id": "same", "type": "function", "function": {"name": "f", "arguments": "{}"}} for _ in range(size)]
    details = [{"type": "reasoning.text", "text": "a", "index": n} for n in range(size)]
    note = {"type": "url_citation", "url_citation": {"url": "https://a", "title": "a"}}
    said = {"role": "assistant", "content": [{"type": "text", "text": "a"}] * size, "tool_calls": calls}
    said |= {"annotations": [note] * size, "reasoning_details": details}
    probable = {"content": [{"token": "a", "logprob": 0, "bytes": [97], "top_logprobs": []}] * size}
    choice = {"index": 0, "message": said, "finish_reason": "tool_calls", "logprobs": probable}
    return {"id": "a", "object": "chat.completion", "created": 1, "model": "m", "choices": [choice]}


def responses_whole(size: int) -> dict[str, Any]:
    return {"id": "r", "object": "response", "model": "m", "status": "completed", "output": responses_items(size)}


def bedrock_whole(size: int) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    for n in range(size):
        content += [{"text": "a"}, {"reasoningContent": {"reasoningText": {"text": "a"}}}]
        content += [{"toolUse": {"toolUseId": f"t{n}", "name": "f", "input": {}}}]
    message = {"message": {"role": "assistant", "content": content}}
    return {"output": message, "stopReason": "tool_use", "usage": {"inputTokens": 1, "outputTokens": 1}}


def cohere_whole(size: int) -> dict[str, Any]:
    cited = {"start": 0, "end": 1, "text": "a", "sources": [{"type": "document", "id": "d", "document": {}}]}
    calls = [{"id": f"c{n}", "type": "function", "function": {"name": "f", "arguments": "{}"}} for n in range(size)]
    message = {"role": "assistant", "content": [{"type": "text", "text": "a"}] * size, "citations": [cited] * size}
    return {"id": "a", "message": {**message, "tool_calls": calls}, "finish_reason": "TOOL_CALL"}


def ollama_whole(size: int) -> dict[str, Any]:
    calls = [{"function": {"name": "f", "arguments": {}}}] * size
    message = {"role": "assistant", "content": "a" * size, "tool_calls": calls}
    return {"model": "m", "message": message, "done": True, "done_reason": "stop"}


WHOLES: Final[dict[str, Callable[[int], dict[str, Any]]]] = {
    GEMINI.name: gemini_whole,
    ANTHROPIC.name: anthropic_whole,
    CHAT.name: chat_whole,
    RESPONSES.name: responses_whole,
    BEDROCK.name: bedrock_whole,
    COHERE.name: cohere_whole,
    OLLAMA.name: ollama_whole,
}


def whole_body(upstream: str) -> Callable[[int], bytes]:
    return lambda size: json.dumps(WHOLES[upstream](size)).encode()


@pytest.mark.parametrize("upstream", WHOLES)
def test_a_whole_answer_is_decoded_in_linear_time(upstream: str) -> None:
    def decode(body: bytes) -> None:
        assert whole_json(body) is not None
        assert len(UPSTREAMS[upstream].decode_whole(body)) >= SIZE // 4

    assert_linear(decode, whole_body(upstream), size=SIZE)


@pytest.mark.parametrize(("upstream", "client"), SAME)
def test_a_whole_answer_is_passed_through_in_linear_time(upstream: str, client: str) -> None:
    dialect = UPSTREAMS[upstream]
    assert same_dialect(dialect, CLIENTS[client])
    assert_linear(dialect.passthrough_whole, whole_body(upstream), size=SIZE)


@pytest.mark.parametrize(("upstream", "stream"), STREAMS, ids=named)
def test_a_stream_becomes_a_whole_answer_in_linear_time(upstream: str, stream: Callable[[int], bytes]) -> None:
    assert_linear(lambda body: decode_stream(body, UPSTREAMS[upstream]), stream, size=SIZE)


def test_names_are_restored_in_linear_time() -> None:
    def calls(size: int) -> list[Event]:
        return [BlockStart(n, "tool_call", id=f"c{n}", name=f"f{n}") for n in range(size)]

    names = {f"f{n}": f"g{n}" for n in range(4 * SIZE)}
    assert_linear(lambda events: restore_names(events, names), calls, size=SIZE)


@pytest.mark.parametrize("upstream", UPSTREAMS)
@pytest.mark.parametrize("word", ["a", "prompt is too long: ", "{", '{"error":', "sk-", "\\n"])
def test_an_error_is_read_in_linear_time(upstream: str, word: str) -> None:
    def error(size: int) -> bytes:
        return json.dumps({"error": {"message": word * 20 * size, "type": word * size, "code": word}}).encode()

    assert_linear(lambda body: UPSTREAMS[upstream].read_error(400, (), body), error, size=SIZE)
    assert_linear(lambda body: UPSTREAMS[upstream].read_error(400, (), body), lambda size: word.encode() * 20 * size)
