"""Metrics as Prometheus' text.

What OpenTelemetry's conventions for generative AI have a name for is called `gen_ai_server_…`, the rest `sealink_…`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from sealink.telemetry.gauge import Gauge
from sealink.telemetry.request_metrics import RequestMetrics, Series

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
_GEN_AI_LABELS: Final = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")
_LABELS: Final = ("model", "provider")
_HISTOGRAMS: Final = (
    ("gen_ai_server_request_duration_seconds", "duration_s", "From admission to the end of the answer."),
    ("gen_ai_server_time_to_first_token_seconds", "ttft_s", "From admission to a stream's first content."),
    (
        "gen_ai_server_time_per_output_token_seconds",
        "output_token_s",
        "Between the first content of a stream and its end, per output token after the first.",
    ),
    ("sealink_queue_seconds", "queue_s", "How long requests wait in line for limits, those that wait."),
    ("sealink_stream_longest_gap_seconds", "longest_gap_s", "The longest silence of a stream's provider."),
)
_COUNTERS: Final = (
    ("sealink_cost_usd", "cost_usd", "What providers charge, in dollars, where the price is known."),
    ("sealink_price_usd", "price_usd", "What clients are charged, in dollars: the cost with the markup."),
    ("sealink_retries", "retries", "Attempts at the target that had just failed."),
    ("sealink_fallbacks", "fallbacks", "Attempts at another target after one had failed."),
    ("sealink_hedges", "hedges", "Second attempts made beside a slow one."),
)


def exposition(metrics: RequestMetrics, gauges: Sequence[Gauge]) -> bytes:
    """All metrics as text."""
    registry = CollectorRegistry()
    registry.register(_Families(metrics, gauges))
    return generate_latest(registry)


class _Families(Collector):
    def __init__(self, metrics: RequestMetrics, gauges: Sequence[Gauge]) -> None:
        self._metrics = metrics
        self._gauges = gauges

    def collect(self) -> Iterator[Metric]:
        series = self._metrics.series
        yield _labelled_counter(
            "sealink_requests",
            "Requests that have ended.",
            (*_LABELS, "status", "ended"),
            (
                ((*_names(one), str(status), ended), count)
                for one in series
                for (status, ended), count in one.requests.items()
            ),
        )
        yield _labelled_counter(
            "sealink_failures",
            "Requests that have ended with an error, by its code.",
            (*_LABELS, "code"),
            (((*_names(one), code), count) for one in series for code, count in one.failures.items()),
        )
        yield _labelled_counter(
            "sealink_tokens",
            "Tokens. The cached ones are among the input, reasoning is among the output.",
            (*_LABELS, "type"),
            (((*_names(one), kind), count) for one in series for kind, count in one.tokens.items()),
        )
        for name, field, help_text in _COUNTERS:
            value = attrgetter(field)
            yield _labelled_counter(name, help_text, _LABELS, ((_names(one), value(one)) for one in series))
        for name, field, help_text in _HISTOGRAMS:
            yield _histogram(name, help_text, field, series)
        yield GaugeMetricFamily("sealink_open_requests", "Requests under way.", self._metrics.open_requests)
        yield GaugeMetricFamily("sealink_open_streams", "Streams under way.", self._metrics.open_streams)
        yield from map(_gauge, self._gauges)


def _gauge(gauge: Gauge) -> Metric:
    kind = CounterMetricFamily if gauge.only_grows else GaugeMetricFamily
    family = kind(gauge.name, gauge.help, labels=gauge.labels)
    for values, number in gauge.samples.items():
        family.add_metric(values, number)
    return family


def _names(series: Series) -> tuple[str, ...]:
    return series.model, series.provider


def _labelled_counter(
    name: str, help_text: str, labels: tuple[str, ...], samples: Iterable[tuple[tuple[str, ...], float]]
) -> CounterMetricFamily:
    """A counter; samples with the same labels are added up."""
    total: Counter[tuple[str, ...]] = Counter()
    for values, number in samples:
        total[values] += number  # type: ignore[assignment]  # a Counter of floats adds as well
    family = CounterMetricFamily(name, help_text, labels=labels)
    for values, number in total.items():
        family.add_metric(values, number)
    return family


def _histogram(name: str, help_text: str, field: str, series: list[Series]) -> HistogramMetricFamily:
    family = HistogramMetricFamily(name, help_text, labels=_GEN_AI_LABELS)
    for one in series:
        histogram = getattr(one, field)
        labels = (one.operation, one.provider, one.model)
        family.add_metric(labels, histogram.cumulative(), histogram.sum)
    return family
