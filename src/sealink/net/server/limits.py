"""Limits on clients' connections. [server] of the config fills them."""

import msgspec

from sealink.amounts import Delay, Seconds, Size


class ServerLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Limits on one client's connection. Times in seconds, sizes in bytes."""

    max_header_bytes: Size = 32 * 1024
    """Request line and header fields (413 beyond); trailers and chunk framing count likewise."""
    request_timeout_s: Seconds = 60.0
    """From a request's first byte to its last (408 beyond)."""
    keep_alive_s: Seconds = 75.0
    """How long a connection may stay open without a request; nginx's `keepalive_timeout`."""
    keep_alive_grace_s: Delay = 1.0
    """When SeaLink stops: how long a connection without a request stays open for one that is on its way, which is then
    its last; nginx's `keepalive_min_timeout`."""
    slow_client_s: Seconds = 60.0
    """How long a client may read nothing of what waits for it, before its stream is ended. TCP opens its window in
    steps of a segment, up to 64 KiB of them on loopback, so a slow reader shows no progress for a while; memory is
    bounded meanwhile."""
    linger_s: Delay = 10.0
    """After a refusal: how long what the client still sends is read and thrown away. Were the socket closed at
    once, its reset could reach the client before the answer did."""
    tls_handshake_s: Seconds = 10.0
    """How long a client may take for the TLS handshake."""
    tls_shutdown_s: Seconds = 1.0
    """How long a client may take to answer the end of a TLS connection, before its socket is closed."""
    max_unsent_bytes: Size = 256 * 1024
    """What may wait for a client in memory: above it what is on its way is paused (`Responder.paused`), until half of
    it is left."""
    max_unsent_in_kernel_bytes: Size = 128 * 1024
    """What may wait for it in the kernel besides (`TCP_NOTSENT_LOWAT`, where there is such an option). Without a limit
    the kernel takes megabytes, and it takes long to notice a client that has stopped reading."""
    max_pipelined: Size = 16
    """Requests that may wait behind the one being answered; reading stops there, and until it goes on a client
    that leaves is noticed only by writing to it."""
    max_pipelined_bytes: Size = 256 * 1024
    """As `max_pipelined`, for the sum of their bodies."""
    max_bytes_per_turn: Size = 64 * 1024
    """Bytes of one connection that are parsed in one turn of the event loop: then the others have their turn."""
    max_buffered_bytes: Size = 512 * 1024 * 1024
    """What the bodies of all requests that are being received or answered may take together, decoded ones as they are
    then (503 `overloaded` beyond); per process. A body is kept until its request is done, so that it can be sent to the
    next target."""
    cancel_grace_s: Delay = 2.0
    """When the server stops and the shutdown grace is over: how long cancelled handlers have to end their streams."""
    backlog: Size = 16_384
    """Connections that the kernel holds until they are accepted; it holds fewer if its own limit is lower
    (`net.core.somaxconn`)."""

    @property
    def sweep_s(self) -> float:
        """How often the timers are checked: one sweep over all connections is cheaper than a timer for each."""
        return min(1.0, min(self.request_timeout_s, self.keep_alive_s, self.slow_client_s, self.linger_s) / 4)

    @property
    def sweep_when_stopping_s(self) -> float:
        """As `sweep_s`, so that a stop is not much longer than `keep_alive_grace_s`."""
        return min(self.sweep_s, self.keep_alive_grace_s / 4 or self.sweep_s)
