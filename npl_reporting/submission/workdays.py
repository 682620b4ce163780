"""Whether anybody works on a day: the only door to the `holidays` library."""

from __future__ import annotations

from datetime import date
from functools import cache

import holidays

_SATURDAY = 5


@cache
def _kept(place: str, year: int, market: bool) -> holidays.HolidayBase:
    list_of = holidays.financial_holidays if market else holidays.country_holidays
    return list_of(place, years=year)


def works(day: date, place: str, *, market: bool = False) -> bool:
    """Whether a day is neither a weekend nor a public holiday of a country, or of a market.

    Makes no difference between a country's regions. A Saturday that makes up for a holiday counts
    as a weekend all the same: no supervisor's rule that we know makes a return due on one.
    """
    return day.weekday() < _SATURDAY and day not in _kept(place, day.year, market)
