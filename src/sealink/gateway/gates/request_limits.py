"""How many messages and tools a request may have: each of them costs more than its bytes."""

from typing import Final

from sealink.errors import InvalidRequest
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.wire.raw_json.fields import array_of

_MIN_BYTES: Final = 2
"""What an element of an array takes at least, with its comma: shorter arrays need not be counted."""


class RequestLimits:
    """A Gate. Refuses a request with more messages, or items of input, or tools, than are allowed."""

    def __init__(self, *, max_messages: int, max_tools: int) -> None:
        self._limits = {"messages": max_messages, "input": max_messages, "tools": max_tools}
        self._short_bytes = min(max_messages, max_tools) * _MIN_BYTES

    def admit(self, request: AdmittedRequest) -> None:
        """Raises InvalidRequest, naming the field."""
        head = request.request.head
        if len(head.body) <= self._short_bytes:
            return
        fields = head.fields
        for name, limit in self._limits.items():
            raw = fields.get(name)
            if raw is None or memoryview(raw).nbytes <= limit * _MIN_BYTES:
                continue
            if (count := len(array_of(raw) or ())) > limit:
                message = f"`{name}` has {count} elements, but at most {limit} are allowed."
                raise InvalidRequest(message, code="array_above_max_length", param=name)
