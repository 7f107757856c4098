"""What a request asks of the limits, budgets and balances that apply to it."""

from collections.abc import Sequence
from typing import Final

from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.limits.estimate import Estimate
from sealink.gateway.limits.refusal import Waited
from sealink.limits.subjects import Cost, Limit, Subject
from sealink.policy.limits import limits_on

_NO_COST: Final = Cost()


class Claim:
    """Of one request. `waited` says why it waits no longer, for people; "": it has not waited."""

    def __init__(self, request: AdmittedRequest, subjects: Sequence[Subject], estimate: Estimate) -> None:
        self.request = request
        self.estimate = estimate
        self.waited: Waited = ""
        self.apply(subjects)

    def apply(self, subjects: Sequence[Subject]) -> None:
        """It counts for these now. Raises PermissionDenied for a model without a price under a budget."""
        self.subjects = subjects
        counts_tokens = any(subject.limits.tokens_per_minute is not None for subject in subjects)
        self.need = self.estimate.need(counts_tokens=counts_tokens)
        self.cost = self.estimate.cost() if any(subject.has_funds for subject in subjects) else _NO_COST

    @property
    def limits(self) -> list[Limit]:
        """The limits that it counts under, but for money."""
        return [Limit(subject.name, code) for subject in self.subjects for code in limits_on(subject.limits, self.need)]
