"""The headers that tell what is left of limits, in the words of one API."""

from datetime import UTC, datetime
from functools import partial
from typing import Final

from sealink.policy.limits import Left
from sealink.wire.dialect import ClientApi, Limited

_S: Final = 10**9


class LeftHeaders:
    """Their lines, which are the same but for three numbers of each limit."""

    __slots__ = ("_both", "_client", "_limit_reset")

    def __init__(self, client: ClientApi) -> None:
        self._client = client
        self._limit_reset = client.limit_reset
        self._both = _lines(client, "requests") + _lines(client, "tokens")

    def of(self, requests: Left | None, tokens: Left | None, now_s: float) -> str:
        """What is left of requests and of tokens, as far as they have limits."""
        if requests is None or tokens is None:
            return self._of_one(requests, tokens, now_s)
        requests_limit, requests_left, requests_ns = requests
        tokens_limit, tokens_left, tokens_ns = tokens
        reset_s = requests_ns / _S
        requests_reset = tokens_reset = self._limit_reset(reset_s, partial(_rfc_3339, now_s + reset_s))
        if tokens_ns != requests_ns:
            tokens_reset = self._reset(tokens_ns / _S, now_s)
        numbers = requests_limit, requests_left, requests_reset, tokens_limit, tokens_left, tokens_reset
        return self._both % numbers

    def _of_one(self, requests: Left | None, tokens: Left | None, now_s: float) -> str:
        found = requests or tokens
        if found is None:
            return ""
        limit, left, reset_ns = found
        lines = _lines(self._client, "tokens" if requests is None else "requests")
        return lines % (limit, left, self._reset(reset_ns / _S, now_s))

    def _reset(self, reset_s: float, now_s: float) -> str:
        return self._limit_reset(reset_s, partial(_rfc_3339, now_s + reset_s))


_KEPT: Final[dict[str, LeftHeaders]] = {}


def left_headers(client: ClientApi) -> LeftHeaders:
    """Those of an API."""
    kept = _KEPT.get(client.name)
    if kept is None:
        kept = _KEPT[client.name] = LeftHeaders(client)
    return kept


def _rfc_3339(at_s: float) -> str:
    return datetime.fromtimestamp(-(-at_s // 1), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _lines(client: ClientApi, what: Limited) -> str:
    """Those of one limit, to be filled in."""
    limit, left, reset = client.limit_headers(what)
    return f"{limit}: %d\r\n{left}: %d\r\n{reset}: %s\r\n"
