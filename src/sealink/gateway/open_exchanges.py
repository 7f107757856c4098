"""The exchanges of this process that have not ended yet."""

from collections.abc import Container
from typing import Literal, Protocol

import msgspec

from sealink.access.keys import ApiKey

StreamState = Literal["waiting", "streaming", "paused", "left"]
"""`waiting` for the first content; `paused`: its client does not read; `left`: that has gone, the answer is read on."""


class OpenStream(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An open stream as it is now. `provider` and `served_model` are those of the target that answers, None while
    there is none. `age_s`, and `gap_s` since something came from the upstream, are in seconds, `ttft_ms` in
    milliseconds. `tokens` of the answer so far are those that the provider has reported, else an estimate by the length
    of the text (`is_estimated`)."""

    id: str
    key: str
    team: str | None
    model: str
    client: str
    provider: str | None
    served_model: str | None
    started_at: float
    age_s: float
    ttft_ms: float | None
    tokens: int
    is_estimated: bool
    gap_s: float
    heartbeats: int
    bytes_sent: int
    state: StreamState

    @property
    def tokens_per_s(self) -> float | None:
        """Since the first content; None before it."""
        if self.ttft_ms is None:
            return None
        return self.tokens / max(self.age_s - self.ttft_ms / 1000, 0.001)


class OpenExchange(Protocol):
    """An exchange that can be looked at, and ended, from outside."""

    @property
    def id(self) -> str: ...
    @property
    def started_at(self) -> float: ...
    @property
    def key(self) -> ApiKey: ...
    @property
    def is_stream(self) -> bool: ...
    @property
    def is_waiting(self) -> bool:
        """Whether its answer has not begun."""

    def now(self) -> OpenStream:
        """How far a stream has got."""

    def end_by_operator(self) -> None: ...
    def revoke(self) -> None:
        """End it, because its key was revoked."""


def _started_at(exchange: OpenExchange) -> float:
    return exchange.started_at


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

    def streams(self, most: int) -> tuple[list[OpenStream], int]:
        """The newest open streams as they are now, and how many there are. Only who asks pays for it."""
        found = [exchange for exchange in self._open if exchange.is_stream]
        newest = sorted(found, key=_started_at, reverse=True)[:most]
        return [exchange.now() for exchange in newest], len(found)

    def __len__(self) -> int:
        return len(self._open)

    @property
    def waiting(self) -> int:
        """Requests whose answers have not begun. Only who asks pays for it."""
        return sum(exchange.is_waiting for exchange in self._open)

    def end(self, request_id: str) -> bool:
        """End a stream, on behalf of whoever runs SeaLink. False if there is none of that id."""
        found = next((exchange for exchange in self._open if exchange.id == request_id), None)
        if found is None:
            return False
        found.end_by_operator()
        return True
