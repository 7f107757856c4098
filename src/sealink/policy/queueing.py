"""Who is next where requests wait in line for a limit, for how long they may, and who gives way where too many do.

A limit has a line of its own. In it keys take turns, so that one with a thousand requests holds nobody up by more than
one of them at a time; within a key it is first come, first served.
"""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final, NamedTuple

from sealink.policy.limits import Code, Excess

_S: Final = 10**9
_FREED_BY_TIME: Final[frozenset[Code]] = frozenset({"requests", "requests_per_day"})
"""Limits that only the clock frees. Tokens and streams come back when requests end, at a time that nobody knows."""


class Place(NamedTuple):
    """A request that waits: its key, and a number that is the higher the later it came."""

    key: str
    number: int


class FairLine:
    """The places in one line."""

    def __init__(self) -> None:
        self._keys: OrderedDict[str, list[int]] = OrderedDict()
        """The numbers of each key, in their order; the keys, in the order of their turns."""

    def __len__(self) -> int:
        return sum(map(len, self._keys.values()))

    @property
    def first(self) -> Place | None:
        """Whose turn it is; None: nobody waits."""
        for key, numbers in self._keys.items():
            return Place(key, numbers[0])
        return None

    def join(self, place: Place) -> None:
        """Wait behind those of the same key that came before; a key that is new here has its turn after all others."""
        insort(self._keys.setdefault(place.key, []), place.number)

    def leave(self, place: Place) -> None:
        """Wait no longer."""
        numbers = self._keys[place.key]
        del numbers[bisect_left(numbers, place.number)]
        if not numbers:
            del self._keys[place.key]

    def has_had_turn(self, key: str) -> None:
        """A request of this key was let in: now it is the others' turn."""
        if key in self._keys:
            self._keys.move_to_end(key)


def may_wait(excess: Excess, left_s: float) -> bool:
    """Whether a request that has so much time left may come under the limit in it."""
    if excess.wait_ns is None or left_s <= 0:
        return False
    return excess.code not in _FREED_BY_TIME or excess.wait_ns <= left_s * _S


def look_again_s(excess: Excess, poll_s: float) -> float:
    """When it is worth another look: as the clock frees the limit; every `poll_s` where requests that end may free it,
    in whichever process."""
    wait_s = (excess.wait_ns or 0) / _S
    return wait_s if excess.code in _FREED_BY_TIME else min(wait_s, poll_s)


def gives_way(waiting: Mapping[str, int], newcomer: str) -> str:
    """The key whose latest request waits no longer, where no more may wait: the one that has the most of them."""
    most = max(waiting, key=waiting.__getitem__, default=newcomer)
    return most if waiting.get(most, 0) > waiting.get(newcomer, 0) + 1 else newcomer
