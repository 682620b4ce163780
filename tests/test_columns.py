"""Columns are as wide as what they hold, and the type gets smaller before a figure breaks."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from printed_pages import form_c, text, two_dates

from npl_reporting.returns.columns import columns, groups, holds_money, measure
from npl_reporting.returns.page import Head, Line, Shown, Table
from npl_reporting.returns.wording import Wording

WORDING = Wording(form_c())


def table(*columns: tuple[str, Any], heads: tuple[Head, ...] | None = None) -> Table:
    """A table of one row: each column's value and format."""
    own = heads or tuple(
        Head(str(number), text("甲", "A"), format) for number, (_, format) in enumerate(columns)
    )
    cells = tuple(
        Shown(value if format == "text" else Decimal(value), format) for value, format in columns
    )
    return Table(own, (Line("r", text("放款", "Loans"), cells),))


def shares(made: Table, landscape: bool = False) -> list[float]:
    return [float(share.rstrip("%")) for share in columns(made, WORDING, landscape).shares]


def test_a_chinese_character_is_as_wide_as_two_latin_ones() -> None:
    assert measure("放款 A1") == 7


def test_shares_fill_the_width_and_longer_figures_get_more() -> None:
    found = shares(table(("1", "count"), ("123456789012", "money")))
    assert abs(sum(found) - 100) < 0.01
    assert found[2] > found[1]


def test_a_word_in_a_text_column_is_never_narrower_than_itself() -> None:
    label, first, second = shares(table(("convention", "text"), ("很長的說明" * 40, "text")))
    assert first / (label + first + second) >= 0.9 * (len("convention") + 2) / 104
    assert second > first


def test_a_width_that_is_given_is_kept() -> None:
    wide = (
        Head("a", text("甲", "A"), "text", width=60),
        Head("b", text("乙", "B"), "text", width=20),
    )
    _, first, second = shares(table(("x", "text"), ("y", "text"), heads=wide))
    assert first / second == 3


def test_type_gets_smaller_as_columns_become_many() -> None:
    # 123,456,789.00 and its padding take 16 characters, the label 14: 94, 110 and 142 in all.
    tables = [table(*[("123456789", "money")] * number) for number in (5, 6, 8)]
    assert [columns(each, WORDING).density for each in tables] == ["open", "dense", "tight"]
    assert columns(tables[2], WORDING, landscape=True).density == "open"


def test_heads_that_name_the_same_group_stand_under_one() -> None:
    found = groups(two_dates().tables[0])
    assert [(group.label or {}).get("en") for group in found.all] == [
        "31 December 2016",
        "31 December 2015",
    ]
    assert [group.span for group in found.all] == [5, 5]
    assert found.labelled
    assert not groups(form_c().tables[0]).labelled


def test_a_unit_is_named_only_where_there_are_amounts() -> None:
    assert holds_money(table(("1", "money")))
    assert not holds_money(table(("1", "count")))
