"""Charts of disposal: the waterfall from appraisal to realisable value, and signed comparisons."""

from __future__ import annotations

from test_charts import chart, spans


def test_a_waterfall_steps_down_from_where_the_bar_before_ended() -> None:
    """100, less 25, less 20, leaves 55."""
    assert spans(chart(100, -25, -20, 55, kind="waterfall")) == [
        ("0.0", "1000.0"), ("750.0", "250.0"), ("550.0", "200.0"), ("0.0", "550.0"),
    ]  # fmt: skip


def test_signed_bars_go_left_and_right_of_zero() -> None:
    assert spans(chart(30, -10, kind="signed")) == [("250.0", "750.0"), ("0.0", "250.0")]


def test_a_waterfall_of_nothing_has_no_length() -> None:
    assert spans(chart(0, 0, 0, kind="waterfall")) == [("0.0", "0.0")] * 3
