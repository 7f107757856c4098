"""Every field of every recorded answer is declared by its dialect (ARCHITECTURE.md decision 5), and truly so.

`fields.txt` in a dialect's folder lists what upstreams send and what becomes of it (field_fates.py): `mapped`,
`carried`, or `left: <why>`. Of a path that ends in `.**` the best that becomes of any field below it is said. A field
that a vendor has invented fails this test by its name, until somebody has decided.
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import pytest

import sealink.wire.dialects
from dialects import DIALECTS
from recordings import DEFAULT_FOLDER, Case, folders
from wire.field_fates import CARRIED, FATES, LEFT, MAPPED, documents, fate_in
from wire.pairs import upstream_of

ROOM = Path(sealink.wire.dialects.__path__[0])
CASES = 40
"""In so many recordings, the smallest that have it, a field is changed to see what becomes of it."""
ENOUGH = 6
"""Without `--full` these will do, where the field is found to be what it is declared to be."""


@pytest.mark.parametrize("api", DIALECTS)
def test_every_field_is_declared_and_as_it_is(
    api: str, recorded: list[Case], request: pytest.FixtureRequest, full: bool
) -> None:
    where = places_of([case for case in recorded if case.api == api])
    if not where:
        pytest.skip("no such case in these recordings")
    declared = declarations(folder_of(api) / "fields.txt")
    entries = {path: entry_for(path, declared) for path in where}
    undeclared = sorted(path for path, entry in entries.items() if entry is None)
    assert not undeclared
    if folders(request.config.getoption("--recordings")) != [DEFAULT_FOLDER]:
        return
    found: dict[str, str] = {}
    for path, cases in where.items():
        entry = entries[path]
        assert entry is not None
        found[entry] = better(found.get(entry, LEFT), best_of(path, cases, MAPPED if full else declared[entry]))
    wrong = {entry: f"{declared[entry]}, and is {fate}" for entry, fate in found.items() if declared[entry] != fate}
    assert not wrong
    assert declared.keys() == found.keys(), "declared, and in no recording"


def test_what_is_left_out_has_a_reason() -> None:
    for api in DIALECTS:
        for line in (folder_of(api) / "fields.txt").read_text().splitlines():
            assert line.startswith("    ") or re.fullmatch(f"{MAPPED}|{CARRIED}|{LEFT}: .{{5,}}|", line), (api, line)


def declarations(file: Path) -> dict[str, str]:
    """What becomes of each path."""
    declared, fate = {}, ""
    for line in file.read_text().splitlines():
        if line.startswith("    "):
            assert line.strip() not in declared, f"{line.strip()} is declared twice"
            declared[line.strip()] = fate
        elif line:
            fate = line.partition(":")[0]
    return declared


def entry_for(path: str, declared: Mapping[str, str]) -> str | None:
    """The path itself, or the nearest one above it that speaks for all below."""
    if path in declared:
        return path
    ends = [match.start() for match in re.finditer(r"\.|\[\]", path)] + [len(path)]
    ends += [end + 2 for end in ends if path.startswith("[]", end)]
    entries = (f"{path[:end]}.**" for end in sorted(ends, reverse=True))
    return next((entry for entry in entries if entry in declared), None)


def places_of(cases: list[Case]) -> dict[str, list[Case]]:
    """The cases that have each path, the smallest first."""
    where: dict[str, list[Case]] = defaultdict(list)
    for case in sorted(cases, key=lambda case: len(case.body)):
        for path in frozenset[str]().union(*(document.paths for document in documents(case))):
            where[path].append(case)
    return where


def best_of(path: str, cases: list[Case], expected: str) -> str:
    """The best that becomes of a field. Once it is what is `expected`, no more than ENOUGH cases are looked at."""
    best = LEFT
    for number, case in enumerate(cases[:CASES], 1):
        best = better(best, fate_in(case, path))
        if best == MAPPED or (best == expected and number >= ENOUGH):
            break
    return best


def better(one: str, other: str) -> str:
    return min(one, other, key=FATES.index)


def folder_of(api: str) -> Path:
    """Where a dialect's code is."""
    module = type(upstream_of(api)).__module__
    return ROOM / module.split(".")[3]
