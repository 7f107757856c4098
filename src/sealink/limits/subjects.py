"""What is counted: subjects (keys, teams, models) with their limits, and what a request takes of them."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from sealink.policy.budgets import BudgetPeriod, Fund
from sealink.policy.limits import Code, Excess, Left, Remaining, UsageLimits

if TYPE_CHECKING:
    from sealink.limits.plain_slots import Terms


class Credit(NamedTuple):
    """What was paid into a balance, in nano-dollars, and when it was opened (Unix time in seconds)."""

    amount: int
    since_s: int


class Subject(NamedTuple):
    """A key, a team or a model that has limits. `name` says which (`key:dev`), for people too."""

    name: str
    limits: UsageLimits
    credit: Credit | None = None

    @property
    def period(self) -> BudgetPeriod:
        return self.limits.budget_period or "total"

    @property
    def has_funds(self) -> bool:
        """Whether it has a budget or a balance."""
        return self.limits.budget_usd is not None or self.credit is not None


class Subjects(tuple[Subject, ...]):
    """Those that a request counts for, with what is the same for all such requests. `known_to`, `terms`, `plain_terms`:
    what counters keep of them."""

    def __init__(self, _: Iterable[Subject] = ()) -> None:
        self.has_funds = any(subject.has_funds for subject in self)
        self.counts_tokens = any(subject.limits.tokens_per_minute is not None for subject in self)
        self.depends_on_prompt = self.has_funds or self.counts_tokens
        """Whether it matters how many tokens a prompt has."""
        self.known_to: object = None
        self.terms: object = None
        self.plain_terms: Terms | None = None


class Limit(NamedTuple):
    """Whose limit it is, by the subject's name, and which."""

    of: str
    code: Code


class Cost(NamedTuple):
    """What a request may cost, in nano-dollars: its prompt, and its answer. One that `may_be_cut` is let in if there is
    enough for the prompt; `spare` is reserved for it besides, where there is plenty, so that its answer need not be
    counted token by token."""

    prompt: int = 0
    answer: int = 0
    may_be_cut: bool = False
    spare: int = 0

    @property
    def needed(self) -> int:
        """Less must not be left."""
        return self.prompt if self.may_be_cut else self.prompt + self.answer


class Recorded(NamedTuple):
    """What a subject has used, by the rows of the ledger: within the last minute, the last day, the budget's period,
    and since its balance was opened. Money in nano-dollars."""

    requests: int = 0
    tokens: int = 0
    requests_of_day: int = 0
    in_period: int = 0
    of_balance: int = 0


class Lease(msgspec.Struct):
    """What an admitted request holds, until it is settled: under each subject its tokens, and a stream and money.
    `funds_left`: how much money was left besides when it was admitted."""

    subjects: Sequence[Subject]
    at_ns: int
    started_s: float
    tokens: Sequence[int]
    streams: int
    reserved: int
    requests_left: Left | None = None
    tokens_left: Left | None = None
    funds_left: int = 0


class Settled(NamedTuple):
    """What counters note of a settled request under budgets: its number, unique for all time; at which part of a budget
    it is time to warn; and the code of the fund that has cut its stream."""

    number: int = 0
    warn_at_percent: float = 100.0
    cut: str | None = None


UNNAMED: Final = Settled()


class Refusal(NamedTuple):
    """Why a request does not fit: a limit or a fund, and whose; and what is left of the limits."""

    subject: Subject
    reason: Excess | Fund
    requests_left: Remaining | None = None
    tokens_left: Remaining | None = None
