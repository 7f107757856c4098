"""Built from _plain_slots.c, where there is a C compiler."""

from collections.abc import Sequence
from typing import Literal

from sealink.limits.plain_slots import Asked, Cells, LaidOut, PlainLease, Prices, Terms
from sealink.limits.subjects import Cost, Subject
from sealink.policy.limits import Left

def admit(
    lease: type[PlainLease],
    subjects: Sequence[Subject],
    started_s: float,
    terms: Terms,
    cells: Cells,
    packed: bytes,
    clock_ns: int,
    need: Asked,
    cost: Cost | Prices,
    is_counted: bool,
    laid_out: LaidOut | None,
    /,
) -> PlainLease | Literal[False] | None: ...
def cost(need: Asked, rates: Prices, /) -> tuple[int, int, bool, int] | None: ...
def lines(laid_out: LaidOut, requests: Left | None, tokens: Left | None, /) -> str | None: ...
def settle(
    cells: Cells,
    packed: bytes,
    clock_ns: int,
    at_ns: int,
    started_s: float,
    streams: int,
    reserved: int,
    tokens: int,
    price: int,
    request: str | int,
    held_tokens: Sequence[int],
    /,
) -> bool | None: ...
