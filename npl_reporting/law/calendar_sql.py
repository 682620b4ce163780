"""Days and months as SQL: the arithmetic of `dates.py` over whole columns, in plain functions."""

from __future__ import annotations

from npl_reporting.dates import MonthsConvention

FRACTION_DECIMALS = 6
"""Decimals of the started month's fraction in `months_between`; it is cut, never rounded up."""


def days_between(start: str, end: str) -> str:
    """Calendar days from `start`, itself day 0, to `end`."""
    return f"({end} - {start})"


def anchor_day(start: str, convention: MonthsConvention) -> str:
    """Day number on which months that began on `start` end, before clipping to the month."""
    if convention == "same_day":
        return f"day({start})"
    return f"CASE WHEN day({start} + 1) = 1 THEN 31 ELSE day({start}) END"


def period_end(start: str, months: str, convention: MonthsConvention) -> str:
    """Last day that is not more than `months` months after `start`."""
    index = f"(year({start}) * 12 + month({start}) - 1 + {months})"
    first = f"make_date({index} // 12, {index} % 12 + 1, 1)"
    anchor = anchor_day(start, convention)
    days = f"CAST(least({anchor}, day(last_day({first}))) - 1 AS INTEGER)"
    return _where_begun(start, f"({first} + {days})")


def months_between(start: str, end: str, convention: MonthsConvention) -> str:
    """Whole months completed plus the cut fraction of the next, as an exact decimal.

    With the day number on which a month ends in the month before, of and after `end` called
    before, here and after: the period running at `end` began on `here` or on `before`.
    """
    anchor = anchor_day(start, convention)
    length, length_before = f"day(last_day({end}))", f"day({end} - CAST(day({end}) AS INTEGER))"
    length_after = f"day(last_day(last_day({end}) + 1))"
    here = f"least({anchor}, {length})"
    before = f"least({anchor}, {length_before})"
    after = f"least({anchor}, {length_after})"
    calendar_months = f"((year({end}) - year({start})) * 12 + month({end}) - month({start}))"
    micro = 10**FRACTION_DECIMALS
    reached = (
        f"{calendar_months} * {micro} + (day({end}) - {here}) * {micro}"
        f" // ({length} - {here} + {after})"
    )
    not_reached = (
        f"({calendar_months} - 1) * {micro} + (day({end}) + {length_before} - {before}) * {micro}"
        f" // ({length_before} - {before} + {here})"
    )
    unit = f"CAST(0.{'1'.rjust(FRACTION_DECIMALS, '0')} AS DECIMAL(7, {FRACTION_DECIMALS}))"
    count = f"CASE WHEN day({end}) >= {here} THEN {reached} ELSE {not_reached} END"
    return _where_begun(start, f"(CAST({count} AS DECIMAL(11, 0)) * {unit})")


def _where_begun(start: str, sql: str) -> str:
    """Spare the engine the arithmetic for the many exposures on which nothing has begun."""
    return f"CASE WHEN {start} IS NOT NULL THEN {sql} END"
