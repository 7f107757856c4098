"""Many measurements in a few numbers."""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from sealink.benchmark.measurement import Measurement


class Quantiles(msgspec.Struct, frozen=True):
    """Three quantiles, in the unit of the values."""

    p50: float
    p95: float
    p99: float


class Summary(msgspec.Struct, frozen=True):
    """The streams of one endpoint. None where no stream brought a value; `errors` are counted by their words."""

    streams: int
    ttft_s: Quantiles | None
    tokens_per_s: Quantiles | None
    longest_gap_s: Quantiles | None
    errors: dict[str, int]


def summary(measurements: Sequence[Measurement]) -> Summary:
    """The numbers of one endpoint. Streams that failed count as errors alone."""
    whole = [one for one in measurements if one.error is None]
    return Summary(
        streams=len(measurements),
        ttft_s=quantiles(one.ttft_s for one in whole),
        tokens_per_s=quantiles(one.tokens_per_s for one in whole),
        longest_gap_s=quantiles(max(one.gaps_s, default=None) for one in whole),
        errors=dict(Counter(one.error for one in measurements if one.error is not None).most_common()),
    )


def quantiles(values: Iterable[float | None]) -> Quantiles | None:
    """Of the values that there are: each quantile is one of them, the nearest above."""
    known = sorted(value for value in values if value is not None)
    if not known:
        return None
    p50, p95, p99 = (known[min(len(known) - 1, int(share * len(known)))] for share in (0.5, 0.95, 0.99))
    return Quantiles(p50, p95, p99)


def histogram(values: Sequence[float], buckets: int) -> list[int]:
    """How many values lie in each of `buckets` equal parts from 0 to the largest."""
    top = max(values, default=0.0) or 1.0
    counts = [0] * buckets
    for value in values:
        counts[min(buckets - 1, int(value / top * buckets))] += 1
    return counts
