"""An admission on its way to Redis and back, for whoever is called with the answer instead of waiting in a task."""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from sealink.limits.asked import Asked, Decided
from sealink.limits.decision import refusal_of
from sealink.limits.nodes.answers import UNKNOWN, Answer, Reply, admitted, is_known
from sealink.limits.nodes.batch import Batch, NodeLease, Supply
from sealink.limits.nodes.commands import UNLIMITED, Terms
from sealink.limits.nodes.connection import RedisAway
from sealink.limits.subjects import Cost, Lease, Refusal, Subject
from sealink.policy.limits import Need


class Opening(Protocol):
    """The counters of a process: a NodeCounters."""

    def opened(self, lease: NodeLease, batch: Batch | None) -> None: ...
    def undo(self, lease: Lease) -> None: ...
    def fall_behind(self, subjects: Iterable[Subject]) -> None: ...


class Asking(Asked[Decided], eq=False):
    """An admission that Redis was asked for. There is an answer, too, when it is away. `unknown`: subjects of which it
    has to be told first what they have spent. `supply`: what gets the others, where more than one was asked for."""

    _counters: Opening
    _subjects: Sequence[Subject]
    _terms: Terms
    _tokens: Sequence[int]
    _need: Need
    _cost: Cost
    _now_s: float
    _decide: Callable[[NodeLease | Refusal | None], Decided]
    _found: NodeLease | Refusal | None = None
    _is_given_up: bool = False
    supply: Supply | None = None
    unknown: Sequence[Subject] = ()

    def decide(self) -> Decided:
        """What is made of the lease or the refusal; of None where it has to be asked for again, by `admit`."""
        return self._decide(self._found)

    def give_up(self) -> None:
        """Nobody waits for the answer any longer: what is granted goes back."""
        self._is_given_up = True
        if isinstance(self._found, NodeLease):
            self._counters.undo(self._found)

    def answered(self, reply: Reply) -> None:
        """By Redis, or by the connection that was lost."""
        counters, subjects, supply = self._counters, self._subjects, self.supply
        if supply is not None:
            supply.is_asked = False
        if isinstance(reply, bytes):
            terms = self._terms
            times, at_ns, reserved, requests_left, tokens_left, funds_left = admitted(reply, terms)
            terms.tokens_left, terms.funds_left = UNLIMITED if tokens_left is None else tokens_left[1], funds_left
            self._found = lease = NodeLease(
                subjects, at_ns, self._now_s, self._tokens, self._need.streams, reserved,
                requests_left, tokens_left, funds_left, None, True, reserved,
            )  # fmt: skip
            counters.opened(lease, supply.get(lease, self._need, times) if supply is not None and times > 1 else None)
            if self._is_given_up:
                counters.undo(lease)
        elif isinstance(reply, RedisAway):
            counters.fall_behind(subjects)  # it may have been let in there
        else:
            self._refused(Answer(reply))
        on_answer, self.on_answer = self.on_answer, None
        if on_answer is not None and not self._is_given_up:
            on_answer()

    def _refused(self, answer: Answer) -> None:
        held = [*zip(self._subjects, answer.counts, strict=True)]
        if answer.status == UNKNOWN:
            self.unknown = [subject for subject, count in held if not is_known(subject, count)]
        if not self.unknown:
            self._found = refusal_of(held, self._need, self._cost, answer.now_ns, self._now_s)
