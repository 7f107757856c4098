"""Advice for callers, where a key or a model asks for it: the header `x-sealink-advice`."""

from sealink.gateway.admitted_request import AdmittedRequest
from sealink.policy.advice import LONG_TOKENS, advice

HEADER = "x-sealink-advice"


class Advising:
    """A Gate that refuses nothing."""

    def admit(self, admitted: AdmittedRequest) -> None:
        """Add the header where there is something to tell."""
        if not (admitted.key.advice or admitted.route.advice):
            return
        told = _advice_for(admitted)
        if told:
            admitted.answer_headers = [*admitted.answer_headers, (HEADER, told)]


def _advice_for(admitted: AdmittedRequest) -> str:
    request = admitted.request
    max_tokens = request.client.max_output_tokens(request.head)
    if not request.head.stream and (max_tokens is None or max_tokens < LONG_TOKENS):
        return ""  # as nearly always, and for embeddings
    structured = request.client.structured_output(request.head)
    return advice(stream=request.head.stream, structured=structured, max_tokens=max_tokens)
