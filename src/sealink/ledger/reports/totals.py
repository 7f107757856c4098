"""Sums over requests, as `sealink usage` shows them."""

from typing import Final, Literal, get_args

import msgspec

By = Literal["model", "key", "team", "task", "day", "provider"]
"""What requests are grouped by; a day is one in UTC."""
BYS: Final[tuple[By, ...]] = get_args(By)


class Totals(msgspec.Struct):
    """Sums over requests. `not_done` ones ended otherwise than "done"; `unpriced` ones were not
    refused, and have no known cost.

    `cost_nano_usd` is what providers charge, `price_nano_usd` what clients are charged: the cost with the markup.
    `estimated_cost_nano_usd` is the part of the cost whose tokens were not reported by the provider;
    `hedge_cost_nano_usd` comes on top of the cost.
    """

    requests: int = 0
    not_done: int = 0
    unpriced: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_read_tokens: int = 0
    cached_write_tokens: int = 0
    reasoning_tokens: int = 0
    cost_nano_usd: int = 0
    estimated_cost_nano_usd: int = 0
    hedge_cost_nano_usd: int = 0
    price_nano_usd: int = 0

    def add(self, other: "Totals") -> None:
        """Add the other sums to these."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


Group = tuple[str | None, ...]
"""The values that a group's requests have in common, in the order of what they are grouped by; None: they have none."""


class Summary(msgspec.Struct):
    """Sums by group. `waiting` requests are counted and not yet in the store; `open` ones are not counted."""

    by: tuple[By, ...]
    groups: dict[Group, Totals]
    total: Totals
    waiting: int
    open: int

    def named(self) -> list[dict[str, object]]:
        """The groups, each with its values by their names and its sums."""
        return [
            {**dict(zip(self.by, group, strict=True)), **msgspec.structs.asdict(totals)}
            for group, totals in self.groups.items()
        ]


def by_of(text: str) -> tuple[By, ...]:
    """What to group by, from `model,key`. Raises ValueError."""
    names = [name.strip() for name in text.split(",")]
    known: list[By] = [by for name in names for by in BYS if by == name]
    wrong = [name for name in names if name not in BYS]
    if wrong or len(set(known)) < len(known):
        raise ValueError(f"{text!r} is not a list of {', '.join(BYS)}" if wrong else f"{text!r} names one twice")
    return tuple(known)
