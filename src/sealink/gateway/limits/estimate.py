"""What a request may take, before it is answered: tokens, and their price by the dearest of its targets."""

from typing import Final

from sealink.catalog.prices import PriceRules
from sealink.catalog.tokens import estimate_tokens
from sealink.errors import PermissionDenied
from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.limits.settings import LimitSettings
from sealink.gateway.metering import Meter
from sealink.limits.subjects import Cost
from sealink.policy.limits import Need
from sealink.policy.routing import Target
from sealink.usage import Usage

SPARE_TIMES: Final = 3
"""Of a stream's answer as many times is reserved besides, where there is plenty: a token has about four bytes."""


class Estimate:
    """Of one request. Its prompt is counted only if that is asked for."""

    def __init__(self, admitted: AdmittedRequest, settings: LimitSettings, prices: PriceRules) -> None:
        self._admitted = admitted
        self._prices = prices
        self._unpriced = settings.unpriced
        self._meter = Meter(admitted.request, prices)

        request = admitted.request
        stated = request.client.max_output_tokens(request.head)
        self.is_stated = stated is not None
        """Whether the request says how many tokens the answer may have at most: `answer_tokens`."""
        self.answer_tokens = settings.reserve_output_tokens if stated is None else stated
        self._prompt_tokens: int | None = None

    @property
    def prompt_tokens(self) -> int:
        if self._prompt_tokens is None:
            request = self._admitted.request
            self._prompt_tokens = estimate_tokens(request.client.prompt_text(request.head))
        return self._prompt_tokens

    def need(self, *, counts_tokens: bool) -> Need:
        """What it takes of limits."""
        streams = int(self._admitted.request.head.stream)
        if not counts_tokens:
            return Need(0, 0, is_stated=True, streams=streams)
        return Need(self.prompt_tokens, self.answer_tokens, self.is_stated, streams)

    def cost(self) -> Cost:
        """What it may cost. Raises PermissionDenied where that is not known, and must be."""
        most_prompt = most_answer = 0
        for target in self._admitted.route.targets:
            prices = self._prices_of(target)
            if prices is None:
                self._refuse_unpriced()
                continue
            prompt, whole = prices
            most_prompt, most_answer = max(most_prompt, prompt), max(most_answer, whole - prompt)
        if not self._admitted.request.head.stream:
            return Cost(most_prompt, most_answer)
        return Cost(most_prompt, most_answer, may_be_cut=True, spare=SPARE_TIMES * (most_answer + 1))

    def _prices_of(self, target: Target) -> tuple[int, int] | None:
        """Of the prompt alone, and with its answer."""
        prompt_tokens, answer_tokens = self.prompt_tokens, self.answer_tokens
        rule = self._prices.rule_for(target.provider.name, target.model)
        if (plain := rule.of_plain(prompt_tokens, answer_tokens)) is not None:
            return plain
        prompt = self.price(target, Usage(input_tokens=prompt_tokens, output_tokens=0))
        whole = self.price(target, Usage(input_tokens=prompt_tokens, output_tokens=answer_tokens))
        return None if prompt is None or whole is None else (prompt, whole)

    def price(self, target: Target, usage: Usage) -> int | None:
        """What a target's answer costs with this usage; None where that is not known."""
        return self._meter.charge(usage, "estimated", target).price_nano_usd

    def _refuse_unpriced(self) -> None:
        if self._unpriced == "refuse":
            raise PermissionDenied(
                f"The price of {self._admitted.request.head.model!r} is not known, so that it cannot be used under a "
                "budget or balance.",
                code="price_unknown",
                param="model",
            )
