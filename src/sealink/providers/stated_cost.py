"""What an answer costs, where the vendor says so itself, in the answer's usage."""

from decimal import Decimal, InvalidOperation
from typing import Final

import msgspec

from sealink.catalog.rates import NANO
from sealink.wire.raw_json.fields import TRUE, Fields, object_of, utf8

_MAX_USD: Final = 1_000_000
"""No request costs more. A number that says so is wrong."""


class StatedCost(msgspec.Struct, frozen=True):
    """Where in `usage` a vendor says what it charges: the `path` of the field, and how many of its unit are a dollar.

    `own_key_path`: what another vendor charges to the operator's own key there, if `is_byok` says that one was used.
    """

    path: tuple[str, ...]
    per_usd: int = 1
    own_key_path: tuple[str, ...] = ()

    def nano_usd(self, usage: Fields) -> int | None:
        """Nano-dollars, rounded half up; None where nothing is said that can be charged."""
        cost = _amount(usage, self.path)
        if cost is not None and self.own_key_path and usage.get("is_byok") == TRUE:
            own = _amount(usage, self.own_key_path)
            cost = None if own is None else cost + own
        if cost is None or cost / self.per_usd > _MAX_USD:
            return None
        return int(cost * NANO / self.per_usd + Decimal("0.5"))


def _amount(usage: Fields, path: tuple[str, ...]) -> Decimal | None:
    """A number, or a text that is one. None for anything else, and below 0."""
    *parents, name = path
    fields: Fields | None = usage
    for parent in parents:
        fields = object_of((fields or {}).get(parent))
    raw = (fields or {}).get(name)
    if raw is None:
        return None
    try:
        amount = Decimal(utf8(raw).decode().strip('"'))
    except (InvalidOperation, UnicodeDecodeError):
        return None
    return amount if amount.is_finite() and amount >= 0 else None
