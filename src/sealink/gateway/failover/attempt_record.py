"""The state of an attempt. Only this notifies the target's health and the request's account of it."""

import time
from typing import Generic, Literal

from sealink.errors import GatewayTimeout, HeaderList, SealinkError
from sealink.gateway import headers
from sealink.gateway.account import Account
from sealink.gateway.failover.attempt import A
from sealink.policy.health import Candidate
from sealink.policy.retry import is_targets_fault

State = Literal["begun", "answered", "failed", "cancelled", "lost", "ended"]


class AttemptRecord(Generic[A]):
    """
    begun ──▶ answered ──▶ ended     its answer goes to the client, up to its end
      ├──▶ failed                    an error came instead
      ├──▶ cancelled                 nobody waits for its answer any longer
      └──▶ lost                      an attempt beside it has answered
    """

    def __init__(self, attempt: A, candidate: Candidate, account: Account) -> None:
        self.attempt = attempt
        self.candidate = candidate
        self.state: State = "begun"
        self._health = candidate.health
        self._account = account
        self._entry = account.attempt(attempt.target, attempt.span_id)
        self._began_at = time.monotonic()
        self._health.breaker.began(self._began_at)

    def __repr__(self) -> str:
        target = self.attempt.target
        return f"<AttemptRecord of {target.provider.name}/{target.model}, {self.state}>"

    def answered(self) -> None:
        self._leave("begun", to="answered")
        now = time.monotonic()
        self._health.answered(now - self._began_at, now)
        self._account.answered(self.attempt.target, self.attempt.outcome)

    def failed(self, error: SealinkError) -> None:
        self._leave("begun", to="failed")
        self.attempt.close()
        self._health.failed(time.monotonic(), at_fault=is_targets_fault(error))
        self._entry.code = error.code or error.type
        error.headers = [*error.headers, *self._asked]
        if isinstance(error, GatewayTimeout) and self.attempt.outcome.usage is not None:
            self._account.timed_out(self.attempt.target, self.attempt.outcome)

    def cancelled(self) -> None:
        """What it has cost so far is what the request costs."""
        self._give_up("cancelled")
        self._entry.code = "cancelled"
        if self.attempt.was_sent:
            self._account.cancelled(self.attempt.target, self.attempt.outcome)

    def lost(self) -> None:
        """What it has cost comes on top of what the answer costs."""
        self._give_up("lost")
        attempt = self.attempt
        self._account.lost(self._entry, attempt.target, attempt.outcome, was_sent=attempt.was_sent)

    def ended(self) -> None:
        """The stream is over. If it came whole its connection is released; otherwise it is closed at once, and an
        error by the target's fault counts against its health."""
        self._leave("answered", to="ended")
        outcome = self.attempt.outcome
        if outcome.complete and outcome.error is None:
            self._account.mark("last_byte")
            self.attempt.release()
            return
        self.attempt.close()
        if outcome.error is not None and is_targets_fault(outcome.error):
            self._health.breaker.failed(time.monotonic())

    @property
    def _asked(self) -> HeaderList:
        is_fallback = self.candidate.target is not self._account.first_choice
        return headers.asked(self.candidate.target, self.attempt.outgoing, is_fallback=is_fallback)

    def _give_up(self, state: State) -> None:
        """That says nothing about the target's health."""
        self._leave("begun", to=state)
        self.attempt.close()
        self._health.breaker.abandoned()

    def _leave(self, state: State, *, to: State) -> None:
        assert self.state == state, f"{self!r} cannot become {to}"
        self.state = to
        if to != "answered":
            self._account.attempt_ended(self._entry)
