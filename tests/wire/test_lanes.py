"""The rules that every lane keeps, whatever the dialect."""

import pytest

from sealink.errors import SealinkError, UpstreamError
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import SseFramer, data_frame
from sealink.wire.stream.handler import Skipped
from sealink.wire.stream.lane import Lane
from sealink.wire.stream.outcome import Outcome
from sealink.wire.stream.template import UNVARYING


class Echo:
    """A relay that passes frames on, knows `end` and `bad`, and writes errors as ERROR."""

    delta_text = ""
    room = None
    varying = UNVARYING

    def __init__(self, *, whole_at_end: bool = False) -> None:
        self.outcome = Outcome()
        self._whole_at_end = whole_at_end

    def handle(self, frame: Frame) -> bytes:
        if frame.data == b"bad":
            raise UpstreamError("makes no sense", code="upstream_malformed")
        if frame.data == b"error":
            self.outcome.error = UpstreamError("told", code="told")
            return b"(last words)"
        self.outcome.content_started = True
        self.outcome.complete = frame.data == b"end"
        return frame.data

    def catch_up(self, skipped: Skipped) -> None:
        pytest.fail("no frame is skipped")

    def finish(self) -> bytes:
        self.outcome.complete = self._whole_at_end
        return b"(finish)"

    def fail(self, error: SealinkError) -> bytes:
        return b"ERROR"


def lane(**options: bool) -> Lane:
    return Lane(SseFramer(max_frame_bytes=64), Echo(**options))


def test_frames_before_a_bad_one_go_out_and_nothing_after_it() -> None:
    it = lane()
    assert it.feed(data_frame(b"a") + data_frame(b"bad") + data_frame(b"b")) == b"aERROR"
    assert it.ended
    assert it.feed(data_frame(b"c")) == b""
    assert it.close(None) == b""
    assert it.outcome.error is not None
    assert it.outcome.error.code == "upstream_malformed"


@pytest.mark.parametrize("noise", [b"\x80\x81", b"x" + data_frame(b"a")[:-2], b"event: a\nnonsense", b"dat", b"200 OK"])
def test_noise_is_no_event(noise: bytes) -> None:
    it = lane()
    assert it.feed(data_frame(b"a") + noise + b"\n\n" + data_frame(b"b")) == b"aERROR"
    assert it.outcome.error is not None
    assert it.outcome.error.code == "upstream_malformed"


@pytest.mark.parametrize(
    "raw", [b": ping", b"event: ping", b"id: 7\nretry: 100", b"\n\n\r\n", b"data", b"data:", b"{}", b"[]", b"retry"]
)
def test_what_says_nothing_is_no_noise(raw: bytes) -> None:
    it = lane()
    assert it.feed(data_frame(b"a") + raw + b"\n\n" + data_frame(b"b")) == b"ab"


def test_an_error_in_the_stream_ends_it_after_its_last_words() -> None:
    it = lane()
    assert it.feed(data_frame(b"a") + data_frame(b"error") + data_frame(b"b")) == b"a(last words)ERROR"
    assert it.close(UpstreamError("cut")) == b""


def test_a_frame_over_the_limit_is_an_error_too() -> None:
    it = lane()
    assert it.feed(data_frame(b"a") + b"data: " + b"x" * 100) == b"a"
    assert it.feed(b"x") == b"ERROR"
    assert it.outcome.error is not None
    assert it.outcome.error.code == "upstream_frame_too_large"


def test_the_upstreams_end_mark_ends_it_well() -> None:
    it = lane()
    assert it.feed(data_frame(b"a") + data_frame(b"end") + data_frame(b"b")) == b"aend"
    assert it.close(UpstreamError("cut")) == b""
    assert it.outcome.error is None


@pytest.mark.parametrize(
    ("cause", "framed", "out", "error"),
    [
        (None, True, b"(finish)", None),
        (None, False, b"ERROR", "upstream_truncated"),
        (UpstreamError("reset", code="upstream_reset"), True, b"ERROR", "upstream_reset"),
    ],
)
def test_the_end_of_the_bytes(cause: SealinkError | None, framed: bool, out: bytes, error: str | None) -> None:
    it = lane(whole_at_end=True)
    it.feed(data_frame(b"a"))
    assert it.close(cause, framed=framed) == out
    assert (it.outcome.error and it.outcome.error.code) == error


def test_the_end_of_the_bytes_before_the_answer_is_whole() -> None:
    it = lane()
    it.feed(data_frame(b"a"))
    assert it.close(None) == b"(finish)ERROR"
    assert it.outcome.error is not None
    assert it.outcome.error.code == "upstream_truncated"


def test_a_last_frame_without_its_blank_line_counts() -> None:
    it = lane()
    assert it.feed(b"data: end") == b""
    assert it.close(None) == b"end"
    assert it.outcome.error is None
