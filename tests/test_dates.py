"""Days and months: the notes' table by hand, and SQL against the plain definition."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pyarrow as pa
import pytest

from npl_reporting.dates import MonthsConvention, months_between, period_end, whole_months
from npl_reporting.engine import Engine
from npl_reporting.law import calendar_sql

CONVENTIONS: tuple[MonthsConvention, ...] = ("civil_code", "same_day")
FIRST, LAST = date(2000, 1, 1), date(2040, 12, 31)
MICRO = 10**calendar_sql.FRACTION_DECIMALS


def day(text: str) -> date:
    return date.fromisoformat(text)


# The table of taiwan.md, section 3: last day that is not more than 1, 3, 6 and 12 months past due.
CIVIL_CODE = """
    2024-01-31 | 2024-02-29 2024-04-30 2024-07-31 2025-01-31
    2024-03-31 | 2024-04-30 2024-06-30 2024-09-30 2025-03-31
    2024-04-30 | 2024-05-31 2024-07-31 2024-10-31 2025-04-30
    2024-11-29 | 2024-12-29 2025-02-28 2025-05-29 2025-11-29
    2024-05-10 | 2024-06-10 2024-08-10 2024-11-10 2025-05-10
    2024-02-29 | 2024-03-31 2024-05-31 2024-08-31 2025-02-28
    2023-02-28 | 2023-03-31 2023-05-31 2023-08-31 2024-02-29
    2023-12-30 | 2024-01-30 2024-03-30 2024-06-30 2024-12-30
    2023-12-31 | 2024-01-31 2024-03-31 2024-06-30 2024-12-31
"""
# The same day number, clipped to the month's length.
SAME_DAY = """
    2024-01-31 | 2024-02-29 2024-04-30 2024-07-31 2025-01-31
    2024-04-30 | 2024-05-30 2024-07-30 2024-10-30 2025-04-30
    2024-11-29 | 2024-12-29 2025-02-28 2025-05-29 2025-11-29
    2024-05-10 | 2024-06-10 2024-08-10 2024-11-10 2025-05-10
    2024-02-29 | 2024-03-29 2024-05-29 2024-08-29 2025-02-28
    2023-02-28 | 2023-03-28 2023-05-28 2023-08-28 2024-02-28
"""


def table(
    text: str, convention: MonthsConvention
) -> Iterator[tuple[MonthsConvention, date, int, date]]:
    for line in text.strip().splitlines():
        start, _, ends = line.partition("|")
        for months, end in zip((1, 3, 6, 12), ends.split(), strict=True):
            yield convention, day(start.strip()), months, day(end)


TABLE = [*table(CIVIL_CODE, "civil_code"), *table(SAME_DAY, "same_day")]


@pytest.mark.parametrize(("convention", "start", "months", "end"), TABLE)
def test_the_last_day_that_is_not_more_than_so_many_months(
    convention: MonthsConvention, start: date, months: int, end: date
) -> None:
    assert period_end(start, months, convention) == end


@pytest.mark.parametrize(("convention", "start", "months", "end"), TABLE)
def test_that_last_day_is_exactly_so_many_months_and_the_next_is_more(
    convention: MonthsConvention, start: date, months: int, end: date
) -> None:
    one = timedelta(days=1)
    assert months_between(start, end, convention) == months
    assert months < months_between(start, end + one, convention) < months + 1
    assert months - 1 < months_between(start, end - one, convention) < months


@pytest.mark.parametrize(
    ("convention", "start", "end", "months"),
    [
        ("civil_code", "2024-05-10", "2024-05-10", Fraction(0)),
        ("civil_code", "2024-05-10", "2024-05-25", Fraction(15, 31)),  # May 10 to June 10: 31 days
        ("civil_code", "2024-05-10", "2024-08-26", 3 + Fraction(16, 31)),
        ("civil_code", "2024-04-30", "2024-05-30", Fraction(30, 31)),  # ends on May 31
        ("same_day", "2024-04-30", "2024-05-30", Fraction(1)),
        ("same_day", "2024-01-31", "2024-03-30", 1 + Fraction(30, 31)),  # February 29 to March 31
        ("civil_code", "2024-05-10", "2024-05-09", -Fraction(1, 30)),  # April 10 to May 10
        ("civil_code", "2024-05-10", "2024-04-10", Fraction(-1)),
    ],
)  # fmt: skip
def test_the_started_month_counts_by_the_days_it_has(
    convention: MonthsConvention, start: str, end: str, months: Fraction
) -> None:
    assert months_between(day(start), day(end), convention) == months


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_whole_months_are_those_that_have_ended(convention: MonthsConvention) -> None:
    assert whole_months(day("2024-01-31"), day("2024-02-28"), convention) == 0
    assert whole_months(day("2024-01-31"), day("2024-02-29"), convention) == 1
    assert whole_months(day("2024-01-31"), day("2024-01-30"), convention) == -1


DAYS = calendar_sql.days_between('"start"', '"end"')


def sql_months(convention: MonthsConvention) -> str:
    return calendar_sql.months_between('"start"', '"end"', convention)


def cut(value: Fraction) -> Decimal:
    """The whole months and the fraction's first six decimals, never rounded up."""
    return Decimal(value.numerator * MICRO // value.denominator).scaleb(-6)


def odd_days() -> list[date]:
    """Month ends and the days around them, in common, leap and century years."""
    ends = [
        date(y, m, 1) - timedelta(days=1)
        for y in (2000, 2001, 2023, 2024, 2025)
        for m in range(1, 13)
    ]
    return sorted({end + timedelta(days=n) for end in ends for n in (-2, -1, 0, 1)})


def sampled_pairs() -> list[tuple[date, date]]:
    chance = random.Random(20240630)
    days = odd_days()
    span = (LAST - FIRST).days
    scattered = [
        tuple(FIRST + timedelta(days=chance.randint(0, span)) for _ in range(2))
        for _ in range(5000)
    ]
    return [*((a, b) for a in days[::3] for b in days), *((a, b) for a, b in scattered)]


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_sql_agrees_with_the_definition_on_odd_and_scattered_days(
    convention: MonthsConvention, tmp_path: Path
) -> None:
    pairs = sampled_pairs()
    with Engine(tmp_path) as engine:
        engine.register(
            "pairs", pa.table({"start": [a for a, _ in pairs], "end": [b for _, b in pairs]})
        )
        found = engine.rows(f'SELECT "start", "end", {sql_months(convention)}, {DAYS} FROM pairs')
    wrong = [
        (a, b, months, days)
        for a, b, months, days in found
        if months != cut(months_between(a, b, convention)) or days != (b - a).days
    ]
    assert len(found) == len(pairs) and wrong == []


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_sql_ends_periods_as_the_definition_does(
    convention: MonthsConvention, tmp_path: Path
) -> None:
    ends = [(a, n, period_end(a, n, convention)) for a in odd_days() for n in range(-25, 37)]
    with Engine(tmp_path) as engine:
        columns = zip(*ends, strict=True)
        engine.register(
            "ends", pa.table(dict(zip(("start", "n", "expected"), map(list, columns), strict=True)))
        )
        sql = calendar_sql.period_end('"start"', '"n"', convention)
        wrong = engine.rows(f"SELECT *, {sql} FROM ends WHERE {sql} IS DISTINCT FROM expected")
    assert wrong == []


def blocks(days: Sequence[date], size: int) -> Iterator[Sequence[date]]:
    yield from (days[at : at + size] for at in range(0, len(days), size))


@pytest.mark.slow
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_sql_agrees_with_the_definition_for_every_pair_of_days(
    convention: MonthsConvention, tmp_path: Path
) -> None:
    """All 224 million ordered pairs: the definition's periods are spread over their days in SQL."""
    days = [FIRST + timedelta(days=n) for n in range((LAST - FIRST).days + 1)]
    compared = 0
    with Engine(tmp_path) as engine:
        engine.register(
            "days", pa.table({"end": days, "end_number": [d.toordinal() for d in days]})
        )
        for at in range(0, len(days), 150):
            engine.register(
                "periods", pa.Table.from_pylist([*periods(days[at : at + 150], convention)])
            )
            pairs, wrong = engine.rows(differing(convention))[0]
            assert wrong == 0
            compared += pairs
    assert compared == len(days) ** 2


def periods(starts: Sequence[date], convention: MonthsConvention) -> Iterator[dict[str, object]]:
    """For each start, the number, first day and following period's first day of every month."""
    for start in starts:
        months = whole_months(start, FIRST, convention)
        begins = period_end(start, months, convention)
        while begins <= LAST:
            following = period_end(start, months + 1, convention)
            yield {
                "start": start, "start_number": start.toordinal(), "months": months,
                "begins": begins, "following": following,
            }  # fmt: skip
            months, begins = months + 1, following


def differing(convention: MonthsConvention) -> str:
    """Count the pairs of the block, and those in which SQL says something else."""
    fraction = '(("end" - begins) * 1000000) // (following - begins)'
    found = f"CAST({sql_months(convention)} * 1000000 AS BIGINT)"
    return (
        f"SELECT count(*), count(*) FILTER (WHERE {found} <> months * 1000000 + {fraction} "
        f"OR {DAYS} <> end_number - start_number) "
        'FROM periods JOIN days ON "end" >= begins AND "end" < following'
    )
