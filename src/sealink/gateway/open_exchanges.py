"""The exchanges of this process that have not ended yet."""

from collections.abc import Container
from typing import Protocol

from sealink.access.keys import ApiKey


class OpenExchange(Protocol):
    """An exchange that can be ended from outside."""

    @property
    def key(self) -> ApiKey: ...
    def revoke(self) -> None:
        """End it, because its key was revoked."""


class OpenExchanges:
    """Each exchange adds itself when it begins, and removes itself when it ends."""

    def __init__(self) -> None:
        self._open: set[OpenExchange] = set()
        self.add = self._open.add
        self.remove = self._open.discard

    def revoke(self, keys: Container[str], teams: Container[str]) -> None:
        """End those of these keys, and of the keys of these teams."""
        for exchange in list(self._open):
            if exchange.key.name in keys or exchange.key.team in teams:
                exchange.revoke()
