"""How the law counts days and months, in plain Python; the SQL must agree for every pair of days."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

MonthsConvention = Literal["civil_code", "same_day"]
_DAY = timedelta(days=1)


def month_length(year: int, month: int) -> int:
    """Days in a month."""
    return calendar.monthrange(year, month)[1]


def add_months(day: date, months: int) -> tuple[int, int]:
    """Year and month that lie `months` after the month of `day`."""
    index = day.year * 12 + day.month - 1 + months
    return index // 12, index % 12 + 1


def period_end(start: date, months: int, convention: MonthsConvention) -> date:
    """Last day that is still not more than `months` months after `start`.

    `civil_code` is Taiwan's Civil Code 119 to 123: the first day is not counted and the period
    ends the day before the corresponding day, or at month-end where there is none. `same_day`
    takes the same day number, clipped to the month's length.
    """
    if convention == "same_day":
        year, month = add_months(start, months)
        return date(year, month, min(start.day, month_length(year, month)))
    first = start + _DAY
    year, month = add_months(first, months)
    length = month_length(year, month)
    if first.day <= length:
        return date(year, month, first.day) - _DAY
    return date(year, month, length)


def whole_months(start: date, end: date, convention: MonthsConvention) -> int:
    """Whole months completed between two days; negative while `start` lies ahead of `end`."""
    months = (end.year - start.year) * 12 + end.month - start.month + 1
    while period_end(start, months, convention) > end:
        months -= 1
    return months


def months_between(start: date, end: date, convention: MonthsConvention) -> Fraction:
    """Whole months completed plus the fraction of the next, in days elapsed over days it has."""
    months = whole_months(start, end, convention)
    last = period_end(start, months, convention)
    following = period_end(start, months + 1, convention)
    return months + Fraction((end - last).days, (following - last).days)
