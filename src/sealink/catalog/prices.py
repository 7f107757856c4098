"""What an answer costs, by the price list that SeaLink comes with."""

import time
from collections.abc import Callable
from functools import lru_cache
from importlib import import_module

from sealink.usage import Usage

_HOUR_S = 3600


def load_prices() -> None:
    """Import the price list now, which else the first request that is priced, and all beside it, would wait for."""
    import_module("sealink.catalog.price_list")


def price_nano_usd(usage: Usage, provider: str, model: str) -> int | None:
    """The price of an answer in nano-dollars, rounded half up; None where the list does not know the model."""
    price = _pricer_of(provider, model, int(time.time() // _HOUR_S))
    if price is None:
        return None
    return price(usage if usage.billed is None else Usage(*usage.billed))


@lru_cache(maxsize=1024)
def _pricer_of(provider: str, model: str, hour: int) -> Callable[[Usage], int] | None:
    """Looked up anew each hour: some prices depend on the time of day."""
    from sealink.catalog.price_list import pricer_of

    return pricer_of(provider, model)
