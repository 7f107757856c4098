"""[shared]: what several nodes share."""

from importlib.util import find_spec
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec

from sealink.amounts import Seconds, Share


class SharedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[shared]: what several nodes share. Their keys and usage are in [store], which must be PostgreSQL then."""

    redis_url: str | None = None
    """Where all nodes count what is used under limits: `redis://HOST:PORT/DATABASE`, `rediss://` with TLS, or `unix://`,
    of Redis 5 or Valkey, or newer. Without it each node counts alone."""
    local_share: Share = 0.5
    """While Redis is away: the part of each limit, and of the money that is left, that this node goes on with."""
    timeout_s: Seconds = 0.5
    """How long Redis may take to answer before it counts as away."""
    retry_s: Seconds = 1.0
    """How often it is tried again while it is away."""
    ahead_s: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.25
    """How long requests may be let in before they come: where many of a key come, and all are little of what is left,
    Redis is asked for up to 32 at once. They are counted as of the end of this time. 0: it is asked for each one."""


COUNTS_ALONE: Final = "limits are counted by each node alone, since [shared] redis_url is not set"
"""What operators of several nodes should know."""
_SCHEMES: Final = ("redis", "rediss", "unix")


def check_redis_url(url: str) -> None:
    """Raises ValueError if no Redis can be at this URL, or if the client for it is not installed."""
    parts = urlsplit(url)
    if parts.scheme not in _SCHEMES:
        raise ValueError("it is redis://HOST:PORT/DATABASE, rediss:// with TLS, or unix://PATH")
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("its port is not a number") from None  # the chained error may repeat the password
    if find_spec("redis") is None or find_spec("hiredis") is None:
        raise ValueError("redis and hiredis are not installed: pip install 'sealink[redis]'")
