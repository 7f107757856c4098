"""What the connections to upstreams may hold, and for how long."""

import msgspec

from sealink.amounts import Count, Delay, Seconds, Size


class UpstreamLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """[upstream]: limits and times of the connections to providers."""

    max_connections_per_origin: Count = 0
    """Open connections to one scheme://host:port, idle ones included; one more is refused with 503 `overloaded`,
    so that the next target can be tried. 0: no limit."""

    max_idle_per_origin: Count = 100
    """Unused connections kept to one scheme://host:port; one more is closed."""

    idle_s: Seconds = 30.0
    """How long an unused connection is kept: less than the 60 to 75 s after which most servers close it."""

    reopen_pause_s: Seconds = 1.0
    """Where connections are kept warm: the longest pause before another one is opened in place of one that the server
    closed or refused. It doubles each time."""

    max_reopen_pause_s: Seconds = 60.0
    """What that pause doubles up to."""

    stale_within_s: Delay = 1.0
    """A kept connection that is closed this soon after a request went out on it, before any byte of an answer, had been
    let go by the server: the request is sent once more on a fresh one. Later than this it may have been worked on,
    and charged for, so that the failure is told instead."""

    linger_s: Delay = 1.0
    """How long a response that its reader has let go of may take for the rest of its body before it is cut off."""

    head_start_s: Seconds = 0.25
    """How long one address of a host is tried before the next is tried beside it (RFC 8305 §5)."""

    keepalive_idle_s: Count = 60
    """After this much silence the kernel probes whether the other end is still there, which also keeps a NAT's entry
    alive while a model thinks. 0: no probes."""

    max_buffered_bytes: Size = 64 * 1024
    """Bytes of one response that may wait unread; then its socket is not read any further. What the socket's last read
    brought comes on top: up to 256 KiB."""

    max_header_bytes: Size = 64 * 1024
    """Names and values of one response's headers, trailers included."""
