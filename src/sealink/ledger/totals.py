"""Sums over requests, as `sealink usage` shows them."""

from typing import Literal

import msgspec

By = Literal["model", "key", "task", "day"]
"""What requests are grouped by; a day is one in UTC."""


class Totals(msgspec.Struct):
    """Sums over requests. `not_done` ones ended otherwise than "done"; `unpriced` ones were not
    refused, and have no known cost.

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

    def add(self, other: "Totals") -> None:
        """Add the other sums to these."""
        for name in self.__struct_fields__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


class Summary(msgspec.Struct):
    """Sums by group. `waiting` requests are counted and not yet in the store; `open` ones are not counted.

    The group None has the requests without a task.
    """

    by: By
    groups: dict[str | None, Totals]
    total: Totals
    waiting: int
    open: int
