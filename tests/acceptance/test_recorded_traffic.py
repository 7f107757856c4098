"""Recorded traffic through a real SeaLink into the stock `openai` client (issue 2, "What must be shown", 2).

    pytest tests/acceptance/test_recorded_traffic.py [--recordings DIR]
    python tests/acceptance [DIR …]

Each case is asked for twice: with `stream_options.include_usage` and the upstream's own network chunks,
and without, in chunks that fit nothing. `N of N` is printed at the end.
"""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import openai
import pytest

from acceptance.house import House, house
from acceptance.plain_http import PlainAnswer, post_chat
from acceptance.readings import differences, expected_reading, read
from acceptance.sealink_process import KEY
from recordings import DEFAULT_FOLDER, Case, folders
from replay import Answer, Framing, ReplayingUpstream, Request
from wire.openai_chat_grammar import complaints

EXCEPTIONS: dict[str, str] = {}
"""Cases that cannot come out right, by name, and why."""

STRAIGHT_FAILURES = 7
"""openai-chat cases that the stock client gets wrong when it reads straight from the vendor (of ../shared/streams)."""

DIALECTS = {"openai-chat": "openai", "anthropic-messages": "anthropic"}
QUESTION = [{"role": "user", "content": "What did the provider answer?"}]
ODD_SIZES = (1, 7, 64, 2, 1000)
RETRY_HEADERS = ("retry-after", "retry-after-ms", "x-should-retry")


@dataclass(frozen=True)
class Pass:
    """One way of asking for a case. `suffix` marks it in the model's name, by which the upstream knows it."""

    name: str
    include_usage: bool
    suffix: str

    def model(self, case: Case) -> str:
        return case.id + self.suffix


ASKED, UNASKED = PASSES = (Pass("usage asked for", True, ""), Pass("usage not asked for", False, "@odd"))


@dataclass(frozen=True)
class Line:
    """The recordings, the upstream that replays them with SeaLink before it, and the stock client."""

    cases: list[Case]
    house: House
    client: openai.OpenAI


@pytest.fixture(scope="module")
def chat_cases(recorded: list[Case]) -> list[Case]:
    return [case for case in recorded if case.api in DIALECTS and (case.kind != "stream" or case.framing == "sse")]


@pytest.fixture(scope="module")
def line(chat_cases: list[Case], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    models = {way.model(case): DIALECTS[case.api] for case in chat_cases for way in PASSES}
    with (
        house(replay_of(chat_cases), models, tmp_path_factory.mktemp("recorded")) as running,
        openai.OpenAI(base_url=f"{running.sealink.url}/v1", api_key=KEY, max_retries=0, timeout=30) as client,
    ):
        yield Line(chat_cases, running, client)


def replay_of(cases: Iterable[Case]) -> Callable[[Request], Answer]:
    """Answers a request with the recorded case that its model names."""
    by_id = {case.id: case for case in cases}

    def answer(request: Request) -> Answer:
        case = by_id[request.model.removesuffix(UNASKED.suffix)]
        odd = request.model.endswith(UNASKED.suffix)
        sizes = ODD_SIZES if odd else case.chunk_sizes
        return Answer(case.body, case.meta["status"], case.headers, framing_of(case, odd), sizes)

    return answer


def framing_of(case: Case, odd: bool) -> Framing:
    """A stream that says itself that it is whole may also end with the connection."""
    if case.kind != "stream":
        return "close" if odd else "length"
    return "close" if odd and (b"[DONE]" in case.body or b"message_stop" in case.body) else "chunked"


def request_for(case: Case, way: Pass) -> dict[str, Any]:
    """The case's own request where it is of the client's dialect, else a simple one."""
    own = case.request if case.api == "openai-chat" and case.request else {}
    request = {"messages": QUESTION, **own, "model": way.model(case)}
    streams = request.pop("stream", False)
    request.pop("stream_options", None)
    if case.kind == "stream" or (case.kind == "error" and streams):
        request["stream"] = True
        if way.include_usage:
            request["stream_options"] = {"include_usage": True}
    return request


@pytest.mark.parametrize("way", PASSES, ids=lambda way: way.name)
@pytest.mark.parametrize("kind", ["stream", "json", "error"])
@pytest.mark.parametrize("api", DIALECTS)
def test_every_recorded_answer_arrives(
    line: Line, api: str, kind: str, way: Pass, report: Callable[[str], None]
) -> None:
    cases = [case for case in line.cases if (case.api, case.kind) == (api, kind)]
    if not cases:
        pytest.skip("no such case in these recordings")
    with ThreadPoolExecutor(8) as pool:
        found = dict(zip(cases, pool.map(lambda case: faults(line, case, way), cases), strict=True))
    wrong = {case.id: why for case, why in found.items() if why}
    report(f"{api} {kind}, {way.name}: {len(cases) - len(wrong)} of {len(cases)}")
    if api == "openai-chat" and kind == "stream":
        exact = sum(is_openais_own(case, way) for case in cases if case.id not in wrong)
        report(f"{api} stream, {way.name}: {exact} have OpenAI's shape already, and are byte-exact")
    assert wrong.keys() == {case.id for case in cases} & EXCEPTIONS.keys(), in_words(wrong)


def faults(line: Line, case: Case, way: Pass) -> list[str]:
    """What is not as it should be when this case comes through SeaLink, in words."""
    request, expected = request_for(case, way), expected_reading(case)
    if request.get("stream") and not way.include_usage:
        expected.usage = None
    reading = read(line.client, request)
    plain = post_chat(line.house.sealink.port, request)
    found = differences(expected, reading)
    found += wire_faults(case, way, plain) if plain.status == 200 else error_faults(case, plain)
    for exchange in [sent for sent in list(line.house.upstream.exchanges) if sent.request.model == request["model"]]:
        found += request_faults(case, request, exchange.request)
    return found


def wire_faults(case: Case, way: Pass, plain: PlainAnswer) -> Iterator[str]:
    """What the bytes of an answer break: OpenAI's grammar, silence about usage, the upstream's own bytes."""
    if case.kind != "stream":
        return
    yield from complaints(plain.body, include_usage=way.include_usage)
    if is_openais_own(case, way):
        want, have = whole_frames(case.body), whole_frames(plain.body)
        if want != have:
            at = next(n for n, (a, b) in enumerate(zip_longest(want, have)) if a != b)
            yield f"frame {at} is not the upstream's: {want[at : at + 1]} became {have[at : at + 1]}"


def is_openais_own(case: Case, way: Pass) -> bool:
    """A stream that has OpenAI's shape as it came from the vendor: there is nothing to mend."""
    return case.api == "openai-chat" and not complaints(case.body, include_usage=way.include_usage)


def error_faults(case: Case, plain: PlainAnswer) -> Iterator[str]:
    """An upstream's error keeps its object, where it is one of OpenAI's, and the headers that say when to retry."""
    for name in RETRY_HEADERS:
        want = case.meta["response_headers"].get(name)
        if case.kind == "error" and want is not None and plain.headers.get(name) != want:
            yield f"header {name}: want {want}, got {plain.headers.get(name)}"
    error = plain.json["error"]
    if not {"message", "type", "param", "code"} <= error.keys():
        yield f"not OpenAI's error object: {error}"
    said = case.expected.get("error", {}).get("body")
    if case.api == "openai-chat" and isinstance(said, dict) and "message" in said:
        yield from (
            f"error {name}: want {said[name]!r}, got {error.get(name)!r}"
            for name in said
            if said[name] != error.get(name)
        )


def request_faults(case: Case, sent: dict[str, Any], got: Request) -> Iterator[str]:
    """What the client said must have come to the upstream, the client's key must not."""
    if KEY in str(got.headers):
        yield "the client's key went to the upstream"
    if got.headers.get("accept-encoding", "identity") != "identity":
        yield f"accept-encoding: {got.headers['accept-encoding']}"
    if case.api == "anthropic-messages":
        if QUESTION[0]["content"] not in got.body.decode() or bool(got.json.get("stream")) != bool(sent.get("stream")):
            yield f"the upstream was asked {got.json}"
        return
    for name in sent.keys() | got.json.keys() - {"stream_options"}:
        if sent.get(name) != got.json.get(name):
            yield f"request {name}: sent {sent.get(name)!r}, the upstream got {got.json.get(name)!r}"
    if sent.get("stream") and not got.json.get("stream_options", {}).get("include_usage"):
        yield "SeaLink did not ask for the usage"


def whole_frames(body: bytes) -> list[bytes]:
    """The frames up to the end of the answer: what stands behind [DONE] is nobody's."""
    frames = [frame for frame in body.split(b"\n\n") if frame]
    done = b"data: [DONE]"
    return frames[: frames.index(done) + 1] if done in frames else frames


def in_words(wrong: dict[str, list[str]]) -> str:
    """All that is wrong, and what is an exception without need."""
    lines = [f"{name}\n    " + "\n    ".join(why) for name, why in sorted(wrong.items()) if name not in EXCEPTIONS]
    lines += [f"{name} is an exception, and comes out right" for name in EXCEPTIONS.keys() - wrong.keys()]
    return "\n" + "\n".join(lines)


def test_the_runner_reads_the_vendors_themselves_as_the_recordings_say(
    chat_cases: list[Case], request: pytest.FixtureRequest, report: Callable[[str], None]
) -> None:
    """The measure of the runner: without SeaLink, the stock client gets all but STRAIGHT_FAILURES right."""
    cases = [case for case in chat_cases if case.api == "openai-chat"]
    with (
        ReplayingUpstream(replay_of(cases)) as upstream,
        openai.OpenAI(base_url=f"{upstream.url}/v1", api_key="none", max_retries=0, timeout=30) as client,
    ):
        wrong = [case.id for case in cases if straight_faults(client, case)]
    report(f"openai-chat straight from the vendor, without SeaLink: {len(cases) - len(wrong)} of {len(cases)}")
    if folders(request.config.getoption("--recordings")) == [DEFAULT_FOLDER]:
        assert len(wrong) == STRAIGHT_FAILURES, wrong


def straight_faults(client: openai.OpenAI, case: Case) -> list[str]:
    try:
        reading = read(client, request_for(case, ASKED), straight=True)
    except TypeError as error:  # content where the client has only ever seen text
        return [str(error)]
    return differences(expected_reading(case, straight=True), reading)
