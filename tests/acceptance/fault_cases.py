"""The cases of ../shared/faults, and the comparison of what came with their `expected.json`.

A case is a folder with `request.json`, `upstream.body`, `upstream.meta.json` and `expected.json`; the README in
../shared/faults says what they mean. `pytest --faults DIR` takes cases of the same layout from another folder.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from dialects import CLIENTS
from replay import Answer, Request

DEFAULT_FOLDER: Final = Path(__file__).parents[3] / "shared" / "faults"
CHECKS: Final = (*CLIENTS, "raw", "sent", "row", "any")
"""What `expected.json` may name."""
PAUSE_S: Final = 0.1
"""Between two pieces of a body that is split, and before the connection of a body that is cut is closed."""

Fields = dict[str, Any]

_PLACEHOLDER = re.compile(rb"\{\{(/[^{}]*)\}\}")


@dataclass(frozen=True, eq=False)
class FaultTarget:
    """One target of a case's model: how SeaLink is configured for it, and what its upstream answers."""

    provider: Fields
    meta: Fields
    body: bytes = field(repr=False)

    def answer(self, request: Request) -> Answer:
        body = filled(self.body, request.json) if self.meta.get("fill") else self.body
        sizes, is_cut = piece_sizes(len(body), self.meta.get("split_at", ())), bool(self.meta.get("cut"))
        return Answer(
            body,
            self.meta["status"],
            list(self.meta["headers"].items()),
            sizes=sizes,
            pace_s=PAUSE_S if is_cut or len(sizes) > 1 else 0,
            cut_at=len(body) if is_cut else None,
        )


@dataclass(frozen=True, eq=False)
class FaultCase:
    """One case. `id` is its folder's path."""

    id: str
    folder: Path = field(repr=False)

    @cached_property
    def meta(self) -> Fields:
        return self._json("upstream.meta.json")

    @cached_property
    def expected(self) -> Fields:
        return self._json("expected.json")

    @cached_property
    def model(self) -> str:
        return str(self._json("request.json")["model"])

    @property
    def path(self) -> str:
        return str(self.meta["path"])

    @property
    def request_headers(self) -> dict[str, str]:
        return self.meta.get("request_headers") or {}

    @property
    def body(self) -> bytes:
        """What is sent to `path`."""
        own = self.folder / "request.body"
        return (own if own.exists() else self.folder / "request.json").read_bytes()

    @cached_property
    def targets(self) -> list[FaultTarget]:
        """In the order in which they are tried."""
        targets = [self._target(self.meta, "upstream.body")]
        if then := self.meta.get("then"):
            targets.append(self._target({"fill": self.meta.get("fill"), **then}, then["body"]))
        return targets

    def has_own_request(self, client: str) -> bool:
        return self._own_request(client).exists()

    def request(self, client: str) -> Fields:
        """The request of a stock client: its own one, else the one to `path`."""
        return self._json(self._own_request(client).name if self.has_own_request(client) else "request.json")

    def _own_request(self, client: str) -> Path:
        return self.folder / f"request.{client}.json"

    def _target(self, meta: Fields, body: str) -> FaultTarget:
        return FaultTarget(meta["provider"], meta, (self.folder / body).read_bytes())

    def _json(self, name: str) -> Fields:
        return json.loads((self.folder / name).read_bytes())


def load(folders: Iterable[Path]) -> list[FaultCase]:
    """All cases of these folders, in order."""
    return [
        FaultCase(found.parent.relative_to(folder).as_posix(), found.parent)
        for folder in folders
        for found in sorted(folder.rglob("expected.json"))
    ]


def filled(body: bytes, request: Any) -> bytes:
    """Each `{{/pointer}}` replaced by what stands there in the request: a text without its quotes, else JSON."""

    def value_at(found: re.Match[bytes]) -> bytes:
        value = at_pointer(request, found[1].decode())
        if value is NOTHING:
            return found[0]
        told = json.dumps(value, ensure_ascii=False).encode()
        return told[1:-1] if isinstance(value, str) else told

    return _PLACEHOLDER.sub(value_at, body)


def piece_sizes(length: int, offsets: Iterable[int]) -> list[int]:
    """The sizes of the pieces of a body that is cut at the offsets; none is empty."""
    cuts = sorted({0, length, *(offset for offset in offsets if 0 < offset < length)})
    return [end - begin for begin, end in pairwise(cuts)]


class _Nothing:
    def __repr__(self) -> str:
        return "nothing"


NOTHING: Final = _Nothing()
"""Stands where nothing stands."""


def at_pointer(body: Any, pointer: str) -> Any:
    """What stands at a JSON pointer (RFC 6901), or NOTHING."""
    for token in pointer.split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(body, dict):
            body = body.get(name, NOTHING)
        elif isinstance(body, list) and re.fullmatch("0|[1-9][0-9]*", name) and int(name) < len(body):
            body = body[int(name)]
        else:
            return NOTHING
    return body


def mismatches(want: Any, got: Any, body: Any, at: str = "") -> Iterator[str]:
    """Where `got` is not what `expected.json` wants, in words. `body` is what the pointers in `want` point into."""
    if (operator := _operator_of(want)) is not None:
        holds = got is not NOTHING or operator in _HOLD_FOR_NOTHING
        if not (holds and _OPERATORS[operator](want[operator], got, body)):
            yield _in_words(want, got, at)
    elif isinstance(want, dict) and isinstance(got, dict):
        for name, value in want.items():
            yield from mismatches(value, got.get(name, NOTHING), body, f"{at}/{name}")
    elif isinstance(want, list) and isinstance(got, list) and len(want) == len(got):
        for index, (value, had) in enumerate(zip(want, got, strict=True)):
            yield from mismatches(value, had, body, f"{at}/{index}")
    elif not _equal(want, got):
        yield _in_words(want, got, at)


def _in_words(want: Any, got: Any, at: str) -> str:
    return f"{at}: want {_as_json(want)}, got {got if got is NOTHING else _as_json(got)}"


def _matches(want: Any, got: Any, body: Any) -> bool:
    return not any(mismatches(want, got, body))


def _operator_of(want: Any) -> str | None:
    if isinstance(want, dict) and len(want) == 1:
        (name,) = want
        return name if name in _OPERATORS else None
    return None


def _has_match(pattern: str, got: Any, body: Any) -> bool:
    return re.search(pattern, got if isinstance(got, str) else _as_json(got)) is not None


def _is_same(pointer: str, got: Any, body: Any) -> bool:
    other = at_pointer(body, pointer)
    return other is not NOTHING and _equal(got, other)


def _differs(pointer: str, got: Any, body: Any) -> bool:
    other = at_pointer(body, pointer)
    return other is not NOTHING and not _equal(got, other)


def _is_distinct(flag: bool, got: Any, body: Any) -> bool:
    return isinstance(got, list) and len({_as_json(one) for one in got}) == len(got)


_OPERATORS: Final[dict[str, Callable[[Any, Any, Any], bool]]] = {
    "$re": _has_match,
    "$absent": lambda wanted, got, body: (got is NOTHING) == wanted,
    "$same": _is_same,
    "$differs": _differs,
    "$distinct": _is_distinct,
    "$any": lambda wants, got, body: any(_matches(want, got, body) for want in wants),
    "$not": lambda want, got, body: not _matches(want, got, body),
}
_HOLD_FOR_NOTHING: Final = ("$absent", "$any", "$not")
"""All others are wrong where nothing stands."""


def _as_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _equal(one: Any, other: Any) -> bool:
    """As JSON has it: `true` is not 1."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)
