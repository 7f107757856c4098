"""A stream that is cut by its meter ends whole in every client dialect, and is relayed as it came until then."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.events import BlockStart, StreamStart, TextDelta
from sealink.request import ChatRequest
from sealink.usage import Usage
from sealink.wire.dialect import ClientDialect, FallbackIdentity, RequestHead
from sealink.wire.dialects import anthropic_messages, openai_chat, openai_responses
from sealink.wire.dialects.openai_chat.upstream.dialect import OpenAIChatUpstream
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import data_frame, event_frame
from sealink.wire.stream.handler import StatelessDeltas
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.metered_handler import MOST_ROOM, MeteredHandler
from sealink.wire.stream.translator import Translator

ENDINGS = {
    "openai": (openai_chat.CLIENT, b'"finish_reason":"length"', b"[DONE]"),
    "anthropic": (anthropic_messages.CLIENT, b'"stop_reason":"max_tokens"', b"message_stop"),
    "responses": (openai_responses.CLIENT, b'"reason":"max_output_tokens"', b"response.incomplete"),
}


class Words(StatelessDeltas):
    """A decoder: each frame is a word."""

    def __init__(self) -> None:
        self.has_begun = False

    def decode(self, frame: Frame):  # type: ignore[no-untyped-def]
        if not self.has_begun:
            self.has_begun = True
            yield StreamStart("id", "m")
            yield BlockStart(0, "text")
        yield TextDelta(0, frame.data.decode())

    def close(self):  # type: ignore[no-untyped-def]
        return ()


class Meter:
    """Lets so many tokens pass, `uncounted` of them by their bytes. `seen`: those that it was asked with."""

    def __init__(self, most: int, *, uncounted: int = 0) -> None:
        self.seen: list[int] = []
        self._most = most
        self._uncounted = uncounted

    def __call__(self, tokens: int, reported: Usage | None) -> Usage | None:
        self.seen.append(tokens)
        return Usage(input_tokens=3, output_tokens=tokens) if tokens >= self._most else None

    def left(self, tokens: int) -> int:
        return self._most - tokens

    def left_uncounted(self, most: int, reported: Usage | None) -> int:
        return self._uncounted - most


@pytest.mark.parametrize("name", ENDINGS)
def test_the_ending_is_that_of_an_answer_at_its_length(name: str) -> None:
    client: ClientDialect
    client, reason, last = ENDINGS[name]  # type: ignore[assignment]
    encoder, meter = client.encoder(ChatRequest("m", [], stream=True), FallbackIdentity("id", 1, "m")), Meter(5)
    handler = MeteredHandler(Translator(Words(), encoder), lambda: meter, lambda: "budget_exceeded")
    out = b""
    while not handler.outcome.complete:
        out += handler.handle(Frame(b"", b" word"))
    assert meter.seen == [1, 2, 3, 4, 5]  # a word has as many bytes as tokens are left
    assert handler.outcome.cut == "budget_exceeded"
    assert handler.delta_text == ""
    assert (out.count(reason), out.count(b'"error"'), last in out) == (1, out.count(b'"error":null'), True)


def chat_chunk(delta: dict[str, object], index: int = 0, finish: str | None = None) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}
    envelope = {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 7, "model": "gpt"}
    return data_frame(json.dumps({**envelope, "choices": [choice], "usage": None}, separators=(",", ":")).encode())


def head(**fields: object) -> RequestHead:
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in fields.items()}
    return RequestHead("m", True, True, None, raw)


def relayed(upstream, frames: list[bytes], meter: Meter, request: RequestHead) -> tuple[bytes, Lane]:  # type: ignore[no-untyped-def]
    """What the client gets of these frames, up to the stream's end."""
    handler = MeteredHandler(upstream.cuttable_passthrough(request), lambda: meter, lambda: "budget_exceeded")
    lane, out = Lane(upstream.framer(), handler), b""
    for frame in frames:
        if not lane.ended:
            out += lane.feed(frame)
    return out, lane


def test_a_relayed_stream_is_cut_between_its_frames() -> None:
    first, word = chat_chunk({"role": "assistant", "content": ""}), chat_chunk({"content": " word"})
    out, lane = relayed(OpenAIChatUpstream(), [first, *[word] * 60], Meter(40), head())
    relayed_part = first + word * 40
    assert out.startswith(relayed_part)
    finish, usage, done = out[len(relayed_part) :].removesuffix(b"\n\n").split(b"\n\n")
    assert finish + b"\n\n" == chat_chunk({}, finish="length")
    fields = json.loads(usage.removeprefix(b"data: "))
    assert (fields["id"], fields["choices"], fields["usage"]["completion_tokens"]) == ("chatcmpl-7", [], 40)
    assert done == b"data: [DONE]"
    assert lane.outcome.cut == "budget_exceeded"
    assert lane.outcome.finish_reasons == {0: "length"}
    assert lane.outcome.usage == Usage(input_tokens=3, output_tokens=40)


def test_only_what_is_unfinished_is_finished() -> None:
    frames = [chat_chunk({"role": "assistant", "content": ""}, index) for index in (0, 1)]
    frames += [chat_chunk({"content": " done"}), chat_chunk({}, finish="stop")]
    frames += [chat_chunk({"content": " word"}, 1)] * 20
    out, _ = relayed(OpenAIChatUpstream(), frames, Meter(8), head(n=2))
    assert out.count(b'"finish_reason":"stop"') == out.count(b'"finish_reason":"length"') == 1
    assert chat_chunk({}, 1, finish="length") in out


def test_an_answer_that_is_whole_is_not_cut() -> None:
    """What its usage costs beyond the money is no reason to call it incomplete."""
    usage = data_frame(b'{"id":"chatcmpl-7","object":"chat.completion.chunk","created":7,"model":"gpt","choices":[],'
                       b'"usage":{"prompt_tokens":1,"completion_tokens":900,"total_tokens":901}}')  # fmt: skip
    frames = [chat_chunk({"role": "assistant", "content": ""}), chat_chunk({"content": " word"})]
    frames += [chat_chunk({}, finish="stop"), usage, data_frame(b"[DONE]")]
    out, lane = relayed(OpenAIChatUpstream(), frames, Meter(5), head())
    assert out == b"".join(frames)
    assert lane.outcome.cut is None


def message_event(type: str, **fields: object) -> bytes:
    return event_frame(type.encode(), json.dumps({"type": type, **fields}, separators=(",", ":")).encode())


def test_a_relayed_message_is_cut_with_its_open_blocks() -> None:
    message = {"id": "msg_1", "type": "message", "role": "assistant", "model": "claude", "content": []}
    usage = {"input_tokens": 3, "output_tokens": 1}
    started = {**message, "stop_reason": None, "stop_sequence": None, "usage": usage}
    thinking = {"type": "thinking", "thinking": "", "signature": ""}
    frames = [
        message_event("message_start", message=started),
        message_event("content_block_start", index=0, content_block=thinking),
        message_event("content_block_delta", index=0, delta={"type": "thinking_delta", "thinking": " so"}),
        message_event("content_block_stop", index=0),
        message_event("content_block_start", index=1, content_block={"type": "text", "text": ""}),
    ]
    word = message_event("content_block_delta", index=1, delta={"type": "text_delta", "text": " word"})
    out, lane = relayed(anthropic_messages.UPSTREAM, [*frames, *[word] * 60], Meter(31), head())
    relayed_part = b"".join(frames) + word * 30
    assert out.startswith(relayed_part)
    ending = out[len(relayed_part) :]
    assert ending.startswith(message_event("content_block_stop", index=1))
    assert ending.endswith(message_event("message_stop"))
    assert b'"stop_reason":"max_tokens"' in ending
    assert b'"output_tokens":31' in ending
    assert lane.outcome.cut == "budget_exceeded"


def test_a_meter_may_have_more_room_than_a_machine_can_count() -> None:
    relay = OpenAIChatUpstream().cuttable_passthrough(head())
    handler = MeteredHandler(relay, lambda: Meter(10**30, uncounted=10**30), lambda: "budget_exceeded")
    assert 0 < handler.room[0] <= MOST_ROOM
    handler.outcome.usage = Usage(input_tokens=1, output_tokens=1)  # so that the meter is asked
    for frame in (
        OpenAIChatUpstream().framer().feed(chat_chunk({"role": "assistant"}) + chat_chunk({"content": "word"}))
    ):
        handler.room[0] = 1
        assert handler.handle(frame) == frame.raw
    assert 1 < handler.room[0] <= MOST_ROOM


class Asked(Meter):
    """Has so much room at a time, by bytes. `most`: how many tokens it was told that there are at most."""

    def __init__(self, room: int) -> None:
        super().__init__(10**9, uncounted=room)
        self.most: list[int] = []
        self._room = room

    def left(self, tokens: int) -> int:
        return self._room

    def left_uncounted(self, most: int, reported: Usage | None) -> int:
        self.most.append(most)
        return self._room


@given(room=st.integers(1, 3000), words=st.lists(st.text(max_size=40), max_size=60))
def test_the_meter_is_asked_before_there_are_more_bytes_than_it_had_room_for(room: int, words: list[str]) -> None:
    meter = Asked(room)
    encoder = openai_chat.CLIENT.encoder(ChatRequest("m", [], stream=True), FallbackIdentity("id", 1, "m"))
    handler = MeteredHandler(Translator(Words(), encoder), lambda: meter, lambda: "budget_exceeded")
    had = came = 0
    for word in words:
        handler.handle(Frame(b"", word.encode("utf-8", "replace")))
        came += len(word.encode("utf-8", "replace"))
        for most in meter.most:
            assert most >= came
            had = most
        meter.most.clear()
        assert came < had + room


def test_bytes_are_counted_instead_of_tokens_while_the_meter_has_room_for_them() -> None:
    first, word = chat_chunk({"role": "assistant", "content": ""}), chat_chunk({"content": " word"})
    meter = Meter(400, uncounted=500)
    frames = [first, *[word] * 100]
    out, _ = relayed(OpenAIChatUpstream(), frames, meter, head())
    assert out == b"".join(frames)
    assert meter.seen == [100]  # after 500 bytes
