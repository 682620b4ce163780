"""When each return is due: `reports/calendar.yaml`, and what holidays make of the day."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date, timedelta
from functools import cache
from typing import Literal

from npl_reporting.law.yamlfile import Name, Record, Text, load
from npl_reporting.resources import REPORTS
from npl_reporting.submission.workdays import works

Every = Literal["monthly", "quarterly", "half_yearly", "yearly"]
MONTHS: Mapping[Every, int] = {"monthly": 1, "quarterly": 3, "half_yearly": 6, "yearly": 12}


class Due(Record):
    """How long after the period: days, or months and perhaps a day of the month.

    `of` names the last months of the periods that this is for; empty means every period.
    """

    of: tuple[int, ...] = ()
    days: int = 0
    months: int = 0
    day: int | None = None

    def after(self, end: date) -> date:
        """The due date of a period that ends on a day, holidays aside."""
        if not self.months:
            return end + timedelta(days=self.days)
        year, month = divmod(end.year * 12 + end.month - 1 + self.months, 12)
        last = monthrange(year, month + 1)[1]
        ends_month = end.day == monthrange(end.year, end.month)[1]
        return date(year, month + 1, min(self.day or (last if ends_month else end.day), last))


class Return(Record):
    """One return: which reports it takes (all if none are named), how often, and until when."""

    title: Text
    every: Every
    due: tuple[Due, ...]
    basis: Literal["law", "practice", "memory"]
    why: Text
    reports: tuple[Name, ...] = ()

    def due_of(self, end: date) -> date:
        """The due date of the period that ends on a day, holidays aside."""
        return next(due for due in self.due if not due.of or end.month in due.of).after(end)

    def ends(self, day: date) -> bool:
        """Whether a period of this return ends on that day."""
        return day.month % MONTHS[self.every] == 0 and day.day == monthrange(day.year, day.month)[1]

    def last_end(self, day: date) -> date:
        """The last day of the latest period that had ended on a day."""
        end = day + timedelta(days=1)
        while not self.ends(end := end - timedelta(days=1)):
            continue
        return end


class Calendar(Record):
    """A jurisdiction's returns, and its rule for a due date on which nobody works."""

    holidays: str
    roll: Literal["following", "preceding", "none"]
    roll_why: Text
    returns: dict[Name, Return]
    market: bool = False

    def due(self, name: str, end: date) -> date:
        """The day on which a return is due for the period that ends on a day."""
        step = timedelta(days={"following": 1, "preceding": -1, "none": 0}[self.roll])
        day = self.returns[name].due_of(end)
        while step and not works(day, self.holidays, market=self.market):
            day += step
        return day


class _File(Record):
    """The file: a calendar for each jurisdiction or variant."""

    calendars: dict[str, Calendar]


@cache
def calendars() -> Mapping[str, Calendar]:
    """The calendars by the name of the rules; a jurisdiction without one has no due dates."""
    return load(REPORTS / "calendar.yaml", _File).calendars
