"""What the passage takes of an upstream's socket becomes what the parser and the lane would have made of it: in Python,
and in C."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dialects import CLIENTS, DIALECTS
from outside import absent
from recordings import Case, sampled
from sealink.errors import UpstreamError
from sealink.wire.framing.sse import data_frame
from sealink.wire.stream import plain_reads
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.outcome import Outcome
from sealink.wire.stream.passage import MAX_USES, Passage
from sealink.wire.stream.plain_reads import pass_on_in_c, pass_on_in_python
from sealink.wire.stream.template import template_of
from wire.pairs import head_of, is_relayed, lane_of, upstream_of


def chunked(data: bytes) -> bytes:
    """One chunk of HTTP's transfer coding, as SeaLink writes it."""
    return b"%x\r\n%b\r\n" % (len(data), data) if data else b""


@pytest.fixture(autouse=True, params=["python", "c"])
def pass_on(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything here is tested with both."""
    chosen = pass_on_in_python if request.param == "python" else pass_on_in_c or absent("the accelerator was not built")
    monkeypatch.setattr(plain_reads, "pass_on", chosen)


CHUNK = {"id": "1", "created": 1, "model": "m", "object": "chat.completion.chunk"}
ROLE = data_frame(msgspec.json.encode({**CHUNK, "choices": [{"index": 0, "delta": {"role": "assistant"}}]}))


def chunk(words: str, **more: object) -> bytes:
    choice = {"index": 0, "delta": {"content": words}, "finish_reason": None}
    return data_frame(msgspec.json.encode({**CHUNK, "choices": [choice], **more}))


def relay_lane() -> Lane:
    upstream = upstream_of("openai-chat")
    lane = Lane(upstream.framer(), upstream.passthrough(head_of("chat", stream=True)))  # type: ignore[attr-defined]
    lane.feed(ROLE)
    lane.feed(chunk("First"))
    return lane


class Client:
    """Takes chunks, and has room for more unless it is told otherwise."""

    def __init__(self, *, has_room: bool = True) -> None:
        self.chunks: list[bytes] = []
        self.has_room = has_room
        self.heard = self.full = 0

    def write_chunk(self, chunk: bytes, size: int) -> bool:
        assert size == len(chunk) - len(b"%x" % size) - 4
        self.chunks.append(chunk)
        return self.has_room

    def connected(self, passage: Passage) -> Passage:
        passage.connect(self, self.hear, self.be_full)
        return passage

    def hear(self) -> None:
        self.heard += 1

    def be_full(self) -> None:
        self.full += 1


def taken(passage: Passage, read: bytes) -> bytes:
    """What the client gets of a read; b"" if it has to be parsed."""
    client = Client()
    client.connected(passage)
    goes_on = passage.pass_on(read)
    assert (goes_on, client.heard) == ((True, 1) if client.chunks else (None, 0))
    return b"".join(client.chunks)


def delivered(lane: Lane, pieces: Iterable[bytes], *, is_open: bool = True) -> tuple[bytes, int]:
    """What the client's socket gets of these pieces, each of them a chunk and a read of its own; and how many of them
    went through the passage."""
    client = Client()
    client.connected(lane.passage)
    passed = 0
    for piece in pieces:
        if is_open and lane.passage.pass_on(chunked(piece)):
            passed += 1
        else:
            client.chunks.append(chunked(lane.feed(piece)))
    client.chunks.append(chunked(lane.close(None)))
    lane.passage.close()
    return b"".join(client.chunks), passed


def split(body: bytes, size: int) -> Iterator[bytes]:
    places = [*range(0, len(body), size), len(body)]
    return (body[begin:end] for begin, end in pairwise(places))


def frames_of(case: Case) -> list[bytes]:
    framer = upstream_of(case.api).framer()
    return [frame.raw for frame in [*framer.feed(case.body), *framer.close()]]


def recorded_reads(case: Case) -> Iterator[bytes]:
    """The reads that were recorded, where the recorder kept their sizes."""
    at = 0
    for size in case.chunk_sizes:
        yield case.body[at : at + size]
        at += size
    yield case.body[at:]


def is_the_same(client: str, case: Case, pieces: list[bytes]) -> int:
    """Returns how many pieces the passage took."""
    pieces = [piece for piece in pieces if piece]
    lane, other = lane_of(client, case), lane_of(client, case)
    through, passed = delivered(lane, pieces)
    parsed, _ = delivered(other, pieces, is_open=False)
    assert through == parsed
    assert lane.outcome.frames == other.outcome.frames
    assert lane.outcome.text.tokens(len) == other.outcome.text.tokens(len)
    assert lane.outcome.finish_reasons == other.outcome.finish_reasons
    return passed


@pytest.mark.parametrize("client", CLIENTS)
def test_recordings_frame_by_frame(client: str, recorded: list[Case], full: bool) -> None:
    """All that are of the client's own dialect; of the others a few of each provider's."""
    streams = [case for case in recorded if case.api in DIALECTS and case.kind == "stream"]
    own = [case for case in streams if is_relayed(client, case.api)]
    cases = streams if full else [*own, *sampled(case for case in streams if not is_relayed(client, case.api))]
    passed = sum(is_the_same(client, case, frames_of(case)) for case in cases)
    assert passed


@pytest.mark.parametrize("client", CLIENTS)
def test_recordings_as_they_were_read(client: str, recorded: list[Case]) -> None:
    cases = [case for case in recorded if case.api in DIALECTS and case.kind == "stream" and case.chunk_sizes]
    assert cases
    for case in cases:
        is_the_same(client, case, list(recorded_reads(case)))


@pytest.mark.parametrize("client", CLIENTS)
def test_recordings_in_two_pieces_and_in_many(client: str, recorded: list[Case], full: bool) -> None:
    """The frames before a cut are reads of their own, so that there is a template when it comes."""
    cases = [case for case in recorded if case.api in DIALECTS and case.kind == "stream" and len(case.body) < 30_000]
    for case in cases if full else sampled(cases, 1)[::3]:
        frames = frames_of(case)
        for size in (1, 7, 64):
            is_the_same(client, case, list(split(case.body, size)))
        if b"".join(frames) != case.body:
            continue
        for number in range(0, len(frames), 1 if full else max(1, len(frames) // 3)):
            frame, more = frames[number], frames[number + 1 : number + 3]
            for cut in range(1, len(frame), 1 if full else max(1, len(frame) // 3)):
                is_the_same(client, case, [*frames[:number], frame[:cut], frame[cut:] + b"".join(more[:1]), *more[1:]])


TEXTS = st.text(max_size=8) | st.sampled_from(['"', "\\", "\n", "content", "\x7f", "é", "\u2028", "😀", "x" * 300])


@given(st.lists(TEXTS.map(lambda text: text.encode(errors="replace").decode()), max_size=12))
def test_any_text(texts: list[str]) -> None:
    through, _ = delivered(relay_lane(), map(chunk, texts))
    parsed, _ = delivered(relay_lane(), map(chunk, texts), is_open=False)
    assert through == parsed


class TestPassage:
    def test_a_relayed_read_is_the_very_object(self) -> None:
        lane, read = relay_lane(), chunked(chunk(" second"))
        client = Client()
        client.connected(lane.passage).pass_on(read)
        assert client.chunks[0] is read
        lane.passage.close()
        assert lane.outcome.frames == 3
        assert lane.outcome.text.since(0) == "First second"

    def test_what_is_changed_gets_a_header_of_its_own(self) -> None:
        passage = passage_of(chunk("one", usage=None), chunk("one"))
        for text in ("x", "two", "y" * 250, "z" * 5000):
            assert taken(passage, chunked(chunk(text, usage=None))) == chunked(chunk(text))

    @pytest.mark.parametrize(
        "read",
        [
            b"",
            b"0\r\n\r\n",
            chunk("two"),
            chunked(chunk("two"))[:-1],
            chunked(chunk("two"))[:-2] + b"..",
            chunked(chunk("two")) + chunked(chunk("two")),
            chunked(chunk("two") + chunk("three")),
            chunked(chunk("two", id="x")),
            chunked(chunk("")),
            chunked(chunk("two").replace(b"two", b"\xff")),
            chunked(chunk("two").replace(b"two", b"t\no")),
            b"0" + chunked(chunk("two")),
            chunked(chunk("two")).replace(b"\r\n", b";name=value\r\n", 1),
            b"%x\r\n%b\r\n" % (len(chunk("two")) + 1, chunk("two")),
            b"%x\r\n%b" % (len(chunk("two" + "x" * 40)), chunk("two")[:-40] + b"x" * 80),
        ],
        ids=lambda read: f"{read[:8]!r}-{len(read)}",
    )
    def test_anything_else_is_left_alone(self, read: bytes) -> None:
        passage = passage_of(chunk("one"), chunk("one"))
        assert taken(passage, read) == b""
        assert taken(passage, chunked(chunk("two"))), "it is still open"

    def test_it_is_closed_until_there_is_a_template_and_when_it_is_gone(self) -> None:
        lane, read = relay_lane(), chunked(chunk("two"))
        assert taken(lane.passage, read)
        lane.feed(chunk("three", id="x"))
        lane.feed(chunk("four", id="y"))
        assert not taken(lane.passage, chunked(chunk("five")))
        assert taken(Passage(Outcome()), read) == b""

    @pytest.mark.parametrize("cause", [None, UpstreamError("reset")])
    def test_nothing_is_taken_behind_the_end(self, cause: UpstreamError | None) -> None:
        lane = relay_lane()
        lane.close(cause)
        assert taken(lane.passage, chunked(chunk("two"))) == b""
        assert lane.feed(chunk("two")) == lane.feed(chunk("two") + chunk("three")) == b""

    def test_now_and_then_a_frame_is_parsed(self) -> None:
        lane = relay_lane()
        passed = delivered(lane, [chunk("two")] * (3 * MAX_USES))[1]
        assert passed == 3 * MAX_USES - 2
        assert lane.outcome.frames == 3 * MAX_USES + 2

    def test_a_client_without_room_stops_it(self) -> None:
        client = Client(has_room=False)
        passage = client.connected(passage_of(chunk("one"), chunk("one")))
        assert passage.pass_on(chunked(chunk("two"))) is False
        assert (client.chunks, client.full) == ([chunked(chunk("two"))], 1)
        assert passage.pass_on(chunked(chunk("\n"))) is False
        assert client.full == 2

    def test_a_client_that_takes_no_chunks_gets_none(self) -> None:
        passage = passage_of(chunk("one"), chunk("one"))
        client = Client()
        client.write_chunk = None  # type: ignore[assignment, method-assign]
        client.connected(passage)
        assert passage.pass_on(chunked(chunk("two"))) is None
        assert passage.pass_on(chunked(chunk("\n"))) is None
        assert passage.taken == 0


def passage_of(frame: bytes, answer: bytes) -> Passage:
    template = template_of(frame, answer, "one")
    assert template is not None
    passage = Passage(Outcome())
    passage.open(template)
    return passage


@given(st.lists(st.text(min_size=1, max_size=60) | st.sampled_from(["word", " és", "\U0001f600"]), max_size=80))
def test_no_more_text_passes_than_may(texts: list[str]) -> None:
    """Of a metered stream: up to the frame that might be too much, which has to be parsed. No text is lost."""
    outcome, most = Outcome(), 200
    passage = Client().connected(Passage(outcome))
    template = template_of(chunk("First"), chunk("First"), "First")
    assert template is not None
    passage.open(template, [most])
    passed = [text for text in texts if passage.pass_on(chunked(chunk(text)))]
    assert outcome.text.pieces == passed
    sizes = [len(text.encode()) for text in passed]
    assert sum(sizes) < most
    if len(passed) < len(texts):
        assert sum(len(text.encode()) for text in texts) >= most or len(texts) > MAX_USES


def test_a_stream_of_small_frames_passes_up_to_what_may() -> None:
    outcome = Outcome()
    passage = Client().connected(Passage(outcome))
    template = template_of(chunk("First"), chunk("First"), "First")
    assert template is not None
    passage.open(template, [101])
    passed = [passage.pass_on(chunked(chunk("four"))) for _ in range(30)]
    assert passed == [True] * 25 + [None] * 5
