"""What stands between a client and the model, as the headers of answers tell, and the lines to change there.

A server says its name in `server` or `via`, and some add a header of their own. HAProxy, Traefik and Kubernetes'
services say nothing. What to change comes from each program's documentation; docs/proxies/ has whole configurations.
"""

from collections.abc import Mapping
from typing import Final, Literal

import msgspec

Problem = Literal["buffering", "compression", "idle", "leaving", "heartbeats", "errors"]


class Intermediary(msgspec.Struct, frozen=True):
    """A program or service that passes requests on.

    `names`: how `server` and `via` call it, in lower case. `headers`: names of headers that only it sends.
    `changes`: what to change there, by problem.
    """

    name: str
    names: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    changes: Mapping[Problem, str] = {}


INTERMEDIARIES: Final = (
    Intermediary(
        "nginx",
        names=("nginx", "openresty"),
        changes={
            "buffering": "proxy_buffering off;",
            "compression": "gzip off;",
            "idle": "proxy_read_timeout 3600s;",
            "leaving": "proxy_ignore_client_abort off;",
            "errors": "proxy_intercept_errors off;",
        },
    ),
    Intermediary(
        "Apache httpd",
        names=("apache",),
        changes={
            "buffering": "ProxyPass … flushpackets=on",
            "compression": 'SetEnvIf Request_URI "^/v1/" no-gzip',
            "idle": "ProxyTimeout 3600",
            "errors": "ProxyErrorOverride Off",
        },
    ),
    Intermediary(
        "Caddy",
        names=("caddy",),
        changes={
            "buffering": "reverse_proxy … { flush_interval -1 }",
            "compression": "encode only what is no stream: a matcher `not path /v1/*`",
            "leaving": "leave flush_interval unset: with -1 Caddy 2.6 goes on when the client has left",
        },
    ),
    Intermediary(
        "Envoy",
        names=("envoy",),
        headers=("x-envoy-upstream-service-time",),
        changes={
            "buffering": "remove envoy.filters.http.buffer from http_filters",
            "compression": "remove text/event-stream from the compressor's content_type",
            "idle": "stream_idle_timeout: 0s, and in the route timeout: 0s",
        },
    ),
    Intermediary(
        "Cloudflare",
        headers=("cf-ray",),
        changes={
            "compression": "cache-control: no-transform must reach it",
            "idle": "heartbeats must reach it: without a byte it ends a request after 100 s",
        },
    ),
    Intermediary("AWS load balancer", names=("awselb",), changes={"idle": "idle_timeout.timeout_seconds = 3600"}),
    Intermediary("Amazon CloudFront", names=("cloudfront",), headers=("x-amz-cf-id",)),
    Intermediary("Fastly", names=("fastly",), headers=("x-fastly-request-id",)),
    Intermediary("Varnish", names=("varnish",), headers=("x-varnish",), changes={"buffering": "set beresp.do_stream"}),
    Intermediary(
        "Kong",
        names=("kong",),
        headers=("x-kong-proxy-latency",),
        changes={"buffering": "response_buffering = false in the route", "idle": "read_timeout in the service"},
    ),
    Intermediary("Google's load balancer", names=("google",), changes={"idle": "timeoutSec of the backend service"}),
    Intermediary("Squid", names=("squid",)),
)

_UNNAMED: Final[Mapping[Problem, str]] = {
    "buffering": "pass on what comes at once (nginx: proxy_buffering off; HAProxy: option http-no-delay)",
    "compression": "take text/event-stream out of what is compressed (nginx: gzip off;)",
    "idle": "raise the read or idle time-out for /v1/ (HAProxy: timeout server 1h, timeout client 1h)",
    "leaving": 'close the connection to the upstream when the client leaves; in SeaLink: on_disconnect = "cancel"',
    "heartbeats": 'pass every byte on as it comes; in SeaLink: [heartbeat] shape = "comment"',
    "errors": "leave the bodies of errors as they are",
}


class Way(msgspec.Struct, frozen=True):
    """What stands in between: those that tell, outermost first; none where nothing does."""

    intermediaries: tuple[Intermediary, ...] = ()

    @property
    def names(self) -> str:
        return ", ".join(each.name for each in self.intermediaries)

    def change(self, problem: Problem) -> str:
        """The line to change: at those that are known to be there, else in general."""
        known = [f"{each.name}: {each.changes[problem]}" for each in self.intermediaries if problem in each.changes]
        return "; ".join(known) or _UNNAMED[problem]


def way(headers: Mapping[str, str]) -> Way:
    """What the headers of an answer tell. `headers` have lower-case names."""
    told = f"{headers.get('server', '')} {headers.get('via', '')}".lower()
    return Way(
        tuple(
            each
            for each in INTERMEDIARIES
            if any(name in told for name in each.names) or any(name in headers for name in each.headers)
        )
    )
