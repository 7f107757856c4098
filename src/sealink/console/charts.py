"""The shapes of charts, for the template that draws them as SVG: stacked bars, and lines. Pure.

A library would write styles into the picture, which the content security policy forbids, and weigh more than this.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

WIDTH: Final = 640.0
HEIGHT: Final = 140.0
_GAP: Final = 0.25
"""Of a bar's place, how much is left free."""
_TICKS: Final = 2


class Bar(msgspec.Struct, frozen=True):
    """A part of a stacked bar: where it is, and which series it belongs to."""

    x: float
    y: float
    width: float
    height: float
    series: int


class Line(msgspec.Struct, frozen=True):
    """A line, as the path of an SVG."""

    path: str
    series: int
    dots: str = ""


class Values(msgspec.Struct, frozen=True):
    """What a chart shows: the names of its series, the steps' names, and the steps of each series; and how a value is
    written."""

    names: Sequence[str]
    steps: Sequence[str]
    series: Sequence[Sequence[float | None]]
    label: Callable[[float | None], str]

    @property
    def rows(self) -> list[tuple[str, list[str]]]:
        """The table behind the chart: its steps, without those in which nothing was."""
        by_step = zip(self.steps, zip(*self.series, strict=True), strict=True) if self.series else ()
        return [(step, [self.label(value) for value in values]) for step, values in by_step if any(values)]


class Chart(msgspec.Struct, frozen=True):
    """A chart: `title` says what it shows and in which unit, `now` is the current value in words, `ticks` are what the
    scale says, from above."""

    title: str
    now: str
    values: Values
    ticks: list[str]
    bars: list[Bar] = []
    lines: list[Line] = []

    @property
    def is_empty(self) -> bool:
        return not self.ticks


def stacked(title: str, now: str, shown: Values) -> Chart:
    """Bars, one for each step."""
    values = [[value or 0.0 for value in steps] for steps in shown.series]
    sums = [sum(parts) for parts in zip(*values, strict=True)]
    top, ticks = _scale(max(sums, default=0.0), shown.label)
    place = WIDTH / max(len(sums), 1)
    bars = []
    for step in range(len(sums)):
        below = 0.0
        for series, steps in enumerate(values):
            if steps[step]:
                height = steps[step] / top * HEIGHT
                below += height
                x = (step + _GAP / 2) * place
                bars.append(Bar(_round(x), _round(HEIGHT - below), _round(place * (1 - _GAP)), _round(height), series))
    return Chart(title, now, shown, ticks, bars=bars)


def lines(title: str, now: str, shown: Values) -> Chart:
    """Lines, broken where a step has no value."""
    known = [value for steps in shown.series for value in steps if value is not None]
    top, ticks = _scale(max(known, default=0.0), shown.label)
    found = [_line(steps, top, series) for series, steps in enumerate(shown.series)]
    return Chart(title, now, shown, ticks, lines=found)


def _line(steps: Sequence[float | None], top: float, series: int) -> Line:
    """A value without neighbours is a line of no length, which is drawn as a dot."""
    place, path, dots = WIDTH / max(len(steps), 1), "", ""
    for number, value in enumerate(steps):
        if value is None:
            continue
        x, y = _round((number + 0.5) * place), _round(HEIGHT - value / top * HEIGHT)
        follows = number > 0 and steps[number - 1] is not None
        path += f"L{x:g} {y:g}" if follows else f"M{x:g} {y:g}"
        if not follows and (number + 1 == len(steps) or steps[number + 1] is None):
            dots += f"M{x:g} {y:g}h0"
    return Line(path, series, dots)


def _scale(largest: float, label: Callable[[float | None], str]) -> tuple[float, list[str]]:
    """A round number that is not below the largest value, and what the scale says; nothing where all is 0."""
    if largest <= 0:
        return 1.0, []
    unit = 10.0 ** math.floor(math.log10(largest))
    top = next(factor * unit for factor in (1, 2, 4, 5, 8, 10) if factor * unit >= largest * 0.999999)
    return top, [label(top * number / _TICKS) for number in range(_TICKS, -1, -1)]


def _round(value: float) -> float:
    return round(value, 1)
