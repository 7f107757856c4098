"""The running meter of a stream under a budget or balance: how many tokens it may still have, and when it ends."""

import time
from collections.abc import Callable
from typing import Final, Protocol

from sealink.limits.subjects import Lease
from sealink.policy.budgets import PLENTY, Code
from sealink.usage import Usage

MORE_TOKENS: Final = 256
"""For so many tokens more is reserved at a time, when what was reserved is spent."""
UNCOUNTED_TOKENS: Final = 2048
"""For so many at a time, where bytes are counted as tokens: in English text they are a quarter of that."""

Price = Callable[[Usage], int | None]


class MoneyCounters(Protocol):
    """Counters that reserve money for open requests: `ahead_tokens` before it is needed it has to be asked for, but for
    what is spent already."""

    @property
    def ahead_tokens(self) -> int: ...
    def reserve_more(self, lease: Lease, wanted: int, now_s: float) -> int: ...
    def reserve_spent(self, lease: Lease, spent: int, now_s: float) -> int: ...


class RunningMeter:
    """Called after each frame that is looked at: it compares two numbers, unless the provider has counted anew or the
    money is spent. `prompt_tokens` counts those of the prompt, where a price is asked for. `answer_tokens`: for so many
    was money to be reserved. `is_covered`: it was, as is known already.

    Where there is plenty of money, bytes are counted as tokens: `left_uncounted`."""

    _reported: Usage | None = None
    _prompt: Usage | None = None

    def __init__(
        self,
        counters: MoneyCounters,
        lease: Lease,
        price: Price,
        prompt_tokens: Callable[[], int],
        answer_tokens: int,
        *,
        is_covered: bool = False,
    ) -> None:
        self._counters = counters
        self._lease = lease
        self._price = price
        self._prompt_tokens = prompt_tokens
        self._ahead = counters.ahead_tokens
        self._wanted = answer_tokens
        self._allowed = answer_tokens
        self._looks_at = answer_tokens - self._ahead
        if not is_covered:
            self._afford()

    def __call__(self, tokens: int, reported: Usage | None) -> Usage | None:
        if reported is not None and reported is not self._reported:
            self._reported = reported
            tokens = max(tokens, reported.output_tokens)
            if reported.input_tokens:
                self._recount_prompt(reported, tokens)
        if tokens < self._looks_at or self._reserve_more(tokens):
            return None
        return self._usage(tokens)

    def left(self, tokens: int) -> int:
        """How many more tokens than these may come before it has to be called."""
        return self._looks_at - tokens

    def left_uncounted(self, most: int, reported: Usage | None) -> int:
        """As `left`, where so many have come at most; 0 or less: they have to be counted."""
        if reported is not None and reported is not self._reported:
            most = max(most, reported.output_tokens)
            is_news = reported.input_tokens and not _are_alike(reported, self._prompt)
            if is_news and not self._is_far_from_end(reported, most):
                return 0
            self._reported = reported
        if most >= self._looks_at:
            self._reserve_plenty(most)
        return self._looks_at - most

    def _is_far_from_end(self, prompt: Usage, most: int) -> bool:
        """Whether nothing is short, with a prompt that the provider has counted: then that is all there is to it."""
        before = self._prompt, self._allowed, self._looks_at
        self._prompt = prompt
        self._afford()
        if most + MORE_TOKENS + self._ahead > self._allowed:
            self._prompt, self._allowed, self._looks_at = before
            return False
        return True

    def _reserve_plenty(self, most: int) -> None:
        """Reserve money for bytes as if they were tokens, where that is little."""
        before, self._wanted = self._wanted, most + UNCOUNTED_TOKENS + self._ahead
        price = self._price(self._usage(self._wanted))
        if price is None or (price - self._lease.reserved) * PLENTY > self._lease.funds_left:
            self._wanted = before
        else:
            self._reserve(price, most)

    def _recount_prompt(self, reported: Usage, tokens: int) -> None:
        """What the prompt has cost beyond its estimate is spent, and must not be taken from an answer that has just
        begun, or is about to need more."""
        estimated = self._price(self._usage(0))
        self._prompt = reported
        price = self._price(self._usage(0))
        self._afford()
        more = 0 if estimated is None or price is None else price - estimated
        if more > 0 and tokens + MORE_TOKENS + self._ahead > self._allowed:
            self._counters.reserve_spent(self._lease, more, time.time())
            self._afford()

    def _reserve_more(self, tokens: int) -> bool:
        """Whether the stream may go on, with more money."""
        self._wanted = tokens + MORE_TOKENS + self._ahead
        self._reserve(self._price(self._usage(self._wanted)), tokens)
        return tokens < self._allowed

    def _reserve(self, price: int | None, tokens: int) -> None:
        """Have so much reserved in all, as far as there is so much."""
        if price is not None and price > self._lease.reserved:
            self._counters.reserve_more(self._lease, price - self._lease.reserved, time.time())
        self._afford()
        if self._looks_at <= tokens < self._allowed:
            self._looks_at = self._allowed  # it was asked for: the answer comes before it is needed

    def _afford(self) -> None:
        """How many tokens there may be, and with how many more money is asked for."""
        self._allowed = self._affordable()
        self._looks_at = self._allowed - self._ahead

    def _affordable(self) -> int:
        """How many tokens of an answer what is reserved is enough for, up to those that are wanted."""
        reserved, wanted = self._lease.reserved, self._wanted
        whole = self._price(self._usage(wanted))
        if whole is None or whole <= reserved or (prompt := self._price(self._usage(0))) is None:
            return wanted
        guess = wanted * (reserved - prompt) // max(1, whole - prompt)
        probes = [guess, guess + 1]  # nearly all prices are in proportion to the tokens
        least, most = 0, wanted - 1
        while least < most:
            tokens = probes.pop(0) if probes else (least + most + 1) // 2
            if not least < tokens <= most:
                continue
            price = self._price(self._usage(tokens))
            if price is None or price <= reserved:
                least = tokens
            else:
                most = tokens - 1
        return max(0, least)

    def _usage(self, output_tokens: int) -> Usage:
        usage = self._prompt
        if usage is None:
            usage = self._prompt = Usage(input_tokens=self._prompt_tokens(), output_tokens=0)
        return Usage(
            input_tokens=usage.input_tokens,
            output_tokens=output_tokens,
            cached_read_tokens=usage.cached_read_tokens,
            cached_write_tokens=usage.cached_write_tokens,
            service_tier=usage.service_tier,
        )


def _are_alike(prompt: Usage, other: Usage | None) -> bool:
    """Whether they cost the same, before there is an answer."""
    return (
        other is not None
        and prompt.input_tokens == other.input_tokens
        and prompt.cached_read_tokens == other.cached_read_tokens
        and prompt.cached_write_tokens == other.cached_write_tokens
        and prompt.service_tier == other.service_tier
    )


def code_of(lease: Lease) -> Code:
    """What a stream that is cut was cut by: a balance, if only balances count."""
    has_budget = any(subject.limits.budget_usd is not None for subject in lease.subjects)
    return "budget_exceeded" if has_budget else "insufficient_balance"
