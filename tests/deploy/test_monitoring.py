"""The alert rules and the dashboard ask for metrics that exist, by labels that exist."""

import json
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Final, cast

import pytest
from prometheus_client.parser import text_string_to_metric_families

from outside import program
from sealink.app.telemetry.gauges import connection_gauges, ledger_gauges, loop_gauge, target_gauge, waiting_gauge
from sealink.ledger.entry import Admission, Attempt, Settlement
from sealink.ledger.ledger import LedgerStatus
from sealink.net.client import UpstreamPool
from sealink.net.server import Server
from sealink.policy.breaker import BreakerSettings
from sealink.policy.health import HealthBook
from sealink.policy.routing import Target
from sealink.telemetry.exposition import exposition
from sealink.telemetry.gauge import Gauge
from sealink.telemetry.loop_lag import LoopLag
from sealink.telemetry.request_metrics import RequestMetrics
from sealink.usage import Usage

DEPLOY: Final = Path(__file__).parents[2] / "deploy"
ALERTS: Final = (DEPLOY / "alerts.yaml").read_text()
DASHBOARD: Final = json.loads((DEPLOY / "grafana-dashboard.json").read_text())
METRIC: Final = re.compile(r"\b(?:sealink|gen_ai_server)_\w+")
LABELS: Final = re.compile(r"(?:by \(|\{)([^)}]*)[)}]")


def gauges() -> list[Gauge]:
    """All gauges, each with a sample."""
    target = cast(Target, SimpleNamespace(provider=SimpleNamespace(name="p"), model="m"))
    health = HealthBook(BreakerSettings())
    health.of(target)
    server = cast(Server, SimpleNamespace(connections=1, unsent_bytes=0))
    pool = cast(UpstreamPool, SimpleNamespace(active=1, idle=0))
    lag = loop_gauge(LoopLag())
    ledger = ledger_gauges(LedgerStatus(pending=0, uploaded=1, recovered=0, failures=0, last_error=None))
    return [target_gauge(health), *ledger, *connection_gauges(server, pool), lag, waiting_gauge(1)]


def exposed() -> dict[str, set[str]]:
    """The names of all samples, with their labels."""
    metrics = RequestMetrics()
    admission = Admission(request_id="r", key="k", model="m", client="openai", streamed=True, started_at=0.0)
    metrics.admitted(admission)
    usage = Usage(1, 2, 1, 1, 1)
    attempts = [Attempt("p", "m")]
    settlement = Settlement(
        request_id="r", code="x", provider="p", attempts=attempts, usage=usage, ttft_ms=1.0, duration_ms=2.0
    )
    metrics.settled(admission, settlement)
    families = text_string_to_metric_families(exposition(metrics, gauges()).decode())
    return {sample.name: set(sample.labels) for family in families for sample in family.samples}


QUERIES: Final = [
    *(target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]),
    *re.findall(r"expr: (?:>-\n)?((?:.+\n)+?)(?= {8}\w)", ALERTS),
]


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_a_query_asks_for_what_there_is(query: str) -> None:
    known = exposed()
    names = METRIC.findall(query)
    assert names, query
    assert not [name for name in names if name not in known]
    labels = {label for name in names for label in known[name]}
    groups = [part for group in LABELS.findall(query) for part in group.split(",")]
    assert {part.partition("=")[0].strip() for part in groups} <= labels


def test_every_alert_was_found() -> None:
    assert len(QUERIES) == sum(len(panel["targets"]) for panel in DASHBOARD["panels"]) + ALERTS.count("alert:")


def test_prometheus_takes_the_rules() -> None:
    command = [program("promtool"), "check", "rules", str(DEPLOY / "alerts.yaml")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{ALERTS.count('alert:')} rules found" in done.stdout
