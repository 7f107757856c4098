"""`sealink record`: what upstreams answered becomes recordings that the runner takes."""

import json
import subprocess
import sys
from pathlib import Path

import openai
import pytest

from acceptance.made_streams import openai_stream
from acceptance.sealink_process import KEY, SealinkProcess
from acceptance.write_expectations import write_missing
from recordings import Case, load
from replay import Answer, ReplayingUpstream, Request

ROOT = Path(__file__).parents[2]
SECRET = "sk-of-the-upstream-1234"
STREAM = openai_stream(["The ", "sea ", "is salt."])
SIZES, PACE_S = (5, 700), 0.05
REFUSED = json.dumps(
    {"error": {"message": f"Wrong key {SECRET}.", "type": "invalid_request_error", "param": None, "code": "wrong_key"}}
).encode()
HEADERS = [("x-request-id", "req_9"), ("openai-organization", "us"), ("set-cookie", "session=1"), ("retry-after", "7")]


def answer(request: Request) -> Answer:
    if request.model == "refused":
        return Answer(REFUSED, 401, [("content-type", "application/json"), *HEADERS], "length")
    stream = [("content-type", "text/event-stream; charset=utf-8"), *HEADERS]
    if request.model == "cut":
        return Answer(STREAM, 200, stream, "chunked", cut_at=300)
    return Answer(STREAM, 200, stream, "chunked", SIZES, pace_s=PACE_S)


def config(url: str) -> str:
    models = "".join(
        f'[[models]]\nid = "{name}"\ntargets = [{{ provider = "My Own", model = "{name}" }}]\n'
        for name in ("good", "refused", "cut")
    )
    table = f'[[providers]]\nname = "My Own"\ndialect = "openai"\nbase_url = "{url}/v1"\napi_key = "{SECRET}"\n'
    return f"{table}{models}"


def ask_for_all(url: str) -> None:
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as client:
        for model in ("good", "good", "refused", "cut"):
            try:
                asked = {"model": model, "messages": [{"role": "user", "content": "Say it."}]}
                list(client.chat.completions.create(**asked, stream=True))  # type: ignore[call-overload]
            except openai.APIError:
                assert model != "good"


@pytest.fixture(scope="module", params=[(), ("--with-prompts",)], ids=["without prompts", "with prompts"])
def kept(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bool]:
    """Where the recordings are, and whether prompts are to be in them."""
    folder = tmp_path_factory.mktemp("record")
    command = ("record", "--to", str(folder / "kept"), *request.param)
    with ReplayingUpstream(answer) as upstream, SealinkProcess(config(upstream.url), folder, command=command) as it:
        ask_for_all(it.url)
    return folder / "kept", bool(request.param)


def case_of(kept: tuple[Path, bool], kind: str) -> Case:
    (case,) = [case for case in load([kept[0]]) if case.kind == kind]
    return case


def test_whole_answers_are_kept_once_and_broken_ones_not(kept: tuple[Path, bool]) -> None:
    assert sorted(case.id.rpartition("-")[0] for case in load([kept[0]])) == [
        "my-own/good-stream",
        "my-own/refused-error",
    ]


def test_a_stream_is_kept_as_it_came(kept: tuple[Path, bool]) -> None:
    case = case_of(kept, "stream")
    assert case.body == STREAM
    assert (case.api, case.framing, case.meta["status"], case.meta["endpoint"]) == (
        "openai-chat",
        "sse",
        200,
        "/v1/chat/completions",
    )
    assert sum(case.chunk_sizes) == len(STREAM)
    assert case.chunk_sizes[0] == SIZES[0]


def test_nothing_secret_is_kept(kept: tuple[Path, bool]) -> None:
    for case in load([kept[0]]):
        assert case.meta["response_headers"].keys() == {"content-type", "x-request-id", "retry-after"}
    everything = b"".join(path.read_bytes() for path in kept[0].rglob("*") if path.is_file())
    assert SECRET.encode() not in everything
    assert KEY.encode() not in everything
    refused = case_of(kept, "error")
    assert (len(refused.body), refused.meta["scrubbed"]) == (len(REFUSED), 1)


def test_prompts_are_kept_only_if_that_is_asked_for(kept: tuple[Path, bool]) -> None:
    case = case_of(kept, "stream")
    if kept[1]:
        assert case.request is not None
        assert case.request["messages"] == [{"role": "user", "content": "Say it."}]
    else:
        assert case.request is None


@pytest.mark.full
@pytest.mark.parametrize("kept", [("--with-prompts",)], indirect=True)
def test_the_runner_takes_them(kept: tuple[Path, bool]) -> None:
    assert write_missing(kept[0])[1] == []
    runner = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "tests/acceptance/test_recorded_traffic.py",
    ]
    run = subprocess.run(
        [*runner, "-k", "arrives and not node", f"--recordings={kept[0]}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:]
    for kind in ("stream", "error"):
        assert f"chat      ← openai-chat        {kind:6}   1 of 1" in run.stdout
