"""The exchanges of this process that have not ended yet."""

from collections.abc import Container
from itertools import chain, islice
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


RowLength = Literal["short", "whole"]

StreamRow = (
    tuple[str, StreamState, int, bool, float, int]
    | tuple[str, StreamState, int, bool, float, int, float, float | None, str, str, str | None, str | None]
)
"""The same for who looks every second: `id`, `state`, `tokens`, `is_estimated`, when something came from the upstream
(by the event loop's clock; inf while it is not read) and `heartbeats`. A whole row goes on with `age_s`, `ttft_ms`,
`key`, `model`, `provider` and `served_model`."""


class OpenExchange(Protocol):
    """An exchange that can be looked at, and ended, from outside."""

    @property
    def id(self) -> str: ...
    @property
    def key(self) -> ApiKey: ...
    @property
    def is_stream(self) -> bool: ...
    @property
    def is_waiting(self) -> bool:
        """Whether its answer has not begun."""

    def now(self) -> OpenStream:
        """How far a stream has got."""

    def row(self, turn: int) -> StreamRow:
        """The same in short; whole unless that was told in the turn before, with the first content: from then on the
        rest does not change."""

    def end_by_operator(self) -> None: ...
    def revoke(self) -> None:
        """End it, because its key was revoked."""


class OpenExchanges:
    """Each exchange adds itself when it begins, and removes itself when it ends."""

    def __init__(self) -> None:
        self._streams: dict[OpenExchange, None] = {}  # in the order in which they began
        self._others: dict[OpenExchange, None] = {}
        self._turn = 0

    def add(self, exchange: OpenExchange) -> None:
        (self._streams if exchange.is_stream else self._others)[exchange] = None

    def remove(self, exchange: OpenExchange) -> None:
        (self._streams if exchange.is_stream else self._others).pop(exchange, None)

    def revoke(self, keys: Container[str], teams: Container[str]) -> None:
        """End those of these keys, and of the keys of these teams."""
        for exchange in [*self._streams, *self._others]:
            if exchange.key.name in keys or exchange.key.team in teams:
                exchange.revoke()

    def streams(self, most: int) -> tuple[list[OpenStream], int]:
        """The newest open streams as they are now, and how many there are. Only who asks pays for it."""
        return [exchange.now() for exchange in islice(reversed(self._streams), most)], len(self._streams)

    def rows(self, most: int, length: RowLength) -> tuple[list[StreamRow], int]:
        """The same in short. A row is whole, if all of them are not to be, where the one before has not told it all."""
        self._turn = turn = self._turn + (1 if length == "short" else 2)  # as if one had been left out
        return [exchange.row(turn) for exchange in islice(reversed(self._streams), most)], len(self._streams)

    def __len__(self) -> int:
        return len(self._streams) + len(self._others)

    @property
    def waiting(self) -> int:
        """Requests whose answers have not begun. Only who asks pays for it."""
        return sum(exchange.is_waiting for exchange in chain(self._streams, self._others))

    def end(self, request_id: str) -> bool:
        """End a stream, on behalf of whoever runs SeaLink. False if there is none of that id."""
        found = next((exchange for exchange in chain(self._streams, self._others) if exchange.id == request_id), None)
        if found is None:
            return False
        found.end_by_operator()
        return True
