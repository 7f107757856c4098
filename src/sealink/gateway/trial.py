"""An attempt, and who wants to know what becomes of it: its target's health, and the request's account."""

import time
from typing import Generic, TypeVar

from sealink.errors import SealinkError
from sealink.gateway.account import Account
from sealink.gateway.attempt import Attempt
from sealink.policy.health import Candidate
from sealink.policy.retry import is_targets_fault

A = TypeVar("A", bound=Attempt)


class Trial(Generic[A]):
    """Begins when it is made; it is told once how it ended."""

    def __init__(self, attempt: A, candidate: Candidate, account: Account) -> None:
        self.attempt = attempt
        self.candidate = candidate
        self._health = candidate.health
        self._account = account
        self._tried = account.tries(attempt.target)
        self._began_at = time.monotonic()
        self._health.breaker.began(self._began_at)

    def answered(self) -> None:
        """It brings the answer."""
        now = time.monotonic()
        self._health.answered(now - self._began_at, now)
        self._account.answered(self.attempt.target, self.attempt.outcome)

    def failed(self, error: SealinkError) -> None:
        self.attempt.close()
        self._health.failed(time.monotonic(), at_fault=is_targets_fault(error))
        self._tried.code = error.code or error.type

    def cancelled(self) -> None:
        """Nobody wants its answer any longer. What it has cost so far is all that the request costs."""
        self._give_up()
        self._tried.code = "cancelled"
        if self.attempt.was_sent:
            self._account.unanswered(self.attempt.target, self.attempt.outcome)

    def lost(self) -> None:
        """It ran beside another one, and that one answers. What it cost comes on top."""
        self._give_up()
        attempt = self.attempt
        self._account.lost(self._tried, attempt.target, attempt.outcome, was_sent=attempt.was_sent)

    def _give_up(self) -> None:
        """That tells nothing about the target."""
        self.attempt.close()
        self._health.breaker.abandoned()
