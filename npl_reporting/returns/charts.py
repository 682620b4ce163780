"""Bar charts as geometry for inline SVG; labels and figures stay text of the page."""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate
from typing import NamedTuple

from npl_reporting.returns.page import Chart

STEPS = ("#e8d9bd", "#dcb57c", "#c78548", "#9c5230", "#5c221d")
"""Mildest to severest: each darker than the one before, so that they differ without colour too."""

PLAIN = "#2f5478"
"""The colour of bars that are no steps of severity."""

WIDTH = 1000
"""Length of the longest bar, in the units of its drawing."""


class Drawn(NamedTuple):
    """One bar: where it begins and how long it is, in drawing units, its colour and its share."""

    start: str
    length: str
    colour: str
    share: Decimal


def drawn(chart: Chart) -> list[Drawn]:
    """Lay out a chart's bars: each from zero, or one after the other where they are stacked.

    A negative value has no length; its figure is still printed. Charts with signs and waterfalls
    are laid out by the spans that their bars cover.
    """
    if chart.kind in ("signed", "waterfall"):
        return _spans(chart)
    values = [max(bar.value, Decimal(0)) for bar in chart.bars]
    total = sum(values, Decimal(0))
    whole = total if chart.kind == "stacked" else max(values, default=Decimal(0))
    stepped = len({bar.step for bar in chart.bars}) > 1
    result: list[Drawn] = []
    start = Decimal(0)
    for bar, value in zip(chart.bars, values, strict=True):
        length = WIDTH * value / whole if whole else Decimal(0)
        colour = colour_of(bar.step) if stepped else PLAIN
        share = value / total if total else Decimal(0)
        result.append(Drawn(f"{start:.1f}", f"{length:.1f}", colour, share))
        if chart.kind == "stacked":
            start += length
    return result


def _spans(chart: Chart) -> list[Drawn]:
    """Bars from one point to another, on a scale that holds them all and zero."""
    values = [bar.value for bar in chart.bars]
    starts, ends = [Decimal(0)] * len(values), list(values)
    if chart.kind == "waterfall":
        ends[:-1] = accumulate(values[:-1])
        starts[1:-1] = ends[:-2]
    least, most = min([*starts, *ends, Decimal(0)]), max([*starts, *ends, Decimal(0)])
    scale = WIDTH / (most - least) if most > least else Decimal(0)
    total = sum((abs(value) for value in values), Decimal(0))
    return [
        Drawn(
            f"{(min(start, end) - least) * scale:.1f}",
            f"{abs(end - start) * scale:.1f}",
            colour_of(len(STEPS) - 2) if end < start else PLAIN,
            abs(value) / total if total else Decimal(0),
        )
        for start, end, value in zip(starts, ends, values, strict=True)
    ]


def colour_of(step: int) -> str:
    """Give a severity step's colour; steps beyond the scale have the severest."""
    return STEPS[max(0, min(step, len(STEPS) - 1))]
