"""What becomes of each field of an upstream's answers, found out by changing it and looking what else changes.

- mapped: what happens is another event, so that every client dialect can hear of it.
- carried: some client of another dialect is given it beside what is modelled (a usage's extras, a citation's raw).
- left: no client of another dialect hears of it. To those of the same dialect the upstream's own bytes go.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from msgspec.structs import asdict, replace

from dialects import CLIENTS
from recordings import Case
from sealink.errors import SealinkError
from sealink.events import Event, StreamError, Unmodelled, UsageSnapshot
from sealink.wire.framing.frame import Frame
from wire.pairs import BIRTH, dialect_of, head_of, is_relayed, upstream_of

MAPPED, CARRIED, LEFT = FATES = ("mapped", "carried", "left")
"""From the most to the least."""


@dataclass(frozen=True)
class Document:
    """One document of an answer, and the frame that it stands in, if it is a stream's.

    `paths`: the places of its values, none where it is no JSON. `data` is written anew: white space does not matter.
    """

    frame: Frame | None
    value: Any
    paths: frozenset[str]
    data: bytes

    @staticmethod
    def of(frame: Frame | None, data: bytes) -> "Document":
        try:
            value = json.loads(data)
        except ValueError:
            return Document(frame, None, frozenset(), data)
        return Document(frame, value, frozenset(path for path in paths_in(value) if path), _written(value))

    def with_another(self, path: str | None) -> bytes:
        """Its bytes with another value wherever the path leads."""
        return _written(changed(self.value, path)) if path in self.paths else self.data


@cache
def documents(case: Case) -> list[Document]:
    if case.kind != "stream":
        return [Document.of(None, case.body)]
    return [Document.of(frame, frame.data) for frame in frames_of(case)]


def frames_of(case: Case) -> list[Frame]:
    framer = upstream_of(case.api).framer()
    return [*framer.feed(case.body), *framer.close()]


def paths_in(value: Any, path: str = "") -> Iterator[str]:
    """The places of all values that are not made of others: `choices[].delta.content`."""
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from paths_in(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and value:
        for inner in value:
            yield from paths_in(inner, f"{path}[]")
    else:
        yield path


def fate_in(case: Case, path: str) -> str:
    """What becomes of a field in one case."""
    before, after = as_it_is(case), said(case, path)
    if [*map(bare, before)] != [*map(bare, after)]:
        return MAPPED
    return CARRIED if told_as_it_is(case) != told(case, after) else LEFT


@cache
def as_it_is(case: Case) -> list[Event | SealinkError]:
    return said(case, None)


@cache
def told_as_it_is(case: Case) -> list[bytes]:
    return told(case, as_it_is(case))


def said(case: Case, path: str | None) -> list[Event | SealinkError]:
    """What a case's bytes say, with the field changed."""
    upstream, all_documents = upstream_of(case.api), documents(case)
    data = all_documents[0].with_another(path) if all_documents else b""
    try:
        if case.kind == "error":
            headers = list(case.meta["response_headers"].items())
            return [upstream.read_error(case.meta["status"], headers, data)]
        if case.kind == "json":
            return [*upstream.decode_whole(data)]
        decoder = upstream.decoder()
        changed = (replace(each.frame, data=each.with_another(path)) for each in all_documents)
        return [*(event for frame in changed for event in decoder.decode(frame)), *decoder.close()]
    except SealinkError as error:
        return [error]


def told(case: Case, events: list[Event | SealinkError]) -> list[bytes]:
    """What the clients of other dialects are given."""
    happened = [event for event in events if isinstance(event, Event)]
    try:
        return [_whole(client, happened) for client in CLIENTS if not is_relayed(client, case.api)]
    except SealinkError:
        return []  # the words of a failure are in `bare`


def _whole(client: str, events: list[Event]) -> bytes:
    dialect = dialect_of(client)
    return dialect.whole(dialect.parse_request(head_of(client)), events, BIRTH)


def bare(event: Event | SealinkError) -> dict[str, Any]:
    """What an event says of itself, without what it only carries."""
    if isinstance(event, StreamError):
        event = event.error
    if isinstance(event, SealinkError):
        return {name: getattr(event, name, None) for name in ("status", "type", "code", "param", "message")}
    if isinstance(event, Unmodelled):
        return {}
    fields = {name: value for name, value in asdict(event).items() if name != "raw"}
    if isinstance(event, UsageSnapshot):
        fields["usage"] = replace(event.usage, extras={})
    return {**fields, "is": type(event)}


def _written(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def changed(value: Any, path: str) -> Any:
    """The value with another one wherever the path leads."""
    if not path:
        return other(value)
    if path.startswith("[]"):
        return [changed(inner, path[2:].removeprefix(".")) for inner in value] if isinstance(value, list) else value
    if not isinstance(value, dict):
        return value
    for name in value:
        if path == name or path.startswith((f"{name}.", f"{name}[")):
            rest = path[len(name) :].removeprefix(".")
            return {**value, name: changed(value[name], rest)}
    return value


def other(value: Any) -> Any:
    """Another value of the same kind."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return value + "~"
        case None:
            return "~"
        case _:
            return value or ["~"]
