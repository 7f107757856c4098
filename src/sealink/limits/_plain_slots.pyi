"""Built from _plain_slots.c, where there is a C compiler."""

from collections.abc import Sequence
from typing import Literal

from sealink.limits.plain_slots import Admitted, Asked, Cells, Prices
from sealink.limits.subjects import Cost

def admit(
    cells: Cells, terms: bytes, now_ns: int, need: Asked, cost: Cost | Prices, is_counted: bool, /
) -> Admitted | Literal[False] | None: ...
def settle(
    cells: Cells,
    terms: bytes,
    now_ns: int,
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
