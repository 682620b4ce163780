"""Text is read as Python reads it, strictly, or it is a finding: thousands of random cells at once."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from tapes import Reader, csv_text

MONEY = re.compile(r"-?[0-9]{1,16}(\.[0-9]{1,2})?")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
DIGITS = st.text("0123456789.-+eE,' ", min_size=1, max_size=24)
NUMBERS = st.decimals(allow_nan=True, allow_infinity=True).map(str) | st.floats().map(repr)
AMOUNTS = st.decimals(min_value=-(10**16), max_value=10**16, places=2).map(str)
DAYS = st.dates().map(date.isoformat) | st.text("0123456789-/ ", min_size=1, max_size=12)
NEAR_DAYS = st.tuples(st.integers(1890, 2110), st.integers(0, 13), st.integers(0, 32)).map(
    lambda parts: "{:04}-{:02}-{:02}".format(*parts)
)


def read_back(column: str, texts: list[str]) -> dict[str, object]:
    """Read every text as one row's cell: the value, or missing with a syntax finding."""
    rows = [{"exposure_id": f"E{n}", column: text} for n, text in enumerate(texts)]
    with TemporaryDirectory() as folder:
        read = Reader(Path(folder)).read("t.csv", csv_text(*rows))
    faults = {f.row: f for f in read.findings if f.check.startswith("S-")}
    values = {}
    for text, row in zip(texts, read.exposures, strict=True):
        assert (row[column] is None) == (row["row"] in faults), text
        values[text] = row[column]
    return values


@settings(max_examples=12, deadline=None)
@given(st.lists(DIGITS | NUMBERS | AMOUNTS, min_size=50, max_size=200, unique=True))
def test_money_is_read_exactly_or_not_at_all(texts: list[str]) -> None:
    for text, value in read_back("accrued_interest", texts).items():
        assert value == (Decimal(text) if MONEY.fullmatch(text) else None), text


@settings(max_examples=12, deadline=None)
@given(st.lists(DAYS | NEAR_DAYS, min_size=50, max_size=200, unique=True))
def test_day_is_read_as_the_calendar_has_it_or_not_at_all(texts: list[str]) -> None:
    for text, value in read_back("maturity_date", texts).items():
        assert value == (day(text) if DAY.fullmatch(text) else None), text


def day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
