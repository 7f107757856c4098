"""What the server allows a client."""

import msgspec

from sealink.amounts import Delay, Seconds, Size


class ServerLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What one client may ask of the server. Times in seconds, sizes in bytes; all per connection."""

    max_header_bytes: Size = 32 * 1024
    """Request line and header fields (413 beyond); trailers and chunk framing count likewise."""
    request_timeout_s: Seconds = 60.0
    """From a request's first byte to its last (408 beyond)."""
    keep_alive_s: Seconds = 75.0
    """How long a connection may stay open without a request; nginx's `keepalive_timeout`."""
    slow_client_s: Seconds = 300.0
    """How long a client that is owed bytes may take none of them. TCP opens its window in steps of a segment, up to
    64 KiB of them on loopback, so a slow reader shows no progress for a while; memory is bounded meanwhile."""
    linger_s: Seconds = 10.0
    """After a refusal: how long what the client still sends is read and thrown away. Were the socket closed at
    once, its reset could reach the client before the answer did."""
    max_unsent_bytes: Size = 256 * 1024
    """The write buffer's high-water mark: `Responder.paused` above it, on again below half of it."""
    max_unsent_in_kernel: Size = 128 * 1024
    """What the kernel may hold besides for a client that does not take it (`TCP_NOTSENT_LOWAT`, where there is such an
    option). Otherwise it takes megabytes, and a client that has stopped reading does not show for long."""
    max_pipelined: Size = 16
    """Requests that may wait behind the one being answered; reading stops there, and until it goes on a client
    that leaves is noticed only by writing to it."""
    max_pipelined_bytes: Size = 256 * 1024
    """As `max_pipelined`, for the sum of their bodies."""
    stop_grace_s: Delay = 2.0
    """When the server stops and the drain time is over: how long cancelled handlers have to end their streams."""
    backlog: Size = 2048
    """Connections that the kernel holds until they are accepted."""

    @property
    def sweep_s(self) -> float:
        """How often the timers are looked at. One sweep over all connections is cheaper than a timer for each."""
        return min(1.0, min(self.request_timeout_s, self.keep_alive_s, self.slow_client_s, self.linger_s) / 4)
