"""What a request may take, before it is answered: tokens, and their price by the dearest of its targets."""

from functools import cached_property

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


class Estimate:
    """Of one request. Its prompt is counted only if that is asked for."""

    def __init__(self, admitted: AdmittedRequest, settings: LimitSettings, prices: PriceRules) -> None:
        self._admitted = admitted
        self._settings = settings
        self._meter = Meter(admitted.request, prices)

    @cached_property
    def prompt_tokens(self) -> int:
        request = self._admitted.request
        return estimate_tokens(request.client.prompt_text(request.head))

    @cached_property
    def stated_tokens(self) -> int | None:
        """How many tokens the answer may have at most, where the request says so."""
        request = self._admitted.request
        return request.client.max_output_tokens(request.head)

    @property
    def answer_tokens(self) -> int:
        stated = self.stated_tokens
        return self._settings.reserve_output_tokens if stated is None else stated

    def need(self, *, counts_tokens: bool) -> Need:
        """What it takes of limits."""
        streams = int(self._admitted.request.head.stream)
        if not counts_tokens:
            return Need(0, 0, is_stated=True, streams=streams)
        return Need(self.prompt_tokens, self.answer_tokens, self.stated_tokens is not None, streams)

    def cost(self) -> Cost:
        """What it may cost. Raises PermissionDenied where that is not known, and must be."""
        prompts, answers = [], []
        for target in self._admitted.route.targets:
            prompt = self.price(target, Usage(input_tokens=self.prompt_tokens, output_tokens=0))
            whole = self.price(target, Usage(input_tokens=self.prompt_tokens, output_tokens=self.answer_tokens))
            if prompt is None or whole is None:
                self._refuse_unpriced()
                continue
            prompts.append(prompt)
            answers.append(whole - prompt)
        return Cost(max(prompts, default=0), max(answers, default=0), self._admitted.request.head.stream)

    def price(self, target: Target, usage: Usage) -> int | None:
        """What a target's answer costs with this usage; None where that is not known."""
        return self._meter.charge(usage, "estimated", target).price_nano_usd

    def _refuse_unpriced(self) -> None:
        if self._settings.unpriced == "refuse":
            raise PermissionDenied(
                f"The price of {self._admitted.request.head.model!r} is not known, so that it cannot be used under a "
                "budget or balance.",
                code="price_unknown",
                param="model",
            )
