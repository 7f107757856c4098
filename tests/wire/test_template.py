"""Frames known by their shape get the answer that a closer look would have given them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealink.request import ChatRequest
from sealink.wire.dialect import FallbackIdentity, RequestHead
from sealink.wire.dialects import anthropic_messages, openai_chat
from sealink.wire.framing.sse import DONE, data_frame, event_frame
from sealink.wire.stream import lane as lanes
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.template import UNVARYING, Template, Varying, template_of
from sealink.wire.stream.translator import Translator

HEAD = RequestHead(model="m", stream=True, include_usage=False, task_type=None, fields={})
WORDS = st.text(max_size=8) | st.sampled_from(
    ['"', "\\", "\n", "a", "content", "\x7f", "é", "\u2028", "stop", "\ud800"]
)


ENVELOPE = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def chunk(words: str, **more: object) -> bytes:
    choice = {"index": 0, "delta": {"content": words}, "finish_reason": None}
    return data_frame(msgspec.json.encode({**ENVELOPE, "choices": [choice], **more}))


def delta(words: str, *, spaces: int = 0) -> bytes:
    inner = b'{"type":"text_delta","text":%b}' % msgspec.json.encode(words)
    data = b'{"type":"content_block_delta","index":0,"delta":%b%b}' % (inner, b" " * spaces)
    return event_frame(b"content_block_delta", data)


def known(frame: bytes, words: str, varying: Varying = UNVARYING) -> Template:
    template = template_of(frame, frame, words, varying)
    assert template is not None
    return template


class TestTemplate:
    def test_the_same_frame_with_other_words(self) -> None:
        template = known(chunk("one"), "one")
        assert template.fill(chunk("two")) == chunk("two")
        assert template.text == "two"

    @pytest.mark.parametrize("words", ['a"b', "a\\b", "\\", '"', "a\nb", "\t", "\x7f", "é", "\u2028"])
    def test_words_that_need_a_second_look(self, words: str) -> None:
        template = template_of(chunk("one"), chunk("one", more=1), "one")
        assert template is not None
        assert template.fill(chunk(words)) == chunk(words, more=1)
        assert template.text == words

    def test_no_words(self) -> None:
        assert known(chunk("one"), "one").fill(chunk("")) == b""

    def test_words_that_are_not_utf8(self) -> None:
        assert known(chunk("one"), "one").fill(chunk("one").replace(b"one", b"\xff")) == b""

    def test_another_frame(self) -> None:
        template = known(chunk("one"), "one")
        assert template.fill(chunk("two", id="x")) == b""
        assert template.fill(chunk("two") + chunk("three")) == b""
        assert template.fill(chunk("two")[:-1]) == b""
        assert template.fill(DONE) == b""

    def test_words_that_stand_in_the_frame_twice_say_nothing_of_their_place(self) -> None:
        assert template_of(chunk("content"), chunk("content"), "content") is None

    def test_another_answer(self) -> None:
        template = template_of(chunk("one", usage=None), chunk("one"), "one")
        assert template is not None
        assert template.fill(chunk("two", usage=None)) == chunk("two")

    def test_padding_of_any_length(self) -> None:
        padding = Varying(padding=b'"obfuscation":"')
        template = template_of(chunk("one", obfuscation="x"), chunk("one", obfuscation="x"), "one", padding)
        assert template is not None
        assert template.fill(chunk("two", obfuscation="")) == chunk("two", obfuscation="")
        assert template.fill(chunk("two", obfuscation="long")) == chunk("two", obfuscation="long")
        assert template.fill(chunk("two", obfuscation="x", usage={"a": "b"})) == b""
        mended = template_of(chunk("one", usage=None, obfuscation="x"), chunk("one", obfuscation="x"), "one", padding)
        assert mended is not None
        assert mended.fill(chunk("two", usage=None, obfuscation="yz")) == chunk("two", obfuscation="yz")

    def test_padding_that_the_client_does_not_get(self) -> None:
        frame = chunk("one", obfuscation="x")
        template = template_of(frame, chunk("one"), "one", Varying(padding=b'"obfuscation":"'))
        assert template is not None
        assert template.fill(chunk("two", obfuscation="long")) == chunk("two")

    def test_numbers_that_run(self) -> None:
        varying = Varying(number=b'"number":', answer_number=b'"position":')
        template = template_of(chunk("one", number=8), chunk("one", position=99), "one", varying)
        assert template is not None
        assert template.fill(chunk("two", number=8)) == b""
        assert template.fill(chunk("two", number=9)) == chunk("two", position=100)
        template.advance()
        assert template.fill(chunk("three", number=9)) == b""
        assert template.fill(chunk("three", number=10)) == chunk("three", position=101)

    def test_padded_and_numbered(self) -> None:
        varying = Varying(padding=b'"obfuscation":"', number=b'"number":')
        template = known(chunk("one", obfuscation="x", number=0), "one", varying)
        following = chunk("two", obfuscation="yz", number=1)
        assert template.fill(following) == following
        assert template.fill(chunk("two", obfuscation="yz", number=2)) == b""

    @pytest.mark.parametrize("more", [{"number": None}, {"number": "1"}])
    def test_a_number_that_cannot_be_told(self, more: dict[str, object]) -> None:
        frame = chunk("one", **more)
        assert template_of(frame, frame, "one", Varying(number=b'"number":')) is None

    def test_counts_that_change(self) -> None:
        varying = Varying(counts=b'"usage":')
        frame = chunk("one", usage={"in": 1, "out": 19, "of": [{"kind": "TEXT", "out": 3}]}, id="1")
        template = template_of(frame, chunk("one"), "one", varying)
        assert template is not None
        usage = {"in": 1, "out": 20, "of": [{"kind": "TEXT", "out": 4}]}
        assert template.fill(chunk("two", usage=usage, id="1")) == chunk("two")
        assert template.counts == msgspec.json.encode(usage)
        assert template.fill(chunk("two", usage=usage, id="2")) == b""
        assert template.fill(chunk("two", usage={**usage, "out": 100}, id="1")) == b""
        assert template.fill(chunk("two", usage={**usage, "more": 20}, id="1")) == b""

    def test_spaces_that_come_and_go(self) -> None:
        template = known(delta("one", spaces=3), "one")
        assert template.fill(delta("two")) == delta("two")


def relay_lane() -> Lane:
    return Lane(openai_chat.UPSTREAM.framer(), openai_chat.UPSTREAM.passthrough(HEAD))


def translating_lane() -> Lane:
    encoder = openai_chat.CLIENT.encoder(ChatRequest("m", []), FallbackIdentity("1", 1))
    return Lane(anthropic_messages.UPSTREAM.framer(), Translator(anthropic_messages.UPSTREAM.decoder(), encoder))


START = event_frame(
    b"message_start",
    b'{"type":"message_start","message":{"id":"m","model":"c","content":[],"usage":{"input_tokens":1}}}',
) + event_frame(
    b"content_block_start",
    b'{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}',
)
THOUGHT = b'{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":%b}}'
SIGNED = event_frame(
    b"content_block_delta",
    b'{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}',
) + event_frame(b"content_block_stop", b'{"type":"content_block_stop","index":0}')


def encodable(words: str) -> str:
    return words.encode(errors="replace").decode()


@given(st.lists(WORDS.map(encodable), max_size=12))
def test_a_relayed_stream_is_the_same_read_or_known(words: list[str]) -> None:
    frames = [chunk("First"), *map(chunk, words)]
    _same(relay_lane, frames)


@given(st.lists(WORDS.map(encodable), max_size=12))
def test_a_translated_stream_is_the_same_read_or_known(words: list[str]) -> None:
    """What the encoder was not shown counts in what it says later: the whole thought, when it is signed."""
    frames = [
        START,
        *(event_frame(b"content_block_delta", THOUGHT % msgspec.json.encode(word)) for word in words),
        SIGNED,
    ]
    _same(translating_lane, frames)


def _same(lane_of: type | object, frames: list[bytes]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lanes, "MAX_MISSES", 0)
        read, read_out = _run(lane_of, frames)
    told, told_out = _run(lane_of, frames)
    assert told_out == read_out
    assert told.outcome.frames == read.outcome.frames
    assert told.outcome.text.tokens(len) == read.outcome.text.tokens(len)


def _run(lane_of: object, frames: list[bytes]) -> tuple[Lane, list[bytes]]:
    lane = lane_of()  # type: ignore[operator]
    out = [lane.feed(frame) for frame in frames]
    lane.passage.close()
    return lane, out


def test_nearly_every_frame_of_a_stream_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = relay_lane()
    role = {"index": 0, "delta": {"role": "assistant"}}
    lane.feed(data_frame(msgspec.json.encode({**ENVELOPE, "choices": [role]})))
    lane.feed(chunk("First"))
    monkeypatch.setattr(lane, "_feed", lambda data: pytest.fail("read again"))
    assert lane.feed(chunk(" second")) == chunk(" second")
    lane.passage.close()
    assert lane.outcome.frames == 3
    assert lane.outcome.text.since(0) == "First second"


def test_nearly_every_frame_of_a_stream_without_an_id_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = relay_lane()
    lane.feed(chunk("First"))
    lane.feed(chunk("Second", id=None))
    monkeypatch.setattr(lane, "_feed", lambda data: pytest.fail("read again"))
    assert lane.feed(chunk(" third", id=None)) == chunk(" third")


def test_frames_that_come_together_are_known_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = relay_lane()
    lane.feed(data_frame(b'{"object":"chat.completion.chunk","choices":[{"index":0,"delta":{"role":"assistant"}}]}'))
    lane.feed(chunk("First") + chunk(" second"))
    read: list[bytes] = []
    feed = lane._feed
    monkeypatch.setattr(lane, "_feed", lambda data: (read.append(data), feed(data))[1])
    together = chunk(" third") + chunk(" fourth")
    assert lane.feed(together) == together
    assert not read
    other = chunk("x", id="x") + chunk(" sixth")
    assert lane.feed(chunk(" fifth") + other) == chunk(" fifth") + other
    assert read == [other]
    assert lane.outcome.frames == 8
    assert lane.outcome.text.since(0) == "First second third fourth fifthx sixth"


def test_a_stream_that_never_repeats_itself_is_soon_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    lane = relay_lane()
    for number in range(30):
        lane.feed(chunk(f"w{number}", id=str(number)))
    monkeypatch.setattr(lanes, "template_of", lambda *_: pytest.fail("tried again"))
    lane.feed(chunk("last", id="last"))
