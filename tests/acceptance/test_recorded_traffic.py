"""Recorded traffic through a real SeaLink into the stock SDK of each client dialect.

    pytest tests/acceptance/test_recorded_traffic.py [--recordings DIR]
    python tests/acceptance [DIR …]

The matrix: every recorded case, every client dialect; of cases in another dialect than the client's every third, in
full all. Each is asked for in the upstream's own network chunks (a chat client then asks for the usage); a sample, in
full all, once more in chunks that fit nothing. `N of N` is printed for each cell. Where both ends speak one dialect the
bytes are the upstream's own, unless they break the dialect's grammar.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import openai
import pytest

from acceptance import stock_chat
from acceptance.expectations import CREDENTIALS_REFUSED, expected_reading, through_sealink
from acceptance.house import House, house
from acceptance.node_reader import node_readers
from acceptance.plain_http import PlainAnswer, post
from acceptance.readings import differences
from acceptance.sealink_process import KEY
from acceptance.stock_clients import Read, readers
from dialects import CLIENTS, DIALECTS, QUESTION, Client
from recordings import DEFAULT_FOLDER, Case, folders, sampled
from replay import Answer, Framing, ReplayingUpstream, Request
from wire.grammars import complaints

_SERVERS_OWN_TOOL = "boto3 shows the call of a tool that Bedrock itself runs; a client would try to run it"
EXCEPTIONS: dict[tuple[str, str], str] = {
    (client, case): _SERVERS_OWN_TOOL
    for client in CLIENTS
    for case in (
        "bedrock/pydantic-ai-bedrock_model_code_execution_tool_stream-f109eb",
        "bedrock/ruby_llm-web_search_with_bedrock_amazon_nova-2-lite-v1_0_streams_grounded_turns-9edab6",
    )
}
"""(Client, case) that cannot come out right, and why."""

_IDS_CHANGE = "the recorder put another id into each event of an item"
MENDED = {
    "anthropic-messages": {"openrouter/rig-gateway_message_delta_metadata-f95fa1": "[DONE] after the end"},
    "openai-responses": {
        "bedrock-mantle/ruby_llm-rs_bedrock_mantle_responses_chat_streams_through_the_responses_surface-28c539": (
            "the first part of a message is its second"
        ),
        "chatgpt-codex/rig-parallel_tool_calls_single_turn_nonstreaming-f554d0": "the final output is empty",
        "chatgpt-codex/rig-reasoning_session_two_tool_calls_streaming-91ff47": "the final output is empty",
        "chatgpt-codex/rig-usage_accumulates_across_streaming_multi_turn-1-86b853": "the final output is empty",
        "github-copilot/rig-reasoning_roundtrip-streaming-fa04f6": _IDS_CHANGE,
    },
}
"""Streams of the client's own dialect that the upstream's bytes would break, and why: they are mended.

Chat completions have so many vendors that there the grammar says which (they are listed by name in
test_openai_chat_passthrough.py)."""

NODE_EXCEPTIONS = {
    ("messages", "anthropic/anthropic-sdk-python-compaction_response-4e3381"): "a block that the package does not know",
    ("messages", "anthropic/anthropic-sdk-python-fallback_response-1f6c57"): "a block that the package does not know",
}
"""(Client, case) on which node's package gives up when it reads the upstream's own bytes."""

STRAIGHT_FAILURES = 7
"""openai-chat cases that the stock client gets wrong when it reads straight from the vendor (of ../shared/streams)."""

ODD_SIZES = (1, 7, 64, 2, 1000)
DONE = b"data: [DONE]"
COMMENT = re.compile(rb"^:.*$", re.MULTILINE)
RETRY_HEADERS = ("retry-after", "retry-after-ms", "x-should-retry")
ENDS = (b"[DONE]", b"message_stop", b"response.completed")


@dataclass(frozen=True)
class Pass:
    """One way of asking for a case. `suffix` marks it in the model's name, by which the upstream knows it."""

    include_usage: bool
    suffix: str

    def model(self, case: Case) -> str:
        return case.id + self.suffix


ASKED, UNASKED = PASSES = (Pass(True, ""), Pass(False, "@odd"))


@dataclass(frozen=True)
class Line:
    """The recordings, the upstream that replays them with SeaLink before it, and the stock clients."""

    cases: list[Case]
    house: House
    read: dict[str, Read]


@pytest.fixture(scope="module")
def cases(recorded: list[Case]) -> list[Case]:
    return [case for case in recorded if case.api in DIALECTS]


@pytest.fixture(scope="module")
def line(cases: list[Case], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    models = {way.model(case): DIALECTS[case.api] for case in cases for way in PASSES}
    with (
        house(replay_of(cases), models, tmp_path_factory.mktemp("recorded")) as running,
        readers(running.sealink.url) as read,
    ):
        yield Line(cases, running, read)


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
    return "close" if odd and any(end in case.body for end in ENDS) else "chunked"


def request_for(case: Case, client: Client, way: Pass) -> dict[str, Any]:
    """The case's own request where it is of the client's dialect, else a simple one."""
    own = case.request if case.api == client.api and case.request else {}
    request = {**client.question, **own, "model": way.model(case)}
    streams = request.pop("stream", False)
    request.pop("stream_options", None)
    if case.kind == "stream" or (case.kind == "error" and streams):
        request["stream"] = True
        if way.include_usage and client.name == "chat":
            request["stream_options"] = {"include_usage": True}
    return request


@pytest.mark.parametrize("kind", ["stream", "json", "error"])
@pytest.mark.parametrize("api", DIALECTS)
@pytest.mark.parametrize("client", CLIENTS.values(), ids=lambda client: client.name)
def test_every_recorded_answer_arrives(
    line: Line, client: Client, api: str, kind: str, report: Callable[[str], None], full: bool
) -> None:
    cases = [case for case in line.cases if (case.api, case.kind) == (api, kind)]
    if not cases:
        pytest.skip("no such case in these recordings")
    if api != client.api and not full:
        cases = cases[::3]
    asked = [(case, ASKED) for case in cases] + [(case, UNASKED) for case in (cases if full else sampled(cases))]
    with ThreadPoolExecutor(8) as pool:
        found = list(zip(asked, pool.map(lambda each: faults(line, client, *each), asked), strict=True))
    wrong = {case.id: why for (case, _), why in found if why}
    exact = [case for case in cases if case.id not in wrong and is_clients_own(case, client, ASKED)]
    note = f", of which {len(exact)} byte for byte" if exact else ""
    report(f"{client.name:9} ← {api:18} {kind:6} {len(cases) - len(wrong):3} of {len(cases)}{note}")
    excused = {case for name, case in EXCEPTIONS if name == client.name} & {case.id for case in cases}
    assert wrong.keys() == excused, in_words(wrong, excused)


@pytest.mark.parametrize("client", CLIENTS.values(), ids=lambda client: client.name)
def test_a_sample_arrives_in_node_too(line: Line, client: Client, node: str, report: Callable[[str], None]) -> None:
    excused = EXCEPTIONS.keys() | NODE_EXCEPTIONS.keys()
    sample = sampled(case for case in line.cases if (client.name, case.id) not in excused)
    with node_readers(node, line.house.sealink.url) as read:
        found = {
            case.id: differences(
                through_sealink(client.name, case), read[client.name](request_for(case, client, ASKED))
            )
            for case in sample
        }
    wrong = {name: why for name, why in found.items() if why}
    report(f"{client.name:9} in node: {len(sample) - len(wrong)} of {len(sample)}")
    assert not wrong, in_words(wrong, set())


def faults(line: Line, client: Client, case: Case, way: Pass) -> list[str]:
    """What is not as it should be when this case comes through SeaLink, in words."""
    request, expected = request_for(case, client, way), through_sealink(client.name, case)
    if request.get("stream") and client.name == "chat" and not way.include_usage:
        expected.usage = expected.tokens = None
    before = len(line.house.upstream.exchanges)
    found = differences(expected, line.read[client.name](request))
    plain = post(line.house.sealink.port, client.path, request)
    found += wire_faults(case, client, way, plain) if plain.status == 200 else error_faults(case, client, plain)
    for exchange in line.house.upstream.exchanges[before:]:
        if exchange.request.model == request["model"]:
            found += request_faults(case, client, request, exchange.request)
    return found


def wire_faults(case: Case, client: Client, way: Pass, plain: PlainAnswer) -> Iterator[str]:
    """What the bytes of an answer break: the dialect's grammar, silence about usage, the upstream's own bytes."""
    if case.kind != "stream":
        return
    if client.name == "chat" or case.api != client.api:
        yield from complaints(client.name, plain.body, include_usage=way.include_usage)
    if is_clients_own(case, client, way) and (want := whole_frames(case.body)) != (have := whole_frames(plain.body)):
        at = next(n for n, (a, b) in enumerate(zip_longest(want, have)) if a != b)
        yield f"frame {at} is not the upstream's: {want[at : at + 1]} became {have[at : at + 1]}"


def is_clients_own(case: Case, client: Client, way: Pass) -> bool:
    """A stream that has the client's dialect as it came from the vendor: there is nothing to mend."""
    if case.kind != "stream" or case.api != client.api:
        return False
    if client.name == "chat":
        return not complaints("chat", case.body, include_usage=way.include_usage)
    return case.id not in MENDED[client.api]


def error_faults(case: Case, client: Client, plain: PlainAnswer) -> Iterator[str]:
    """An upstream's error keeps its object, where it is the client's own, and the headers that say when to retry."""
    for name in RETRY_HEADERS:
        want = case.meta["response_headers"].get(name)
        if case.kind == "error" and want is not None and plain.headers.get(name) != want:
            yield f"header {name}: want {want}, got {plain.headers.get(name)}"
    was_refused = case.kind == "error" and case.meta["status"] in CREDENTIALS_REFUSED
    is_own = client.name == "messages" and case.api == client.api and case.framing == "json"
    if is_own and case.kind == "error" and not was_refused:
        if plain.body != case.body:  # Claude Code goes by the upstream's wording
            yield f"the error became {plain.body!r}"
        return
    needed = {"message", "type"} if client.name == "messages" else {"message", "type", "param", "code"}
    error = plain.json["error"]
    if not needed <= error.keys() or (client.name == "messages" and plain.json.get("type") != "error"):
        yield f"not the dialect's error object: {plain.json}"
    if was_refused:
        if client.name != "messages" and error["code"] != "upstream_unauthorized":
            yield f"the code of a refused key: {error['code']}"
        return
    said = case.expected.get("error", {}).get("body")
    said = said.get("error", said) if isinstance(said, dict) else said
    if case.api == client.api and isinstance(said, dict) and "message" in said:
        yield from (
            f"error {name}: want {said[name]!r}, got {error.get(name)!r}"
            for name in said
            if said[name] != error.get(name)
        )


def request_faults(case: Case, client: Client, sent: dict[str, Any], got: Request) -> Iterator[str]:
    """What the client said must have come to the upstream, the client's key must not."""
    if KEY in str(got.headers):
        yield "the client's key went to the upstream"
    if got.headers.get("accept-encoding", "identity") != "identity":
        yield f"accept-encoding: {got.headers['accept-encoding']}"
    if case.api != client.api:
        if QUESTION not in got.body.decode():
            yield f"the upstream was asked {got.json}"
        return
    for name in sent.keys() | got.json.keys() - {"stream_options"}:
        if sent.get(name) != got.json.get(name):
            yield f"request {name}: sent {sent.get(name)!r}, the upstream got {got.json.get(name)!r}"
    if client.name == "chat" and sent.get("stream") and not got.json.get("stream_options", {}).get("include_usage"):
        yield "SeaLink did not ask for the usage"


def whole_frames(body: bytes) -> list[bytes]:
    """The frames up to the end of the answer, without comments: [DONE], and what stands behind it, is nobody's."""
    frames = list(filter(None, (COMMENT.sub(b"", frame).strip(b"\n") for frame in body.split(b"\n\n"))))
    return frames[: frames.index(DONE)] if DONE in frames else frames


def in_words(wrong: dict[str, list[str]], excused: set[str]) -> str:
    """All that is wrong, and what is an exception without need."""
    lines = [f"{name}\n    " + "\n    ".join(why) for name, why in sorted(wrong.items()) if name not in excused]
    lines += [f"{name} is an exception, and comes out right" for name in sorted(excused - wrong.keys())]
    return "\n" + "\n".join(lines)


@pytest.mark.full
def test_the_runner_reads_the_vendors_themselves_as_the_recordings_say(
    cases: list[Case], request: pytest.FixtureRequest, report: Callable[[str], None]
) -> None:
    """The measure of the runner: without SeaLink, the stock client gets all but STRAIGHT_FAILURES right."""
    cases = [case for case in cases if case.api == "openai-chat"]
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
        reading = stock_chat.read(client, request_for(case, CLIENTS["chat"], ASKED), straight=True)
    except TypeError as error:  # content where the client has only ever seen text
        return [str(error)]
    return differences(expected_reading(case, straight=True), reading)
