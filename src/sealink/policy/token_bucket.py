"""How often something costly may be done: for a share of the requests, so that trouble does not multiply itself."""

from typing import Final

MAX_SAVED: Final = 10.0
"""So many uses are there from the start, and can be saved up."""


class TokenBucket:
    """A purse that every request puts a share of a use into, and every use takes one out of."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._saved = MAX_SAVED

    def request(self) -> None:
        self._saved = min(MAX_SAVED, self._saved + self._share)

    def take(self) -> bool:
        """Whether one more use can be afforded; if so it is paid."""
        if self._saved < 1.0:
            return False
        self._saved -= 1.0
        return True
