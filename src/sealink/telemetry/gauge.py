"""A number that goes up and down, and what several processes' numbers come to."""

from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from operator import add
from typing import Final, Literal

import msgspec


class Gauge(msgspec.Struct, frozen=True):
    """A number that goes up and down, or one that only grows (`only_grows`). `samples` are its values by those of the
    labels; `across` says what several processes' values come to."""

    name: str
    help: str
    samples: dict[tuple[str, ...], float]
    labels: tuple[str, ...] = ()
    across: Literal["sum", "max", "min"] = "sum"
    only_grows: bool = False


_ACROSS: Final[dict[str, Callable[[float, float], float]]] = {"sum": add, "max": max, "min": min}


def merged(processes: Iterable[Sequence[Gauge]]) -> list[Gauge]:
    """The gauges of several processes as those of one."""
    total: dict[str, Gauge] = {}
    for gauge in chain.from_iterable(processes):
        samples = total.setdefault(gauge.name, msgspec.structs.replace(gauge, samples={})).samples
        across = _ACROSS[gauge.across]
        for values, number in gauge.samples.items():
            samples[values] = across(samples[values], number) if values in samples else number
    return list(total.values())
