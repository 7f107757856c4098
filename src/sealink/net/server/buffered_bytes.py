"""How many bytes of request bodies a server holds, of all connections together, and how many it may."""

import sys

from sealink.errors import ServiceUnavailable


class BufferedBytes:
    """Whoever takes a body in adds its bytes to `held`, and whoever lets go of it subtracts them."""

    __slots__ = ("held", "limit")

    def __init__(self, limit: int = sys.maxsize) -> None:
        self.held = 0
        self.limit = limit

    @property
    def left(self) -> int:
        return self.limit - self.held

    def full(self) -> ServiceUnavailable:
        """What a request is told that does not fit."""
        return ServiceUnavailable(
            f"The requests that are being answered take all of the {self.limit} bytes that there are for them "
            "(max_buffered_bytes). Try again."
        )
