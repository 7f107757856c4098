"""How often something costly (a retry, a hedged attempt) may be done: for a share of the requests.

Without that limit, an outage would multiply the requests to the providers that are left.
"""

from typing import Final

MAX_SAVED: Final = 10.0
"""The size of the bucket, which is full at the start."""


class TokenBucket:
    """A bucket into which each request puts a share of a token, and from which each use takes a whole one."""

    def __init__(self, share: float) -> None:
        self._share = share
        self._saved = MAX_SAVED

    def request(self) -> None:
        """A request has come."""
        self._saved = min(MAX_SAVED, self._saved + self._share)

    def take(self) -> bool:
        """Take a token. False if there is none: the use must not happen."""
        if self._saved < 1.0:
            return False
        self._saved -= 1.0
        return True
