"""What a request asks of the limits, budgets and balances that apply to it."""

from typing import Final

from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.limits.estimate import Estimate
from sealink.gateway.limits.refusal import Waited
from sealink.limits.subjects import Cost, Limit, Subjects
from sealink.policy.limits import limits_on

_NO_COST: Final = Cost()


class Claim:
    """Of one request. `waited` says why it waits no longer, for people; "": it has not waited."""

    def __init__(self, request: AdmittedRequest, subjects: Subjects, estimate: Estimate) -> None:
        self.request = request
        self.estimate = estimate
        self.waited: Waited = ""
        self.apply(subjects)

    def apply(self, subjects: Subjects) -> None:
        """It counts for these now. Raises PermissionDenied for a model without a price under a budget."""
        self.subjects = subjects
        self.need = self.estimate.need(counts_tokens=subjects.counts_tokens)
        self.cost = self.estimate.cost() if subjects.has_funds else _NO_COST

    @property
    def limits(self) -> list[Limit]:
        """The limits that it counts under, but for money."""
        return [Limit(subject.name, code) for subject in self.subjects for code in limits_on(subject.limits, self.need)]
