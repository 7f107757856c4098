"""No change makes a request or a chunk dearer unnoticed: instructions and calls are compared with what is kept.

A figure that has grown on purpose, or shrunk, is kept anew by `python bench/instructions.py --keep`.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import instructions
import pytest

from outside import absent, program

SAMPLE = ("relay",)
"""Lanes whose instructions are counted in every run; the others in `make test-full`. Calls are counted of all."""


def kept(what: str, *, plain: bool) -> instructions.Figures:
    if not plain and instructions.pass_on_in_c is None:
        absent("the accelerator was not built")
    figures = instructions.kept(what, plain=plain)
    if not figures:
        pytest.skip(f"no figures are kept of {instructions.this_python(plain=plain)}")
    return figures


@pytest.mark.parametrize("plain", [False, pytest.param(True, marks=pytest.mark.full)], ids=["accelerated", "plain"])
@pytest.mark.timeout(900)
def test_no_lane_takes_more_instructions(full: bool, plain: bool) -> None:
    program("valgrind")
    before = kept("instructions", plain=plain)
    figures = instructions.count("instructions", list(before) if full else SAMPLE, plain=plain)
    assert not instructions.grown(figures, before)


MAX_OF_A_CHUNK, MAX_OF_A_STREAM = 1.03, 1.10
"""Of LONG chunks."""


@pytest.mark.timeout(900)
def test_what_observes_requests_takes_little(full: bool, report: Callable[[str], None]) -> None:
    """Counted in one run: instructions in `make test-full`, else calls."""
    if full:
        program("valgrind")
    lanes = (instructions.OFF, instructions.ON)
    figures = instructions.count("instructions" if full else "calls", lanes, plain=True)
    for line in instructions.observing(figures):
        report(line)
    without, observed = figures.values()
    assert observed["chunk"] <= without["chunk"] * MAX_OF_A_CHUNK
    assert _of_a_long_stream(observed) <= _of_a_long_stream(without) * MAX_OF_A_STREAM


MAX_OF_A_WHOLE_ANSWER = 1.10


@pytest.mark.full
@pytest.mark.timeout(900)
def test_what_observes_a_whole_answer_takes_little_with_the_accelerator(report: Callable[[str], None]) -> None:
    program("valgrind")
    if instructions.pass_on_in_c is None:
        absent("the accelerator was not built")
    figures = instructions.count("instructions", (instructions.OFF, instructions.ON), plain=False)
    for line in instructions.observing(figures):
        report(line)
    without, observed = figures.values()
    assert observed["whole"] <= without["whole"] * MAX_OF_A_WHOLE_ANSWER


def _of_a_long_stream(lane: dict[str, float]) -> float:
    return lane["stream"] + instructions.LONG * lane["chunk"]


@pytest.fixture(scope="module")
def called() -> dict[bool, instructions.Figures]:
    """The calls of all lanes, `plain` and not, where figures are kept of them: each way in a process, both at once."""
    lanes = {plain: list(instructions.kept("calls", plain=plain)) for plain in (False, True)}
    if instructions.pass_on_in_c is None:
        lanes[False] = []

    def count(plain: bool) -> instructions.Figures:
        return instructions.count("calls", lanes[plain], plain=plain)

    with ThreadPoolExecutor() as pool:
        return dict(zip(lanes, pool.map(count, lanes), strict=True))


@pytest.mark.parametrize("plain", [False, True], ids=["accelerated", "plain"])
@pytest.mark.serial
def test_no_lane_takes_more_calls(plain: bool, called: dict[bool, instructions.Figures]) -> None:
    before = kept("calls", plain=plain)
    assert called[plain].keys() == before.keys()
    assert not instructions.grown(called[plain], before)


MAX_OF_LIVE = 0.03


@pytest.mark.timeout(900)
def test_live_in_five_browsers_takes_little(full: bool, report: Callable[[str], None]) -> None:
    """Counted in one run, as above. The number of browsers counts most where one stream is alone."""
    if full:
        program("valgrind")
    plain = not full or instructions.pass_on_in_c is None
    figures = instructions.count("instructions" if full else "calls", [instructions.LIVE], plain=plain)
    for line in instructions.watching(figures):
        report(line)
    many, alone = instructions.watched(figures).values()
    assert 0 < many <= MAX_OF_LIVE
    assert alone <= 5 * MAX_OF_LIVE


@pytest.mark.parametrize(("now", "is_more"), [(100.0, False), (102.9, False), (103.1, True), (90.0, False)])
def test_a_figure_may_grow_by_three_percent(now: float, is_more: bool) -> None:
    before = {"relay": {"chunk": 100.0, "whole": 700.0}}
    lines = instructions.grown({"relay": {"chunk": now, "whole": 700.0}}, before)
    assert bool(lines) == is_more
    assert all("relay, chunk" in line for line in lines)


def test_lanes_and_pythons_that_are_not_kept_are_not_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not instructions.grown({"new": {"chunk": 5.0}}, {"relay": {"chunk": 1.0}})
    monkeypatch.setattr(instructions.platform, "python_version", lambda: "3.10.0")
    assert instructions.kept("instructions", plain=True) == {}


def test_the_median_counts_and_chunks_are_what_longer_streams_take_more() -> None:
    short, long = instructions.SHORT, instructions.LONG
    counted = {
        ("relay", "whole"): [700.0, 900.0, 710.0],
        ("relay", "short"): [800.0 + short * 20, 9000.0, 100.0],
        ("relay", "long"): [800.0 + long * 20, 800.0 + long * 20, 0.0],
        ("ledger", "row"): [50.0, 51.0, 52.0],
    }
    assert instructions.figures_of(counted) == {
        "relay": {"chunk": 20.0, "stream": 800.0, "whole": 710.0},
        "ledger": {"row": 51.0},
    }
