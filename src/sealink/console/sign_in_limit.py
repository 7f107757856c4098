"""How often an address may try to sign in with a wrong token."""

import ipaddress
import time
from collections.abc import Callable
from typing import Final

MAX_ADDRESSES: Final = 10_000
"""Of which failures are kept; beyond it those of the oldest are forgotten."""
_IPV6_NETWORK: Final = 64
"""One who has an IPv6 address has as many as fit behind these bits."""


class SignInLimit:
    """After so many failures within `window_s` an address has to wait. Others are let in as ever."""

    def __init__(self, attempts: int, window_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._attempts = attempts
        self._window_s = window_s
        self._clock = clock
        self._failed: dict[str, list[float]] = {}

    def wait_s(self, address: str) -> float:
        """How long an address has to wait; 0: it may try."""
        failed = self._recent(_network(address))
        return failed[-self._attempts] + self._window_s - self._clock() if len(failed) >= self._attempts else 0.0

    def fail(self, address: str) -> None:
        """It has sent a wrong token."""
        network = _network(address)
        failed = self._recent(network)
        self._failed.pop(network, None)
        if len(self._failed) >= MAX_ADDRESSES:
            del self._failed[next(iter(self._failed))]
        self._failed[network] = [*failed, self._clock()][-self._attempts :]

    def _recent(self, network: str) -> list[float]:
        since = self._clock() - self._window_s
        return [at for at in self._failed.get(network, ()) if at > since]


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:  # of a Unix socket, say
        return address
    if found.version == 4:
        return address
    return str(ipaddress.ip_network((found.packed, _IPV6_NETWORK), strict=False))
