"""A stream cut anywhere ends in exactly one error, never as if it were whole.

Through the real process; the lanes' own tests cut every recorded stream at every byte. Two ways of dying:
the connection breaks inside a chunked body, or a body that has no length ends with its connection.
"""

import json
import random
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from acceptance.house import House, house
from acceptance.plain_http import PlainAnswer, frames_of, post_chat
from recordings import Case
from replay import Answer, Framing, Request

SHORTEST, STEP_BYTES = 1, 4
SHORTEST_IN_FULL, STEP_BYTES_IN_FULL = 3, 1
"""So many of the shortest streams of each wire format are cut from end to end, at places so far apart."""
SAMPLES, SAMPLES_IN_FULL = 1, 4
"""Places in every other stream."""

DIALECTS = {"openai-chat": "openai", "anthropic-messages": "anthropic"}
DEATHS: tuple[Framing, ...] = ("chunked", "close")


@dataclass(frozen=True)
class Cut:
    case: Case
    at: int
    death: Framing

    @property
    def came(self) -> bytes:
        """What SeaLink got to see."""
        return self.case.body[: self.at]


@pytest.fixture(scope="module")
def streams(recorded: list[Case]) -> list[Case]:
    return [case for case in recorded if case.api in DIALECTS and case.kind == "stream"]


@pytest.fixture(scope="module")
def running(streams: list[Case], tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    by_id = {case.id: case for case in streams}

    def answer(request: Request) -> Answer:
        found = re.search(rb"cut at (\d+), (\w+)", request.body)
        assert found is not None
        death: Framing = "chunked" if found[2] == b"chunked" else "close"
        case = by_id[request.model]
        return Answer(case.body, headers=case.headers, framing=death, sizes=case.chunk_sizes, cut_at=int(found[1]))

    models = {case.id: DIALECTS[case.api] for case in streams}
    with house(answer, models, tmp_path_factory.mktemp("cuts")) as it:
        yield it


@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize("api", DIALECTS)
def test_a_cut_stream_ends_in_one_error(
    running: House, streams: list[Case], api: str, death: Framing, full: bool, report: Callable[[str], None]
) -> None:
    cuts = list(some_cuts([case for case in streams if case.api == api], death, full))
    with ThreadPoolExecutor(8) as pool:
        endings = list(pool.map(lambda cut: ask(running, cut), cuts))
    wrong = [
        f"{cut.case.id} cut at {cut.at} of {len(cut.case.body)}: {fault}"
        for cut, ending in zip(cuts, endings, strict=True)
        if (fault := fault_of(cut, ending))
    ]
    report(f"{api}, cut off ({death}): {len(cuts) - len(wrong)} of {len(cuts)} end in one error")
    assert not wrong, "\n" + "\n".join(wrong[:50])


def some_cuts(cases: list[Case], death: Framing, full: bool) -> Iterator[Cut]:
    """The shortest from end to end, some places in all others."""
    dice = random.Random(3)
    shortest, samples = (SHORTEST_IN_FULL, SAMPLES_IN_FULL) if full else (SHORTEST, SAMPLES)
    step = STEP_BYTES_IN_FULL if full else STEP_BYTES
    shortest_first = sorted(cases, key=lambda case: len(case.body))
    for rank, case in enumerate(shortest_first):
        places = range(len(case.body))
        chosen = places[::step] if rank < shortest else dice.sample(places, samples)
        yield from (Cut(case, at, death) for at in chosen)


def ask(running: House, cut: Cut) -> PlainAnswer:
    question = [{"role": "user", "content": f"cut at {cut.at}, {cut.death}"}]
    request = {"model": cut.case.id, "messages": question, "stream": True, "stream_options": {"include_usage": True}}
    return post_chat(running.sealink.port, request)


def fault_of(cut: Cut, answer: PlainAnswer) -> str | None:
    """What is wrong with the way this answer ended."""
    if answer.status != 200:
        honest = answer.status >= 400 and answer.json["error"]["message"]
        return None if honest and not is_whole(cut) else f"status {answer.status}: {answer.body[:200]!r}"
    frames = frames_of(answer.body)
    errors = [frame for frame in frames if frame != b"[DONE]" and "error" in json.loads(frame)]
    if frames[-1] == b"[DONE]":
        return "[DONE] behind an error" if errors else None if may_be_whole(cut) else "it ended as if it were whole"
    if is_whole(cut):
        return f"it was whole, and ended in {frames[-1]!r}"
    return None if errors == frames[-1:] else f"{len(errors)} errors, the last frame is {frames[-1]!r}"


def is_whole(cut: Cut) -> bool:
    """All of the answer, as far as its dialect marks the end, had come."""
    if "sdk_error" in cut.case.expected:
        return False
    return re.search(rb'(data: \[DONE\]|"message_stop"[ }]*)\r?\n\r?\n', cut.came) is not None


def may_be_whole(cut: Cut) -> bool:
    """The end mark had come, if perhaps not its line's end; or a connection's end is the body's, and nothing lacks."""
    marked = b"data: [DONE]" in cut.came or b'"message_stop"' in cut.came
    complete = re.search(rb'"finish_reason": ?"', cut.came) and re.search(rb'"usage": ?\{', cut.came)
    return marked or (cut.death == "close" and complete is not None)
