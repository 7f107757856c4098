"""What each client dialect is given of each recorded answer, kept: a change of one byte shows.

    make goldens        rewrites them; `git diff` then shows what a change has done

Two forms. Of the samples in tests/wire/samples, which are the repository's own, the whole text: goldens/<client>/. Of
the recordings, which are not to be copied, one line a case: how many bytes each client gets, and their digest. Which
answers a change has touched, and for which clients, can so be read at a glance; what it has done to them is seen by
`pytest tests/wire/test_goldens.py --goldens-to DIR`, with the old code and with the new, and `diff -r`.

Ids and clocks are given (pairs.BIRTH), so that nothing else moves.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from dialects import CLIENTS, DIALECTS
from recordings import DEFAULT_FOLDER, Case, folders
from wire import aws_messages
from wire.pairs import answered, streamed

GOLDENS = Path(__file__).with_name("goldens")
LIST = GOLDENS / "recordings.tsv"
SAMPLES = Path(__file__).with_name("samples")
API_OF = {
    "anthropic": "anthropic-messages",
    "bedrock": "bedrock-converse",
    "cohere": "cohere-v2",
    "ollama": "ollama-chat",
    "openai_chat": "openai-chat",
}
"""The wire format of each folder of samples."""

PATHS = sorted(path for folder in API_OF for path in (SAMPLES / folder).iterdir())


def sample(path: Path) -> Case:
    """A sample, as if it had been recorded."""
    api = API_OF[path.parent.name]
    case = Case(f"{path.parent.name}/{path.stem}", path.parent, {"api": api, "kind": "stream", "request": None})
    case.__dict__["body"] = aws_messages.sample(path.stem) if api == "bedrock-converse" else path.read_bytes()
    return case


@pytest.mark.parametrize("client", CLIENTS)
@pytest.mark.parametrize("path", PATHS, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_a_sample_becomes_what_it_became(client: str, path: Path, request: pytest.FixtureRequest) -> None:
    golden = GOLDENS / client / path.parent.name / f"{path.stem}.sse"
    case = sample(path)
    body = streamed(client, case, [case.body])[0]
    if request.config.getoption("--rewrite-goldens"):
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_bytes(body)
    assert body.decode() == golden.read_bytes().decode(), "`make goldens` rewrites it"


def test_a_recording_becomes_what_it_became(recorded: list[Case], request: pytest.FixtureRequest) -> None:
    option = request.config.getoption
    if folders(option("--recordings")) != [DEFAULT_FOLDER]:
        pytest.skip("the goldens are of ../shared/streams")
    cases = [case for case in recorded if case.api in DIALECTS]
    told = {case.id: {client: answered(client, case) for client in CLIENTS} for case in cases}
    if folder := option("--goldens-to"):
        write_out(told, Path(folder))
    lines = ["\t".join(("case", *CLIENTS)), *map(line, told, told.values())]
    if option("--rewrite-goldens"):
        LIST.write_text("\n".join(lines) + "\n")
    kept = LIST.read_text().splitlines()
    moved = sorted({text.split("\t")[0] for text in set(kept) ^ set(lines)})
    assert not moved, "`make goldens` rewrites them"


def line(name: str, bodies: dict[str, bytes]) -> str:
    """A case's line: the size and the digest of what each client gets."""
    return "\t".join((name, *(f"{len(body)}:{hashlib.sha256(body).hexdigest()[:12]}" for body in bodies.values())))


def write_out(told: dict[str, dict[str, bytes]], folder: Path) -> None:
    """The whole text of all of them, one file each."""
    for name, bodies in told.items():
        for client, body in bodies.items():
            path = folder / client / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)


def test_there_is_no_golden_of_what_is_gone() -> None:
    def names() -> Iterator[str]:
        for path in PATHS:
            yield from (f"{client}/{path.parent.name}/{path.stem}.sse" for client in CLIENTS)

    assert {path.relative_to(GOLDENS).as_posix() for path in GOLDENS.rglob("*.sse")} == set(names())
