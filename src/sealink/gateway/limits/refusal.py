"""What a client is told about its limits: errors, and the headers of answers."""

from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Final, Literal

from sealink.errors import HeaderList, InsufficientBalance, RateLimited, SealinkError
from sealink.limits.subjects import Refusal, Subject
from sealink.net.header_lines import HeaderLines
from sealink.policy.budgets import Fund
from sealink.policy.limits import Code, Excess, Remaining
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
    left = left_lines(refusal.requests_left, refusal.tokens_left, client, now_s)
    headers = [*left.pairs, *_wait(refusal.reason)]
    told = _message(refusal.subject, refusal.reason) + _WAITED[waited]
    return RateLimited(told, code=refusal.reason.code, headers=headers)


def left_lines(requests: Remaining | None, tokens: Remaining | None, client: ClientApi, now_s: float) -> HeaderLines:
    """The headers that tell what is left of the limits that are set."""
    lines = ""
    if requests is not None:
        reset = _reset(requests, client, now_s)
        lines = _lines(client.limit_headers("requests")) % (requests.limit, requests.left, reset)
    if tokens is not None:
        reset = _reset(tokens, client, now_s)
        lines += _lines(client.limit_headers("tokens")) % (tokens.limit, tokens.left, reset)
    return HeaderLines(lines)


def _reset(left: Remaining, client: ClientApi, now_s: float) -> str:
    reset_s = left.reset_ns / _S
    return client.limit_reset(reset_s, partial(_rfc_3339, now_s + reset_s))


def _rfc_3339(at_s: float) -> str:
    return datetime.fromtimestamp(-(-at_s // 1), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@lru_cache(maxsize=16)
def _lines(names: tuple[str, str, str]) -> str:
    """Those of one limit, to be filled in."""
    limit, left, reset = names
    return f"{limit}: %d\r\n{left}: %d\r\n{reset}: %s\r\n"


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
