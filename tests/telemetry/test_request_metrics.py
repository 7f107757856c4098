"""What is counted of settlements, added up over processes, and written as Prometheus reads it."""

import pickle

import pytest
from prometheus_client.parser import text_string_to_metric_families

from sealink.ledger.entry import Admission, Attempt, Settlement
from sealink.telemetry import request_metrics
from sealink.telemetry.alike import Kinds
from sealink.telemetry.exposition import exposition
from sealink.telemetry.gauge import Gauge, merged
from sealink.telemetry.histogram import Histogram
from sealink.telemetry.layout import Gap, Layout
from sealink.telemetry.request_metrics import OTHER, RequestMetrics
from sealink.usage import Usage

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


GAUGES = [
    Gauge("sealink_loop_lag_seconds", "Lag.", {(): 0.25}),
    Gauge("sealink_target_up", "Up.", {("p", "m"): 0.0}, labels=("provider", "model")),
]


def admission(model: str = "m", *, streamed: bool = True, client: str = "openai") -> Admission:
    return Admission(request_id="r", key="k", model=model, client=client, streamed=streamed, started_at=0.0)


def answer(provider: str = "p", **fields: object) -> Settlement:
    attempts = [Attempt(provider, "m")]
    return Settlement(**{"request_id": "r", "provider": provider, "attempts": attempts, **fields})  # type: ignore[arg-type]


def samples(metrics: RequestMetrics) -> Samples:
    """What Prometheus' own parser makes of the metrics."""
    text = exposition(metrics, GAUGES).decode()
    families = text_string_to_metric_families(text)
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for each in families for one in each.samples}


def labels(**values: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(values.items()))


def gen_ai(**values: str) -> tuple[tuple[str, str], ...]:
    names = {"gen_ai_operation_name": "chat", "gen_ai_provider_name": "p", "gen_ai_request_model": "m"}
    return labels(**{**names, **values})


def settle(metrics: RequestMetrics, who: Admission, how: Settlement) -> None:
    metrics.admitted(who)
    metrics.settled(who, how)


def test_who_waits_in_line_is_counted_whatever_becomes_of_it() -> None:
    metrics = RequestMetrics()
    settle(metrics, admission(), answer(queued_ms=2000.0))
    refused = {"request_id": "r", "ended": "refused", "status": 429, "queued_ms": 9000.0}
    settle(metrics, admission(), Settlement(**refused))  # type: ignore[arg-type]
    settle(metrics, admission(), Settlement(**{**refused, "ended": "client_gone", "status": 499}))  # type: ignore[arg-type]
    settle(metrics, admission(), answer())
    found = samples(metrics)
    assert found["sealink_queue_seconds_count", gen_ai()] == 1
    assert found["sealink_queue_seconds_count", gen_ai(gen_ai_provider_name="")] == 2
    assert found["sealink_queue_seconds_sum", gen_ai(gen_ai_provider_name="")] == 18.0
    assert found["sealink_queue_seconds_bucket", gen_ai(gen_ai_provider_name="", le="10.24")] == 2


def test_a_stream_is_counted_once_in_each_metric() -> None:
    metrics = RequestMetrics()
    usage = Usage(10, 5, cached_read_tokens=4, cached_write_tokens=2, reasoning_tokens=3)
    how = answer(usage=usage, cost_nano_usd=2_000_000, price_nano_usd=3_000_000, ttft_ms=300.0, duration_ms=700.0)
    settle(metrics, admission(), how)
    found = samples(metrics)
    one = labels(model="m", provider="p")
    assert found["sealink_requests_total", labels(model="m", provider="p", status="200", ended="done")] == 1
    assert found["sealink_cost_usd_total", one] == 0.002
    assert found["sealink_price_usd_total", one] == 0.003
    tokens = {"input": 10, "output": 5, "cached_read": 4, "cached_write": 2, "reasoning": 3}
    for kind, count in tokens.items():
        assert found["sealink_tokens_total", labels(model="m", provider="p", type=kind)] == count
    assert found["gen_ai_server_request_duration_seconds_sum", gen_ai()] == 0.7
    assert found["gen_ai_server_time_to_first_token_seconds_bucket", gen_ai(le="0.25")] == 0
    assert found["gen_ai_server_time_to_first_token_seconds_bucket", gen_ai(le="0.5")] == 1
    assert found["gen_ai_server_time_per_output_token_seconds_sum", gen_ai()] == pytest.approx(0.1)
    assert found["sealink_loop_lag_seconds", ()] == 0.25
    assert found["sealink_target_up", one] == 0


def test_a_whole_answer_has_no_time_to_first_token() -> None:
    metrics = RequestMetrics()
    settle(metrics, admission(streamed=False), answer(ttft_ms=300.0, duration_ms=301.0, usage=Usage(1, 2)))
    assert samples(metrics)["gen_ai_server_time_to_first_token_seconds_count", gen_ai()] == 0


def test_what_is_under_way_is_a_gauge() -> None:
    metrics = RequestMetrics()
    metrics.admitted(admission())
    metrics.admitted(admission(streamed=False))
    found = samples(metrics)
    assert (found["sealink_open_requests", ()], found["sealink_open_streams", ()]) == (2, 1)
    metrics.settled(admission(), answer())
    found = samples(metrics)
    assert (found["sealink_open_requests", ()], found["sealink_open_streams", ()]) == (1, 0)


@pytest.mark.parametrize(
    ("attempts", "expected"),
    [
        ([("a", None)], (0, 0, 0)),
        ([("a", "x"), ("a", None)], (1, 0, 0)),
        ([("a", "x"), ("a", "x"), ("b", None)], (1, 1, 0)),
        ([("a", "hedge_lost"), ("b", None)], (0, 0, 1)),
        ([("a", None), ("b", "hedge_lost")], (0, 0, 1)),
    ],
    ids=["one", "retry", "retry then fallback", "hedge won", "hedge lost"],
)
def test_second_attempts_by_kind(attempts: list[tuple[str, str | None]], expected: tuple[int, int, int]) -> None:
    metrics = RequestMetrics()
    settle(metrics, admission(), answer(attempts=[Attempt(name, "m", code) for name, code in attempts]))
    found, one = samples(metrics), labels(model="m", provider="p")
    names = ("sealink_retries_total", "sealink_fallbacks_total", "sealink_hedges_total")
    assert tuple(found[name, one] for name in names) == expected


def test_models_that_clients_invent_make_no_series() -> None:
    metrics = RequestMetrics()
    for number in range(3):
        refused = Settlement(request_id="r", ended="error", ended_by="client", status=404, code="model_not_found")
        settle(metrics, admission(f"invented-{number}"), refused)
    found = samples(metrics)
    assert found["sealink_requests_total", labels(model="", provider="", status="404", ended="error")] == 3
    assert found["sealink_failures_total", labels(model="", provider="", code="model_not_found")] == 3


def test_models_beyond_the_limit_are_counted_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_metrics, "MAX_SERIES", 50)
    metrics = RequestMetrics()
    for number in range(50 + 7):
        settle(metrics, admission(f"gpt-{number}"), answer())
    assert len(metrics.series) == 50 + 1
    found = samples(metrics)
    assert found["sealink_requests_total", labels(model=OTHER, provider=OTHER, status="200", ended="done")] == 7


def test_two_processes_are_added_up() -> None:
    """They reach the process that adds them up through a pipe."""
    one, two = RequestMetrics(), RequestMetrics()
    for metrics, count in ((one, 2), (two, 3)):
        for _ in range(count):
            settle(metrics, admission(), answer(ttft_ms=20.0, duration_ms=80.0, usage=Usage(1, 1), cost_nano_usd=10**9))
        metrics.admitted(admission())
    total = RequestMetrics()
    for metrics in (one, two):
        total.add(pickle.loads(pickle.dumps(metrics)))
    found, labelled = samples(total), labels(model="m", provider="p")
    assert found["sealink_requests_total", labels(model="m", provider="p", status="200", ended="done")] == 5
    assert found["sealink_cost_usd_total", labelled] == 5
    assert found["gen_ai_server_request_duration_seconds_count", gen_ai()] == 5
    assert found["gen_ai_server_request_duration_seconds_bucket", gen_ai(le="0.08")] == 5
    assert found["sealink_open_streams", ()] == 2


def test_an_observation_on_a_bound_is_counted_below_it() -> None:
    histogram = Histogram((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 9.0):
        histogram.observe(value)
    assert histogram.cumulative() == [("1.0", 2), ("2.0", 3), ("+Inf", 4)]
    assert histogram.sum == 12.0


def test_gauges_of_several_processes() -> None:
    def process(number: float) -> list[Gauge]:
        return [
            Gauge("a", "", {(): number}),
            Gauge("b", "", {(): number}, across="max"),
            Gauge("c", "", {("p", "m"): number, (str(number), "m"): number}, ("provider", "model"), across="min"),
        ]

    total, worst, least = merged([process(1.0), process(3.0)])
    assert (total.samples, worst.samples) == ({(): 4.0}, {(): 3.0})
    assert least.samples == {("p", "m"): 1.0, ("1.0", "m"): 1.0, ("3.0", "m"): 3.0}


def test_another_process_is_told_the_counts_and_nothing_that_was_written_of_requests() -> None:
    kinds = Kinds()
    metrics = RequestMetrics(kinds)
    admission = Admission(request_id="req_1", key="dev", model="m", client="openai", streamed=False, started_at=0.0)
    settlement = Settlement(request_id="req_1", provider="p", attempts=[Attempt("p", "x")])
    for _ in range(2):
        metrics.admitted(admission)
        metrics.settled(admission, settlement)
    kinds.of(admission, settlement).line = Layout([Gap("millis")])
    told = pickle.loads(pickle.dumps(metrics))
    assert told.series == metrics.series
    assert told.series[0].requests == {(200, "done"): 2}
