"""What a request asks of the limits, budgets and balances that apply to it."""

from sealink.gateway.admitted_request import AdmittedRequest
from sealink.gateway.limits.estimate import Estimate
from sealink.gateway.limits.refusal import Waited
from sealink.limits.subjects import Limit, Subjects
from sealink.policy.limits import limits_on


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
        estimate = self.estimate
        prompt_tokens = estimate.counted_prompt() if subjects.depends_on_prompt else 0
        self.need, self.cost = estimate.need(subjects, prompt_tokens), estimate.cost(subjects, prompt_tokens)

    @property
    def limits(self) -> list[Limit]:
        """The limits that it counts under, but for money."""
        return [Limit(subject.name, code) for subject in self.subjects for code in limits_on(subject.limits, self.need)]
