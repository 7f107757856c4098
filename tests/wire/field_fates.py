"""What becomes of each field of an upstream's answers, found out by changing it and looking what else changes.

- mapped: what happens is another event, so that every client dialect can hear of it.
- carried: some client of another dialect is given it beside what is modelled (a usage's extras, a citation's raw).
- left: no client of another dialect hears of it. To those of the same dialect the upstream's own bytes go.
"""

import json
from collections.abc import Iterator
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


def documents(case: Case) -> Iterator[tuple[Any, Frame | None]]:
    """Each JSON document of a case, and the frame it stands in."""
    frames = frames_of(case) if case.kind == "stream" else [None]
    for frame in frames:
        try:
            yield json.loads(case.body if frame is None else frame.data), frame
        except ValueError:
            continue


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
    before, after = said(case, None), said(case, path)
    if [*map(bare, before)] != [*map(bare, after)]:
        return MAPPED
    return CARRIED if told(case, before) != told(case, after) else LEFT


def said(case: Case, path: str | None) -> list[Event | SealinkError]:
    """What a case's bytes say, with the field changed."""
    upstream = upstream_of(case.api)
    try:
        if case.kind == "error":
            headers = list(case.meta["response_headers"].items())
            return [upstream.read_error(case.meta["status"], headers, encoded(case.body, path))]
        if case.kind == "json":
            return [*upstream.decode_whole(encoded(case.body, path))]
        decoder = upstream.decoder()
        changed = (replace(frame, data=encoded(frame.data, path)) for frame in frames_of(case))
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


def encoded(data: bytes, path: str | None) -> bytes:
    """The document written anew, changed or not: white space makes no difference."""
    try:
        value = json.loads(data)
    except ValueError:
        return data
    return json.dumps(value if path is None else changed(value, path), ensure_ascii=False).encode()


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
