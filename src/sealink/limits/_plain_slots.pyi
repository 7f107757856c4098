"""Built from _plain_slots.c, where there is a C compiler."""

from collections.abc import Sequence
from typing import Literal

from sealink.limits.plain_slots import Admitted, Cells
from sealink.limits.subjects import Cost
from sealink.policy.limits import Need

def admit(
    cells: Cells, terms: bytes, now_ns: int, need: Need, cost: Cost, is_counted: bool, /
) -> Admitted | Literal[False] | None: ...
def settle(
    cells: Cells,
    terms: bytes,
    now_ns: int,
    at_ns: int,
    started_s: int,
    streams: int,
    reserved: int,
    tokens: int,
    price: int,
    number: int,
    held_tokens: Sequence[int],
    /,
) -> bool | None: ...
