"""Built from _plain_slots.c, where there is a C compiler."""

from sealink.limits.plain_slots import Admitted, Cells

def admit(
    cells: Cells,
    fd: int,
    process: int,
    now_ns: int,
    terms: bytes,
    prompt_tokens: int,
    answer_tokens: int,
    is_stated: bool,
    streams: int,
    needed: int,
    wanted: int,
    spare: int,
    /,
) -> Admitted | None: ...
def settle(
    cells: Cells,
    fd: int,
    process: int,
    now_ns: int,
    terms: bytes,
    held_tokens: tuple[int, ...],
    at_ns: int,
    started_s: int,
    tokens: int,
    price: int,
    streams: int,
    reserved: int,
    number: int,
    /,
) -> bool | None: ...
