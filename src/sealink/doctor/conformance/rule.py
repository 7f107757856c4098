"""The shape of a rule, and what the rules look at."""

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any, Final

import msgspec

from sealink.doctor.reception import Reception
from sealink.wire.framing.frame import Frame
from sealink.wire.framing.sse import SseFramer

Json = dict[str, Any]

PLAIN: Final = "plain"
USAGE: Final = "usage"
TOOLS: Final = "tools"
CUT: Final = "cut"
WHOLE: Final = "whole"
WRONG: Final = "wrong"
BEARER: Final = "bearer"
"""The exchanges of an API: a stream, one with its usage asked for, one with a tool call, one that its model breaks off
(the simulated one only), an answer that is not streamed, a request that is wrong, and one with a bearer token where
another header is usual."""

STREAMS: Final = (PLAIN, USAGE, TOOLS, CUT)


class Event(msgspec.Struct, frozen=True):
    """A frame whose data was parsed: `payload` is None for `[DONE]` and for what is not a JSON object."""

    frame: Frame
    payload: Json | None


class Unanswered(Exception):
    """A rule looks at an exchange that was not answered in time."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the exchange {name!r} was not answered")


class Transcript(msgspec.Struct, frozen=True, dict=True):
    """What was received in one API, by the name of the exchange. `unanswered` says of others what was waited for in
    vain; to look at one of them raises Unanswered."""

    exchanges: dict[str, Reception]
    unanswered: dict[str, str] = {}

    def received(self, name: str) -> Reception:
        if name in self.unanswered:
            raise Unanswered(name)
        return self.exchanges[name]

    def has(self, name: str) -> bool:
        """Whether an exchange was asked for."""
        return name in self.exchanges or name in self.unanswered

    def events(self, name: str) -> list[Event]:
        """The events of a stream; none if it was not asked for."""
        return list(events(self.received(name).body)) if self.has(name) else []

    @cached_property
    def streams(self) -> dict[str, list[Event]]:
        """The streams that were asked for and are meant to come whole."""
        return {name: self.events(name) for name in self._answered(PLAIN, USAGE, TOOLS)}

    @property
    def receptions(self) -> list[Reception]:
        """Those of all streams."""
        return [self.exchanges[name] for name in self._answered(*STREAMS)]

    def parsed(self, name: str) -> Json | None:
        """The JSON object that an exchange was answered with; None if it is none, or was not asked for."""
        return json_object(self.received(name).body) if self.has(name) else None

    def _answered(self, *names: str) -> list[str]:
        """Those of these exchanges that were answered. Raises Unanswered if none was."""
        found = [name for name in names if name in self.exchanges]
        if not found and names[0] in self.unanswered:
            raise Unanswered(names[0])
        return found


class Rule(msgspec.Struct, frozen=True):
    """`name` is what the scorecard calls it, `says` the rule in words. `judge` gives what is wrong, "" if nothing is;
    None where the rule has nothing to look at."""

    name: str
    says: str
    judge: Callable[[Transcript], str | None]


def events(body: bytes) -> Iterator[Event]:
    """The frames with data of a stream."""
    framer = SseFramer()
    for frame in [*framer.feed(body), *framer.close()]:
        if frame.data or frame.event:
            yield Event(frame, json_object(frame.data))


def json_objects(events: list[Event]) -> list[Json]:
    """The JSON objects among the data of a stream."""
    return [event.payload for event in events if event.payload is not None]


def json_object(data: bytes) -> Json | None:
    try:
        return msgspec.json.decode(data, type=Json)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None


def first(faults: Iterator[str]) -> str:
    """The first of several faults; "" if there is none."""
    return next(faults, "")


def event_names_fault(transcript: Transcript) -> str | None:
    """Where events have names, each is the type that its data says."""
    return first(
        f"event: {event.frame.event.decode(errors='replace')}, data: {event.frame.data[:50]!r}"
        for events in transcript.streams.values()
        for event in events
        if event.payload is None or event.payload.get("type") != event.frame.event.decode(errors="replace")
    )


def missing_header_fault(transcript: Transcript, name: str) -> str | None:
    """A header that every answer must have."""
    if not transcript.exchanges:
        return None
    missing = [exchange for exchange, came in transcript.exchanges.items() if name not in came.headers]
    return f"none with the exchange {missing[0]!r}" if missing else ""
