"""The state of one process in numbers, for /metrics."""

import time
from collections.abc import Mapping
from typing import Final, NamedTuple

from sealink.ledger.ledger import LedgerStatus
from sealink.net.client import UpstreamPool
from sealink.net.server import Server
from sealink.policy.health import HealthBook
from sealink.telemetry.gauge import Gauge
from sealink.telemetry.loop_lag import LoopLag
from sealink.telemetry.request_metrics import RequestMetrics


class ProcessMetrics(NamedTuple):
    """All metrics of one process, as another one adds them up."""

    requests: RequestMetrics
    gauges: list[Gauge]


_UP: Final = {"closed": 1.0, "half-open": 0.5, "open": 0.0}


def target_gauge(health: HealthBook) -> Gauge:
    """Each target that was tried: whether it is up."""
    states = health.states(time.monotonic())
    samples: dict[tuple[str, ...], float] = {(provider, model): _UP[state] for provider, model, state in states}
    help_text = "1: up; 0: down, its breaker is open; 0.5: the next request will try it."
    return Gauge("sealink_target_up", help_text, samples, labels=("provider", "model"), across="min")


def ledger_gauges(status: LedgerStatus) -> list[Gauge]:
    """How far behind the store is."""
    failing = float(status.last_error is not None)
    return [
        Gauge("sealink_ledger_pending", "Settled requests that are not in the store yet.", {(): status.pending}),
        Gauge("sealink_ledger_failing", "1: the last upload to the store failed.", {(): failing}, across="max"),
        Gauge("sealink_ledger_failures", "Failed uploads to the store since the start.", {(): status.failures}),
    ]


def connection_gauges(server: Server, pool: UpstreamPool) -> list[Gauge]:
    """Connections to clients and to providers."""
    states: dict[tuple[str, ...], float] = {("active",): float(pool.active), ("idle",): float(pool.idle)}
    return [
        Gauge("sealink_client_connections", "Open connections of clients.", {(): server.connections}),
        Gauge("sealink_unsent_bytes", "What waits in memory for clients that read slowly.", {(): server.unsent_bytes}),
        Gauge("sealink_upstream_connections", "Open connections to providers.", states, labels=("state",)),
    ]


def refusal_counters(refused: Mapping[tuple[str, str], int], rejected_keys: int) -> list[Gauge]:
    """Requests that limits, budgets and balances keep out, and those without a key that is known."""
    samples: dict[tuple[str, ...], float] = {labels: float(count) for labels, count in refused.items()}
    limits = "Requests refused by a limit, a budget or a balance (code), of a key, a team or a model (of)."
    keys = "Requests without an API key, or with one that is not known."
    return [
        Gauge("sealink_limited", limits, samples, labels=("code", "of"), only_grows=True),
        Gauge("sealink_rejected_keys", keys, {(): rejected_keys}, only_grows=True),
    ]


def queue_gauge(waiting: Mapping[tuple[str, str], int]) -> Gauge:
    """Requests that are not under way yet."""
    samples: dict[tuple[str, ...], float] = {labels: float(count) for labels, count in waiting.items()}
    help_text = "Requests that wait in line for a limit (code) of a key, a team or a model (of)."
    return Gauge("sealink_queued_requests", help_text, samples, labels=("code", "of"))


def waiting_gauge(waiting: int) -> Gauge:
    """Requests that wait for their providers."""
    return Gauge("sealink_waiting_requests", "Requests under way whose answers have not begun.", {(): float(waiting)})


def shared_gauge(away: str | None) -> Gauge:
    """Whether limits are counted together with other nodes."""
    help_text = "1: limits are counted by all nodes together; 0: Redis is away, this node counts its share."
    return Gauge("sealink_shared_counters_up", help_text, {(): float(away is None)}, across="min")


def loop_gauge(lag: LoopLag) -> Gauge:
    """How late the process is."""
    help_text = "The worst delay of a timer since the last scrape."
    return Gauge("sealink_loop_lag_seconds", help_text, {(): lag.take()}, across="max")
