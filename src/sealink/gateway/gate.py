"""What a gate of admission is."""

from collections.abc import Awaitable
from typing import Protocol

from sealink.gateway.admitted_request import AdmittedRequest
from sealink.limits.asked import Asked

Waiting = Awaitable[None] | Asked[Awaitable[None] | None]
"""What a gate waits for: something that it has asked elsewhere, or whatever else."""


class Gate(Protocol):
    """One more condition that a request must meet, such as a limit or a budget."""

    def admit(self, request: AdmittedRequest) -> Waiting | None:
        """Raise a SealinkError to refuse the request. None: it is let in. Only a gate that has to ask elsewhere, or
        has the request wait, returns what does one or the other later."""
