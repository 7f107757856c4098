"""Whether a client should send a request that failed again, and when, in the headers by which its SDK decides.

OpenAI's and Anthropic's SDKs, and Claude Code, heed `x-should-retry` before the status; without it some of them send
what cannot succeed again for minutes, in silence.
https://github.com/anthropics/anthropic-sdk-python/blob/main/src/anthropic/_base_client.py (`_should_retry`)
"""

from typing import Final

from sealink.errors import HeaderList, SealinkError, UpstreamRejected
from sealink.policy.retry import wait_asked_s

HINT: Final = "x-should-retry"
MAX_WAIT_S: Final = 120.0
"""A client that is told to wait longer than this does better to give up and say so."""
RETRY_AFTER_S: Final = 1
"""What `retry-after` says where nothing better is known."""

_FINAL: Final = frozenset({400, 401, 402, 403, 404, 409, 413})
_PASSING: Final = frozenset({429, 503})


def retry_headers(error: SealinkError, now: float) -> HeaderList:
    """The headers that an answer with this error has besides the error's own. `now` is the Unix time in seconds.

    An upstream's refusal is left as the upstream said it; only a wait that it asks for, and that is too long, is told.
    """
    own = {name.lower() for name, _ in error.headers}
    if HINT in own:
        return ()
    is_upstreams = isinstance(error, UpstreamRejected)
    if error.status in _FINAL:
        return () if is_upstreams else ((HINT, "false"),)
    if error.status not in _PASSING:
        return ()
    if own.isdisjoint(("retry-after", "retry-after-ms")):
        return () if is_upstreams else ((HINT, "true"), ("retry-after", str(RETRY_AFTER_S)))
    return ((HINT, "false" if wait_asked_s(error, 0.0, now) > MAX_WAIT_S else "true"),)
