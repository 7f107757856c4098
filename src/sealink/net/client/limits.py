"""Limits on the connections to upstreams. [upstream] of the config fills them."""

import msgspec

from sealink.amounts import Count, Delay, Seconds, Size


class UpstreamLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """[upstream]: how many connections there may be, how long they are kept, and what one may hold."""

    max_connections_per_origin: Count = 0
    """Open connections to one scheme://host:port, idle ones included. One more is refused with 503 `overloaded`,
    so that the next target can be tried. 0: no limit."""

    max_idle_per_origin: Count = 100
    """Unused connections kept to one scheme://host:port; one more is closed."""

    max_idle_s: Seconds = 30.0
    """How long an unused connection is kept: less than the 60 to 75 s after which most servers close it."""

    stale_within_s: Delay = 1.0
    """A request on a kept connection that is closed within this time, before any byte of an answer, is sent once more
    on a new one: the server had closed the connection before it. Later than this the request may have been worked on,
    and charged for, so that the client is told of the failure instead."""

    linger_s: Delay = 1.0
    """How long the end of a response that is no longer read is waited for, so that its connection can be reused."""

    connection_attempt_delay_s: Delay = 0.25
    """How long one address of a host is tried before the next is tried beside it (RFC 8305 §5)."""

    dns_cache_s: Delay = 10.0
    """How long the addresses of a host are kept, unless none of them can be reached. A name is looked up once at a
    time, whoever waits for it."""

    reopen_pause_s: Seconds = 1.0
    """Where connections are kept warm: the longest pause before one is opened again after the server has closed or
    refused one. It doubles each time."""

    max_reopen_pause_s: Seconds = 60.0
    """What that pause doubles up to."""

    keepalive_idle_s: Count = 30
    """After this much silence on a connection the kernel probes whether the other end is still there (TCP keepalive).
    The probes also keep a NAT's entry alive while a model thinks. 0: no probes."""

    keepalive_interval_s: Size = 10
    """The time between two probes."""

    keepalive_probes: Size = 3
    """After so many probes without an answer the connection counts as lost."""

    max_buffered_bytes: Size = 64 * 1024
    """Bytes of one response that may wait unread; then its socket is not read any further. What the socket's last read
    brought comes on top: up to 256 KiB."""

    max_header_bytes: Size = 64 * 1024
    """Names and values of one response's headers, trailers included."""

    max_before_content_bytes: Size = 4 * 1024 * 1024
    """What a stream may send before its first content (comments, pings, an echo of the request); beyond that it fails
    with `upstream_too_large`."""

    max_bytes_per_turn: Size = 16 * 1024
    """Bytes of one response, decompressed ones included, that are handled in one turn of the event loop: then the other
    connections have their turn. Much that comes at once (an image, a compressed stream) takes several turns."""
