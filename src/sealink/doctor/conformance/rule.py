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


class Transcript(msgspec.Struct, frozen=True, dict=True):
    """What was received in one API, by the name of the exchange."""

    exchanges: dict[str, Reception]

    def events(self, name: str) -> list[Event]:
        """The events of a stream; none if it was not asked for."""
        came = self.exchanges.get(name)
        return list(events(came.body)) if came is not None else []

    @cached_property
    def streams(self) -> dict[str, list[Event]]:
        """The streams that were asked for and are meant to come whole."""
        return {name: self.events(name) for name in (PLAIN, USAGE, TOOLS) if name in self.exchanges}

    def parsed(self, name: str) -> Json | None:
        """The JSON object that an exchange was answered with; None if it is none, or was not asked for."""
        came = self.exchanges.get(name)
        return json_object(came.body) if came is not None else None


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
    missing = [exchange for exchange, came in transcript.exchanges.items() if name not in came.headers]
    return f"none with the exchange {missing[0]!r}" if missing else ""
