"""What the checks say about what was found: pure, without an endpoint."""

import pytest

from sealink.doctor.bursts import bursts, holding
from sealink.doctor.checks import buffering, compression, idle_timeout, leaving, payoff
from sealink.doctor.checks.idle_timeout import Ending, Endings
from sealink.doctor.checks.leaving import Leaving
from sealink.doctor.checks.payoff import Waits
from sealink.doctor.checks.plain_http import PlainAnswer
from sealink.doctor.diagnosis import exit_code
from sealink.doctor.intermediaries import INTERMEDIARIES, Way, way
from sealink.doctor.plan import Plan
from sealink.doctor.reception import Chunk, Stream
from sealink.doctor.tokens import Token, delays_s, typical_delay_s, without_stalls
from sealink.doctor.verdict import Finding, Level, Verdict

PLAN = Plan()
FRAME = 450
SLOW = PLAN.paced[0][0]


def sent() -> list[float]:
    """When the tokens of the plan's stream are sent."""
    times, now = [], 0.0
    for count, pause_s in PLAN.paced:
        for _ in range(count):
            now += pause_s
            times.append(now)
    return times


def tokens(arrivals: list[float]) -> list[Token]:
    return [
        Token(n, at_s, came_s, (n + 1) * FRAME)
        for n, (at_s, came_s) in enumerate(zip(sent(), arrivals, strict=True))
    ]  # fmt: skip


def by_size(size: int) -> list[Token]:
    """What a buffer of this size does: a token comes when the buffer is full whose bytes it is among."""
    times = sent()
    last = len(times) - 1
    ends = [
        next((m for m in range(n, last) if (m + 1) * FRAME // size > n * FRAME // size), last)
        for n in range(len(times))
    ]
    return tokens([times[end] for end in ends])


def by_time(interval_s: float, offset_s: float = 0.0) -> list[Token]:
    """What a clock does: a token comes with the next beat."""
    end = sent()[-1]
    return tokens([min(end, ((at_s - offset_s) // interval_s + 1) * interval_s + offset_s) for at_s in sent()])


@pytest.mark.parametrize("kib", [4, 8, 16])
def test_a_buffer_that_is_emptied_when_full(kib: int) -> None:
    held = holding(by_size(kib * 1024))
    assert held.by == "size"
    assert held.size == pytest.approx(kib * 1024, rel=0.2)


@pytest.mark.parametrize("offset_s", [0.0, 0.13, 0.31])
@pytest.mark.parametrize("interval_s", [0.2, 0.5, 1.0])
def test_a_buffer_that_is_emptied_by_a_clock(interval_s: float, offset_s: float) -> None:
    held = holding(by_time(interval_s, offset_s))
    assert held.by == "time"
    assert held.interval_s == pytest.approx(interval_s, rel=0.1)


def test_a_buffer_larger_than_the_answer() -> None:
    held = holding(tokens([sent()[-1]] * len(sent())))
    assert (held.by, held.size) == ("end", len(sent()) * FRAME)
    assert len(bursts(by_size(16 * 1024))) > 2


def test_a_busy_machine_is_no_buffer() -> None:
    """Every twentieth token is late by up to a fifth of a second, and those that were sent meanwhile come with it."""
    arrivals, latest = [], 0.0
    for n, at_s in enumerate(sent()):
        latest = max(latest, at_s + (0.05 * (n // 20 % 5) if n % 20 == 0 else 0.002))
        arrivals.append(latest)
    assert typical_delay_s(tokens(arrivals), SLOW) < PLAN.tolerated_delay_s
    assert max(delays_s(tokens(arrivals))) > 0.15


def test_delays_that_this_machine_has_itself_do_not_count() -> None:
    """What comes every 0.4 s, since this program is held up in between, has not been held back on the way."""
    held = by_time(0.4)
    stalls = [(n * 0.4 + 0.01, (n + 1) * 0.4) for n in range(20)]
    assert typical_delay_s(held, SLOW) > 0.15
    assert typical_delay_s(without_stalls(held, stalls), SLOW) < 0.02
    assert without_stalls(held, []) == held
    assert without_stalls([], stalls) == []


def test_a_short_stall_hides_no_buffer() -> None:
    held = by_time(0.5)
    assert typical_delay_s(without_stalls(held, [(n * 0.5 - 0.05, n * 0.5) for n in range(20)]), SLOW) > 0.15


@pytest.mark.parametrize(
    ("delay_s", "seen_s", "stalled", "level"),
    [(0.3, 0.3, 0.0, "failure"), (0.3, 0.5, 0.9, "failure"), (0.01, 0.3, 0.9, "untested"), (0.01, 0.3, 0.2, "ok")],
)
def test_a_busy_machine_does_not_judge(delay_s: float, seen_s: float, stalled: float, level: Level) -> None:
    pacing = buffering.Pacing(Stream(), 1.0, by_time(0.5), delay_s, seen_s, stalled, PLAN.tolerated_delay_s)
    assert buffering.verdict(pacing, Way()).level == level


def unstamped(*times: float) -> buffering.Pacing:
    chunks = [Chunk(at_s, 1, {"choices": [{"delta": {"content": "x"}}]}) for at_s in times]
    return buffering.Pacing(Stream(chunks), times[-1], [], 0.0, 0.0, 0.0, PLAN.tolerated_delay_s)


@pytest.mark.parametrize(
    ("times", "level"),
    [([2.0] * 30, "warning"), ([n / 10 for n in range(1, 31)], "fact"), ([0.5] * 30, "fact"), ([2.0] * 3, "fact")],
    ids=["at once", "as it is made", "quick", "short"],
)
def test_a_model_that_does_not_say_when_it_sent(times: list[float], level: Level) -> None:
    assert buffering.verdict(unstamped(*times), Way()).level == level


def test_what_stands_in_between() -> None:
    assert way({"server": "nginx/1.22.1"}).names == "nginx"
    assert way({"server": "cloudflare", "cf-ray": "8f", "via": "1.1 Caddy"}).names == "Caddy, Cloudflare"
    assert way({"server": "uvicorn"}).intermediaries == ()
    assert way({"server": "nginx"}).change("buffering") == "nginx: proxy_buffering off;"
    assert "HAProxy" in Way().change("idle")
    assert all(each.names or each.headers for each in INTERMEDIARIES)


@pytest.mark.parametrize(
    ("streamed", "whole", "level", "words"),
    [
        (Ending(330), Ending(330), "ok", "survives too"),
        (Ending(330), Ending(60, "status 504"), "fact", "is cut after 60 s by status 504"),
        (Ending(100, "a closed connection"), Ending(100, "status 524"), "failure", "cut after 100 s by a closed"),
    ],
)
def test_long_silences(streamed: Ending, whole: Ending, level: Level, words: str) -> None:
    found = idle_timeout.verdict(Endings(330, streamed, whole), Way())
    assert found.level == level
    assert words in found.words
    assert bool(found.change) == (level == "failure")


@pytest.mark.parametrize(
    ("found", "level"),
    [
        (Leaving("left", 0.01), "ok"),
        (Leaving("left", 3.0), "warning"),
        (Leaving("running", None, 5), "warning"),
        (Leaving("complete", None, 5), "warning"),
        (Leaving("unknown"), "untested"),
        (Leaving("not asked"), "untested"),
    ],
)
def test_leaving(found: Leaving, level: Level) -> None:
    assert leaving.verdict(found, Way()).level == level


def test_from_which_length_streaming_pays() -> None:
    # 100 tokens at 50/s after 0.5 s, and the whole answer after as long
    found = payoff.verdict(Waits(0.5, 0.5 + 99 / 50, 100, 2.5, 100), Way())
    assert found.figures["tokens_per_s"] == 50
    assert found.figures["pays_from_tokens"] == 50
    quick = payoff.verdict(Waits(0.2, 0.21, 100, 0.2, 100), Way())
    assert "too fast" in quick.words
    assert payoff.verdict(Waits(None, 0.2, 0, 0.2, 0), Way()).level == "untested"


def plain(*reads: tuple[float, int], coding: str = "gzip") -> PlainAnswer:
    return PlainAnswer(200, "1.1", {"content-encoding": coding}, reads, True, "")


def test_compression() -> None:
    flowing = plain(*((n / 10, 50) for n in range(1, 20)))
    assert compression.verdict(flowing, Way()).level == "warning"
    assert compression.verdict(plain((0.1, 10), (2.0, 900)), Way()).level == "failure"
    assert compression.verdict(plain((0.1, 10), (2.0, 900), coding="identity"), Way()).level == "ok"


@pytest.mark.parametrize(
    ("levels", "code"),
    [((), 0), (("ok", "fact", "untested"), 0), (("ok", "warning"), 1), (("failure", "warning"), 2)],
)
def test_exit_codes(levels: tuple[Level, ...], code: int) -> None:
    assert exit_code([Finding("x", Verdict(level, "")) for level in levels]) == code
