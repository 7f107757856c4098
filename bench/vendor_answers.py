"""What vendors answer, in each dialect: read by read, with HTTP's framing around it."""

from collections.abc import Callable, Iterable

from sealink.wire.framing.sse import DONE, data_frame, event_frame

TEXT = b"Hello! How can I help you today?"
DELTA = b" quick brown fox"

_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n"
    b"Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n\r\n"
)

_CHAT = b'"id":"chatcmpl-1","object":"chat.completion%b","created":1763000000,"model":"gpt-4o-mini"'
_CHAT_USAGE = b'"usage":{"prompt_tokens":12,"completion_tokens":9,"total_tokens":21}'
_CHAT_WHOLE = (
    b"{" + _CHAT % b"" + b',"choices":[{"index":0,"message":{"role":"assistant","content":"' + TEXT + b'",'
    b'"refusal":null},"logprobs":null,"finish_reason":"stop"}],' + _CHAT_USAGE + b"}"
)

_CLAUDE = b'"id":"msg_01","type":"message","role":"assistant","model":"claude-sonnet-4-6"'
_CLAUDE_WHOLE = (
    b"{" + _CLAUDE + b',"content":[{"type":"text","text":"' + TEXT + b'"}],"stop_reason":"end_turn",'
    b'"stop_sequence":null,"usage":{"input_tokens":12,"output_tokens":9}}'
)

_GEMINI_USAGE = b'"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":9,"totalTokenCount":21}'
_GEMINI = (
    b'{"candidates":[{"content":{"parts":[{"text":"%b"}],"role":"model"}%b,"index":0}],'
    + _GEMINI_USAGE
    + b',"modelVersion":"gemini-2.5-flash","responseId":"resp-1"}'
)

_RESPONSE = (
    b'{"id":"resp_1","object":"response","created_at":1763000000,"status":"%b","background":false,"error":null,'
    b'"incomplete_details":null,"instructions":null,"max_output_tokens":1024,"model":"gpt-5-mini","output":[%b],'
    b'"parallel_tool_calls":true,"previous_response_id":null,"reasoning":{"effort":null,"summary":null},'
    b'"store":true,"temperature":1.0,"text":{"format":{"type":"text"}},"tool_choice":"auto","tools":[],'
    b'"top_p":1.0,"truncation":"disabled","usage":%b,"user":null,"metadata":{}}'
)
_RESPONSE_USAGE = (
    b'{"input_tokens":12,"input_tokens_details":{"cached_tokens":0,"cache_write_tokens":0},"output_tokens":9,'
    b'"output_tokens_details":{"reasoning_tokens":0},"total_tokens":21}'
)
_PART = b'{"type":"output_text","annotations":[],"logprobs":[],"text":"%b"}'
_MESSAGE = b'{"id":"msg_1","type":"message","status":"%b","content":[%b],"role":"assistant"}'
_MESSAGE_DONE = _MESSAGE % (b"completed", _PART % TEXT)


def whole(dialect: str) -> list[bytes]:
    """A small answer that is not streamed, in one read."""
    body = {
        "openai": _CHAT_WHOLE,
        "anthropic": _CLAUDE_WHOLE,
        "gemini": _GEMINI % (TEXT, b',"finishReason":"STOP"'),
        "responses": _RESPONSE % (b"completed", _MESSAGE_DONE, _RESPONSE_USAGE),
    }[dialect]
    return [b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body)]


def stream(dialect: str, deltas: int) -> list[bytes]:
    """A stream: its head and first frames in one read, each delta in one, its last frames in one."""
    first, delta, last = _FRAMES[dialect]()
    if dialect == "responses":
        middle = [_event(delta, number) for number in range(4, 4 + deltas)]
        last = [_event(frame, 4 + deltas + number) for number, frame in enumerate(last)]
    elif dialect == "gemini":
        middle = [delta.replace(_GEMINI_USAGE, _gemini_usage(number)) for number in range(1, 1 + deltas)]
    else:
        middle = [delta] * deltas
    return [_STREAM_HEAD + _chunked(first), *map(_chunk, middle), _chunked(last) + b"0\r\n\r\n"]


def _chunk(frame: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(frame), frame)


def _chunked(frames: Iterable[bytes]) -> bytes:
    return b"".join(map(_chunk, frames))


Frames = tuple[list[bytes], bytes, list[bytes]]
"""The first frames, a delta, the last frames."""


def _chat() -> Frames:
    begin = b"{" + _CHAT % b".chunk"
    choice = b',"service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,"delta":%b,"logprobs":null,'
    role = data_frame(begin + choice % b'{"role":"assistant","content":"","refusal":null}' + b'"finish_reason":null}]}')
    delta = data_frame(begin + choice % (b'{"content":"' + DELTA + b'"}') + b'"finish_reason":null}]}')
    finish = data_frame(begin + choice % b"{}" + b'"finish_reason":"stop"}]}')
    usage = data_frame(
        begin + b',"service_tier":"default","system_fingerprint":"fp_1","choices":[],' + _CHAT_USAGE + b"}"
    )
    return [role], delta, [finish, usage + DONE]


def _messages() -> Frames:
    start = (
        b'{"type":"message_start","message":{' + _CLAUDE + b',"content":[],"stop_reason":null,"stop_sequence":null,'
        b'"usage":{"input_tokens":12,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,"output_tokens":1}}}'
    )
    begin = b'{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}'
    delta = b'{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"' + DELTA + b'"}}'
    end = (
        b'{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":9}}'
    )
    return (
        [event_frame(b"message_start", start), event_frame(b"content_block_start", begin)],
        event_frame(b"content_block_delta", delta),
        [
            event_frame(b"content_block_stop", b'{"type":"content_block_stop","index":0}'),
            event_frame(b"message_delta", end),
            event_frame(b"message_stop", b'{"type":"message_stop"}'),
        ],
    )


def _gemini() -> Frames:
    delta = data_frame(_GEMINI % (DELTA, b""))
    return [delta], delta, [data_frame(_GEMINI % (b".", b',"finishReason":"STOP"'))]


def _gemini_usage(tokens: int) -> bytes:
    """The usage so far, which is in each of Gemini's chunks."""
    usage = _GEMINI_USAGE.replace(b":9,", b":%d," % tokens)
    return usage.replace(b":21}", b":%d}" % (12 + tokens))


def _responses() -> Frames:
    begun = _RESPONSE % (b"in_progress", b"", b"null")
    place = b'"item_id":"msg_1","output_index":0,"content_index":0'
    first = [
        b'{"type":"response.created","response":' + begun + b"}",
        b'{"type":"response.in_progress","response":' + begun + b"}",
        b'{"type":"response.output_item.added","output_index":0,"item":' + _MESSAGE % (b"in_progress", b"") + b"}",
        b'{"type":"response.content_part.added",' + place + b',"part":' + _PART % b"" + b"}",
    ]
    delta = b'{"type":"response.output_text.delta",' + place + b',"delta":"' + DELTA + b'","logprobs":[]}'
    last = [
        b'{"type":"response.output_text.done",' + place + b',"text":"' + TEXT + b'","logprobs":[]}',
        b'{"type":"response.content_part.done",' + place + b',"part":' + _PART % TEXT + b"}",
        b'{"type":"response.output_item.done","output_index":0,"item":' + _MESSAGE_DONE + b"}",
        b'{"type":"response.completed","response":' + _RESPONSE % (b"completed", _MESSAGE_DONE, _RESPONSE_USAGE) + b"}",
    ]
    return [_event(frame, number) for number, frame in enumerate(first)], delta, last


def _event(frame: bytes, number: int) -> bytes:
    """An event of the Responses API, which are numbered."""
    name = frame[len(b'{"type":"') : frame.index(b'",')]
    return event_frame(name, frame[:-1] + b',"sequence_number":%d}' % number)


_FRAMES: dict[str, Callable[[], Frames]] = {
    "openai": _chat,
    "anthropic": _messages,
    "gemini": _gemini,
    "responses": _responses,
}
