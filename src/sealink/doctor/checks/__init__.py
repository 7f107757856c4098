"""One question about the way to an endpoint in each file: its probe, and what is to be said about what was found.

buffering      are tokens held back on the way, by how much, by size or by time
completeness   does every token come, once, in order and unaltered, and the stream end as it should
compression    is a stream compressed for clients that could read that
headers        do the headers arrive that tell proxies to leave a stream alone
heartbeats     do signs of life come while the model is silent
idle_timeout   what a long silence does (`--long`)
leaving        does the model learn that the client has left, and how fast
usage          does the usage come, in the last frame
errors         do errors come in the shape that clients read
payoff         how long a reply must be for streaming to pay here
protocol       HTTP version, TLS, keep-alive
cors           may pages in a browser ask
body_size      how large a request may be
plain_http     one exchange by the standard library's client: what the gateway's own does not show
"""

from typing import Any, Final

from sealink.doctor.check import Check
from sealink.doctor.checks import (
    body_size,
    buffering,
    completeness,
    compression,
    cors,
    errors,
    headers,
    heartbeats,
    idle_timeout,
    leaving,
    payoff,
    protocol,
    usage,
)

CHECKS: Final[tuple[Check[Any], ...]] = (
    heartbeats.CHECK,
    buffering.CHECK,
    completeness.CHECK,
    compression.CHECK,
    headers.CHECK,
    leaving.CHECK,
    usage.CHECK,
    errors.CHECK,
    payoff.CHECK,
    protocol.CHECK,
    cors.CHECK,
    body_size.CHECK,
)
"""In the order in which they begin."""

LONG_CHECKS: Final[tuple[Check[Any], ...]] = (idle_timeout.CHECK,)
"""Those of `--long`."""
