"""Faults that the simulated provider can produce: their names, and the syntax that asks for them.

    stall@headers                   no response at all, until the client disconnects
    status=429,retry-after=2        an error response with a retry-after header
    close@0                         the connection is closed after the headers and the opening frames
    truncate=700,gzip               a compressed body that is cut off after 700 bytes

A fault is `NAME`, `NAME=VALUE`, `NAME@PLACE` or `NAME=VALUE@PLACE`; several are separated by commas. The place is
`headers` (before anything is sent) or a number of tokens (0: after the opening frames, before any content; more than
the answer has: before the closing frames). In an answer that is not streamed, each tenth of the body counts as a token.
faulty_answer.py and faulty_body.py produce them.
"""

import re
from collections.abc import Iterable, Sequence
from random import Random
from typing import Final

import msgspec

from sealink.errors import InvalidRequest

FAULT_HEADER: Final = "x-sealink-sim-fault"
"""The request header that asks for faults. The response has it too, with the faults that were applied."""

MODEL_MARK: Final = "+"
"""Separates a model's name from faults, as in `sealink/sim+reset@3`: for use behind a gateway, which does not forward
the header but sends each target the model name in its config."""

HEADERS: Final = -1
"""The place before anything is sent."""

MIDSTREAM: Final = 5
"""The default place of a fault, in tokens."""


class Kind(msgspec.Struct, frozen=True):
    """A kind of fault: `does` describes it.

    `value` describes its number and names the unit, "" if it takes none. `default` is the default of that number; None
    if it is required. `placed` is whether it takes a place.
    """

    does: str
    value: str = ""
    default: float | None = None
    placed: bool = False


FAULTS: Final = {
    "stall": Kind("nothing more is sent for so long", "seconds, 0 for ever", 0, placed=True),
    "close": Kind("the connection is closed (FIN) without an end of the response", placed=True),
    "reset": Kind("the connection is reset (RST)", placed=True),
    "end": Kind("the response ends as HTTP has it, the rest of the answer missing", placed=True),
    "error": Kind("an error event, then the end of the response", placed=True),
    "garbage": Kind("bytes that make no sense; before the headers, instead of HTTP", "bytes", 64, placed=True),
    "bad-json": Kind("a frame with data that is not JSON", placed=True),
    "half-utf8": Kind("a token with a character that lacks its last byte", placed=True),
    "long-frame": Kind("a token that makes one long frame", "bytes", 10_000_000, placed=True),
    "endless": Kind("what was sent last is sent again and again, for ever", placed=True),
    "truncate": Kind("the connection is closed after so much of the body", "bytes"),
    "status": Kind("an error with this status instead of an answer", "HTTP status", 500),
    "retry-after": Kind("the header of that name, on an error's response", "seconds"),
    "one-byte": Kind("the body comes byte by byte, each in a write and an HTTP chunk of its own"),
    "crlf": Kind("lines end in CR LF"),
    "gzip": Kind("the body is compressed, and content-encoding says so"),
    "gzip-unnamed": Kind("the body is compressed, and no header says so"),
    "no-end-mark": Kind("the last frame is missing: [DONE], message_stop"),
    "no-finish": Kind("the frame with the reason for the end is missing"),
    "double-usage": Kind("the frame with the usage comes twice"),
    "tool-index": Kind("all tool calls say that they have index 0; their ids tell them apart"),
}
"""All kinds of faults, by name."""


class Fault(msgspec.Struct, frozen=True):
    """One fault of an answer. `value` is in its kind's unit, `place` in tokens (HEADERS: before the response)."""

    name: str
    value: float = 0
    place: int = MIDSTREAM

    def __str__(self) -> str:
        kind = FAULTS[self.name]
        value = f"={self.value:.12g}" if kind.value else ""
        place = "headers" if self.place == HEADERS else self.place
        return f"{self.name}{value}@{place}" if kind.placed else f"{self.name}{value}"


class Chance(msgspec.Struct, frozen=True):
    """Faults that happen together to an answer, with a probability of 0 to 1."""

    faults: tuple[Fault, ...]
    probability: float


_FAULT: Final = re.compile(r"([a-z0-9-]+)(?:=(\d+(?:\.\d+)?))?(?:@(headers|\d+))?")


def read_faults(text: str, param: str) -> list[Fault]:
    """Parse faults. Raises InvalidRequest, for `param`, the request field or header that holds the text."""
    return [_read_fault(part.strip(), param) for part in text.split(",") if part.strip()]


def read_chance(text: str) -> Chance:
    """Parse `FAULTS=PROBABILITY`, for example `status=429,retry-after=2=0.05`. Raises InvalidRequest."""
    faults, _, number = text.rpartition("=")
    if not re.fullmatch(r"0?\.\d+|[01](\.0*)?", number) or not faults:
        raise InvalidRequest(f"{text!r} does not end in =PROBABILITY, a number from 0 to 1.", param="fault")
    return Chance(tuple(read_faults(faults, "fault")), float(number))


def split_model(model: str) -> tuple[str, str]:
    """A model name without its faults, and the text of the faults."""
    name, _, faults = model.partition(MODEL_MARK)
    return name, faults


def drawn(chances: Iterable[Chance], dice: Random) -> list[Fault]:
    """The faults that happen to one answer, drawn at random."""
    return [fault for chance in chances if dice.random() < chance.probability for fault in chance.faults]


def named(faults: Sequence[Fault], name: str) -> Fault | None:
    """The first fault of this kind, if there is one."""
    return next((fault for fault in faults if fault.name == name), None)


def described() -> str:
    """All kinds of faults, one a line, for `sealink sim --help`."""
    return "\n".join(_described(name, kind) for name, kind in FAULTS.items())


def _described(name: str, kind: Kind) -> str:
    syntax = name + ("=N" if kind.value else "") + ("@PLACE" if kind.placed else "")
    default = "" if kind.default is None else f"; default {kind.default:.0f}"
    return f"{syntax}: {kind.does}" + (f" (N: {kind.value}{default})" if kind.value else "")


def _read_fault(text: str, param: str) -> Fault:
    found = _FAULT.fullmatch(text)
    kind = FAULTS.get(found[1]) if found else None
    if found is None or kind is None:
        raise InvalidRequest(f"There is no fault {text!r}. There are: {', '.join(FAULTS)}.", param=param)
    name, value, place = found.groups()
    if value and not kind.value:
        raise InvalidRequest(f"The fault {name!r} takes no value.", param=param)
    if kind.value and kind.default is None and not value:
        raise InvalidRequest(f"The fault {name!r} needs a value: {name}=N, in {kind.value}.", param=param)
    if place and not kind.placed:
        raise InvalidRequest(f"The fault {name!r} takes no place.", param=param)
    at = MIDSTREAM if place is None else HEADERS if place == "headers" else int(place)
    return Fault(name, float(value or kind.default or 0), at)
