"""Where the bars of a chart begin, how long they are, and in which colours."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

from printed_pages import text

from npl_reporting.returns.charts import PLAIN, STEPS, drawn
from npl_reporting.returns.page import Bar, Chart


def chart(*values: int, steps: tuple[int, ...] = (), kind: Any = "bars") -> Chart:
    label = text("甲", "A")
    severities = steps or (0,) * len(values)
    bars = tuple(
        Bar(label, Decimal(value), step) for value, step in zip(values, severities, strict=True)
    )
    return Chart(label, label, bars, "money", kind=kind)


def spans(made: Chart) -> list[tuple[str, str]]:
    return [(bar.start, bar.length) for bar in drawn(made)]


def luminance(colour: str) -> float:
    red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_the_longest_bar_has_the_full_length_and_all_begin_at_zero() -> None:
    assert spans(chart(50, 200, 0)) == [("0.0", "250.0"), ("0.0", "1000.0"), ("0.0", "0.0")]


def test_stacked_bars_follow_one_another_and_fill_the_whole() -> None:
    made = chart(1, 2, 1, kind="stacked")
    assert spans(made) == [("0.0", "250.0"), ("250.0", "500.0"), ("750.0", "250.0")]
    assert [bar.share for bar in drawn(made)] == [Decimal("0.25"), Decimal("0.5"), Decimal("0.25")]


def test_nothing_at_all_and_less_than_nothing_have_no_length() -> None:
    assert spans(chart(0, 0)) == [("0.0", "0.0")] * 2
    assert spans(chart(0, 0, kind="stacked")) == [("0.0", "0.0")] * 2
    assert spans(chart(-5, 10)) == [("0.0", "0.0"), ("0.0", "1000.0")]
    assert drawn(chart()) == []


def test_severer_steps_are_darker_so_that_colour_is_not_needed() -> None:
    shades = [luminance(colour) for colour in STEPS]
    assert shades == sorted(shades, reverse=True)
    assert all(milder - severer > 25 for milder, severer in pairwise(shades))


def test_bars_have_their_steps_colour_or_the_plain_one() -> None:
    assert [bar.colour for bar in drawn(chart(1, 1, steps=(0, 9)))] == [STEPS[0], STEPS[-1]]
    assert {bar.colour for bar in drawn(chart(1, 2))} == {PLAIN}
