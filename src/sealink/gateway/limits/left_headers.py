"""The headers that tell what is left of limits, in the words of one API."""

from datetime import UTC, datetime
from functools import partial
from typing import Final

from sealink.limits.plain_slots import LaidOut, laid_out
from sealink.policy.limits import Left
from sealink.wire.dialect import ClientApi, Limited

_S: Final = 10**9
_MOST_KEPT: Final = 64


class LeftHeaders:
    """Their lines, which are kept laid out, but for what is left: a request that has just been counted is as far from
    the end of its window as any other."""

    __slots__ = ("_client", "_kept", "_tells_time")

    def __init__(self, client: ClientApi) -> None:
        self._client = client
        self._kept: dict[tuple[int, int, int, int], tuple[str, str, str]] = {}
        self._tells_time = client.limit_reset(1.0, lambda: "then") == "then"  # another one in each second

    def of(self, requests: Left | None, tokens: Left | None, now_s: float) -> str:
        """What is left of requests and of tokens, as far as they have limits."""
        if requests is None or tokens is None:
            of_requests = self._of_one("requests", requests, now_s) if requests is not None else ""
            return of_requests if tokens is None else self._of_one("tokens", tokens, now_s)
        requests_limit, requests_left, requests_ns = requests
        tokens_limit, tokens_left, tokens_ns = tokens
        lines = self._kept.get((requests_limit, requests_ns, tokens_limit, tokens_ns))
        if lines is None:
            lines = self._lay_out(requests, tokens, now_s)
        first, between, last = lines
        return f"{first}{requests_left}{between}{tokens_left}{last}"

    def laid_out(self, requests: Left | None, tokens: Left | None, now_s: float) -> LaidOut | None:
        """The lines for further requests under the same limits. None: theirs are others."""
        if requests is None or tokens is None or self._tells_time:
            return None
        return laid_out(requests, tokens, *self._lay_out(requests, tokens, now_s))

    def _lay_out(self, requests: Left, tokens: Left, now_s: float) -> tuple[str, str, str]:
        first, before = self._lines("requests", requests, now_s)
        after, last = self._lines("tokens", tokens, now_s)
        lines = first, before + after, last
        if not self._tells_time:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            self._kept[requests[0], requests[2], tokens[0], tokens[2]] = lines
        return lines

    def _of_one(self, what: Limited, left: Left, now_s: float) -> str:
        first, last = self._lines(what, left, now_s)
        return f"{first}{left[1]}{last}"

    def _lines(self, what: Limited, left: Left, now_s: float) -> tuple[str, str]:
        """Those of one limit, before and after how much is left."""
        amount, _, reset_ns = left
        reset_s = reset_ns / _S
        reset = self._client.limit_reset(reset_s, partial(_rfc_3339, now_s + reset_s))
        names = self._client.limit_headers(what)
        return f"{names[0]}: {amount}\r\n{names[1]}: ", f"\r\n{names[2]}: {reset}\r\n"


_KEPT: Final[dict[str, LeftHeaders]] = {}


def left_headers(client: ClientApi) -> LeftHeaders:
    """Those of an API."""
    kept = _KEPT.get(client.name)
    if kept is None:
        kept = _KEPT[client.name] = LeftHeaders(client)
    return kept


def _rfc_3339(at_s: float) -> str:
    return datetime.fromtimestamp(-(-at_s // 1), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
