"""Recorded provider traffic: what a provider really sent, and what its own SDK made of it.

A folder of recordings holds `<provider>/<name>/{meta.json,response.body,expected.json}`; its README says
what the fields mean. `pytest --recordings DIR` or SEALINK_RECORDINGS=DIR[:DIR…] takes other folders of
the same layout in place of ../shared/streams.
"""

import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from outside import absent

DEFAULT_FOLDER = Path(__file__).parents[2] / "shared" / "streams"


_CONTENT_TYPES = {
    "sse": "text/event-stream",
    "ndjson": "application/x-ndjson",
    "aws-eventstream": "application/vnd.amazon.eventstream",
}


@dataclass(frozen=True, eq=False)
class Case:
    """One recorded answer. `id` is `<provider>/<name>`."""

    id: str
    folder: Path = field(repr=False)
    meta: dict[str, Any] = field(repr=False)

    @property
    def api(self) -> str:
        return self.meta["api"]

    @property
    def kind(self) -> str:
        """stream, json or error."""
        return self.meta["kind"]

    @property
    def framing(self) -> str:
        return self.meta["framing"]

    @property
    def request(self) -> dict[str, Any] | None:
        return self.meta["request"]

    @cached_property
    def body(self) -> bytes:
        return (self.folder / "response.body").read_bytes()

    @cached_property
    def expected(self) -> dict[str, Any]:
        return json.loads((self.folder / "expected.json").read_bytes())

    @property
    def headers(self) -> list[tuple[str, str]]:
        """The response headers that were kept. A recording without a content type gets its framing's."""
        headers = dict(self.meta["response_headers"])
        return list({"content-type": _CONTENT_TYPES.get(self.framing, "application/json"), **headers}.items())

    @property
    def chunk_sizes(self) -> list[int]:
        """The sizes of the network's chunks, where the recorder kept them."""
        return self.meta.get("chunk_sizes") or []


def folders(option: Iterable[str] = ()) -> list[Path]:
    """Where to look: the command line, else SEALINK_RECORDINGS, else the default folder."""
    named = list(option) or [name for name in os.environ.get("SEALINK_RECORDINGS", "").split(":") if name]
    return [Path(name) for name in named] or [DEFAULT_FOLDER]


def load(where: Iterable[Path]) -> list[Case]:
    """All cases of these folders. Skips the test, or fails it under CI, where a folder is missing."""
    cases: dict[str, Case] = {}
    for folder in where:
        found = [_case(folder, meta) for meta in sorted(folder.glob("*/*/meta.json"))]
        if not found:
            absent(f"no recordings in {folder} (set SEALINK_RECORDINGS or --recordings)")
        for case in found:
            if case.id in cases:
                raise ValueError(f"{case.folder}: {case.id} is also in {cases[case.id].folder}")
            cases[case.id] = case
    return list(cases.values())


def sampled(cases: Iterable[Case], of_each: int = 2) -> list[Case]:
    """The first few of each provider's, wire format and kind."""
    seen: Counter[tuple[str, str, str]] = Counter()
    chosen = []
    for case in cases:
        group = (case.api, case.kind, case.id.split("/")[0])
        seen[group] += 1
        if seen[group] <= of_each:
            chosen.append(case)
    return chosen


def _case(folder: Path, meta: Path) -> Case:
    return Case(meta.parent.relative_to(folder).as_posix(), meta.parent, json.loads(meta.read_bytes()))
