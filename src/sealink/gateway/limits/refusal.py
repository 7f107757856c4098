"""What a client is told whose request is not admitted."""

from typing import Final, Literal

from sealink.errors import HeaderList, InsufficientBalance, RateLimited, SealinkError
from sealink.gateway.limits.left_headers import left_headers
from sealink.limits.subjects import Refusal, Subject
from sealink.net.header_lines import pairs_of
from sealink.policy.budgets import Fund
from sealink.policy.limits import Code, Excess
from sealink.wire.dialect import ClientApi

_MS: Final = 10**6
_S: Final = 10**9
_WHAT: Final[dict[Code, str]] = {
    "requests": "requests per minute",
    "tokens": "tokens per minute",
    "concurrency": "streams at a time",
    "requests_per_day": "requests per day",
}


Waited = Literal["", "in vain", "no room"]
"""Why a request waits no longer for what refuses it; "": it has not waited."""
_WAITED: Final[dict[Waited, str]] = {
    "": "",
    "in vain": " It has waited as long as it may (queue_s).",
    "no room": " No more requests may wait for limits now (max_queued).",
}


def refused(refusal: Refusal, client: ClientApi, now_s: float, waited: Waited = "") -> SealinkError:
    """The error of a request that is not admitted."""
    if isinstance(refusal.reason, Fund):
        return _unpaid(refusal.subject, refusal.reason)
    left = left_headers(client).of(refusal.requests_left, refusal.tokens_left, now_s)
    headers = [*pairs_of(left), *_wait(refusal.reason)]
    told = _message(refusal.subject, refusal.reason) + _WAITED[waited]
    return RateLimited(told, code=refusal.reason.code, headers=headers)


def _message(subject: Subject, excess: Excess) -> str:
    limit = f"{_named(subject)} may use {excess.limit} {_WHAT[excess.code]}"
    if excess.wait_ns is None:
        return (
            f"{limit}, and this request alone takes more. Ask for fewer tokens (`max_tokens`)."
            if excess.limit
            else f"{limit}."
        )
    return f"{limit}. Try again in {max(1, -(-excess.wait_ns // _MS)) / 1000:g} s."


def _wait(excess: Excess) -> HeaderList:
    if excess.wait_ns is None:
        return [("x-should-retry", "false")]
    return [("retry-after", str(-(-excess.wait_ns // _S))), ("retry-after-ms", str(-(-excess.wait_ns // _MS)))]


def _unpaid(subject: Subject, fund: Fund) -> InsufficientBalance:
    what = "budget" if fund.code == "budget_exceeded" else "balance"
    left = max(0, fund.left) / _S
    told = f"{_named(subject)} has {left:.6f} USD left of its {what}; this request may cost more."
    return InsufficientBalance(told if left else f"The {what} of {_named(subject)[4:]} is used up.", code=fund.code)


def _named(subject: Subject) -> str:
    kind, _, name = subject.name.partition(":")
    return f"The {'API key' if kind == 'key' else kind} {name!r}"
