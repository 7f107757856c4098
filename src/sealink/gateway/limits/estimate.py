"""What a request may take, before it is answered: tokens, and their price by the dearest of its targets."""

from typing import Final

from sealink.catalog.prices import PriceRules
from sealink.catalog.tokens import estimate_tokens
from sealink.errors import PermissionDenied
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.limits.settings import LimitSettings
from sealink.gateway.metering import Meter
from sealink.limits.subjects import Cost, Subjects
from sealink.policy.limits import Need
from sealink.policy.routing import Target
from sealink.usage import Usage

_NO_COST: Final = Cost()
SPARE_TIMES: Final = 3
"""Of a stream's answer as many times is reserved besides, where there is plenty: a token has about four bytes."""
LEAST_SPARE_TOKENS: Final = 1024
"""But for so many tokens at least: nodes ask Redis for more 256 before they need it."""


def spare_times(answer_tokens: int) -> int:
    """How many times a stream's answer of so many tokens is reserved besides, where there is plenty."""
    return max(SPARE_TIMES, -(-LEAST_SPARE_TOKENS // answer_tokens)) if answer_tokens else SPARE_TIMES


def times_reserved(reserved: int, cost: Cost, answer_tokens: int) -> int:
    """For how many times a stream's answer so much money is enough; 0: not for one."""
    more = reserved - cost.prompt - cost.answer
    return 0 if more < 0 else 1 if more < cost.spare else 1 + spare_times(answer_tokens)


def most_prompt_tokens(admitted: AdmittedRequest) -> int:
    """More than a prompt cannot have: a token has one byte at least."""
    return len(admitted.request.head.body)


def rounded_up(tokens: int) -> int:
    """To a power of two, so that requests of a kind are alike."""
    return 1 << (tokens - 1).bit_length() if tokens else 0


class Estimate:
    """Of one request. Its prompt is counted only if that is asked for."""

    __slots__ = ("_admitted", "_prices", "_prompt_tokens", "_settings", "answer_tokens", "is_stated")

    def __init__(
        self, admitted: AdmittedRequest, settings: LimitSettings, prices: PriceRules, stated: int | None
    ) -> None:
        """`stated`: how many tokens the request says that its answer may have at most."""
        self._admitted = admitted
        self._prices = prices
        self._settings = settings
        self.is_stated = stated is not None
        """Whether the request says how many tokens the answer may have at most: `answer_tokens`."""
        self.answer_tokens = settings.reserve_output_tokens if stated is None else stated
        self._prompt_tokens: int | None = None

    def counted_prompt(self) -> int:
        """The prompt's tokens."""
        if self._prompt_tokens is None:
            request = self._admitted.request
            self._prompt_tokens = estimate_tokens(request.client.prompt_text(request.head))
        return self._prompt_tokens

    def need(self, subjects: Subjects, prompt_tokens: int) -> Need:
        """What it takes of limits, with a prompt of so many tokens."""
        streams = int(self._admitted.request.head.stream)
        if not subjects.counts_tokens:
            return Need(0, 0, is_stated=True, streams=streams)
        return Need(prompt_tokens, self.answer_tokens, self.is_stated, streams)

    def cost(self, subjects: Subjects, prompt_tokens: int) -> Cost:
        """What it may cost, with a prompt of so many tokens. Raises PermissionDenied where that is not known, and must
        be."""
        if not subjects.has_funds:
            return _NO_COST
        most_prompt = most_answer = 0
        for target in self._admitted.route.targets:
            prices = self._prices_of(target, prompt_tokens)
            if prices is None:
                self._refuse_unpriced()
                continue
            prompt, whole = prices
            most_prompt, most_answer = max(most_prompt, prompt), max(most_answer, whole - prompt)
        if not self._admitted.request.head.stream:
            return Cost(most_prompt, most_answer)
        return Cost(
            most_prompt, most_answer, may_be_cut=True, spare=spare_times(self.answer_tokens) * (most_answer + 1)
        )

    def _prices_of(self, target: Target, prompt_tokens: int) -> tuple[int, int] | None:
        """Of the prompt alone, and with its answer."""
        answer_tokens = self.answer_tokens
        rule = self._prices.rule_for(target.provider.name, target.model)
        if (plain := rule.of_plain(prompt_tokens, answer_tokens)) is not None:
            return plain
        prompt = self.price(target, Usage(input_tokens=prompt_tokens, output_tokens=0))
        whole = self.price(target, Usage(input_tokens=prompt_tokens, output_tokens=answer_tokens))
        return None if prompt is None or whole is None else (prompt, whole)

    def price(self, target: Target, usage: Usage) -> int | None:
        """What a target's answer costs with this usage; None where that is not known."""
        meter = Meter(self._admitted.request, self._prices)
        return meter.charge(usage, "estimated", target).price_nano_usd

    def _refuse_unpriced(self) -> None:
        if self._settings.unpriced == "refuse":
            raise PermissionDenied(
                f"The price of {self._admitted.request.head.model!r} is not known, so that it cannot be used under a "
                "budget or balance.",
                code="price_unknown",
                param="model",
            )
